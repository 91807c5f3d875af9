"""What a plugin brings beyond pages: settings, requirements, figures, fields, lasting pages."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask_babel.speaklater import LazyString

from core.cohorts.requirements import requirements_of
from core.cohorts.services import (
    close_activity,
    open_activity,
    override_progress,
    reconsider,
    record_progress,
    schedule,
    take_back_progress,
)
from core.cohorts.sessions import sessions_of
from core.cohorts.standing import standings
from core.courses.models import Activity
from core.courses.services import InUse, add_activity, delete_activity
from core.db import db
from core.institutions.models import Institution
from core.plugin_engine import engine
from core.plugin_engine.contributions import Requirement
from core.testing.counting import count_queries
from core.testing.forms import sent_parts

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def fails(*_given):
    raise RuntimeError


# Completion


@pytest.fixture
def enrolment(place, make):
    found = make.enrolment(place.cohort)
    db.session.commit()
    return found


def test_class_is_completed_when_activities_and_requirements_are_met(place, state, enrolment):
    state.tell["met"] = set()
    record_progress(enrolment, place.page, "done")
    assert enrolment.completed_at is None

    state.tell["met"] = {enrolment.id}
    reconsider(place.cohort, [enrolment])

    assert enrolment.completed_at is not None
    assert state.heard == [("completed", [enrolment.id])]


def test_requirement_alone_completes_a_class_without_required_activities(place, state, make):
    place.page.required = False
    enrolment = make.enrolment(place.cohort)
    reconsider(place.cohort, [enrolment])
    assert enrolment.completed_at is None

    state.tell["met"] = {enrolment.id}
    reconsider(place.cohort, [enrolment])

    assert enrolment.completed_at is not None


def test_plugin_that_cannot_answer_holds_completion_back(place, state, enrolment):
    state.tell["requirement fails"] = True

    record_progress(enrolment, place.page, "done")

    assert enrolment.completed_at is None
    assert [r.met for r in requirements_of(place.cohort, [enrolment])[enrolment.id]] == [False]


def test_new_rule_takes_no_completion_back_but_a_correction_does(place, state, enrolment):
    record_progress(enrolment, place.page, "done")
    state.tell["met"] = set()

    reconsider(place.cohort, [enrolment])
    kept = enrolment.completed_at
    reconsider(place.cohort, [enrolment], take_back=True)

    assert kept is not None
    assert enrolment.completed_at is None
    assert state.heard[-1] == ("taken back", [enrolment.id])


def test_failing_plugin_takes_no_completion_back(place, state, enrolment):
    state.tell["met"] = {enrolment.id}
    record_progress(enrolment, place.page, "done")
    state.tell["requirement fails"] = True

    reconsider(place.cohort, [enrolment], take_back=True)

    assert enrolment.completed_at is not None
    assert [r.known for r in requirements_of(place.cohort, [enrolment])[enrolment.id]] == [False]


@pytest.mark.parametrize(
    "answer",
    [
        lambda people: ["no requirement"],
        lambda people: [Requirement(one.id, LazyString(fails), met=True) for one in people],
        lambda people: [Requirement(one.id, "T", True, LazyString(fails)) for one in people],
        lambda people: [Requirement([], "T", met=True)],
    ],
)
def test_wrong_requirement_holds_completion_back_and_leaves_the_pages_whole(
    place, state, enrolment, as_user, answer
):
    state.tell["requirement"] = answer

    record_progress(enrolment, place.page, "done")
    participant = as_user(enrolment.user).get("/classes/OFFICE-1")
    staff = as_user(place.organiser).get(f"/classes/OFFICE-1/participants/{enrolment.id}")

    assert enrolment.completed_at is None
    assert (participant.status_code, staff.status_code) == (200, 200)


def test_panel_whose_text_fails_leaves_the_page_whole(place, state, enrolment, as_user):
    client = as_user(enrolment.user)
    state.tell["panel"] = lambda: "text"
    shown = client.get("/classes/OFFICE-1")
    state.tell["panel"] = fails
    without = client.get("/classes/OFFICE-1")

    assert "PANEL text" in shown.text
    assert without.status_code == 200
    assert "PANEL" not in without.text


def test_evidence_that_falls_takes_the_activity_and_the_completion_back(place, state, enrolment):
    record_progress(enrolment, place.page, "done")

    take_back_progress(enrolment, place.page)

    assert (enrolment.required_done, enrolment.completed_at) == (0, None)
    assert state.heard[-1] == ("taken back", [enrolment.id])


def test_decision_by_hand_outlives_the_evidence(place, enrolment):
    override_progress(enrolment, place.page, done=True, by=place.organiser, reason="Seen.")

    take_back_progress(enrolment, place.page)

    assert enrolment.required_done == 1


def test_requirements_stand_on_the_pages_of_participant_and_staff(place, state, enrolment, as_user):
    state.tell["met"] = set()
    participant = as_user(enrolment.user).get("/classes/OFFICE-1").text
    staff = as_user(place.organiser).get(f"/classes/OFFICE-1/participants/{enrolment.id}").text

    assert "Extra" in participant
    assert "Extra" in staff


def test_plugin_of_a_host_keeps_an_activity_that_the_course_owner_would_delete(place, state, make):
    make.disabled("extras", place.nation)
    make.enabled("extras", place.office)
    state.tell["keeps"] = True

    with pytest.raises(InUse, match="extras need it"):
        delete_activity(place.page, by=None)

    assert db.session.get(Activity, place.page.id) is not None


# Sessions


@pytest.fixture
def session(place):
    activity = add_activity(place.page.section, "extras.session", "Day 1", required=False)
    begins = NOON + timedelta(hours=1)
    return schedule(
        place.cohort, activity, by=None, starts_at=begins, ends_at=begins + timedelta(hours=2)
    )


@pytest.mark.parametrize(
    ("minutes", "state_then"),
    [(29, "not_open"), (30, "open"), (60, "open"), (179, "open"), (180, "closed")],
)
def test_session_opens_half_an_hour_before_and_closes_at_its_end(
    place, session, clock, minutes, state_then
):
    clock.set(NOON + timedelta(minutes=minutes))

    found = standings(place.cohort, [session.activity], {session.activity_id: session}, {})

    assert found[session.activity_id].state == state_then
    assert found[session.activity_id].held_now is (state_then == "open")


def test_sessions_are_numbered_by_time_and_gone_with_their_plugin(place, session, make):
    earlier = add_activity(place.page.section, "extras.session", "Opening", required=False)
    untimed = add_activity(place.page.section, "extras.session", "Some day", required=False)
    schedule(place.cohort, earlier, by=None, starts_at=NOON, ends_at=NOON + timedelta(minutes=5))
    schedule(place.cohort, untimed, by=None, starts_at=NOON)
    schedule(place.cohort, place.page, by=None, starts_at=NOON, ends_at=NOON + timedelta(hours=1))

    assert [one.activity.title for one in sessions_of(place.cohort)] == ["Opening", "Day 1"]
    make.disabled("extras", place.office)
    assert sessions_of(place.cohort) == []


def test_home_leads_to_the_session_whose_doors_are_open(place, session, make, as_user, clock):
    participant = as_user(make.enrolment(place.cohort).user)
    clock.set(NOON)
    before = participant.get("/home").text
    clock.set(session.starts_at)

    assert 'href="/extras/proof"' not in before
    assert 'href="/extras/proof"' in participant.get("/home").text


def test_staff_open_and_close_an_activity_without_losing_its_times(place, clock):
    clock.set(NOON)
    begins = NOON + timedelta(hours=1)
    ends = begins + timedelta(hours=1)
    schedule(place.cohort, place.page, by=None, starts_at=begins, ends_at=ends, closes_at=ends)

    opened = open_activity(place.cohort, place.page, by=None)
    assert (opened.opens_at, opened.closes_at, opened.starts_at) == (NOON, ends, begins)
    clock.forward(minutes=5)
    closed = close_activity(place.cohort, place.page, by=None)
    assert (closed.opens_at, closed.closes_at) == (NOON, NOON + timedelta(minutes=5))
    clock.forward(minutes=5)
    again = open_activity(place.cohort, place.page, by=None)
    assert (again.opens_at, again.closes_at) == (NOON + timedelta(minutes=10), None)


# Figures, fields, lasting pages


def test_metrics_are_those_of_core_and_of_active_plugins(place, make):
    names = [metric.name for metric in engine().metrics_in(place.office)]
    make.disabled("extras", place.office)

    assert names == ["participants", "extras.ones", "completed"]
    assert [m.name for m in engine().metrics_in(place.office)] == ["participants", "completed"]
    assert "extras.ones" in [m.name for m in engine().metrics_in([place.office, place.nation])]


def form(**changes):
    return {"name": "Office", "short_name": "Office", "kind": "province",
            "timezone": "Asia/Jakarta", "aliases": "",
            **sent_parts("extras", "institution"), **changes}  # fmt: skip


def motto(institution):
    query = sa.text("SELECT text FROM extras.motto WHERE institution_id = :id")
    return db.session.scalar(query, {"id": institution.id})


def test_part_of_a_form_is_shown_and_saved_with_it(place, as_user):
    client = as_user(place.admin)
    path = f"/institutions/{place.office.id}/edit"

    sent = client.post(path, data=form(**{"extras-motto": "Read"}))

    assert sent.status_code == 302
    assert motto(place.office) == "Read"
    assert 'value="Read"' in client.get(path).text


def test_part_of_a_form_makes_its_row_with_a_new_institution(place, as_user):
    sent = as_user(place.admin).post(
        f"/institutions/{place.office.id}/new",
        data=form(name="Village", kind="library", **{"extras-motto": "Come in"}),
    )

    made = db.session.scalar(sa.select(Institution).filter_by(name="Village"))
    assert sent.status_code == 302
    assert motto(made) == "Come in"


@pytest.mark.parametrize(
    ("save", "value", "sentence"),
    [
        ("", "much too long", "longer"),
        ("refuses", "Read", "will not do"),
        ("fails", "Read", "Motto"),
    ],
)
def test_wrong_part_of_a_form_leaves_everything_as_it_was(
    place, state, as_user, save, value, sentence
):
    state.tell["save"] = save

    answer = as_user(place.admin).post(
        f"/institutions/{place.office.id}/edit",
        data=form(name="Renamed", **{"extras-motto": value}),
    )

    db.session.refresh(place.office)
    assert answer.status_code == 200
    assert sentence in answer.text
    assert place.office.name == "Office"
    assert motto(place.office) is None


def _fails_in(attribute):
    def change(part):
        setattr(part.form, attribute, fails)
        return part

    return change


@pytest.mark.parametrize(
    "change",
    [
        _fails_in("validate"),
        lambda part: replace(part, template="extras/missing.html"),
        lambda part: replace(part, form=None),
    ],
)
def test_part_that_fails_is_left_out_and_nothing_is_saved(place, state, as_user, change):
    client = as_user(place.admin)
    path = f"/institutions/{place.office.id}/edit"
    state.tell["part"] = change

    shown = client.get(path)
    sent = client.post(path, data=form(name="Renamed", **{"extras-motto": "Read"}))

    db.session.refresh(place.office)
    assert (shown.status_code, sent.status_code) == (200, 200)
    assert "Motto of the house" in sent.text
    assert place.office.name == "Office"
    assert motto(place.office) is None


@pytest.mark.parametrize(
    "change",
    [lambda part: "no part", lambda part: replace(part, title=LazyString(fails))],
)
def test_what_is_no_part_of_a_form_is_left_out(place, state, as_user, change):
    client = as_user(place.admin)
    path = f"/institutions/{place.office.id}/edit"
    state.tell["part"] = change

    shown = client.get(path)
    sent = client.post(path, data=form(name="Renamed", form_part=[]))

    db.session.refresh(place.office)
    assert (shown.status_code, sent.status_code) == (200, 302)
    assert place.office.name == "Renamed"


def test_extension_rows_come_for_a_list_in_one_query(place, app):
    model = sys.modules["plugins.extras.models"].Motto
    db.session.add(model(institution_id=place.office.id, text="Read"))
    db.session.commit()

    with count_queries(app) as statements:
        found = model.map([place.office, place.nation])

    assert {key: row.text for key, row in found.items()} == {place.office.id: "Read"}
    assert model.of(place.nation) is None
    assert len([s for s in statements if "motto" in s]) == 1


def test_lasting_page_stays_while_the_plugin_is_disabled_everywhere(place, make, client):
    make.disabled("extras", place.nation)

    assert client.get("/extras/proof").text == "PROOF"
