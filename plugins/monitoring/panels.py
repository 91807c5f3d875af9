"""Small figures with the way to all of them, on the pages of a class and of an institution."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from core.api import (
    Cohort,
    DashboardCard,
    Institution,
    Panel,
    User,
    db,
    now,
    paths_where,
    plugin_is_active,
    tops,
)
from plugins.monitoring.selection import NONE, Selection, ground_of

# Whoever works for more institutions has the list of them behind the menu.
MOST_CARDS = 3


@dataclass(frozen=True)
class Spread:
    """How many people a class has, and from how many places."""

    people: int
    provinces: int
    regencies: int
    unknown: int


def spread_of(cohort: Cohort) -> Spread:
    ground = ground_of(Selection(cohort=cohort))
    codes = {ground.key("regency", key) for key in ground.people} - {NONE}
    return Spread(
        people=sum(ground.people.values()),
        provinces=len({code[:2] for code in codes}),
        regencies=len([code for code in codes if len(code) > 2]),
        unknown=sum(n for key, n in ground.people.items() if ground.key("regency", key) == NONE),
    )


def cohort_panel(cohort: Cohort) -> Panel:
    context = {"cohort": cohort, "spread": spread_of(cohort)}
    return Panel("monitoring/cohort_panel.html", context, weight=60)


def institution_panel(institution: Institution) -> Panel:
    year = _year_at(institution)
    context = {"institution": institution, "year": year, "people": _people_at(institution, year)}
    return Panel("monitoring/institution_panel.html", context, weight=60)


def cards(user: User) -> list[DashboardCard]:
    """The participants of the year, of the highest institutions whose figures the person sees."""
    highest = tops(paths_where(user, "monitoring.view"))
    found = [one for one in highest if plugin_is_active("monitoring", one)]
    return [_card(one) for one in found[:MOST_CARDS]]


def _card(institution: Institution) -> DashboardCard:
    year = _year_at(institution)
    url = url_for("monitoring.figures", institution_id=institution.id, year=year)
    title = _("Participants in %(year)s", year=year)
    people = _people_at(institution, year)
    return DashboardCard(title, people, url, note=institution.short_name, weight=60)


def _year_at(institution: Institution) -> int:
    """By the institution's own calendar."""
    return now().astimezone(ZoneInfo(institution.timezone)).year


def _people_at(institution: Institution, year: int) -> int:
    counted = Selection(institution, year=year).enrolments().subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0
