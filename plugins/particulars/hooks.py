"""What this plugin brings and hears: its table of contents."""

import click
from flask import Blueprint
from flask_babel import lazy_gettext as _l

from core.api import (
    Cohort,
    Course,
    Demo,
    Enrolment,
    FormPart,
    Institution,
    MenuEntry,
    Panel,
    Permission,
    Record,
    User,
    hookimpl,
)
from plugins.particulars import (
    panels,
    parts,
    reference,
    views,  # noqa: F401 -- adds its pages to the blueprint
)
from plugins.particulars.blueprint import pages
from plugins.particulars.commands import particulars
from plugins.particulars.demo import load as load_demo

_HELP = ("institution_admin", "organiser", "committee")


@hookimpl
def blueprints() -> list[Blueprint]:
    return [pages]


@hookimpl
def permissions() -> list[Permission]:
    return [
        Permission("particulars.view", _l("See official particulars"), _HELP),
        Permission("particulars.edit", _l("Change official particulars"), _HELP),
        Permission("particulars.manage", _l("Keep ranks and levels of education")),
    ]


@hookimpl
def reference_data() -> list[Record]:
    return list(reference.records())


@hookimpl
def menu_entries() -> list[MenuEntry]:
    return [MenuEntry(_l("Ranks"), "particulars.entries", "particulars.manage", weight=90)]


@hookimpl
def cli_groups() -> list[click.Group]:
    return [particulars]


@hookimpl
def user_form_parts(user: User | None, cohort: Cohort | None, by: User) -> list[FormPart]:
    return parts.of_person(user, cohort, by)


@hookimpl
def enrolment_form_parts(enrolment: Enrolment | None, cohort: Cohort, by: User) -> list[FormPart]:
    return parts.of_enrolment(enrolment, cohort, by)


@hookimpl
def cohort_form_parts(cohort: Cohort | None, host: Institution, by: User) -> list[FormPart]:
    return parts.of_cohort(cohort, host, by)


@hookimpl
def course_form_parts(course: Course | None, owner: Institution, by: User) -> list[FormPart]:
    return parts.of_course(course, owner, by)


@hookimpl
def enrolment_panels(enrolment: Enrolment, user: User) -> list[Panel]:
    return panels.of_enrolment(enrolment, user)


@hookimpl
def participant_panels(enrolment: Enrolment) -> list[Panel]:
    return panels.of_participant(enrolment)


@hookimpl
def cohort_panels(cohort: Cohort, user: User) -> list[Panel]:
    return panels.of_cohort(cohort, user)


@hookimpl
def course_panels(course: Course) -> list[Panel]:
    return panels.of_course(course)


@hookimpl
def demo_loading(demo: Demo) -> None:
    load_demo(demo)
