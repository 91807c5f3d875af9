"""Who reaches which page of a class: role × page × answer, and that reading never writes."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.people.models import AuditEntry

READ = "/classes/KALSEL-7"
# Pages by what they ask for; {enrolment}, {activity} and {staff} are ids of the scene.
SEEN = ["/manage", "/timetable", "/participants", "/participants/{enrolment}"]
SET_UP = ["/settings", "/staff", "/staff/new", "/timetable/{activity}"]
ENROL = [
    "/enrol",
    "/enrol/new",
    "/roster",
    "/roster/template.csv",
    "/participants/{enrolment}/withdraw",
]
CONTACTS = ["/participants/{enrolment}/person", "/access"]
POSTS = [
    "/settings",
    "/publish",
    "/withdraw",
    "/staff",
    "/staff/known",
    "/staff/new",
    "/staff/{staff}/remove",
    "/timetable/{activity}",
    "/participants/{enrolment}/activities/{activity}",
    "/participants/{enrolment}/person",
    "/participants/{enrolment}/withdraw",
    "/participants/{enrolment}/return",
    "/enrol",
    "/enrol/known",
    "/enrol/new",
    "/roster",
    "/roster/import",
    "/access",
]


@pytest.fixture
def around(make, scene):
    """The scene with a participant of the library; addresses filled in, and who may ask."""
    enrolment = make.enrolment(scene.cohort, make.user("Siti", institution=scene.library))
    ids = {
        "enrolment": enrolment.id,
        "activity": scene.course.activities[0].id,
        "staff": scene.cohort.staff[0].id,
    }
    scene.participant = enrolment.user
    scene.url = lambda page: READ + page.format(**ids)
    return scene


def _answers(client, scene, pages: list[str], method: str = "get") -> dict[str, int]:
    return {page: getattr(client, method)(scene.url(page)).status_code for page in pages}


@pytest.mark.parametrize(
    ("who", "open_pages"),
    [
        ("organiser", [*SEEN, *SET_UP, *ENROL, *CONTACTS]),
        ("committee", [*SEEN, *ENROL, *CONTACTS]),
        ("trainer", SEEN),
        ("participant", []),
        ("stranger", []),
    ],
)
def test_pages_open_to_those_who_work_in_the_class(around, reading, who, open_pages):
    everything = [*SEEN, *SET_UP, *ENROL, *CONTACTS]

    answers = _answers(reading(getattr(around, who)), around, everything)

    assert answers == {page: 200 if page in open_pages else 403 for page in everything}


@pytest.mark.parametrize("who", ["participant", "stranger", "trainer"])
def test_nothing_is_changed_by_those_who_may_not(around, reading, who):
    client = reading(getattr(around, who))
    entries = db.session.scalar(sa.select(sa.func.count(AuditEntry.id)))

    answers = _answers(client, around, POSTS, "post")

    assert set(answers.values()) == {403}
    assert db.session.scalar(sa.select(sa.func.count(AuditEntry.id))) == entries


def test_whoever_has_not_signed_in_is_asked_to(around, client):
    answers = _answers(client, around, [*SEEN, *SET_UP, *ENROL, *CONTACTS])

    assert set(answers.values()) == {302}


def test_class_that_does_not_exist_is_not_found(around, reading):
    assert reading(around.organiser).get("/classes/NOWHERE/manage").status_code == 404


def test_no_page_asks_to_write_while_it_is_read(app):
    """The pool of reading requests refuses to write; a view would have to ask for another."""
    views = {name: view for name, view in app.view_functions.items() if name.startswith("cohorts.")}

    assert len(views) > 25
    assert not [name for name, view in views.items() if getattr(view, "bimtek_writes", False)]


@pytest.mark.parametrize(
    "page",
    [
        "/participants/{enrolment}",
        "/participants/{enrolment}/person",
        "/participants/{enrolment}/withdraw",
        "/timetable/{activity}",
    ],
)
def test_things_of_another_class_are_not_reached_through_the_own_one(make, around, reading, page):
    make.cohort(make.course(around.other), around.other, code="JABAR-1")
    client = reading(around.stranger)

    answer = client.get(around.url(page).replace("KALSEL-7", "JABAR-1"))

    assert answer.status_code == 404


def test_participant_of_another_class_cannot_be_taken_out_through_the_own_one(
    make, around, reading
):
    mine = make.cohort(make.course(around.other), around.other, code="JABAR-1")
    client = reading(around.stranger)

    for page in POSTS[8:12]:
        answer = client.post(around.url(page).replace("KALSEL-7", mine.code))
        assert answer.status_code == 404, page
    assert (
        client.post(f"/classes/{mine.code}/staff/{around.cohort.staff[0].id}/remove").status_code
        == 404
    )
    assert len(around.cohort.staff) == 2
