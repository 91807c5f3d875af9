"""The participant's page of a live class: when the door opens, where it leads, who may."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.api import add_activity, close_activity, db, schedule
from core.testing.factories import TODAY
from plugins.attendance.api import EvidenceItem, presence_of, record_evidence
from plugins.online_classes import services
from plugins.online_classes.hooks import may_delete_activity
from plugins.online_classes.models import KIND, Visit
from plugins.online_classes.tests.conftest import LINK, at

ZONES = ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]


def visits():
    rows = db.session.scalars(sa.select(Visit).order_by(Visit.id))
    return [(row.user_id, row.first_at, row.last_at, row.count) for row in rows]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("time", "is_open"), [("07.59", False), ("08.00", True), ("08.30", True), ("15.59", True)]
)
def test_doors_open_half_an_hour_before_in_the_zone_of_the_class(
    room_in, clock, as_user, zone, time, is_open
):
    room = room_in(zone)
    room.set_address()
    clock.set(at(time, zone))
    client = as_user(room.user)

    answer = client.get(room.url("/join"))

    assert (answer.location == LINK) is is_open
    assert (room.url("/join") in client.get(room.url()).text) is is_open
    assert len(visits()) == is_open


def test_before_the_doors_open_the_page_says_when_in_both_clocks(room_in, clock, as_user):
    room = room_in("Asia/Makassar")
    room.set_address(passcode="778899")
    room.user.timezone = "Asia/Jakarta"
    clock.set(at("07.59", "Asia/Makassar"))

    text = as_user(room.user).get(room.url()).text

    assert "08.00 WITA (07.00 WIB)" in text
    assert "08.30–16.00 WITA (07.30–15.00 WIB)" in text
    assert "778899" not in text
    assert "meet.example" not in text


def test_joining_is_noted_once_however_often_the_line_breaks(room, clock, as_user):
    client, came = as_user(room.user), at("09.10", "Asia/Makassar")

    client.get(room.url("/join"))
    back = clock.forward(minutes=40)
    answer = client.get(room.url("/join"))

    assert answer.location == LINK
    assert visits() == [(room.user.id, came, back, 2)]


def test_joining_late_is_possible_until_the_end_and_not_after(room, clock, as_user):
    client = as_user(room.user)

    clock.set(at("15.59", "Asia/Makassar"))
    assert client.get(room.url("/join")).location == LINK

    clock.set(at("16.00", "Asia/Makassar"))
    assert client.get(room.url("/join")).location == room.url()
    assert [count for *_rest, count in visits()] == [1]


def test_the_page_shows_passcode_name_and_note_but_never_the_address(room, as_user):
    room.set_address("812 3456 7890", passcode="778899", notes="Bring your list.")

    text = as_user(room.user).get(room.url()).text

    assert "778899" in text
    assert "Bring your list." in text
    assert "Ni&#39;matul_Perpusdes Sukamaju" in text
    assert "81234567890" not in text
    assert "zoom.us" not in text


def test_without_an_address_the_page_says_whom_to_ask(room_in, make, clock, as_user):
    room = room_in("Asia/Jakarta")
    make.cohort_staff(room.cohort, "committee", "Maya Lestari")
    clock.set(at("09.00"))
    client = as_user(room.user)

    text = client.get(room.url()).text
    answer = client.get(room.url("/join"))

    assert "Maya Lestari" in text
    assert room.url("/join") not in text
    assert answer.location == room.url()
    assert visits() == []


def test_without_an_address_the_number_of_the_class_is_one_press_away(room_in, clock, as_user):
    room = room_in("Asia/Jakarta")
    room.cohort.contact_phone = "+6281255000001"
    clock.set(at("09.00"))

    assert "https://wa.me/6281255000001" in as_user(room.user).get(room.url()).text


def test_without_a_time_the_page_says_so_and_lets_nobody_in(room, as_user):
    other = add_activity(room.course.sections[0], KIND, "Second day")
    address = room.url().replace(f"live/{room.activity.id}", f"live/{other.id}")
    client = as_user(room.user)

    assert client.get(address).status_code == 200
    assert client.get(f"{address}/join").location == address
    assert visits() == []


def test_the_timetable_may_close_the_door_earlier(room, as_user):
    close_activity(room.cohort, room.activity, by=None)

    assert as_user(room.user).get(room.url("/join")).location == room.url()


def test_a_class_that_staff_have_ended_can_be_joined_again_when_it_goes_on(room, as_user):
    client = as_user(room.user)

    services.end(room.live, by=room.user)
    assert client.get(room.url("/join")).location == room.url()

    services.go_on(room.live, by=room.user)
    assert client.get(room.url("/join")).location == LINK


def test_an_ended_class_that_is_moved_to_another_day_begins_anew(room, clock):
    services.start(room.live, by=room.user)
    services.end(room.live, by=room.user)
    day = timedelta(days=1)

    schedule(
        room.cohort,
        room.activity,
        by=None,
        starts_at=room.session.starts_at + day,
        ends_at=room.session.ends_at + day,
    )
    assert room.live.phase == "ahead"

    clock.forward(days=1)
    assert (room.live.phase, room.live.started_at, room.live.ended_at) == ("open", None, None)


# After it


def stay(room, enrolment, hours):
    starts = room.session.starts_at
    item = EvidenceItem(enrolment.id, "stay", starts, starts + timedelta(hours=hours))
    record_evidence(room.session, "zoom", [item], by=None)


def test_after_the_class_participants_find_their_own_presence(room, make, clock, as_user):
    other = make.enrolment(room.cohort)
    clock.set(at("17.00", "Asia/Makassar"))
    stay(room, room.enrolment, hours=7)
    stay(room, other, hours=1)

    own, others = (as_user(one).get(room.url()).text for one in (room.user, other.user))

    assert "7 jam" in own
    assert "(93%)" in own
    assert "(13%)" in others
    assert "7 jam" not in others


def test_after_the_class_nobody_is_called_absent_before_anything_is_recorded(room, clock, as_user):
    clock.set(at("16.00", "Asia/Makassar"))

    text = as_user(room.user).get(room.url()).text

    assert presence_of(room.session)[room.enrolment.id].verdict == "open"
    assert 'class="state' not in text
    assert room.url("/join") not in text


def test_whoever_the_committee_has_marked_absent_sees_that(room, make, clock, as_user):
    committee = make.cohort_staff(room.cohort, "committee")
    clock.set(at("17.00", "Asia/Makassar"))
    address = f"/attendance/classes/{room.cohort.code}/sessions/1/marks"
    data = {
        "session": room.session.id,
        "enrolment": room.enrolment.id,
        "verdict": "absent",
        "reason": "Not seen at all",
    }

    as_user(committee).post(address, data=data)

    assert 'class="state bad"' in as_user(room.user).get(room.url()).text


# Who may


def test_somebody_else_is_turned_away(room, make, as_user):
    stranger = make.staff("organiser", make.institution("Elsewhere", kind="province"))

    for path in ("", "/join"):
        assert as_user(stranger).get(room.url(path)).status_code == 403
    assert visits() == []


def test_a_participant_of_another_class_of_the_course_is_turned_away(room, make, as_user):
    other = make.cohort(room.course)
    neighbour = make.enrolment(other).user
    schedule(
        other,
        room.activity,
        by=None,
        starts_at=at("08.30") + timedelta(days=2),
        ends_at=at("16.00") + timedelta(days=2),
    )

    client = as_user(neighbour)

    assert client.get(room.url("/join")).status_code == 403
    own = room.url("/join").replace(room.cohort.code, other.code)
    assert client.get(own).location == own.removesuffix("/join")
    assert visits() == []


def test_a_withdrawn_participant_is_turned_away(room, make, as_user):
    make.withdrawn(room.enrolment)

    assert as_user(room.user).get(room.url("/join")).status_code == 403


def test_a_draft_class_is_not_there_for_its_participants(room, make, as_user):
    room.cohort.status = "draft"

    assert as_user(room.user).get(room.url()).status_code == 404
    assert as_user(room.user).get(room.url("/join")).status_code == 404
    committee = make.cohort_staff(room.cohort, "committee")
    assert as_user(committee).get(room.url()).status_code == 200


def test_an_activity_of_another_kind_or_course_is_no_live_class(room, make, as_user):
    page = next(one for one in room.course.activities if one.kind == "page")
    elsewhere = add_activity(make.course(room.institution).sections[0], KIND, "Other")

    for one in (page, elsewhere):
        address = room.url().replace(f"live/{room.activity.id}", f"live/{one.id}")
        assert as_user(room.user).get(address).status_code == 404


def test_where_the_plugin_is_disabled_the_pages_are_gone_and_the_activity_is_away(
    room, make, as_user
):
    make.disabled("online_classes", room.institution)
    client = as_user(room.user)

    assert client.get(room.url()).status_code == 404
    assert client.get(room.url("/join")).status_code == 404
    course = client.get(f"/classes/{room.cohort.code}").text
    assert "Live class" in course
    assert room.url() not in course
    assert visits() == []


# Where else participants see it


def test_home_leads_to_the_class_while_its_doors_are_open(room, clock, as_user):
    client = as_user(room.user)

    assert room.url() in client.get("/home").text

    clock.set(at("16.00", "Asia/Makassar"))
    assert room.url() not in client.get("/home").text


def test_the_course_page_names_the_coming_class_until_it_is_over(room, clock, as_user):
    client, address = as_user(room.user), f"/classes/{room.cohort.code}"
    panel = 'id="online_classes-coming"'

    clock.set(at("07.00", "Asia/Makassar"))
    assert panel in client.get(address).text

    clock.set(at("16.00", "Asia/Makassar"))
    assert panel not in client.get(address).text


def test_authors_see_what_the_activity_will_be(room, make, as_user):
    author = make.staff("organiser", room.institution)

    address = f"/online_classes/courses/{room.course.id}/live/{room.activity.id}"
    answer = as_user(author).get(address)

    assert answer.status_code == 200
    assert "meet.example" not in answer.text


def test_a_live_class_that_people_have_joined_stays_in_the_course(room, as_user):
    assert may_delete_activity(room.activity) is None

    as_user(room.user).get(room.url("/join"))

    assert may_delete_activity(room.activity) is not None


def test_day_of_the_factories_is_the_day_of_these_tests():
    assert at("08.30").date() == TODAY
