"""What this plugin brings and hears: its table of contents."""

import click
from flask import Blueprint
from flask_babel import lazy_gettext as _l

from core.api import (
    Cohort,
    DashboardCard,
    Demo,
    Institution,
    MenuEntry,
    Panel,
    Permission,
    Role,
    User,
    can,
    hookimpl,
)
from plugins.monitoring import (
    panels,
    views,  # noqa: F401 -- adds its pages to the blueprint
)
from plugins.monitoring.blueprint import pages
from plugins.monitoring.commands import monitoring
from plugins.monitoring.demo import OBSERVER
from plugins.monitoring.demo import load as load_demo


@hookimpl
def blueprints() -> list[Blueprint]:
    return [pages]


@hookimpl
def roles() -> list[Role]:
    """Sees figures and nothing else, such as an official of the province."""
    return [Role(OBSERVER, _l("Observer"), _l("Sees the figures of monitoring here and below."))]


@hookimpl
def permissions() -> list[Permission]:
    roles = ("institution_admin", "organiser", "committee", "trainer", OBSERVER)
    return [Permission("monitoring.view", _l("See figures by region"), roles)]


@hookimpl
def menu_entries() -> list[MenuEntry]:
    return [MenuEntry(_l("Monitoring"), "monitoring.start", "monitoring.view", weight=30)]


@hookimpl
def cli_groups() -> list[click.Group]:
    return [monitoring]


@hookimpl
def dashboard_cards(user: User) -> list[DashboardCard]:
    return panels.cards(user)


@hookimpl
def cohort_panels(cohort: Cohort, user: User) -> list[Panel]:
    return [panels.cohort_panel(cohort)] if can(user, "monitoring.view", cohort) else []


@hookimpl
def institution_panels(institution: Institution, user: User) -> list[Panel]:
    may = can(user, "monitoring.view", institution)
    return [panels.institution_panel(institution)] if may else []


@hookimpl
def demo_loading(demo: Demo) -> None:
    load_demo(demo)
