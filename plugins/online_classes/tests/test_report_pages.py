"""The pages of participants reports: a report in two steps, the queue, who sees what."""

import html
import re
from io import BytesIO

import pytest
import sqlalchemy as sa
import xlsxwriter

from core.api import db, schedule
from core.cohorts.services import remove_staff
from plugins.attendance.api import presence_of
from plugins.attendance.models import Evidence
from plugins.online_classes.models import Visit
from plugins.online_classes.report_models import (
    CaseDecision,
    CasePerson,
    KeptReport,
    KeptRow,
    ReportCase,
)
from plugins.online_classes.report_writing import csv_bytes
from plugins.online_classes.tests import samples
from plugins.online_classes.tests.conftest import OnPage
from plugins.online_classes.tests.report_class import NUMBERS, stay, whole_day

SITI = "siti@contoh.id"
BUDI = "Budi Santoso - Perpusdes Mekar Sari"


@pytest.fixture
def committee(reported, as_user):
    return OnPage(as_user(reported.committee), reported.cohort)


@pytest.fixture
def filled(reported):
    """One of each: by e-mail, strong, two of one name, nobody, staff."""
    reported.take(
        whole_day("Siti", SITI), whole_day(BUDI), whole_day("Sri Wahyuni"),
        stay("OPPO A16", "09.00", "10.00", "tetangga@contoh.id"), whole_day("Hasan Basri"),
    )  # fmt: skip
    return reported


