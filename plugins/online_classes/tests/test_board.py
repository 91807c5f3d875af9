"""The live board: who is missing first, who has come, and what staff open and close."""

from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from core.api import add_activity, db, schedule, site_url
from core.people.models import AuditEntry
from plugins.online_classes import queries, services
from plugins.online_classes.models import KIND, Visit
from plugins.online_classes.reminders import reminder
from plugins.online_classes.tests.conftest import OnPage, at
from plugins.quizzes import queries as quizzes
from plugins.quizzes.authoring import Draft, DraftChoice, add_questions
from plugins.quizzes.services import start_attempt, submit_attempt

NOW = at("09.10", "Asia/Makassar")


@pytest.fixture
def committee(room, make):
    return make.cohort_staff(room.cohort, "committee", "Maya Lestari")


@pytest.fixture
def trainer(room, make):
    return make.cohort_staff(room.cohort, "trainer", "Hasan Basri")


def fragment(client, room, part):
    """One of the changing parts of the board."""
    text = client.get(room.board_url("/now")).text
    return text.split(f'data-live="{part}"')[1].split('data-live="')[0]


def test_who_is_missing_stands_before_who_has_come(room, make, as_user, committee):
    late = make.enrolment(room.cohort, make.user("Zainal"))
    as_user(room.user).get(room.url("/join"))

    client = as_user(committee)
    text = client.get(room.board_url()).text

    assert text.index('data-live="missing"') < text.index('data-live="here"')
    assert "Zainal" in fragment(client, room, "missing")
    assert "Ni&#39;matul" in fragment(client, room, "here")
    assert "09.10 WITA" in fragment(client, room, "here")
    roll = queries.roll_of(room.live)
    assert [one.enrolment.id for one in roll.missing] == [late.id]
    assert roll.enrolled == 2


def test_staff_who_come_in_are_no_participants(room, as_user, trainer, committee):
    as_user(trainer).get(room.url("/join"))

    roll = queries.roll_of(room.live)

    assert (len(roll.here), len(roll.missing)) == (0, 1)
    assert [visit.user_id for visit in roll.staff] == [trainer.id]
    assert "Hasan Basri" in fragment(as_user(committee), room, "here")


def test_withdrawn_participants_are_neither_missing_nor_here(room, make):
    make.withdrawn(room.enrolment)

    assert queries.roll_of(room.live).enrolled == 0


def test_a_visit_of_another_session_counts_for_that_one_only(room, make, as_user, clock):
    as_user(room.user).get(room.url("/join"))
    second = add_activity(room.course.sections[0], KIND, "Second", required=False)
    zone = "Asia/Makassar"
    schedule(room.cohort, second, by=None, starts_at=at("16.30", zone), ends_at=at("17.30", zone))
    clock.set(at("16.15", zone))

    assert len(queries.roll_of(queries.session_at(room.cohort, 2)).missing) == 1
    assert len(queries.roll_of(queries.session_at(room.cohort, 1)).here) == 1


# Contacts


def test_reminder_names_person_class_and_page_but_not_the_way_into_the_meeting(
    room, as_user, committee
):
    room.user.phone = "+6281255000114"

    missing = unquote(fragment(as_user(committee), room, "missing"))

    assert "0812-5500-0114" in missing
    assert "https://wa.me/6281255000114?text=" in missing
    text = missing.split("?text=")[1].split('"')[0]
    assert "Ni'matul" in text
    assert room.cohort.title in text
    assert site_url("cohorts.learn", cohort_code=room.cohort.code) in text
    assert "meet.example" not in missing
    assert "/join" not in missing


def test_reminder_before_the_class_says_when_it_begins(room, clock, app):
    room.user.timezone = "Asia/Jakarta"
    db.session.commit()
    with app.test_request_context():
        late = reminder(room.live, room.user)
        clock.set(at("07.00", "Asia/Makassar"))
        early = reminder(room.live, room.user)

    assert "08.30 WITA (07.30 WIB)" in early
    assert early != late


def test_the_reminder_leads_to_this_site_whatever_a_request_calls_it(room, app):
    with app.test_request_context(base_url="https://evil.example"):
        text = reminder(room.live, room.user)

    assert site_url("cohorts.learn", cohort_code=room.cohort.code) in text
    assert "evil.example" not in text


def test_somebody_without_a_number_has_no_whatsapp(room, as_user, committee):
    missing = fragment(as_user(committee), room, "missing")

    assert "Ni&#39;matul" in missing
    assert "wa.me" not in missing


def test_trainers_see_who_is_missing_without_the_numbers(room, as_user, trainer):
    room.user.phone = "+6281255000114"

    missing = fragment(as_user(trainer), room, "missing")

    assert "Ni&#39;matul" in missing
    assert "0114" not in missing
    assert "wa.me" not in missing


# Beginning and ending


