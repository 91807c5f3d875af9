"""A year of the whole country: 10,000 people of 500 institutions in 38 provinces."""

import time
from itertools import cycle, islice

import pytest
import sqlalchemy as sa

from core.cohorts.models import Enrolment
from core.db import db
from core.people.models import User
from plugins.regions.api import provinces, regencies, set_region

PEOPLE, HOMES = 10_000, 500


@pytest.fixture
def country(kalsel, make):
    """Bulk rows, since the services would take minutes."""
    places = [place for province in provinces() for place in regencies(province.code)]
    homes = []
    for number, place in enumerate(islice(cycle(places), HOMES)):
        home = make.institution(f"Dinas {number}", kalsel.nation, "regency")
        set_region(home, place.code, by=None)
        homes.append(home)
    cohorts = [make.cohort(kalsel.course, home) for home in homes[:60]]
    users = [
        {"full_name": f"Orang {n}", "name_key": f"orang {n}", "number": f"X-{n}",
         "fs_uniquifier": f"x{n}", "institution_id": homes[n % HOMES].id}
        for n in range(PEOPLE)
    ]  # fmt: skip
    ids = db.session.scalars(sa.insert(User).returning(User.id), users).all()
    rows = [
        {"user_id": key, "cohort_id": cohorts[n % len(cohorts)].id, "via": "roster",
         "institution_id": homes[n % HOMES].id}
        for n, key in enumerate(ids)
    ]  # fmt: skip
    db.session.execute(sa.insert(Enrolment), rows)
    db.session.commit()
    return kalsel


@pytest.mark.soak
@pytest.mark.parametrize(
    "path",
    [
        "?by=province",
        "?by=regency",
        "?by=institution",
        "/list?metric=participants&by=province&row=32",
    ],
)
def test_the_country_is_shown_in_few_queries(country, admin, statements, path):
    admin.get(country.nation_url(path))
    statements.clear()

    started = time.monotonic()
    answer = admin.get(country.nation_url(path))
    took = time.monotonic() - started

    assert answer.status_code == 200
    assert len(statements) < 40
    print(path, f"{took:.2f} s", len(statements), "statements", len(answer.data), "bytes")  # noqa: T201 -- the soak's result
