"""Sessions go by their number: what was sent for one never lands on another."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa

from core.api import add_activity, db, schedule
from plugins.online_classes import cases
from plugins.online_classes.models import KIND, Meeting
from plugins.online_classes.report_models import CaseDecision, KeptReport, KeptRow
from plugins.online_classes.tests.report_class import whole_day

LOOK_AGAIN = "Jadwal telah berubah"


@pytest.fixture
def moved(reported, make):
    """The class after a colleague has put a session before the first; what was on the page."""

    def move():
        before = reported.live(1).scheduled
        activity = add_activity(reported.live(1).activity.section, KIND, "Day 0", required=False)
        times = [moment - timedelta(days=1) for moment in (before.starts_at, before.ends_at)]
        schedule(reported.cohort, activity, by=None, starts_at=times[0], ends_at=times[1])
        db.session.commit()
        assert reported.live(2).scheduled.id == before.id
        return before.id

    return move


def count(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def board(reported, path=""):
    return f"/online_classes/classes/{reported.cohort.code}/board/1{path}"


def test_what_was_sent_for_a_session_that_moved_changes_nothing(reported, as_user, moved):
    client = as_user(reported.committee)
    reported.take(whole_day("Tamu"))
    case = reported.cases()["Tamu"]
    cases.dismiss(case, by=reported.committee)
    db.session.commit()
    report, decision = (db.session.scalar(sa.select(m.id)) for m in (KeptReport, CaseDecision))
    kept = {model: count(model) for model in (KeptReport, KeptRow, CaseDecision, Meeting)}
    here = reported.url()
    meeting = here.replace("/reports", "/meeting")
    session = moved()

    posts = {
        here: {"file": (BytesIO(reported.report(whole_day("Siti"))), "a.csv")},
        f"{here}/import": {"ticket": "x"},
        f"{here}/{report}/take-back": {},
        f"{here}/cases/{case.id}": {"action": "reopen"},
        f"{here}/decisions/{decision}/undo": {},
        f"{here}/proposals": {"pair": "1-1"},
        meeting: {"address": "https://meet.example/x"},
        board(reported, "/end"): {},
        board(reported, "/activities/1"): {"on": "1"},
    }
    for url, data in posts.items():
        answer = client.post(url, data={**data, "session": session})
        assert answer.status_code == 409, url
        assert LOOK_AGAIN in answer.text, url

    assert {model: count(model) for model in kept} == kept


@pytest.mark.parametrize("session", [None, "", "x", "0", "9" * 40])
def test_a_form_that_names_no_session_changes_nothing(reported, as_user, session):
    data = {"address": "https://meet.example/x"} | ({} if session is None else {"session": session})
    url = reported.url().replace("/reports", "/meeting")

    answer = as_user(reported.committee).post(url, data=data)

    assert answer.status_code == 409
    assert reported.live().meeting.join_url == ""


def test_every_form_names_its_session(reported, as_user, make, clock):
    reported.take(whole_day("Tamu"), whole_day("Budi Santoso - Perpusdes Mekar Sari"),
                  whole_day("Muhammad Ridwan - Perpusdes Gambut"), whole_day("HP"))  # fmt: skip
    cases.dismiss(reported.cases()["Tamu"], by=reported.committee)
    db.session.commit()
    client, here = as_user(reported.committee), reported.url()
    report, session = db.session.scalar(sa.select(KeptReport.id)), reported.live().scheduled.id
    file = BytesIO(reported.report(whole_day("Siti")))
    pages = [client.get(address) for address in (
        here, f"{here}?show=aside", f"{here}/proposals", f"{here}/{report}/take-back",
        here.replace("/reports", "/meeting"),
    )]  # fmt: skip
    pages.append(client.post(here, data={"file": (file, "a.csv"), "session": session}))
    clock.set(reported.live().scheduled.starts_at + timedelta(hours=1))
    pages.append(client.get(board(reported)))

    for page in pages:
        assert page.status_code == 200
        forms = re.findall(r'<form[^>]*method="post".*?</form>', page.text, re.DOTALL)
        own = [one for one in forms if 'action="/' not in one or 'action="/online_cl' in one]
        assert own
        for form in own:
            assert f'name="session" value="{session}"' in form
