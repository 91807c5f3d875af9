"""A list is uploaded, tried out and taken in; access is handed out, once, to the right people."""

import csv
import io
import os
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
import xlsxwriter

from core.cohorts import kept_files
from core.cohorts.roster import TEMPLATES
from core.cohorts.services import confirmed_count
from core.db import db, now
from core.institutions.models import Institution
from core.people.models import AuditEntry, OneTimeAccess, User
from core.people.roster_file import read_roster
from core.people.services import access_by_token, issue_access
from core.testing.counting import count_queries

URL = "/classes/KALSEL-7"
LIST = b"Nama;HP;Instansi;Warna\nSiti Aminah;081234567890;Perpusdes Mawar;merah\nBudi;;Nowhere;\n"


@pytest.fixture(autouse=True)
def nothing_kept(app):
    for path in _kept(app):
        path.unlink()


def _upload(client, data: bytes = LIST, name: str = "list.csv", **fields):
    return client.post(f"{URL}/roster", data={"file": (io.BytesIO(data), name), **fields})


def _ticket(page: str) -> str:
    return re.search(r'name="ticket" value="([^"]+)"', page)[1]


def _people() -> int:
    return db.session.scalar(sa.select(sa.func.count(User.id))) or 0


def _kept(app) -> list[Path]:
    return list((Path(app.config["INSTANCE"]) / "kept").glob("*"))


# Trying out


def test_list_is_tried_out_and_nothing_is_saved(scene, reading):
    before = _people()

    page = _upload(reading(scene.committee)).text

    assert "Nothing is saved yet" in page
    assert page.index("Nowhere") < page.index("Siti Aminah")
    assert "Left out: Warna" in page
    assert "Take in 1 person" in page
    assert _people() == before
    assert confirmed_count(scene.cohort) == 0


def test_xlsx_is_taken_as_well(scene, reading):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Nama", "No. HP"])
        sheet.write_row(1, 0, ["Siti Aminah", 81234567890])

    page = _upload(reading(scene.committee), out.getvalue(), "daftar.xlsx").text

    assert "Take in 1 person" in page


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "list.csv"),
        (b"\n \n", "list.csv"),
        (b"%PDF-1.7\n%...", "list.xlsx"),
        (b"PK\x03\x04" + b"x" * 100, "list.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "list.xls"),
        (b"<html><table></table>", "list.xls"),
        (b"Warna;Ukuran\nmerah;3\n", "list.csv"),
        (b"Nama\n", "list.csv"),
        (b"Nama\n" + b"\x00\x01\x02\x03\x04\x05\x06\x07\x0e\x0f\x10\x11" * 9, "list.csv"),
    ],
)
def test_file_that_is_no_list_is_refused_in_the_form(app, scene, reading, data, name):
    answer = _upload(reading(scene.committee), data, name)

    assert answer.status_code == 200
    assert 'class="err"' in answer.text
    assert "Take in" not in answer.text
    assert _kept(app) == []


def test_workbook_made_to_exhaust_memory_is_refused_in_the_form(app, scene, reading):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_column(0, 0, ["Nama", *["A" * 32_000] * 1600])

    answer = _upload(reading(scene.committee), out.getvalue(), "daftar.xlsx")

    assert answer.status_code == 200
    assert "The workbook is far too large once unpacked. Keep only the list." in answer.text
    assert _kept(app) == []


def test_list_that_is_too_large_is_refused_in_the_form(app, scene, reading):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\nNama\n'
    body = head + b"Siti Aminah\n" * 1_000_000 + b"\r\n--b--\r\n"

    answer = reading(scene.committee).post(
        f"{URL}/roster", data=body, content_type="multipart/form-data; boundary=b"
    )

    assert answer.status_code == 200
    assert "larger than 10 MB" in answer.text
    assert _kept(app) == []


def test_list_that_takes_too_long_for_a_page_is_refused_in_the_form(scene, reading):
    data = b"Nama\n" + b"\n".join(b"Person %d" % n for n in range(3001))

    answer = _upload(reading(scene.committee), data)

    assert "at most 3000 fit here" in answer.text
    assert confirmed_count(scene.cohort) == 0


def test_no_file_is_said_in_the_form(scene, reading):
    answer = reading(scene.committee).post(f"{URL}/roster", data={})

    assert "Choose a file." in answer.text


