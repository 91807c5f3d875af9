"""A class of South Kalimantan: 7 + 11 + 9 + 13 people of four regencies, 3 of the office."""

from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from core.cohorts.models import Cohort, Enrolment
from core.courses.models import Course
from core.db import db
from core.institutions.models import Institution
from core.plugin_engine import engine
from core.plugin_engine.contributions import Metric
from core.testing.counting import count_queries
from plugins.regions.api import set_region

PEOPLE = {"63.04": 7, "63.10": 11, "63.07": 9, "63.08": 13, "63": 3}


@dataclass
class Kalsel:
    nation: Institution
    office: Institution
    places: dict[str, Institution]  # region code → who sends people
    course: Course
    cohort: Cohort
    enrolments: dict[str, list[Enrolment]]

    def everybody(self) -> list[Enrolment]:
        return [one for group in self.enrolments.values() for one in group]

    def url(self, path: str = "") -> str:
        return f"/monitoring/classes/{self.cohort.code}{path}"

    def nation_url(self, path: str = "") -> str:
        return f"/monitoring/institutions/{self.nation.id}{path}"


@pytest.fixture
def kalsel(make):
    nation = make.institution("Perpustakaan Nasional", code="NASIONAL", short_name="Perpusnas")
    office = make.institution("Dispersip Kalsel", nation, "province", code="63")
    for plugin in ("regions", "monitoring"):
        make.enabled(plugin, nation)
    set_region(office, "63", by=None)
    places = {"63": office}
    for code in sorted(PEOPLE.keys() - {"63"}):
        places[code] = make.institution(f"Perpustakaan {code}", office, "library")
        set_region(places[code], code, by=None)
    course = make.course(nation, code="SPP", title="SPP TIK")
    cohort = make.cohort(course, office, code="BJM-2021", title="Banjarmasin")
    enrolments = {
        code: [
            make.enrolment(cohort, make.user(f"Peserta {code} {n:02}", institution=places[code]))
            for n in range(count)
        ]
        for code, count in PEOPLE.items()
    }
    db.session.commit()
    return Kalsel(nation, office, places, course, cohort, enrolments)


@pytest.fixture
def admin(kalsel, make, as_user):
    """An institution admin of the nation, signed in."""
    return as_user(make.staff("institution_admin", kalsel.nation))


@pytest.fixture
def new_metric(app, monkeypatch):
    """Puts a metric into the registry: `new_metric("gain", {enrolment_id: value})`."""

    def add(name: str, values: Any, **fields: Any) -> Metric:
        def measure(enrolments: Any) -> Any:
            if callable(values):
                return values(enrolments)
            given = sa.values(sa.column("id", sa.BigInteger), sa.column("value", sa.Numeric),
                              name="given").data(list(values.items()) or [(0, 0)])  # fmt: skip
            return sa.select(given.c.id, given.c.value).where(given.c.id.in_(enrolments))

        title = fields.pop("title", name.title())
        metric = Metric(name, title, f"What {name} is.", measure, **fields)
        monkeypatch.setitem(engine().metrics, name, metric)
        return metric

    return add


@pytest.fixture
def statements(app):
    """A list that fills with every statement sent to the database."""
    with count_queries(app) as found:
        yield found
