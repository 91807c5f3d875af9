"""The demo is what the documents promise, and never touches anybody's data."""

import re
from collections import Counter

import pytest
import sqlalchemy as sa
from rich.console import Console

from core.db import db
from core.demo import Demo, load_demo, logins
from core.demo.story import FINISHED, ONSITE, PASSWORD, RUNNING, NotEmpty
from core.institutions.models import Institution
from core.people.models import User
from core.people.queries import by_sign_in_name

ADMIN, TRAINER = "ratna@bimtek.example", "retno@bimtek.example"


@pytest.fixture
def app(demo_app):
    return demo_app


@pytest.fixture
def demo(app):
    """As plugins get it, with those of the staff who are asked for here."""
    staff = {"admin": by_sign_in_name(ADMIN), "trainer1": by_sign_in_name(TRAINER)}
    return Demo(staff={key: one for key, [one] in staff.items()})


def test_demo_has_the_nation_and_its_finished_class(demo):
    offices = db.session.scalars(sa.select(Institution).filter_by(kind="province")).all()
    cohort = demo.cohort(FINISHED)
    people = demo.enrolments(FINISHED)

    assert len(offices) == 38
    assert Counter(o.timezone for o in offices) == {
        "Asia/Jakarta": 18, "Asia/Makassar": 12, "Asia/Jayapura": 8,
    }  # fmt: skip
    assert (cohort.number, cohort.mode, cohort.capacity) == (13, "online", 150)
    assert (cohort.starts_on.isoformat(), cohort.ends_on.isoformat()) == (
        "2020-11-23",
        "2020-11-24",
    )
    assert len(people) == 150
    materials = [s for s in cohort.course.sections if s.numbered]
    assert [len({a.part for a in s.activities if a.part}) for s in materials] == [3, 3]


def test_demo_has_the_class_on_site_by_regency(demo):
    cohort = demo.cohort(ONSITE)
    homes = [e.institution for e in demo.enrolments(ONSITE)]
    offices = Counter(home.code or home.parent.code for home in homes)

    assert (cohort.mode, cohort.organiser.code, cohort.host.code) == ("onsite", "NASIONAL", "63")
    assert (cohort.starts_on.isoformat(), cohort.ends_on.isoformat()) == (
        "2021-06-14",
        "2021-06-17",
    )
    assert cohort.venue
    assert offices == {"63.04": 7, "63.10": 11, "63.07": 9, "63.08": 13, "63": 3}


@pytest.mark.parametrize("code", [FINISHED, ONSITE])
def test_finished_classes_were_completed_when_they_ended(demo, code):
    cohort = demo.cohort(code)
    days = {e.completed_at.date() for e in demo.enrolments(code) if e.completed_at}

    assert days == {cohort.ends_on}


def test_demo_has_the_cases_that_lists_must_survive(demo):
    people = [e.user for e in demo.enrolments(FINISHED)]
    homes = {e.user.id: e.institution for e in demo.enrolments(FINISHED)}
    sri = [user for user in people if user.full_name == "Sri Wahyuni"]
    phones = Counter(db.session.scalars(sa.select(User.phone).where(User.phone.is_not(None))))

    assert len(sri) == 2
    assert len({homes[user.id].parent_id for user in sri}) == 1
    assert any(" " not in user.full_name for user in people)
    assert any(user.email is None and user.phone is None for user in people)
    assert 2 in phones.values()


def test_every_demo_login_is_one_person_or_asks_which(demo):
    for _title, name, password in logins():
        assert by_sign_in_name(name), name
        assert password == PASSWORD


def test_demo_is_loaded_once(demo):
    with pytest.raises(NotEmpty):
        load_demo(Console(quiet=True))


def test_pages_of_the_demo_are_readable_by_its_people(demo, as_user):
    for key, paths in {
        "admin": ["/home", "/classes", "/courses", "/institutions", "/plugins"],
        "trainer1": ["/home", "/classes", f"/classes/{FINISHED}/manage"],
    }.items():
        client = as_user(demo.staff[key])
        for path in paths:
            assert client.get(path, follow_redirects=True).status_code == 200, path
    participant = as_user(demo.enrolments(RUNNING)[0].user)
    page = participant.get(f"/classes/{RUNNING}")
    links = set(re.findall(rf'href="(/classes/{RUNNING}/activities/\d+)"', page.text))
    assert links
    assert {participant.get(link).status_code for link in links} == {200}


def test_demo_of_quizzes_has_scores_and_a_test_that_is_open_today(demo, as_user):
    trainer = as_user(demo.staff["trainer1"])

    scores = trainer.get(f"/quizzes/classes/{FINISHED}/scores")
    titles = [a.title for a in demo.cohort(FINISHED).course.activities]

    assert titles[0] == "Tes awal"
    assert titles[-1] == "Tes akhir"
    assert scores.status_code == 200
    assert "146 dari 149" in scores.text or "dari 149" in scores.text


@pytest.mark.parametrize("is_demo", [True, False])
def test_files_of_a_demo_say_so_in_their_names(demo, app, as_user, monkeypatch, is_demo):
    monkeypatch.setitem(app.config, "DEMO", is_demo)

    answer = as_user(demo.staff["trainer1"]).get(f"/quizzes/classes/{FINISHED}/scores.csv")

    assert ("CONTOH-" in answer.headers["Content-Disposition"]) is is_demo