def test_list_without_a_usable_row_cannot_be_taken_in(scene, reading):
    page = _upload(reading(scene.committee), b"Nama;Instansi\nBudi;Nowhere\n").text

    assert "There is nothing to take in" in page
    assert "roster/import" not in page


def test_names_of_the_list_are_no_markup(scene, reading):
    data = b'Nama;Instansi;<i>x</i>\n"<script>alert(1)</script>";"<b>x</b>";1\n'

    page = _upload(reading(scene.committee), data, '<img src="x">.csv').text

    for markup in ("<script>alert", "<b>x</b>", "<i>x</i>", "<img"):
        assert markup not in page


# Taking in


def test_confirmed_list_is_taken_in_and_its_result_can_be_downloaded(app, scene, reading):
    client = reading(scene.committee)
    ticket = _ticket(_upload(client).text)

    answer = client.post(f"{URL}/roster/import", data={"ticket": ticket})
    page = client.get(answer.location).text
    result = client.get(re.search(r'href="([^"]+result\.csv)"', page)[1])

    assert confirmed_count(scene.cohort) == 1
    assert "List taken in" in page
    assert result.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(result.text.lstrip("\ufeff")), delimiter=";"))
    assert [row[:2] for row in rows[1:]] == [["2", "Siti Aminah"], ["3", "Budi"]]


def test_list_taken_in_twice_changes_nothing(scene, reading):
    client = reading(scene.committee)
    tickets = [
        _ticket(_upload(client, LIST.replace(b"Nowhere", b"Perpusdes Mawar")).text)
        for _n in range(2)
    ]
    for ticket in tickets:
        client.post(f"{URL}/roster/import", data={"ticket": ticket})
    people = _people()

    page = _upload(client, LIST.replace(b"Nowhere", b"Perpusdes Mawar")).text

    assert "There is nothing to change" in page
    assert "roster/import" not in page
    assert confirmed_count(scene.cohort) == 2
    assert page.count("Nothing to change") == 3  # the figure and both rows
    assert _people() == people


def test_institutions_are_added_when_that_was_chosen_at_the_trial(scene, reading):
    client = reading(scene.committee)
    ticket = _ticket(_upload(client, create_institutions="y").text)
    query = sa.select(Institution).filter_by(name="Nowhere")
    assert db.session.scalar(query) is None

    client.post(f"{URL}/roster/import", data={"ticket": ticket})

    assert db.session.scalar(query).parent == scene.province
    assert confirmed_count(scene.cohort) == 2


def test_list_goes_away_once_it_is_taken_in(app, scene, reading):
    client = reading(scene.committee)
    ticket = _ticket(_upload(client).text)
    assert any(path.read_bytes() == LIST for path in _kept(app))

    client.post(f"{URL}/roster/import", data={"ticket": ticket})
    again = client.post(f"{URL}/roster/import", data={"ticket": ticket}, follow_redirects=True)

    assert not any(path.read_bytes() == LIST for path in _kept(app))
    assert "no longer kept here" in again.text


def _changed(ticket: str) -> list[str]:
    payload, rest = ticket.split(".", 1)
    return ["", "x", ticket[:-1], f"{payload[:-2]}AA.{rest}", f"../../{ticket}", "a.b.c"]


def test_ticket_that_was_tampered_with_opens_nothing(scene, reading):
    client = reading(scene.committee)
    ticket = _ticket(_upload(client).text)

    for changed in _changed(ticket):
        client.post(f"{URL}/roster/import", data={"ticket": changed})
        assert client.get(f"{URL}/roster/done/{changed or 'x'}").status_code in {404, 410}

    assert confirmed_count(scene.cohort) == 0


def test_ticket_of_a_list_opens_no_result_and_that_of_a_result_no_list(scene, reading):
    client = reading(scene.committee)
    ticket = _ticket(_upload(client).text)
    shown = client.get(f"{URL}/roster/done/{ticket}")
    done = client.post(f"{URL}/roster/import", data={"ticket": ticket}).location
    result = done.rpartition("/")[2]

    answer = client.post(f"{URL}/roster/import", data={"ticket": result}, follow_redirects=True)

    assert shown.status_code == 410
    assert "no longer kept here" in answer.text
    assert client.get(done).status_code == 200


