"""The fields of the plugin in core's forms, through their real pages."""

import re
from datetime import date

import pytest
import sqlalchemy as sa

from core.api import db
from core.people.models import AuditEntry, User
from core.testing.forms import sent_parts
from plugins.particulars.models import Audience, Basis, Letter, Person
from plugins.particulars.services import change_entry, set_letter, set_person

PROFILE = {
    "language": "id",
    "timezone": "Asia/Jakarta",
    "theme": "auto",
    **sent_parts("particulars", "user"),
}
NEW = {"full_name": "Rini Astuti", **sent_parts("particulars", "user", "enrolment")}
CLASS = {
    "title": "Bimtek Kalsel",
    "starts_on": "2026-11-23",
    "ends_on": "2026-11-24",
    "mode": "online",
    "timezone": "Asia/Jakarta",
    "enrolment_policy": "organiser",
    **sent_parts("particulars", "cohort"),
}
COURSE = {
    "title": "Course",
    "summary": "",
    "lesson_hours": "0",
    "language": "id",
    **sent_parts("particulars", "course"),
}


def offered(page, name):
    """What a list offers: the texts of its choices, and the one that is chosen."""
    [select] = re.findall(rf'<select[^>]*name="{name}".*?</select>', page.text, re.S)
    texts = re.findall(r"<option[^>]*>([^<]*)<", select)
    return texts, re.findall(r"<option selected[^>]*>([^<]*)<", select)


def test_everybody_keeps_the_own_rank_education_and_unit(scene, as_user):
    client = as_user(scene.siti.user)
    mine = {
        "particulars-rank_id": scene.rank.id,
        "particulars-education_id": scene.degree.id,
        "particulars-work_unit": " Bidang  Layanan ",
    }

    sent = client.post("/profile", data=PROFILE | mine)
    page = client.get("/profile")

    person = Person.of(scene.siti.user)
    assert sent.status_code == 302
    assert (person.rank, person.education) == (scene.rank, scene.degree)
    assert person.work_unit == "Bidang Layanan"
    assert offered(page, "particulars-rank_id")[1] == ["T/a – Test Muda"]


def test_what_is_emptied_is_empty_and_the_log_tells_no_value(scene, as_user):
    set_person(scene.siti.user, rank_id=scene.rank.id, work_unit="Layanan", by=None)

    emptied = {"particulars-rank_id": "0", "particulars-work_unit": " "}
    as_user(scene.siti.user).post("/profile", data=PROFILE | emptied)

    person = Person.of(scene.siti.user)
    entries = db.session.scalars(sa.select(AuditEntry).filter_by(action="particulars.person"))
    assert (person.rank_id, person.work_unit) == (None, "")
    assert [one.change for one in entries] == [{"fields": ["rank_id", "work_unit"]}] * 2


@pytest.mark.parametrize("rank", ["999999", "x", "-1", "9" * 300])
def test_what_is_not_offered_cannot_be_chosen(scene, as_user, rank):
    answer = as_user(scene.siti.user).post("/profile", data=PROFILE | {"particulars-rank_id": rank})

    assert answer.status_code == 200
    assert 'class="err"' in answer.text
    assert Person.of(scene.siti.user) is None


def test_rank_of_another_kind_cannot_be_chosen(scene, as_user):
    data = PROFILE | {"particulars-rank_id": scene.degree.id}

    assert as_user(scene.siti.user).post("/profile", data=data).status_code == 200
    assert Person.of(scene.siti.user) is None


def test_hidden_entry_is_kept_by_whoever_has_it_and_offered_to_nobody_else(scene, make, as_user):
    other = make.enrolment(scene.cohort).user
    set_person(scene.siti.user, rank_id=scene.rank.id, by=None)
    change_entry(scene.rank, title=scene.rank.title, offered=False, by=None)

    mine, theirs = (as_user(one).get("/profile") for one in (scene.siti.user, other))

    assert offered(mine, "particulars-rank_id") == (
        ["—", "T/a – Test Muda", "T/b – Test Madya"],
        ["T/a – Test Muda"],
    )
    assert "T/a" not in theirs.text