def test_the_class_begins_with_the_first_opening_of_the_meeting(room, clock, as_user, committee):
    client = as_user(committee)
    room.set_address("812 3456 7890")

    first = client.get(room.board_url("/host"))
    clock.forward(minutes=5)
    client.get(room.board_url("/host"))

    assert first.location == "https://zoom.us/s/81234567890"
    assert room.live.started_at == NOW
    assert room.live.meeting.started_by_id == committee.id


def test_trying_the_meeting_before_the_doors_open_is_no_beginning(room, clock, as_user, committee):
    clock.set(at("07.00", "Asia/Makassar"))

    answer = as_user(committee).get(room.board_url("/host"))

    assert answer.location == "https://meet.example/kelas-banjar"
    assert room.live.meeting.started_at is None


def test_without_an_address_there_is_nothing_to_open(room_in, make, clock, as_user):
    room = room_in("Asia/Jakarta")
    clock.set(at("09.00"))
    committee = make.cohort_staff(room.cohort, "committee")
    client = as_user(committee)

    assert client.get(room.board_url("/host")).location == room.board_url()
    assert room.meeting_url in client.get(room.board_url()).text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Visit)) == 0


def test_an_ended_class_can_go_on(room, as_user, committee):
    client = OnPage(as_user(committee), room.cohort)

    client.post(room.board_url("/end"))
    assert room.live.phase == "over"

    client.post(room.board_url("/end"), data={"on": "1"})
    assert room.live.phase == "open"
    assert client.post(room.board_url("/end")).location == room.board_url()


def test_a_class_that_is_not_open_cannot_be_ended(room, clock, as_user, committee):
    clock.set(at("07.00", "Asia/Makassar"))

    answer = OnPage(as_user(committee), room.cohort).post(room.board_url("/end"))

    assert answer.status_code == 409
    assert "Jadwal telah berubah" not in answer.text


# Switches


@pytest.fixture
def exam(room, make):
    """A test of one question that is closed for the class until somebody opens it."""
    make.enabled("quizzes", room.institution)
    activity = add_activity(room.course.sections[0], "quizzes.test", "Pre-test")
    test = quizzes.test_of_activity(activity.id)
    choices = (DraftChoice("right", 1), DraftChoice("wrong", 0))
    add_questions(test, [Draft("single", "One", choices)], by=None)
    schedule(room.cohort, activity, by=None, opens_at=at("15.00", "Asia/Makassar"))
    db.session.commit()
    return test


def switch(client, room, activity_id, on):
    client = OnPage(client, room.cohort)
    return client.post(room.board_url(f"/activities/{activity_id}"), data={"on": on})


def test_staff_open_and_close_a_test_for_the_class(room, exam, as_user, trainer):
    client = as_user(trainer)

    assert not queries.switches(room.cohort)[0].is_open
    assert 'aria-checked="false"' in fragment(client, room, "switches")

    assert switch(client, room, exam.activity_id, "1").location == room.board_url()
    assert queries.switches(room.cohort)[0].is_open
    assert 'aria-checked="true"' in fragment(client, room, "switches")

    switch(client, room, exam.activity_id, "0")
    assert not queries.switches(room.cohort)[0].is_open


def test_opening_twice_changes_nothing(room, exam, clock, as_user, trainer):
    client = as_user(trainer)
    switch(client, room, exam.activity_id, "1")
    clock.forward(minutes=3)

    switch(client, room, exam.activity_id, "1")

    assert queries.switches(room.cohort)[0].opens_at == NOW


def test_the_switch_counts_who_has_handed_in(room, exam, as_user, trainer, make):
    make.enrolment(room.cohort)
    client = as_user(trainer)
    switch(client, room, exam.activity_id, "1")
    assert "0 dari 2" in fragment(client, room, "switches")

    submit_attempt(start_attempt(exam, room.enrolment))

    assert "1 dari 2" in fragment(client, room, "switches")


def test_only_what_staff_open_in_class_has_a_switch(room, exam, make, as_user, trainer):
    page = next(one for one in room.course.activities if one.kind == "page")
    elsewhere = make.course(room.institution)
    other = add_activity(elsewhere.sections[0], "quizzes.test", "Other")
    client = as_user(trainer)

    assert [one.activity.title for one in queries.switches(room.cohort)] == ["Pre-test"]
    for activity in (page, room.activity, other):
        assert switch(client, room, activity.id, "1").status_code == 404


def test_a_disabled_plugin_takes_its_switches_along(room, exam, make):
    make.disabled("quizzes", room.institution)

    assert queries.switches(room.cohort) == []


# The lists around it


def test_unknown_sessions_are_not_there(room, as_user, trainer):
    client = as_user(trainer)

    for number in (0, 2, 99):
        address = room.board_url().replace("board/1", f"board/{number}")
        assert client.get(address).status_code == 404
        assert client.get(f"{address}/now").status_code == 404