def test_ticket_is_good_for_its_person_and_class_only(make, scene, reading):
    other = make.cohort(scene.course, scene.province, code="OTHER")
    ticket = _ticket(_upload(reading(scene.committee)).text)

    reading(scene.organiser).post(f"{URL}/roster/import", data={"ticket": ticket})
    reading(scene.organiser).post("/classes/OTHER/roster/import", data={"ticket": ticket})

    assert confirmed_count(scene.cohort) == confirmed_count(other) == 0


def test_ticket_and_file_end_after_a_day(app, scene, reading, monkeypatch):
    client = reading(scene.committee)
    ticket = _ticket(_upload(client).text)
    [path] = [path for path in _kept(app) if path.read_bytes() == LIST]
    yesterday = time.time() - kept_files.DAY - 60
    os.utime(path, (yesterday, yesterday))

    _upload(client, LIST + b"Wati;;;\n")
    gone = not path.exists()
    monkeypatch.setattr(kept_files, "DAY", -1)
    client.post(f"{URL}/roster/import", data={"ticket": ticket})

    assert gone
    assert confirmed_count(scene.cohort) == 0


def test_old_lists_go_away_by_the_clock_too(app, scene, reading):
    _upload(reading(scene.committee))
    [path] = _kept(app)
    yesterday = time.time() - kept_files.DAY - 60
    os.utime(path, (yesterday, yesterday))

    kept_files.drop_old()

    assert _kept(app) == []


def test_kept_files_are_readable_by_nobody_else(app, scene, reading):
    _upload(reading(scene.committee))

    assert {path.stat().st_mode & 0o777 for path in _kept(app)} == {0o600}


def test_result_is_no_formula_for_a_spreadsheet(scene, reading):
    client = reading(scene.committee)
    data = b"Nama;Instansi\nSiti;=cmd|'/c calc'!A1\n@SUM(A1:A2) Budi;Perpusdes Mawar\n"
    ticket = _ticket(_upload(client, data).text)

    answer = client.post(f"{URL}/roster/import", data={"ticket": ticket})
    result = client.get(f"{answer.location}/result.csv").text.lstrip("\ufeff")

    cells = [cell for row in csv.reader(io.StringIO(result), delimiter=";") for cell in row]
    assert len(cells) == 15
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]


@pytest.mark.parametrize("language", ["id", "en"])
def test_empty_list_has_headers_that_are_recognised(scene, as_user, language):
    client = as_user(scene.committee)
    with client.session_transaction() as session:
        session["language"] = language

    answer = client.get(f"{URL}/roster/template.csv")

    assert "attachment" in answer.headers["Content-Disposition"]
    filled = answer.data + ";".join(["Siti", "", "", "812345678"]).encode()
    file = read_roster(filled, "list.csv")
    assert list(file.columns.values()) == list(TEMPLATES[language])
    assert (file.unknown_columns, file.rows[0].phone) == ((), "+62812345678")


# Access


def _open_access() -> list[int]:
    query = sa.select(OneTimeAccess.user_id).where(OneTimeAccess.revoked_at.is_(None))
    return sorted(db.session.scalars(query))


def _chosen(page: str) -> set[int]:
    boxes = re.findall(r'name="person" value="(\d+)"( checked)?', page)
    return {int(user_id) for user_id, checked in boxes if checked}


def test_those_who_cannot_get_in_are_chosen_from_the_start(make, scene, reading):
    new, linked, inside = make.user("Ani"), make.user("Budi"), make.user("Cici", password="x")
    for person in (new, linked, inside):
        make.enrolment(scene.cohort, person)
    issue_access([linked], by=None)

    page = reading(scene.committee).get(f"{URL}/access").text
    only = reading(scene.committee).get(f"{URL}/access?only={linked.id}").text

    assert _chosen(page) == {new.id, scene.committee.id, scene.trainer.id}
    assert _chosen(only) == {linked.id}


def test_everybody_or_nobody_is_chosen_by_a_link(make, scene, reading):
    person = make.enrolment(scene.cohort, make.user("Ani", password="x")).user
    away = make.user("Budi", password="x", institution=scene.other)
    make.enrolment(scene.cohort, away)
    client = reading(scene.committee)

    everybody = _chosen(client.get(f"{URL}/access?choose=all").text)
    nobody = _chosen(client.get(f"{URL}/access?choose=none").text)

    assert everybody == {person.id, scene.committee.id, scene.trainer.id}
    assert nobody == set()


