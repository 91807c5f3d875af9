"""Everything that the good plugin brings."""

import click
import sqlalchemy as sa
from flask import url_for
from sqlalchemy import text

from core.api import (
    ActivityKind,
    Cohort,
    DashboardCard,
    MenuEntry,
    PagePanel,
    Panel,
    Permission,
    Refusal,
    Role,
    TemplateFilter,
    classes_where,
    db,
    hookimpl,
)
from plugins.good.faults import FAULTS, fail
from plugins.good.models import Note
from plugins.good.views import pages


@hookimpl
def blueprints():
    return [pages]


@hookimpl
def permissions():
    return [
        Permission("good.see", "See good things", ("organiser", "committee", "good.keeper")),
        Permission("good.watch", "Watch good things", ("institution_admin", "good.watcher")),
    ]


def _loud(text):
    fail("filter")
    return f"{text}!"


@hookimpl
def template_filters():
    return [TemplateFilter("good_loud", _loud)]


@hookimpl
def roles():
    """An institution's admin holds all that a watcher may, and not what a keeper may."""
    return [Role("good.watcher", "Watcher", "Watches what is good."), Role("good.keeper", "Keeper")]


@hookimpl
def activity_kinds():
    def view(activity, cohort):
        return url_for("good.notes", cohort_code=cohort.code) if cohort else "/good/open"

    return [ActivityKind("good.task", "Good task", "flag", view, lambda activity: "/good/open")]


@hookimpl
def menu_entries():
    return [MenuEntry("Good", "good.overview", "good.see", weight=10)]


@hookimpl
def cli_groups():
    return [click.Group("good")]


def _beside_participants(cohort, user):
    fail("page_panel")
    if "page_panel_sql" in FAULTS:
        db.session.execute(text("SELECT no_such_column"))
    if "page_panel_none" in FAULTS:
        return None
    if "page_panel_type" in FAULTS:
        return [cohort, user]
    return Panel("good/panel.html", {"fail": fail})


@hookimpl
def page_panels():
    return [PagePanel("cohorts.participants", _beside_participants, place="aside")]


@hookimpl
def dashboard_cards(user, institutions):
    fail("cards")
    names = ", ".join(sorted(one.name for one in institutions))
    counted = sa.select(sa.func.count()).where(classes_where(user, "good.see"))
    number = db.session.scalar(counted.select_from(Cohort))
    return [DashboardCard("GOOD CARD", number, "/good/open", note=names)]


@hookimpl
def cohort_panels(cohort):
    fail("collect")
    if "collect_sql" in FAULTS:
        db.session.execute(text("SELECT no_such_column"))
    if "collect_writes" in FAULTS:
        db.session.add(Note(activity_id=0, text="refers to nothing"))
    if "collect_type" in FAULTS:
        return Panel("good/panel.html")
    return [Panel("good/panel.html", {"fail": fail}, weight=20)]


@hookimpl
def activity_created(activity):
    db.session.add(Note(activity_id=activity.id, text=activity.title))
    db.session.flush()
    fail("notify")


@hookimpl
def may_enrol(user):
    fail("decide")
    if "decide_type" in FAULTS:
        return False
    return Refusal("Not this one.") if "refuse" in FAULTS else None
