"""Registers somebody from a form on a page of a class, unless a namesake is near.

Whether the person then takes part or works in the class is the business of the view.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import gettext as _

from core.cohorts.forms import NewPersonForm
from core.cohorts.models import Cohort
from core.cohorts.queries import in_class
from core.cohorts.services import hold
from core.db import db
from core.errors import DomainError
from core.institutions.finder import InstitutionFinder, InstitutionUnknown
from core.institutions.models import Institution
from core.people.models import User
from core.people.names import name_key
from core.people.services import AddressTaken, register_person
from core.plugin_engine.form_parts import FormParts, undo


def register(form: NewPersonForm, cohort: Cohort, *, by: User, parts: FormParts) -> User | None:
    """The new person with what plugins ask; None with the reason in the form."""
    fields = form.person()
    hold(cohort)  # A second press of the button waits, and meets the person as a namesake.
    try:
        institution = _institution(form, cohort, by)
        if not form.another.data:
            form.namesakes = namesakes(fields["full_name"], fields["phone"], institution, cohort)
        if form.namesakes:
            form.form_errors.append(_("Somebody of this name is known already. Is it the same?"))
            return None
        person = register_person(institution=institution, by=by, **fields)
        parts.save(person)
        return person
    except InstitutionUnknown as unknown:
        form.institution.errors = [unknown.message]
    except AddressTaken as taken:
        form.email.errors = [taken.message]
    except DomainError as refused:
        undo(form, refused)
        return None
    db.session.rollback()
    return None


def _institution(form: NewPersonForm, cohort: Cohort, by: User) -> Institution | None:
    finder = InstitutionFinder(cohort.host, cohort.organiser)
    create = form.create_institution.data
    return finder.find(form.institution.data, form.regency.data, create=create, by=by)


def namesakes(
    full_name: str, phone: str, institution: Institution | None, cohort: Cohort
) -> Sequence[User]:
    """People of this name in the class, in the institution or with the phone; nobody farther."""
    home = institution.id if institution else None
    near = sa.or_(
        User.institution_id == home if home else sa.false(),
        User.phone == phone if phone else sa.false(),
        in_class(cohort),
    )
    with_home = sa.orm.joinedload(User.institution)
    query = sa.select(User).where(User.name_key == name_key(full_name), User.active, near)
    return db.session.scalars(query.options(with_home).order_by(User.id).limit(10)).all()
