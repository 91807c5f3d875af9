"""What this plugin brings and hears: its table of contents."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import click
from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.api import (
    Activity,
    ActivityKind,
    Cohort,
    DashboardCard,
    Demo,
    Enrolment,
    Panel,
    Permission,
    Refusal,
    Settings,
    TemplateFilter,
    User,
    can,
    hookimpl,
)
from plugins.online_classes import (
    queries,
    report_queries,
    views,
    views_board,  # noqa: F401 -- adds its pages to the blueprint
    views_reports,  # noqa: F401 -- same
    views_zoom,  # noqa: F401 -- same
)
from plugins.online_classes.blueprint import pages
from plugins.online_classes.cards import cards
from plugins.online_classes.commands import online_classes
from plugins.online_classes.demo import load as load_demo
from plugins.online_classes.formatting import minutes
from plugins.online_classes.forms import SettingsForm
from plugins.online_classes.models import KIND

_RUN = ("institution_admin", "organiser", "committee", "trainer")


def _facts(activities: Sequence[Activity]) -> Mapping[int, str]:
    return {activity.id: _("live class") for activity in activities}


@hookimpl
def blueprints() -> list[Blueprint]:
    return [pages]


@hookimpl
def template_filters() -> list[TemplateFilter]:
    return [TemplateFilter("online_classes_minutes", minutes)]


@hookimpl
def permissions() -> list[Permission]:
    return [
        Permission("online_classes.run", _l("Run live classes"), _RUN),
        Permission("online_classes.settle", _l("Import Zoom reports"), _RUN),
    ]


@hookimpl
def activity_kinds() -> list[ActivityKind]:
    return [
        ActivityKind(
            KIND,
            _l("Live class"),
            "video",
            view=views.view_url,
            facts=_facts,
            opens_before=timedelta(minutes=30),
        )
    ]


@hookimpl
def settings() -> list[Settings]:
    # One subscription of Zoom serves all institutions: its events name no institution.
    return [Settings(SettingsForm, ("site",))]


@hookimpl
def cli_groups() -> list[click.Group]:
    return [online_classes]


@hookimpl
def dashboard_cards(user: User) -> list[DashboardCard]:
    return cards(user)


@hookimpl
def may_delete_activity(activity: Activity) -> Refusal | None:
    if activity.kind != KIND or not queries.was_held(activity):
        return None
    return Refusal(_("This live class was held already. Make it optional instead."))


@hookimpl
def cohort_panels(cohort: Cohort, user: User) -> list[Panel]:
    live = queries.current(cohort) if can(user, "online_classes.run", cohort) else None
    if live is None:
        return []
    waiting = report_queries.waiting(cohort)
    context = {"cohort": cohort, "live": live, "waiting": waiting}
    return [Panel("online_classes/cohort_panel.html", context, weight=5)]


@hookimpl
def participant_panels(enrolment: Enrolment) -> list[Panel]:
    live = queries.coming(enrolment.cohort)
    if live is None:
        return []
    return [Panel("online_classes/participant_panel.html", {"live": live}, weight=5)]


@hookimpl
def demo_loading(demo: Demo) -> None:
    load_demo(demo)
