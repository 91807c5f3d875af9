"""What this plugin brings and hears: its table of contents."""

from collections.abc import Sequence

import click
from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.api import (
    Activity,
    ActivityKind,
    Cohort,
    Course,
    Demo,
    Enrolment,
    Institution,
    Level,
    Metric,
    Panel,
    Permission,
    Refusal,
    Requirement,
    ScheduledActivity,
    Settings,
    User,
    hookimpl,
)
from plugins.attendance import (
    completion,
    jobs,
    kind,
    panels,
    queries,
    settling,
    views,  # noqa: F401 -- adds its pages to the blueprint
)
from plugins.attendance.blueprint import pages
from plugins.attendance.commands import attendance
from plugins.attendance.demo import load as load_demo
from plugins.attendance.forms import SettingsForm

_SETTLE = ("institution_admin", "organiser", "committee")


@hookimpl
def blueprints() -> list[Blueprint]:
    return [pages]


@hookimpl
def permissions() -> list[Permission]:
    return [
        Permission("attendance.view", _l("See presence"), (*_SETTLE, "trainer")),
        Permission("attendance.settle", _l("Settle presence"), _SETTLE),
    ]


@hookimpl
def activity_kinds() -> list[ActivityKind]:
    return [kind.SESSION]


@hookimpl
def settings() -> list[Settings]:
    # Who may settle is the host's business, not that of a course's author somewhere else.
    only: dict[str, tuple[Level, ...]] = {"trainers_settle": ("site", "institution", "cohort")}
    return [Settings(SettingsForm, ("site", "institution", "course", "cohort"), only=only)]


@hookimpl
def metrics() -> list[Metric]:
    return [completion.SHARE]


@hookimpl
def cli_groups() -> list[click.Group]:
    return [attendance]


@hookimpl
def may_delete_activity(activity: Activity) -> Refusal | None:
    if not queries.is_known(activity.id):
        return None
    return Refusal(_("Presence was recorded for this session. Make it optional instead."))


@hookimpl
def activity_scheduled(scheduled: ScheduledActivity) -> None:
    cohort = settling.cohort_of(scheduled)
    if kind.is_session(scheduled.activity, cohort):
        settling.settle(cohort, [scheduled])
        jobs.settle_when_ended(scheduled)


@hookimpl
def settings_changed(
    plugin: str, institution: Institution | None, course: Course | None, cohort: Cohort | None
) -> None:
    if plugin == "attendance":
        jobs.settle_again(institution, course, cohort)


@hookimpl
def completion_requirements(
    cohort: Cohort, enrolments: Sequence[Enrolment]
) -> Sequence[Requirement]:
    return completion.requirements(cohort, enrolments)


@hookimpl
def cohort_panels(cohort: Cohort, user: User) -> list[Panel]:
    return panels.of_cohort(cohort, user)


@hookimpl
def enrolment_panels(enrolment: Enrolment, user: User) -> list[Panel]:
    return panels.of_enrolment(enrolment, user)


@hookimpl
def participant_panels(enrolment: Enrolment) -> list[Panel]:
    return panels.of_participant(enrolment)


@hookimpl
def demo_loading(demo: Demo) -> None:
    load_demo(demo)
