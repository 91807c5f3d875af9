"""The plugin's fields in the forms of core: who may see and change them, and how they are kept."""

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l

from core.api import Cohort, Course, Enrolment, FormPart, Institution, User, can
from plugins.particulars import queries
from plugins.particulars.forms import AudienceForm, BasisForm, LetterForm, PersonForm
from plugins.particulars.models import Audience, Basis, Letter
from plugins.particulars.services import set_audience, set_basis, set_letter, set_person

EDIT = "particulars.edit"


def of_person(user: User | None, cohort: Cohort | None, by: User) -> list[FormPart]:
    """Everybody's own, and those of others for whoever may edit them in the class."""
    own = user is not None and user.id == by.id
    if not own and not (cohort and can(by, EDIT, cohort)):
        return []
    form = PersonForm.of(queries.person_of(user) if user else None)

    def save(saved: User) -> None:
        set_person(saved, by=by, cohort=None if own else cohort, **form.values())

    return [FormPart(_l("Official particulars"), form, save)]


def of_enrolment(enrolment: Enrolment | None, cohort: Cohort, by: User) -> list[FormPart]:
    if not can(by, EDIT, cohort):
        return []
    form = LetterForm.of(Letter.of(enrolment) if enrolment else None)
    return [_dated(_l("Assignment letter"), form, partial(set_letter, by=by))]


def of_cohort(cohort: Cohort | None, host: Institution, by: User) -> list[FormPart]:
    if not can(by, EDIT, cohort or host):
        return []
    form = BasisForm.of(Basis.of(cohort) if cohort else None)
    return [_dated(_l("Decree or invitation"), form, partial(set_basis, by=by))]


def of_course(course: Course | None, owner: Institution, by: User) -> list[FormPart]:
    if not can(by, EDIT, course or owner):
        return []
    form = AudienceForm.of(Audience.of(course) if course else None)

    def save(saved: Course) -> None:
        set_audience(saved, by=by, **form.values())

    return [FormPart(_l("Participants"), form, save)]


def _dated(title: Any, form: Any, keep: Any) -> FormPart:
    """A number and a date, side by side."""

    def save(saved: Any) -> None:
        keep(saved, **form.values())

    return FormPart(title, form, save, template="particulars/dated.html")
