"""What this plugin brings and hears: its table of contents."""

from typing import Any

import click
import sqlalchemy as sa
from flask import Blueprint
from flask_babel import lazy_gettext as _l

from core.api import (
    Cohort,
    DashboardCard,
    Demo,
    Enrolment,
    Metric,
    Panel,
    Permission,
    PublicLink,
    Settings,
    User,
    can,
    hookimpl,
)
from plugins.certificates import (
    jobs,  # noqa: F401 -- the worker learns of the job by this import
    queries,
    views,  # noqa: F401 -- adds its pages to the blueprint
    views_public,  # noqa: F401 -- same
)
from plugins.certificates.blueprint import pages
from plugins.certificates.cards import cards
from plugins.certificates.commands import certificates
from plugins.certificates.demo import finish
from plugins.certificates.forms import OWN, SettingsForm
from plugins.certificates.models import Certificate

_RUN = ("institution_admin", "organiser")


@hookimpl
def blueprints() -> list[Blueprint]:
    return [pages]


@hookimpl
def permissions() -> list[Permission]:
    staff = (*_RUN, "committee", "trainer")
    return [
        Permission("certificates.view", _l("See the certificates of a class"), staff),
        Permission("certificates.issue", _l("Issue and revoke certificates"), _RUN),
    ]


@hookimpl
def settings() -> list[Settings]:
    return [Settings(SettingsForm, own=OWN)]


@hookimpl
def public_links() -> list[PublicLink]:
    return [PublicLink(_l("Check a certificate"), "certificates.verify")]


@hookimpl
def cli_groups() -> list[click.Group]:
    return [certificates]


@hookimpl
def metrics() -> list[Metric]:
    return [
        Metric(
            "certificates.issued",
            _l("Certificates"),
            _l("Participants who hold a valid certificate of the class."),
            _holders,
            weight=50,
        )
    ]


def _holders(enrolments: Any) -> sa.Select[int, int]:
    query = sa.select(Certificate.enrolment_id, sa.literal(1))
    return query.where(queries.VALID, Certificate.enrolment_id.in_(enrolments))


@hookimpl
def cohort_panels(cohort: Cohort, user: User) -> list[Panel]:
    if not can(user, "certificates.view", cohort):
        return []
    context = {"cohort": cohort, "figures": queries.figures_of(cohort)}
    return [Panel("certificates/cohort_panel.html", context, weight=40)]


@hookimpl
def enrolment_panels(enrolment: Enrolment, user: User) -> list[Panel]:
    cohort, certificate = enrolment.cohort, queries.newest_of(enrolment)
    if certificate is None or not can(user, "certificates.view", cohort):
        return []
    context = {"cohort": cohort, "certificate": certificate}
    return [Panel("certificates/enrolment_panel.html", context, weight=40)]


@hookimpl
def participant_panels(enrolment: Enrolment) -> list[Panel]:
    context = {"enrolment": enrolment, "certificate": queries.newest_of(enrolment)}
    return [Panel("certificates/participant_panel.html", context, weight=40)]


@hookimpl
def home_panels(user: User) -> list[Panel]:
    found = queries.all_of(user)
    return [Panel("certificates/home_panel.html", {"certificates": found})] if found else []


@hookimpl
def dashboard_cards(user: User) -> list[DashboardCard]:
    return cards(user)


@hookimpl
def demo_finishing(demo: Demo) -> None:
    finish(demo)
