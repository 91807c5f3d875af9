"""The demo's class on site."""

import pytest
import sqlalchemy as sa

from core.api import Cohort, db, sessions_of
from plugins.attendance import queries


@pytest.fixture
def app(demo_app):
    return demo_app


def test_the_demo_has_a_class_on_site_with_signed_lists(app):
    cohort = db.session.scalars(sa.select(Cohort).filter_by(code="BJM-2021")).one()

    sessions = queries.in_figures(cohort, sessions_of(cohort))

    assert [(one.title, one.length) for one in sessions] == [
        (f"Hari {day}", 8 * 3600) for day in (1, 2, 3, 4)
    ]
    assert [tuple(one.counts.values()) for one in sessions] == [
        # absent, open, excused, present
        (1, 0, 0, 42),
        (2, 0, 0, 41),
        (1, 0, 1, 41),
        (3, 0, 0, 40),
    ]
    assert sessions[0].planned.starts_at.isoformat() == "2021-06-14T00:00:00+00:00"
