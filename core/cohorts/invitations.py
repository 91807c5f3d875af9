"""Who may give whom a new way in, and correct the name and contacts that lead to it.

A new link is a key to the whole account, so a class alone is no reason to hand one out for
somebody who works elsewhere or has an account of another institution.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _

from core.cohorts.models import Cohort, CohortStaff, Enrolment
from core.db import db
from core.institutions.models import Institution
from core.people.access import (
    Held,
    can,
    covers,
    held_by,
    institutions_where,
    read_grants,
    roles_with,
)
from core.people.models import User


def may_invite(by: User, person: User, cohort: Cohort) -> bool:
    """Whether `by` may issue one-time access to a person of the cohort."""
    return not reasons_not_to_invite(by, [person], cohort)


def reasons_not_to_invite(by: User, people: Sequence[User], cohort: Cohort) -> dict[int, str]:
    """User id → a sentence why not; who may be invited is not in it. A few queries for all."""
    if not can(by, "people.invite", cohort):
        return {person.id: _("You may not give out access here.") for person in people}
    read_grants(people)
    roles = roles_with("people.invite")
    own = [held for held in held_by(by) if held.role in roles]
    beyond = _Beyond.of(by, people, cohort)
    found = {person.id: _reason(person, cohort, own, beyond) for person in people}
    return {user_id: reason for user_id, reason in found.items() if reason}


@dataclass(frozen=True)
class _Beyond:
    """Ids of those who have a place in another class, one in which `by` may not invite."""

    staff: frozenset[int]
    enrolled: frozenset[int]

    @classmethod
    def of(cls, by: User, people: Iterable[User], cohort: Cohort) -> "_Beyond":
        ids = [person.id for person in people]
        classes = _classes_beyond(by, cohort)
        staff, enrolled = (
            db.session.scalars(
                sa.select(model.user_id).where(model.user_id.in_(ids), model.cohort_id.in_(classes))
            )
            for model in (CohortStaff, Enrolment)
        )
        return cls(frozenset(staff), frozenset(enrolled))

    def knows(self, person: User) -> bool:
        return person.id in self.staff | self.enrolled


def _classes_beyond(by: User, cohort: Cohort) -> sa.Select[int]:
    """Ids of the other classes in which neither a grant nor the staff list lets `by` invite."""
    within = sa.select(Institution.id).where(institutions_where(by, "people.invite"))
    listed = sa.select(CohortStaff.cohort_id).where(
        CohortStaff.user_id == by.id, CohortStaff.role.in_(roles_with("people.invite"))
    )
    return sa.select(Cohort.id).where(
        Cohort.id != cohort.id,
        Cohort.host_id.not_in(within),
        Cohort.organiser_id.not_in(within),
        Cohort.id.not_in(listed),
    )


def _reason(person: User, cohort: Cohort, own: Sequence[Held], beyond: _Beyond) -> str:
    if not person.active:
        return _("This account is closed.")
    if person.id in beyond.staff:
        return _("Works in a class of others, who give out access.")
    if grants := held_by(person):
        if all(any(_reaches(mine, grant) for mine in own) for grant in grants):
            return ""
        return _("Holds a role in an institution; an admin there gives out access.")
    only_here = _of_the_country(person.institution, cohort) and not beyond.knows(person)
    if person.password is None or only_here or _near(person.institution, cohort, own):
        return ""
    return _("Has an account of another institution; signs in with the own password.")


def _reaches(mine: Held, grant: Held) -> bool:
    """Nobody comes by a link into a role higher than the own one, nor into one from above."""
    return grant.path.startswith(mine.path) and covers(mine.role, grant.role)


def _near(home: Institution | None, cohort: Cohort, own: Sequence[Held] = ()) -> bool:
    """Whether somebody's home lies below the class's institutions or the own grants.

    Below the root lies everybody: a class of its is near to nobody.
    """
    offices = (place.path for place in cohort.scope_institutions if place.parent_id is not None)
    paths = (*offices, *(held.path for held in own))
    return home is not None and home.path.startswith(paths)


def _of_the_country(home: Institution | None, cohort: Cohort) -> bool:
    """Whether somebody has no home, or one that only a class of the root reaches."""
    return home is None or any(home.path.startswith(p.path) for p in cohort.scope_institutions)


def may_change_person(by: User, person: User, cohort: Cohort) -> bool:
    """Whether `by` may correct the name, e-mail and phone of a person of the cohort.

    The person's home lies below the class's institutions, or no class of others knows the person.
    """
    if not (can(by, "people.contacts", cohort) and may_invite(by, person, cohort)):
        return False
    return _near(person.institution, cohort) or not _Beyond.of(by, [person], cohort).knows(person)