def test_new_person_comes_with_rank_and_letter(scene, as_user):
    data = NEW | {
        "particulars-rank_id": scene.rank.id,
        "particulars-letter-number": "090/ST/2026",
        "particulars-letter-dated_on": "2026-11-02",
    }

    sent = as_user(scene.committee).post(f"{scene.base}/enrol/new", data=data)

    person = db.session.scalar(sa.select(User).filter_by(full_name="Rini Astuti"))
    letter = db.session.scalar(sa.select(Letter))
    assert sent.status_code == 302
    assert Person.of(person).rank == scene.rank
    assert (letter.number, letter.dated_on) == ("090/ST/2026", date(2026, 11, 2))


@pytest.mark.parametrize(
    "letter",
    [
        {"number": "", "dated_on": "2026-11-02"},
        {"number": "1", "dated_on": "yesterday"},
        {"number": "1", "dated_on": "2130-11-02"},
    ],
)
def test_letter_that_makes_no_sense_registers_nobody(scene, as_user, letter):
    data = NEW | {f"particulars-letter-{name}": value for name, value in letter.items()}

    answer = as_user(scene.committee).post(f"{scene.base}/enrol/new", data=data)

    assert answer.status_code == 200
    assert 'class="err"' in answer.text
    assert db.session.scalar(sa.select(User).filter_by(full_name="Rini Astuti")) is None


def test_committee_changes_the_letter_of_a_participant(scene, as_user):
    path = f"{scene.base}/participants/{scene.siti.id}/enrolment"
    set_letter(scene.siti, number="1", dated_on=None, by=None)
    client = as_user(scene.committee)
    data = {**sent_parts("particulars", "enrolment"), "particulars-letter-number": "2"}

    page = client.get(path)
    sent = client.post(path, data=data)

    assert 'value="1"' in page.text
    assert sent.status_code == 302
    assert Letter.of(scene.siti).number == "2"


def test_class_rests_on_a_decree(scene, as_user):
    data = CLASS | {
        "organiser_id": scene.office.id,
        "host_id": scene.office.id,
        "particulars-basis-number": "12/SK/2026",
        "particulars-basis-dated_on": "2026-10-01",
    }

    sent = as_user(scene.organiser).post(f"{scene.base}/settings", data=data)

    assert sent.status_code == 302
    assert Basis.of(scene.cohort).number == "12/SK/2026"


def test_course_says_for_whom_it_is(scene, as_user):
    course = scene.cohort.course
    data = COURSE | {"particulars-target": "Pengelola", "particulars-needs": "Laptop\r\nKuota"}
    client = as_user(scene.organiser)

    sent = client.post(f"/courses/{course.id}/settings", data=data)
    page = client.get(f"/courses/{course.id}")

    assert sent.status_code == 302
    assert Audience.of(course).needs == "Laptop\nKuota"
    assert "Laptop<br>Kuota" in page.text


def test_staff_without_the_right_are_not_asked_about_others(scene, make, as_user, monkeypatch):
    from core.plugin_engine import engine  # noqa: PLC0415 -- only this test takes a right away

    monkeypatch.delitem(engine().permissions, "particulars.edit")
    set_person(scene.siti.user, work_unit="Bagian Rahasia", by=None)
    here = f"{scene.base}/participants/{scene.siti.id}"
    client = as_user(scene.committee)

    pages = [client.get(f"{here}/person"), client.get(f"{scene.base}/enrol/new")]

    assert [page.status_code for page in pages] == [200, 200]
    assert not any("particulars-" in page.text for page in pages)
    assert not any("Bagian Rahasia" in page.text for page in pages)


def test_first_letter_by_two_at_once_is_kept_once(scene, at_once):
    def write(number):
        from core.api import Enrolment  # noqa: PLC0415 -- in the thread of its own

        set_letter(db.session.get(Enrolment, scene_id), number=number, dated_on=None, by=None)

    scene_id = scene.siti.id
    at_once(lambda: write("1"), lambda: write("2"))

    assert Letter.of(scene.siti).number in {"1", "2"}
