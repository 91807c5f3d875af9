"""Who sees presence, who settles it, and what is there where the plugin is disabled."""

import pytest
import sqlalchemy as sa

from core.api import db
from core.cohorts.services import remove_staff
from core.plugin_engine.settings import change_settings
from plugins.attendance.api import may_settle
from plugins.attendance.models import Mark

MARK = {"verdict": "present", "reason": "Seen in the room"}


def may(make, room, user):
    """Asked as a request would, with nothing remembered from before."""
    db.session.commit()
    db.session.expire_all()
    return may_settle(user, room.cohort)


@pytest.mark.parametrize(
    ("role", "settles"),
    [("institution_admin", True), ("organiser", True), ("committee", True), ("trainer", False)],
)
def test_roles_that_settle_presence(room, make, role, settles):
    assert may(make, room, make.staff(role, room.institution)) == settles


def test_neighbours_and_participants_do_not_settle(room, make):
    neighbour = make.institution("Neighbour", room.institution, "province")

    assert not may(make, room, make.staff("organiser", neighbour))
    assert not may(make, room, room.enrolment.user)


def test_a_trainer_settles_where_the_class_has_no_committee(room, make):
    trainer = make.cohort_staff(room.cohort, "trainer")
    assert not may(make, room, trainer)

    [entry] = [one for one in room.cohort.staff if one.role == "committee"]
    remove_staff(room.cohort, entry, by=None)

    assert may(make, room, trainer)
    assert not may(make, room, make.cohort_staff(make.cohort(room.course), "trainer"))


@pytest.mark.parametrize(("setting", "settles"), [("yes", True), ("no", False), ("auto", False)])
def test_a_trainer_settles_as_the_class_says(room, make, setting, settles):
    trainer = make.cohort_staff(room.cohort, "trainer")

    change_settings("attendance", room.cohort, {"trainers_settle": setting}, by=None)

    assert may(make, room, trainer) == settles


def test_the_setting_of_the_host_holds_where_the_class_has_none(room, make):
    trainer = make.cohort_staff(room.cohort, "trainer")
    change_settings("attendance", room.institution, {"trainers_settle": "yes"}, by=None)
    assert may(make, room, trainer)

    change_settings("attendance", room.cohort, {"trainers_settle": "no"}, by=None)

    assert not may(make, room, trainer)


# The pages


def test_a_trainer_sees_presence_and_is_told_why_not_to_settle(over, make, as_user):
    client = as_user(make.cohort_staff(over.cohort, "trainer"))

    page = client.get(over.url("/sessions/1"))
    answers = [
        client.post(over.url(path), data={**MARK, **over.named, "enrolment": over.enrolment.id})
        for path in ("/sessions/1/marks", "/sessions/1/marks/undo")
    ]

    assert page.status_code == 200
    assert '<details class="card' not in page.text
    assert 'name="enrolment"' not in page.text
    assert [answer.status_code for answer in answers] == [403, 403]
    assert "committee" in answers[0].text or "panitia" in answers[0].text
    assert db.session.scalars(sa.select(Mark)).all() == []


def test_a_trainer_who_may_settle_does(over, make, as_user):
    change_settings("attendance", over.cohort, {"trainers_settle": "yes"}, by=None)
    client = as_user(make.cohort_staff(over.cohort, "trainer"))

    data = {**MARK, **over.named, "enrolment": over.enrolment.id}
    answer = client.post(over.url("/sessions/1/marks"), data=data)

    assert answer.status_code == 302
    assert over.verdict == ("present", 360)


def test_participants_and_outsiders_see_no_list(over, make, as_user):
    neighbour = make.institution("Neighbour", over.institution, "province")
    people = [over.enrolment.user, make.staff("organiser", neighbour)]

    for user in people:
        client = as_user(user)
        for path in ("", "/sessions/1", "/presence.csv"):
            assert client.get(over.url(path)).status_code == 403
        data = {**MARK, **over.named, "enrolment": over.enrolment.id}
        assert client.post(over.url("/sessions/1/marks"), data=data).status_code == 403


def test_a_participant_sees_the_session_only_once_the_class_is_published(over, as_user):
    client, path = as_user(over.enrolment.user), over.url(f"/activities/{over.activity.id}")
    assert client.get(path).status_code == 200

    over.cohort.status = "draft"

    assert client.get(path).status_code == 404
    assert as_user(over.committee).get(path).status_code == 200


def test_pages_of_a_session_that_is_not_there(over, as_user):
    client = as_user(over.committee)
    page = over.course.sections[0].activities[0]

    for path in ("/sessions/0", "/sessions/2", f"/sessions/{2**63}", f"/activities/{page.id}"):
        assert client.get(over.url(path)).status_code == 404
    assert client.post(over.url("/sessions/2/marks"), data=MARK).status_code == 404


def test_where_the_plugin_is_disabled_nothing_is_there_and_it_comes_back(over, make, as_user):
    over.record()
    client, reader = as_user(over.committee), as_user(over.enrolment.user)

    def shown():
        overview = client.get(f"/classes/{over.cohort.code}/manage").text
        learn = reader.get(f"/classes/{over.cohort.code}").text
        person = client.get(f"/classes/{over.cohort.code}/participants/{over.enrolment.id}").text
        return [
            client.get(over.url()).status_code,
            'id="attendance-sessions"' in overview,
            'id="attendance-own"' in learn,
            'id="attendance-person"' in person,
        ]

    assert shown() == [200, True, True, True]
    make.disabled("attendance", over.institution)
    assert shown() == [404, False, False, False]
    make.enabled("attendance", over.institution)
    assert shown() == [200, True, True, True]


def test_a_class_without_sessions_shows_no_panels(make, as_user):
    institution = make.institution()
    make.enabled("attendance", institution)
    cohort = make.cohort(make.course(institution))
    enrolment = make.enrolment(cohort)
    client = as_user(make.staff("organiser", institution))

    pages = [
        client.get(f"/classes/{cohort.code}/manage").text,
        client.get(f"/classes/{cohort.code}/participants/{enrolment.id}").text,
        as_user(enrolment.user).get(f"/classes/{cohort.code}").text,
    ]

    assert not any('id="attendance-' in page for page in pages)
    assert client.get(f"/attendance/classes/{cohort.code}").status_code == 200
    assert client.get(f"/attendance/classes/{cohort.code}/sessions/1").status_code == 404


# Settings as forms


def test_a_class_sets_its_own_share(over, make, as_user):
    over.record()
    client = as_user(make.staff("organiser", over.institution))
    path = f"/classes/{over.cohort.code}/plugins/attendance/settings"

    page = client.get(path).text
    answers = [
        client.post(path, data={"required_share": wrong, "trainers_settle": ""}).status_code
        for wrong in ("101", "-1", "abc", "8,5", "9" * 5000)
    ]
    wrong_choice = client.post(path, data={"required_share": "70", "trainers_settle": "maybe"})
    right = client.post(path, data={"required_share": "0", "trainers_settle": "yes"})

    assert "80" in page
    assert answers == [200] * 5
    assert wrong_choice.status_code == 200
    assert right.status_code == 302
    assert client.get(path).text.count("selected") == 1
