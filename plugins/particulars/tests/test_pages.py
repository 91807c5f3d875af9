"""Panels, the list of a class with its files, the own letter, and what can be chosen."""

from io import BytesIO

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from core.api import db
from core.testing.counting import count_queries
from plugins.particulars.models import RANK, Entry, Letter
from plugins.particulars.queries import entries
from plugins.particulars.services import set_basis, set_letter, set_person


@pytest.fixture
def known(scene):
    """Everything is known of Siti."""
    set_person(
        scene.siti.user,
        rank_id=scene.rank.id,
        education_id=scene.degree.id,
        work_unit="Bidang Layanan",
        by=None,
    )
    set_letter(scene.siti, number="090/ST/2026", dated_on=None, by=None)
    set_basis(scene.cohort, number="12/SK/2026", dated_on=None, by=None)
    db.session.commit()
    return scene


PERSONAL = ("T/a", "T1 – Test", "Bidang Layanan", "090/ST/2026")


def test_committee_sees_the_particulars_of_a_participant_and_of_the_class(known, as_user):
    client = as_user(known.committee)

    person = client.get(f"{known.base}/participants/{known.siti.id}").text
    of_class = client.get(f"{known.base}/manage").text
    listed = client.get(known.url).text

    assert all(word in person for word in PERSONAL)
    assert "12/SK/2026" in of_class
    assert all(word in listed for word in PERSONAL)


def test_trainer_and_other_participants_see_nothing_of_it(known, make, as_user):
    other = make.enrolment(known.cohort).user
    paths = [known.base, f"{known.base}/manage", f"{known.base}/participants/{known.siti.id}"]

    for person in (known.trainer, other):
        client = as_user(person)
        seen = "".join(client.get(path).text for path in paths)
        assert not any(word in seen for word in PERSONAL)
        assert client.get(known.url).status_code == 403
        assert client.get(f"{known.url}/particulars.csv").status_code == 403


def test_participant_sees_and_changes_the_own_letter(known, as_user):
    client = as_user(known.siti.user)

    shown = client.get(known.base).text
    sent = client.post(f"{known.url}/letter", data={"number": "2", "dated_on": "2026-11-01"})

    assert "090/ST/2026" in shown
    assert sent.status_code == 302
    assert Letter.of(known.siti).number == "2"


def test_letter_of_nobody_is_no_page(known, make, as_user):
    gone = make.enrolment(known.cohort)
    make.withdrawn(gone)

    for person in (known.committee, gone.user, make.user()):
        answer = as_user(person).post(f"{known.url}/letter", data={"number": "9"})
        assert answer.status_code == 404
    assert Letter.of(known.siti).number == "090/ST/2026"


def test_files_hold_what_the_list_shows(known, make, as_user):
    make.enrolment(known.cohort, make.user("=HYPERLINK(1)"))
    client = as_user(known.committee)

    text = client.get(f"{known.url}/particulars.csv").text
    xlsx = client.get(f"{known.url}/particulars.xlsx").data

    lines = text.removeprefix("\ufeff").splitlines()
    cells = CalamineWorkbook.from_filelike(BytesIO(xlsx)).get_sheet_by_index(0).to_python()
    assert lines[-1].split(";")[1:] == [
        "Siti Aminah", "Office", "T/a – Test Muda", "T1 – Test", "Bidang Layanan",
        "090/ST/2026", "",
    ]  # fmt: skip
    assert not any(line.split(";")[1].startswith("=") for line in lines)
    assert cells[-1][1:7] == lines[-1].split(";")[1:7]
    assert len(cells) == len(lines) == 3


def test_long_list_costs_as_many_queries_as_a_short_one(app, known, make, as_user):
    client = as_user(known.committee)
    with count_queries(app) as few:
        client.get(known.url)
    for _n in range(30):
        set_letter(make.enrolment(known.cohort), number="1", dated_on=None, by=None)
    with count_queries(app) as many:
        page = client.get(known.url)

    assert page.text.count("/participants/") == 62
    assert len(many) == len(few)


def test_list_goes_on_by_key(known, make, as_user, monkeypatch):
    monkeypatch.setattr("plugins.particulars.views.A_PAGE", 1)
    last = make.enrolment(known.cohort, make.user("Zainab"))
    client = as_user(known.committee)

    first = client.get(known.url).text
    second = client.get(f"{known.url}?after={known.siti.id}").text

    assert f"after={known.siti.id}" in first
    assert "Zainab" not in first
    assert last.user.number in second
    assert "Siti" not in second


# What can be chosen


def test_admin_adds_renames_and_hides(known, as_user):
    client = as_user(known.admin)

    added = client.post("/particulars/entries", data={"kind": RANK, "code": "X/a", "title": "New"})
    changed = client.post(f"/particulars/entries/{known.rank.id}", data={"title": "Renamed"})
    page = client.get("/particulars/entries").text

    assert (added.status_code, changed.status_code) == (302, 302)
    assert [one.code for one in entries(RANK)][-1] == "X/a"
    assert (known.rank.title, known.rank.offered) == ("Renamed", False)
    assert "T/a – Renamed" in page
    assert "Disembunyikan" in page
    assert "1 orang" in page


@pytest.mark.parametrize("code", ["T/a", "t/A", " T/a ", "", "x" * 21])
def test_short_form_that_cannot_be_is_refused(known, as_user, code):
    answer = as_user(known.admin).post("/particulars/entries", data={"kind": RANK, "code": code})

    assert answer.status_code == 200
    assert 'class="err"' in answer.text
    assert len(entries(RANK)) == db.session.scalar(
        sa.select(sa.func.count()).select_from(Entry).filter_by(kind=RANK)
    )
    assert [one.code for one in entries(RANK)][-2:] == ["T/a", "T/b"]


@pytest.mark.parametrize("who", ["organiser", "committee", "trainer"])
def test_only_the_platform_admin_keeps_what_can_be_chosen(known, as_user, who):
    client = as_user(getattr(known, who))

    assert client.get("/particulars/entries").status_code == 403
    answer = client.post(f"/particulars/entries/{known.rank.id}", data={"title": "Mine"})
    assert answer.status_code == 403
    assert known.rank.title == "Test Muda"


@pytest.mark.parametrize("entry_id", ["0", "999999", "9" * 30])
def test_unknown_entry_is_no_page(known, as_user, entry_id):
    assert as_user(known.admin).get(f"/particulars/entries/{entry_id}").status_code == 404
