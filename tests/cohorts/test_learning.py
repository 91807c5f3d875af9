"""What a participant sees and does in a class."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.cohorts.models import ActivityProgress, Enrolment
from core.cohorts.services import schedule, withdraw
from core.courses.services import add_activity
from core.db import db, now
from core.plugin_engine import engine, lifecycle
from core.testing.counting import count_queries


@pytest.fixture
def nation(make):
    return make.institution("Perpustakaan Nasional")


@pytest.fixture
def course(make, nation):
    return make.course(nation, pages=3)


@pytest.fixture
def place(make, course):
    return make.enrolment(make.cohort(course, code="SUKA-1"))


def progress():
    return db.session.scalars(sa.select(ActivityProgress)).all()


def test_reading_a_page_and_saying_so_counts(as_user, place, course):
    client, first = as_user(place.user), course.activities[0]

    shown = client.get(f"/classes/SUKA-1/activities/{first.id}")
    client.post(f"/classes/SUKA-1/activities/{first.id}/done")
    client.post(f"/classes/SUKA-1/activities/{first.id}/done")

    assert shown.status_code == 200
    assert [(p.activity_id, p.state) for p in progress()] == [(first.id, "done")]
    assert (place.required_done, place.required_total) == (1, 3)


def test_opening_a_page_writes_nothing(as_user, place, course):
    as_user(place.user).get(f"/classes/SUKA-1/activities/{course.activities[0].id}")

    assert progress() == []


def test_class_is_completed_with_its_last_required_activity(as_user, place, course):
    client = as_user(place.user)

    for activity in course.activities:
        client.post(f"/classes/SUKA-1/activities/{activity.id}/done")

    assert place.completed_at is not None
    assert client.get("/home").status_code == 200


@pytest.mark.parametrize("path", ["/classes/SUKA-1", "/classes/SUKA-1/activities/{id}"])
def test_other_classes_and_drafts_are_closed(as_user, make, place, course, path):
    path = path.format(id=course.activities[0].id)
    stranger = as_user(make.user()).get(path)
    place.cohort.status = "draft"
    own = as_user(place.user).get(path)

    assert stranger.status_code == 403
    assert own.status_code == 404


def test_withdrawn_participant_is_out(as_user, place):
    withdraw(place, by=None)

    assert as_user(place.user).get("/classes/SUKA-1").status_code == 403


def test_activity_of_another_course_is_not_found(as_user, make, nation, place):
    foreign = make.course(nation).activities[0]

    client = as_user(place.user)

    assert client.get(f"/classes/SUKA-1/activities/{foreign.id}").status_code == 404
    assert client.post(f"/classes/SUKA-1/activities/{foreign.id}/done").status_code == 404


def test_activity_before_its_opening_cannot_be_done(as_user, place, course):
    later = course.activities[1]
    schedule(place.cohort, later, by=None, opens_at=now() + timedelta(hours=1))
    client = as_user(place.user)

    shown = client.get(f"/classes/SUKA-1/activities/{later.id}")
    done = client.post(f"/classes/SUKA-1/activities/{later.id}/done")

    assert shown.location == "/classes/SUKA-1"
    assert done.status_code == 404
    assert progress() == []


@pytest.mark.needs_plugins
def test_required_activity_of_a_disabled_plugin_blocks_completion_and_says_so(
    as_user, make, nation, place, course
):
    make.enabled("quizzes", nation)
    add_activity(course.sections[0], "quizzes.test", "Tes akhir")
    client = as_user(place.user)
    before = client.get("/classes/SUKA-1").text
    lifecycle.disable(engine(), "quizzes", nation, by=None)
    for activity in course.activities[:3]:
        client.post(f"/classes/SUKA-1/activities/{activity.id}/done")

    after = client.get("/classes/SUKA-1").text

    assert "Tidak tersedia" not in before
    assert "Tidak tersedia" in after
    assert "1 kegiatan wajib" in after
    assert db.session.get(Enrolment, place.id).completed_at is None


def test_participant_is_told_kindly_that_an_activity_is_no_longer_offered(as_user, place, course):
    course.activities[0].kind = "vanished.thing"
    db.session.flush()

    page = as_user(place.user).get("/classes/SUKA-1").text

    assert "1 kegiatan wajib tidak lagi tersedia" in page
    assert "menonaktifkan" not in page
    assert "dinonaktifkan" not in page


def test_enrolment_by_key(as_user, make, course, clock):
    clock.set(datetime(2026, 11, 23, 1, tzinfo=UTC))
    cohort = make.cohort(course, enrolment_policy="key", enrolment_key="banjar-2026", capacity=1)
    first, second = make.user(), make.user()

    wrong = as_user(first).post("/join", data={"key": "banjar-2027"})
    right = as_user(first).post("/join", data={"key": " banjar-2026 "})
    full = as_user(second).post("/join", data={"key": "banjar-2026"})

    assert wrong.status_code == full.status_code == 200
    assert right.location == f"/classes/{cohort.code}"
    assert [e.user_id for e in db.session.scalars(sa.select(Enrolment))] == [first.id]


def test_pages_ask_the_database_the_same_few_times_however_long_the_course(
    app, as_user, make, nation, place
):
    long = make.enrolment(make.cohort(make.course(nation, pages=40), code="LONG"), place.user)
    client = as_user(place.user)
    counted = {}
    for code in ("SUKA-1", "LONG"):
        with count_queries(app) as statements:
            client.get(f"/classes/{code}")
        counted[code] = len(statements)

    assert long.required_total == 40
    assert counted["SUKA-1"] == counted["LONG"] <= 14