def test_people_of_others_are_listed_with_the_reason(make, scene, reading):
    person = make.user("Ani", password="secret", institution=scene.other)
    make.enrolment(scene.cohort, person)

    page = reading(scene.committee).get(f"{URL}/access").text

    assert "Has an account of another institution; signs in with the own password." in page
    assert f'value="{person.id}"' not in page


def test_slips_carry_link_and_code_that_let_the_person_in(make, scene, reading, client):
    siti = make.user("Siti Aminah", phone="+6281234567890", institution=scene.library)
    make.enrolment(scene.cohort, siti)

    page = reading(scene.committee).post(f"{URL}/access", data={"person": siti.id})

    assert page.headers["Cache-Control"] == "private, no-store"
    link = re.search(r"http://localhost(/k/[\w-]+)", page.text)[1]
    code = re.search(r'class="code">([A-Z2-9]{4}-[A-Z2-9]{4})<', page.text)[1]
    assert "Siti Aminah" in page.text
    assert "Perpusdes Mawar" in page.text
    assert access_by_token(link.removeprefix("/k/")).user == siti
    entered = client.post("/sign-in/code", data={"name": "0812-3456-7890", "code": code})
    assert entered.status_code == 302
    db.session.expire_all()
    assert siti.last_login_at is not None


def test_message_names_person_class_and_link_and_goes_to_the_own_number(make, scene, reading):
    siti = make.user("Siti & Aminah", phone="+6281234567890", title_after="S.Pd.")
    ani = make.user("Ani")
    for person in (siti, ani):
        make.enrolment(scene.cohort, person)

    page = reading(scene.committee).post(f"{URL}/access", data={"person": [siti.id, ani.id]}).text

    urls = [url.replace("&amp;", "&") for url in re.findall(r'href="(https://wa\.me[^"]+)"', page)]
    assert [urlsplit(url).path for url in urls] == ["/", "/6281234567890", "/"]
    text = parse_qs(urlsplit(urls[1]).query)["text"][0]
    assert "Siti & Aminah, S.Pd.,\n" in text
    assert "Class seven" in text
    assert re.search(r"http://localhost/k/[\w-]{20,}", text)


def test_new_link_ends_the_old_one(make, scene, reading):
    person = make.enrolment(scene.cohort).user
    client = reading(scene.committee)

    for _n in range(2):
        client.post(f"{URL}/access", data={"person": person.id})

    assert _open_access() == [person.id]
    assert db.session.scalar(sa.select(sa.func.count(OneTimeAccess.id))) == 2


def test_nobody_beyond_the_class_and_the_own_reach_gets_a_link(make, scene, reading):
    admin = make.staff("institution_admin", scene.province)
    foreign = make.user("Foreign", password="secret", institution=scene.other)
    outside = make.user("Outside")
    for person in (admin, foreign):
        make.enrolment(scene.cohort, person)
    ids = [person.id for person in (admin, foreign, outside)]

    reading(scene.committee).post(f"{URL}/access", data={"person": [*ids, "x", ""]})

    assert _open_access() == []


def test_link_that_names_an_impossible_person_harms_nothing(scene, reading):
    answer = reading(scene.committee).get(f"{URL}/access?only={2**63}")

    assert answer.status_code == 200


def test_choosing_nobody_is_said(scene, reading):
    answer = reading(scene.committee).post(f"{URL}/access", follow_redirects=True)

    assert "Choose at least one person." in answer.text


def test_no_secret_is_kept_or_logged(make, scene, reading, caplog):
    person = make.enrolment(scene.cohort).user

    page = reading(scene.committee).post(f"{URL}/access", data={"person": person.id}).text

    token = re.search(r"/k/([\w-]+)", page)[1]
    row = db.session.scalar(sa.select(OneTimeAccess))
    entry = db.session.scalar(sa.select(AuditEntry).filter_by(action="person.invite"))
    assert token not in f"{row.token_hash}{row.code_hash}{entry.change}{caplog.text}"
    assert row.expires_at > now()


def test_choosing_among_many_asks_the_database_as_often_as_among_few(app, make, scene, reading):
    client = reading(scene.organiser)
    counts = []
    for _round in range(2):
        client.get(f"{URL}/access")
        with count_queries(app) as statements:
            assert client.get(f"{URL}/access").status_code == 200
        counts.append(len(statements))
        for n in range(40):
            home = make.institution(parent=scene.province)
            person = make.user(institution=home, password="x" if n % 2 else None)
            make.enrolment(scene.cohort, person)

    assert counts[0] == counts[1]