def test_participants_have_no_board(room, as_user):
    client = as_user(room.user)

    for address in (room.board_url(), room.board_url("/now"), room.meeting_url):
        assert client.get(address).status_code == 403
    assert client.post(room.board_url("/end")).status_code == 403


def test_the_list_names_what_has_no_time_yet(room, as_user, trainer):
    add_activity(room.course.sections[0], KIND, "Second day")

    text = as_user(trainer).get(f"/online_classes/classes/{room.cohort.code}").text

    assert room.board_url() in text
    assert "Second day" in text
    assert "/board/2" not in text


def test_the_page_of_the_class_leads_staff_to_the_board_that_matters(
    room, make, clock, as_user, trainer
):
    second = add_activity(room.course.sections[0], KIND, "Second", required=False)
    zone = "Asia/Makassar"
    schedule(room.cohort, second, by=None, starts_at=at("16.30", zone), ends_at=at("17.30", zone))
    client, address = as_user(trainer), f"/classes/{room.cohort.code}/manage"

    for time, number in [("07.00", 1), ("10.00", 1), ("16.00", 2), ("20.00", 2)]:
        clock.set(at(time, zone))
        assert f"/board/{number}" in client.get(address).text


def test_only_who_settles_presence_is_led_to_the_report(room, clock, as_user, committee, trainer):
    clock.set(at("17.00", "Asia/Makassar"))
    reports = f"/online_classes/classes/{room.cohort.code}/sessions/1/reports"

    for person, leads in [(committee, True), (trainer, False)]:
        client = as_user(person)
        assert (reports in client.get(room.board_url()).text) is leads
        assert (client.get(reports).status_code == 200) is leads


# Where it is held


def test_staff_set_the_address_from_a_whole_invitation(room, as_user, trainer):
    pasted = "https://us02web.zoom.us/j/81234567890?pwd=a.1\r\n\r\nKode Sandi: 445566\r\n"

    answer = OnPage(as_user(trainer), room.cohort).post(
        room.meeting_url, data={"address": pasted, "passcode": "old", "notes": " Bring it. "}
    )

    assert answer.location == room.board_url()
    meeting = room.live.meeting
    assert meeting.join_url == "https://us02web.zoom.us/j/81234567890?pwd=a.1"
    assert (meeting.meeting_number, meeting.passcode) == (81234567890, "445566")
    assert meeting.notes == "Bring it."


def test_the_form_shows_what_is_set_and_an_empty_one_takes_it_away(room, as_user, trainer):
    room.set_address("81234567890", passcode="445566")
    client = OnPage(as_user(trainer), room.cohort)
    assert "812 3456 7890" in client.get(room.meeting_url).text

    client.post(room.meeting_url, data={"address": "", "passcode": "", "notes": ""})

    assert not room.live.has_address


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)",
        "http://meet.example/",
        "https://user:secret@meet.example/",
        "https://meet.example/" + "a" * 10_000,
        "https://meet.example/" + "a" * 3000,
    ],
)
def test_a_hostile_address_stays_in_the_form_with_a_sentence(room, as_user, trainer, typed):
    before = room.live.meeting.join_url

    answer = OnPage(as_user(trainer), room.cohort).post(room.meeting_url, data={"address": typed})

    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.text
    assert room.live.meeting.join_url == before


def test_address_and_passcode_are_in_no_log_and_in_no_audit(room, as_user, trainer, caplog):
    caplog.set_level("DEBUG")
    data = {"address": "https://meet.example/rahasia", "passcode": "778899"}

    OnPage(as_user(trainer), room.cohort).post(room.meeting_url, data=data)
    as_user(trainer).get(room.board_url("/host"))
    as_user(room.user).get(room.url("/join"))
    services.end(room.live, by=trainer)

    kept = str([entry.change for entry in db.session.scalars(sa.select(AuditEntry))])
    for secret in ("rahasia", "778899"):
        assert secret not in caplog.text
        assert secret not in kept


def test_the_meeting_falls_with_the_activity_in_the_timetable(room):
    db.session.delete(room.session)
    db.session.commit()

    assert room.live.meeting is None


# Many people


def test_the_board_of_a_large_class_takes_few_queries(room, make, as_user, committee, statements):
    for _n in range(20):
        make.enrolment(room.cohort, make.user(institution=room.institution))
    client = as_user(committee)
    del statements[:]
    client.get(room.board_url("/now"))
    few = len(statements)

    for n in range(130):
        one = make.enrolment(room.cohort, make.user(institution=make.institution()))
        moment = NOW.replace(second=n % 60)
        if n % 2:
            db.session.add(
                Visit(
                    scheduled_activity_id=room.session.id,
                    user_id=one.user_id,
                    first_at=moment,
                    last_at=moment,
                )
            )
    client = as_user(committee)
    del statements[:]
    client.get(room.board_url("/now"))

    assert len(statements) == few
    assert few <= 16
