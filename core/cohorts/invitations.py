"""Who may give whom a new way in, and correct the name and contacts that lead to it.

A new link is a key to the whole account, so a class alone is no reason to hand one out for
somebody who works elsewhere or has an account of another institution.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import gettext as _

from core.cohorts.models import Cohort, CohortStaff, Enrolment
from core.db import db
from core.institutions.models import Institution
from core.people.access import ADMIN, ROLES, Held, can, held_by, read_grants, roles_with
from core.people.models import User

_RANK = {role: rank for rank, role in enumerate(ROLES)}


def may_invite(by: User, person: User, cohort: Cohort) -> bool:
    """Whether `by` may issue one-time access to a person of the cohort."""
    return not reasons_not_to_invite(by, [person], cohort)


def reasons_not_to_invite(by: User, people: Sequence[User], cohort: Cohort) -> dict[int, str]:
    """User id → a sentence why not; who may be invited is not in it. One query for all."""
    if not can(by, "people.invite", cohort):
        return {person.id: _("You may not give out access here.") for person in people}
    read_grants(people)
    roles = roles_with("people.invite")
    own = [held for held in held_by(by) if held.role in roles]
    found = {person.id: _reason(person, cohort, own) for person in people}
    return {user_id: reason for user_id, reason in found.items() if reason}


def _reason(person: User, cohort: Cohort, own: Sequence[Held]) -> str:
    if not person.active:
        return _("This account is closed.")
    grants = held_by(person)
    if grants:
        if all(any(_reaches(mine, grant) for mine in own) for grant in grants):
            return ""
        return _("Holds a role in an institution; an admin there gives out access.")
    if person.password is None or _near(person.institution, cohort, own):
        return ""
    return _("Has an account of another institution; signs in with the own password.")


def _reaches(mine: Held, grant: Held) -> bool:
    """Nobody comes by a link into a role higher than the own one."""
    if mine.role == ADMIN:
        return True
    return grant.path.startswith(mine.path) and _RANK[mine.role] <= _RANK.get(grant.role, 0)


def _near(home: Institution | None, cohort: Cohort, own: Sequence[Held] = ()) -> bool:
    """Whether somebody's home lies below the class's institutions or the own grants."""
    paths = [*(place.path for place in cohort.scope_institutions), *(held.path for held in own)]
    return home is None or any(home.path.startswith(path) for path in paths)


def may_change_person(by: User, person: User, cohort: Cohort) -> bool:
    """Whether `by` may correct the name, e-mail and phone of a person of the cohort.

    The person's home lies below the class's institutions, or no other house knows the person.
    """
    if not (can(by, "people.contacts", cohort) and may_invite(by, person, cohort)):
        return False
    at_home = person.institution is not None and _near(person.institution, cohort)
    return at_home or not _known_elsewhere(person, cohort)


def _known_elsewhere(person: User, cohort: Cohort) -> bool:
    """Whether the person is in a class of neither the host nor the organiser."""
    here = [place.id for place in cohort.scope_institutions]
    apart = sa.and_(Cohort.host_id.not_in(here), Cohort.organiser_id.not_in(here))
    joined = (
        sa.select(model.id).join(Cohort).where(model.user_id == person.id, apart)
        for model in (Enrolment, CohortStaff)
    )
    return db.session.scalar(sa.union_all(*joined).limit(1)) is not None
