"""The demo's live classes at half past nine in Banjarmasin."""

import pytest
import sqlalchemy as sa

from core.api import Cohort, db
from plugins.online_classes import queries
from plugins.online_classes.addresses import join_address
from plugins.online_classes.tests.conftest import DAY, at


@pytest.fixture
def app(demo_app):
    return demo_app


def live_classes(code):
    return queries.live_classes(db.session.scalars(sa.select(Cohort).filter_by(code=code)).one())


def test_the_class_of_today_is_open_with_an_address_and_a_dozen_people_in_it(app):
    today, tomorrow = live_classes("BTP-2026")
    roll = queries.roll_of(today)

    assert (today.phase, tomorrow.phase) == ("open", "ahead")
    assert today.scheduled.starts_at == at("08.00", "Asia/Makassar")
    assert today.scheduled.ends_at == at("15.00", "Asia/Makassar")
    assert join_address(today.meeting).startswith("https://zoom.us/j/")
    assert (len(roll.here), len(roll.staff), roll.enrolled) == (12, 1, 41)
    assert len(queries.roll_of(tomorrow).missing) == 41
    assert today.cohort.starts_on == DAY


def test_the_finished_class_was_held_on_two_days_of_its_own_clock(app):
    days = live_classes("DKI-2020")

    starts = [str(day.scheduled.starts_at.astimezone(at("08.30").tzinfo)) for day in days]
    assert starts == ["2020-11-23 01:30:00+00:00", "2020-11-24 01:30:00+00:00"]
    assert [day.phase for day in days] == ["over", "over"]
    assert all(day.started_at and day.has_address for day in days)


def test_each_live_class_is_the_first_thing_of_its_material_and_holds_nothing_back(app):
    for day in live_classes("BTP-2026"):
        assert day.activity.position == 1
        assert day.activity.section.numbered
        assert not day.activity.required
        assert day.activity.minutes == 0


def test_nobody_of_the_demo_is_sent_to_a_class_without_an_address(app):
    sessions = [one for code in ("BTP-2026", "DKI-2020") for one in live_classes(code)]

    assert len(sessions) == 4
    assert len({one.meeting.meeting_number for one in sessions}) == 4
