"""What this plugin brings and hears: its table of contents."""

import click
from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.api import (
    Activity,
    ActivityKind,
    Cohort,
    Demo,
    Enrolment,
    MenuEntry,
    Metric,
    Panel,
    Permission,
    Refusal,
    ScheduledActivity,
    User,
    can,
    hookimpl,
)
from plugins.quizzes import (
    authoring,
    facts,
    jobs,  # noqa: F401 -- the worker learns of the job by this import
    queries,
    services,
    views,
    views_author,  # noqa: F401 -- adds its pages to the blueprint
    views_scores,  # noqa: F401 -- same
)
from plugins.quizzes.blueprint import pages
from plugins.quizzes.commands import quizzes
from plugins.quizzes.demo import load as load_demo
from plugins.quizzes.metrics import METRICS

_RUN = ("institution_admin", "organiser")


@hookimpl
def blueprints() -> list[Blueprint]:
    return [pages]


@hookimpl
def permissions() -> list[Permission]:
    return [
        Permission("quizzes.take", _l("Take tests"), ("participant",)),
        Permission("quizzes.view", _l("See tests with their keys"), (*_RUN, "trainer")),
        Permission("quizzes.author", _l("Write tests"), _RUN),
        Permission(
            "quizzes.see_scores", _l("See the scores of a class"), (*_RUN, "committee", "trainer")
        ),
    ]


@hookimpl
def activity_kinds() -> list[ActivityKind]:
    return [
        ActivityKind(
            facts.KIND,
            _l("Test"),
            "quiz",
            view=views.view_url,
            edit=views.edit_url,
            facts=facts.lines,
            ready=facts.ready,
            opened_in_class=True,
        )
    ]


@hookimpl
def menu_entries() -> list[MenuEntry]:
    return [MenuEntry(_l("Scores"), "quizzes.score_list", "quizzes.see_scores", weight=20)]


@hookimpl
def cli_groups() -> list[click.Group]:
    return [quizzes]


@hookimpl
def metrics() -> list[Metric]:
    return METRICS


@hookimpl
def activity_created(activity: Activity) -> None:
    if activity.kind == facts.KIND:
        authoring.create_test(activity)


@hookimpl
def may_delete_activity(activity: Activity) -> Refusal | None:
    found = queries.test_of_activity(activity.id) if activity.kind == facts.KIND else None
    if found is None or not queries.has_attempts(found):
        return None
    return Refusal(_("Participants have taken this test. Make it optional instead."))


@hookimpl
def enrolment_withdrawn(enrolment: Enrolment) -> None:
    services.close_withdrawn(enrolment)


@hookimpl
def activity_scheduled(scheduled: ScheduledActivity) -> None:
    if found := queries.test_of_activity(scheduled.activity_id):
        services.move_deadlines(found, scheduled.cohort_id)


@hookimpl
def cohort_panels(cohort: Cohort, user: User) -> list[Panel]:
    if not can(user, "quizzes.see_scores", cohort):
        return []
    tests = queries.tests_by_role(cohort.course_id)
    if not tests.all:
        return []
    context = {"cohort": cohort, "tests": tests, "summary": queries.summary_of(cohort, tests)}
    return [Panel("quizzes/cohort_panel.html", context, weight=20)]


@hookimpl
def participant_panels(enrolment: Enrolment) -> list[Panel]:
    tests = queries.tests_by_role(enrolment.cohort.course_id)
    row = queries.row_of(enrolment, tests)
    if not row.results:
        return []
    context = {"tests": tests, "row": row, "gain": tests.gain(row)}
    return [Panel("quizzes/participant_panel.html", context, weight=20)]


@hookimpl
def demo_loading(demo: Demo) -> None:
    load_demo(demo)