def count(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def upload(client, reported, data, name="participants.csv", session=1):
    form = {"file": (BytesIO(data), name)}
    return client.post(reported.url(session=session), data=form)


def ticket_in(answer):
    return html.unescape(re.search(r'name="ticket"[^>]*value="([^"]+)"', answer.text)[1])


def confirm(client, reported, checked, zone="Asia/Jakarta", **fields):
    form = {"ticket": ticket_in(checked), "zone": zone, **fields}
    return client.post(reported.url("/import"), data=form, follow_redirects=True)


def case_url(reported, name):
    return reported.url(f"/cases/{reported.cases()[name].id}")


def form_of(text, name):
    """The card of one case."""
    cards = re.findall(r'<form class="card".*?</form>', text, re.DOTALL)
    return next(card for card in cards if f"“{name}”" in html.unescape(card))


# A report in two steps


def test_a_report_is_looked_at_before_anything_is_kept(reported, committee):
    data = reported.report(stay("Siti", "08.41", "16.02", SITI), stay("Tamu", "09.00", "10.00"))

    checked = upload(committee, reported, data)

    assert checked.status_code == 200
    text = html.unescape(checked.text)
    for times in ("08.41 WIB", "16.02 WIB", "08.30–16.00 WIB", "07.41 WIB", "06.41 WIB"):
        assert times in text
    assert re.search(r'value="Asia/Jakarta" checked', text)
    assert count(KeptRow) == count(ReportCase) == 0

    done = confirm(committee, reported, checked)

    assert "Tamu" in done.text
    assert reported.minutes("Siti Aminah") == 439
    [kept] = db.session.scalars(sa.select(KeptReport))
    assert (kept.imported_by, kept.file_name) == (reported.committee, "participants.csv")


def test_the_clock_can_still_be_changed_on_the_second_page(reported, committee):
    checked = upload(committee, reported, reported.report(stay("Siti", "10.30", "18.00", SITI)))

    confirm(committee, reported, checked, zone="Asia/Jayapura")

    assert reported.minutes("Siti Aminah") == 450


def test_the_clock_that_covers_most_of_the_session_is_offered(reported, committee):
    checked = upload(committee, reported, reported.report(stay("Siti", "10.30", "18.00", SITI)))

    assert re.findall(r'value="(Asia/\w+)" checked', checked.text) == ["Asia/Jayapura"]
    text = html.unescape(checked.text)
    assert "450 dari 450 menit" in text
    assert "330 dari 450 menit" in text


def test_where_two_clocks_cover_the_same_that_of_the_class_is_offered(reported, committee):
    checked = upload(committee, reported, reported.report(stay("Siti", "11.00", "12.00", SITI)))

    assert re.findall(r'value="(Asia/\w+)" checked', checked.text) == ["Asia/Jakarta"]


def test_a_clock_that_covers_less_is_asked_about_once_more(reported, committee):
    checked = upload(committee, reported, reported.report(stay("Siti", "10.30", "18.00", SITI)))

    asked = confirm(committee, reported, checked, zone="Asia/Jakarta")
    assert 'name="sure"' in asked.text
    assert re.findall(r'value="(Asia/\w+)" checked', asked.text) == ["Asia/Jakarta"]
    assert count(KeptRow) == 0

    confirm(committee, reported, asked, zone="Asia/Jakarta", sure="Asia/Jakarta")
    assert reported.minutes("Siti Aminah") == 330


def test_a_clock_by_which_nobody_was_there_is_refused_on_the_second_page(reported, committee):
    checked = upload(committee, reported, reported.report(stay("Siti", "15.30", "17.00", SITI)))
    assert checked.text.count('value="Asia/') == 3

    answer = confirm(committee, reported, checked, zone="Pacific/Honolulu")

    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert count(KeptRow) == 0
    assert ticket_in(answer) == ticket_in(checked)


@pytest.mark.parametrize(
    ("number", "day", "said"),
    [(99912345678, 1, "999 1234 5678"), (None, 2, "24 Nov 2026 08.30 WIB"),
     (NUMBERS[1], 2, "812 3456 7891")],
)  # fmt: skip
def test_the_report_of_another_meeting_is_refused_at_once(reported, committee, number, day, said):
    data = reported.report(whole_day("Siti", SITI, day=day), number=number, day=day)

    answer = upload(committee, reported, data)

    assert answer.status_code == 200
    assert said in answer.text
    assert "ticket" not in answer.text
    assert count(KeptRow) == 0


def test_totals_are_only_taken_when_somebody_confirms(reported, committee):
    head = ("Name (original name)", "Email", "Total duration (minutes)", "Guest")
    data = csv_bytes([head, ("Siti", SITI, 400, "No")])
    checked = upload(committee, reported, data)

    refused = confirm(committee, reported, checked)
    assert count(KeptRow) == 0
    assert 'name="confirmed"' in refused.text

    confirm(committee, reported, checked, confirmed="y")
    assert reported.minutes("Siti Aminah") == 400


def test_a_ticket_is_good_for_its_person_and_class_and_once(reported, committee, as_user, make):
    checked = upload(committee, reported, reported.report(whole_day("Siti", SITI)))
    other = OnPage(as_user(make.staff("organiser", reported.institution)), reported.cohort)

    confirm(other, reported, checked)
    committee.post(reported.url("/import"), data={"ticket": "invented", "zone": "Asia/Jakarta"})
    assert count(KeptRow) == 0

    confirm(committee, reported, checked)
    again = confirm(committee, reported, checked)
    assert count(KeptReport) == 1
    assert 'role="alert"' in again.text


def test_the_same_report_again_changes_nothing(reported, committee):
    stays = whole_day("Siti", SITI), whole_day(BUDI), stay("OPPO A16", "09.00", "10.00")
    data = reported.report(*stays)
    confirm(committee, reported, upload(committee, reported, data))
    budi = reported.people["Budi Santoso"].id
    committee.post(case_url(reported, BUDI), data={"action": "match", "person": budi})
    committee.post(case_url(reported, "OPPO A16"), data={"action": "dismiss"})
    presence = presence_of(reported.live().scheduled)
    kept = {KeptReport: 1, KeptRow: 3, ReportCase: 3, CasePerson: 2, CaseDecision: 2,
            Evidence: 2}  # fmt: skip
    assert {model: count(model) for model in kept} == kept

    again = confirm(committee, reported, upload(committee, reported, data, name="again.csv"))

    assert "Tidak ada yang baru dalam laporan ini." in again.text
    assert {model: count(model) for model in kept} == kept
    assert presence_of(reported.live().scheduled) == presence


def test_lines_that_are_left_out_are_named(reported, committee):
    data = reported.report(whole_day("Siti", SITI)) + b"Tamu,,kapan saja,11/23/2026 09:00:00,1\r\n"

    assert "kapan saja" in upload(committee, reported, data).text


HOSTILE = {
    "empty": b"",
    "nul": b"\x00" * 2000,
    "picture": b"\x89PNG\r\n\x1a\n" + b"\x00" * 50,
    "broken zip": b"PK\x03\x04" + b"x" * 100,
    "web page": b"<!doctype html><script>alert(1)</script>",
    "poll": samples.poll_report(),
    "registration": samples.registration_report(),
    "nobody": samples.flat_2020([]),
    "other list": "Nama;Instansi\r\nSiti;Perpus\r\n".encode("utf-16"),
    "quotes": b'Name (Original Name),User Email,Join Time,Leave Time\r\n"' + b"a" * 200_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_report_is_refused_with_a_sentence(reported, committee, data):
    answer = upload(committee, reported, data, name="../../<b>x</b>\x00.csv")

    assert answer.status_code == 200
    assert 'id="file-error"' in answer.text
    assert "<b>x</b>" not in answer.text
    assert count(KeptRow) == 0


def test_a_workbook_made_to_exhaust_memory_is_refused_with_a_sentence(reported, committee):
    packed = BytesIO()
    with xlsxwriter.Workbook(packed) as book:
        book.add_worksheet().write_column(0, 0, ["Name", *["A" * 32_000] * 1600])

    answer = upload(committee, reported, packed.getvalue(), name="participants.xlsx")

    assert answer.status_code == 200
    assert "Isi buku kerja ini terlalu besar setelah dibuka." in answer.text
    assert count(KeptRow) == 0


def test_a_stay_of_a_century_is_left_out_and_told(reported, committee):
    line = b"Tamu,,11/23/2000 09:00:00,11/23/2099 09:00:00,1\r\n"
    checked = upload(committee, reported, reported.report(whole_day("Siti", SITI)) + line)

    done = confirm(committee, reported, checked)

    assert done.status_code == 200
    assert "Tamu" in checked.text
    assert count(KeptRow) == 1


def test_a_file_that_is_too_large_is_refused(reported, committee):
    head = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
    session = head % (b"session", b"") + b"%d\r\n" % reported.live().scheduled.id
    body = session + head % (b"file", b'; filename="x.csv"') + b"a,b\n" * 3_000_000

    answer = committee.client.post(
        reported.url(),
        data=body + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
    )

    assert answer.status_code == 200
    assert "10 MB" in answer.text.partition('id="file-error"')[2]


def test_no_file_is_said_in_the_form(reported, committee):
    answer = committee.post(reported.url())

    assert 'id="file-error"' in answer.text


# The queue


def test_the_queue_shows_open_names_with_who_fits(filled, committee):
    text = committee.get(filled.url()).text

    assert f'value="{filled.people["Budi Santoso"].id}" checked' in form_of(text, BUDI)
    namesakes = form_of(text, "Sri Wahyuni")
    assert namesakes.count('name="person"') == 2
    assert " checked" not in namesakes
    assert "Perpusdes Gambut" in namesakes
    assert "Perpusdes Sungai Pinang" in namesakes
    assert 'name="person"' not in form_of(text, "OPPO A16")
    assert text.count('<form class="card"') == 3


def test_a_visit_speaks_for_a_candidate(filled, committee):
    budi, session = filled.people["Budi Santoso"], filled.live().scheduled
    times = {"first_at": session.starts_at, "last_at": session.starts_at}
    db.session.add(Visit(scheduled_activity_id=session.id, user_id=budi.user_id, **times))

    text = committee.get(filled.url()).text

    assert "08.30 WIB" in form_of(text, BUDI).partition('name="person"')[2]


def test_what_was_ticked_is_matched(filled, committee):
    budi = filled.people["Budi Santoso"]

    answer = committee.post(
        case_url(filled, BUDI), data={"action": "match", "person": budi.id}, follow_redirects=True
    )

    assert filled.minutes("Budi Santoso") == 450
    assert "Maya Lestari" in answer.text
    assert BUDI not in "".join(re.findall(r"<h2 id=.*?</h2>", answer.text))


@pytest.mark.parametrize("how", ["number", "name", "datalist"])
def test_anybody_in_the_class_can_be_named(filled, committee, how):
    user = filled.people["Muhammad Ridwan"].user
    other = {"number": user.number.lower(), "name": " muhammad  RIDWAN ",
             "datalist": f"{user.number} · {user.full_name} · Perpusdes Gambut"}[how]  # fmt: skip

    committee.post(case_url(filled, "OPPO A16"), data={"action": "match", "other": other})

    assert filled.minutes("Muhammad Ridwan") == 60


def test_two_people_at_one_device_are_named_together(filled, committee):
    user = filled.people["Muhammad Ridwan"].user
    form = {"action": "match", "person": filled.people["Budi Santoso"].id, "other": user.number}
    url = case_url(filled, BUDI)

    refused = committee.post(url, data=form, follow_redirects=True)
    assert 'role="alert"' in refused.text
    assert filled.minutes("Budi Santoso") == 0

    committee.post(url, data={**form, "several": "on"})
    assert (filled.minutes("Budi Santoso"), filled.minutes("Muhammad Ridwan")) == (450, 450)


@pytest.mark.parametrize(
    "form",
    [{}, {"other": "Sri Wahyuni"}, {"other": "Siapa Ini"}, {"person": "999999"},
     {"person": "x"}, {"other": "P-9999999999999999999"}, {"other": " ; ; "}],
)  # fmt: skip
def test_nobody_is_matched_by_what_names_nobody_for_sure(filled, committee, form):
    answer = committee.post(
        case_url(filled, "OPPO A16"), data={"action": "match", **form}, follow_redirects=True
    )

    assert 'role="alert"' in answer.text
    assert filled.cases()["OPPO A16"].state == "open"
    assert count(CaseDecision) == 0


def test_somebody_of_another_class_cannot_be_matched(filled, committee, make):
    stranger = make.enrolment(make.cohort(filled.cohort.course), make.user("Orang Lain"))

    committee.post(case_url(filled, "OPPO A16"), data={"action": "match", "person": stranger.id})

    assert count(CasePerson) == 1  # Siti, by her e-mail


def test_a_name_is_dismissed_and_the_last_decision_undone(filled, committee):
    committee.post(case_url(filled, "OPPO A16"), data={"action": "dismiss"})
    assert filled.cases()["OPPO A16"].state == "dismissed"
    page = committee.get(filled.url())
    [undo] = re.findall(r'action="([^"]+/undo)"', page.text)

    committee.post(undo)

    assert filled.cases()["OPPO A16"].state == "open"
    assert count(CaseDecision) == 2


def test_what_an_e_mail_settled_is_listed_and_can_be_taken_back(filled, committee):
    listed = committee.get(filled.url("?show=matched")).text
    assert "Siti Aminah" in listed
    assert "450" in listed

    committee.post(case_url(filled, "Siti"), data={"action": "reopen", "show": "matched"})

    assert filled.minutes("Siti Aminah") == 0
    assert "Siti" in filled.open()


def test_staff_are_listed_aside(filled, committee):
    assert "“Hasan Basri”" in committee.get(filled.url("?show=aside")).text


def test_strong_proposals_are_listed_and_confirmed_together(filled, committee):
    filled.take(whole_day("Muhammad Ridwan_Perpusdes Gambut"), whole_day("Tamu"))
    listed = committee.get(filled.url("/proposals"))
    pairs = re.findall(r'name="pair" value="([^"]+)" checked', listed.text)
    assert len(pairs) == 2
    assert filled.minutes("Budi Santoso") == 0

    committee.post(filled.url("/proposals"), data={"pair": pairs})

    assert (filled.minutes("Budi Santoso"), filled.minutes("Muhammad Ridwan")) == (450, 450)
    assert set(filled.open()) == {"Sri Wahyuni", "OPPO A16", "Tamu"}


def test_only_what_was_shown_and_stayed_ticked_is_confirmed(filled, committee):
    filled.take(whole_day("Muhammad Ridwan_Perpusdes Gambut"))
    shown, sri = filled.cases(), filled.people["Sri Wahyuni"].id
    pairs = [f"{shown[BUDI].id}-{sri}", f"{shown['Sri Wahyuni'].id}-{sri}", "x", "1-1"]

    committee.post(filled.url("/proposals"), data={"pair": pairs})

    assert filled.cases()[BUDI].state == "open"
    assert count(CaseDecision) == 0


def test_a_long_queue_comes_in_pages(reported, committee):
    reported.take(*(stay(f"HP {n}", "09.00", "10.00") for n in range(45)))

    first = committee.get(reported.url()).text
    last = committee.get(reported.url("?from=40")).text

    assert first.count('<form class="card"') == 20
    assert "from=20" in first
    assert last.count('<form class="card"') == 5
    assert committee.get(reported.url("?from=-5")).status_code == 200


def test_the_newest_report_is_taken_back_after_a_look(filled, committee):
    [url] = re.findall(r'href="([^"]+/take-back)"', committee.get(filled.url()).text)
    assert committee.get(url).status_code == 200
    assert filled.minutes("Siti Aminah") == 450

    committee.post(url)

    assert filled.minutes("Siti Aminah") == 0
    assert count(KeptRow) == 0


def test_the_queue_takes_no_more_queries_for_more_people(reported, committee, statements):
    reported.take(whole_day("Siti", SITI), whole_day("Tamu"))
    committee.get(reported.url())
    statements.clear()
    committee.get(reported.url())
    few = len(statements)
    reported.take(
        *(whole_day(f"Tamu {n}", f"tamu{n}@contoh.id") for n in range(60)), whole_day(BUDI)
    )

    statements.clear()
    committee.get(reported.url())

    assert len(statements) <= few + 2


# Who sees what


def test_contacts_are_masked_for_who_may_not_see_them(filled, committee, as_user):
    filled.take(whole_day("6281234567890"), whole_day("orang@rahasia.example"))
    [entry] = [one for one in filled.cohort.staff if one.role == "committee"]
    trainer = as_user(filled.trainer)
    assert "tetangga@contoh.id" in committee.get(filled.url()).text
    remove_staff(filled.cohort, entry, by=None)

    text = trainer.get(filled.url()).text

    assert "t•••@contoh.id" in text
    assert "o•••@rahasia.example" in text
    for told in ("tetangga@", "orang@", "6281234567890"):
        assert told not in text
    assert SITI not in trainer.get(filled.url("?show=matched")).text


def test_who_settles_presence_gets_in_and_nobody_else(filled, as_user, client, make):
    people = {
        "stranger": make.user(),
        "participant": filled.people["Siti Aminah"].user,
        "trainer": filled.trainer,
        "committee": filled.committee,
        "organiser": make.staff("organiser", filled.institution),
        "elsewhere": make.staff("organiser", make.institution("Neighbour", kind="national")),
    }
    addresses = [filled.url(), filled.url("/proposals"), filled.url("/1/take-back")]
    posts = [filled.url("/import"), filled.url("/cases/1"), filled.url("/decisions/1/undo")]

    for role, user in people.items():
        own = OnPage(as_user(user), filled.cohort)
        allowed = role in {"committee", "organiser"}
        for address in addresses:
            assert (own.get(address).status_code == 403) != allowed, (role, address)
        for address in posts:
            assert (own.post(address, data={"action": "x"}).status_code == 403) != allowed
    assert {client.get(address).status_code for address in addresses} == {302}
    assert count(CaseDecision) == 0


def test_trainers_settle_where_the_class_has_no_committee(filled, as_user):
    [entry] = [one for one in filled.cohort.staff if one.role == "committee"]
    trainer = as_user(filled.trainer)
    assert trainer.get(filled.url()).status_code == 403

    remove_staff(filled.cohort, entry, by=None)

    assert trainer.get(filled.url()).status_code == 200


def test_what_belongs_to_another_session_is_not_there(filled, committee):
    case, second = filled.cases()["OPPO A16"], filled.url("", session=2)
    committee.post(case_url(filled, "OPPO A16"), data={"action": "dismiss"})
    [report], [decision] = (
        db.session.scalars(sa.select(model.id)).all() for model in (KeptReport, CaseDecision)
    )

    for path in (f"/cases/{case.id}", f"/decisions/{decision}/undo", f"/{report}/take-back"):
        assert committee.post(second + path, data={"action": "reopen"}).status_code == 404
    assert committee.get(filled.url(session=3)).status_code == 404
    assert committee.post(filled.url("/cases/999999"), data={"action": "match"}).status_code == 404
    assert filled.cases()["OPPO A16"].state == "dismissed"


def test_an_unknown_action_is_no_request(filled, committee):
    answer = committee.post(case_url(filled, "OPPO A16"), data={"action": "steal"})

    assert answer.status_code == 400


def test_pages_are_gone_where_the_plugin_is_disabled(filled, committee, make):
    make.disabled("online_classes", filled.institution)

    assert committee.get(filled.url()).status_code == 404
    assert committee.post(filled.url("/cases/1"), data={"action": "dismiss"}).status_code == 404


def test_a_session_without_times_has_no_reports(filled, committee):
    schedule(filled.cohort, filled.live(2).activity, by=None)

    assert committee.get(filled.url(session=2)).status_code == 404


def test_home_counts_the_names_that_wait_for_who_may_settle_them(filled, as_user, make):
    waiting = [case for case in filled.cases().values() if case.state == "open"]
    participant = make.enrolment(filled.cohort).user
    other = make.staff("organiser", make.institution("Lain"))

    own, of_nobody, foreign = (
        as_user(user).get("/home").text for user in (filled.committee, participant, other)
    )

    found = re.search(r'/online_classes/classes/[^"]*">(\d+)</a><span[^>]*>([^<]*)<', own)
    assert (int(found[1]), found[2]) == (len(waiting), filled.cohort.code)
    assert len(waiting) > 1
    assert "kpis" not in of_nobody + foreign
