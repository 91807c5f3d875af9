"""Small figures with the way to all of them, on the pages of a class and of an institution."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.api import Cohort, Institution, Panel, db, now
from plugins.monitoring.selection import NONE, Selection, ground_of


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
    """The year is that of the institution's own calendar."""
    year = now().astimezone(ZoneInfo(institution.timezone)).year
    counted = Selection(institution, year=year).enrolments().subquery()
    people = db.session.scalar(sa.select(sa.func.count()).select_from(counted))
    context = {"institution": institution, "year": year, "people": people}
    return Panel("monitoring/institution_panel.html", context, weight=60)
