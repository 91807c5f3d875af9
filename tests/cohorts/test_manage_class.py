"""Setting up a class: the list, a new one, settings, publishing, staff, timetable."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.cohorts.models import Cohort, ScheduledActivity
from core.cohorts.services import add_staff, schedule
from core.courses.services import withdraw_course
from core.db import db
from core.people.models import User
from core.testing.counting import count_queries

URL = "/classes/KALSEL-7"
BEYOND = str(2**63)  # No row has a number as high as this.


def _new(scene, **fields):
    return {
        "course_id": scene.course.id,
        "code": "kalsel-8",
        "title": "",
        "starts_on": "2026-12-01",
        "ends_on": "2026-12-02",
        "mode": "onsite",
        "timezone": "",
        "organiser_id": scene.province.id,
        "host_id": scene.library.id,
        "enrolment_policy": "organiser",
        **fields,
    }


def _made(code: str = "KALSEL-8") -> Cohort | None:
    return db.session.scalar(sa.select(Cohort).filter_by(code=code))


# The list


def test_list_shows_the_classes_in_which_the_person_works(make, scene, reading):
    make.cohort(make.course(scene.other), scene.other, code="JABAR-1")
    make.enrolment(scene.cohort)

    page = reading(scene.trainer).get("/classes").text

    assert "KALSEL-7" in page
    assert "1 participants, 0 completed" in page
    assert "JABAR-1" not in page
    assert "/classes/new" not in page


def test_list_is_searched_and_says_when_nothing_fits(make, scene, reading):
    make.cohort(scene.course, code="OTHER-1", title="Cataloguing 100%")
    client = reading(scene.organiser)

    found = client.get("/classes?q=catal").text
    by_code = client.get("/classes?q=kalsel").text
    nothing = client.get("/classes?q=%25%25").text

    assert "OTHER-1" in found
    assert "KALSEL-7" not in found
    assert "KALSEL-7" in by_code
    assert "No class fits" in nothing


def test_list_of_a_participant_is_empty_and_leads_home(make, scene, reading):
    page = reading(make.enrolment(scene.cohort).user).get("/classes").text

    assert "KALSEL-7" not in page
    assert "You do not work in a class" in page


def test_long_list_goes_on_by_key_and_asks_the_database_no_more(app, make, scene, reading):
    for n in range(120):
        make.cohort(scene.course, code=f"MORE-{n:03}", starts_on=date(2026, 11, 1 + n % 3))
    client = reading(scene.organiser)
    client.get("/classes")

    with count_queries(app) as statements:
        first = client.get("/classes").text
    rest = client.get(_href(first, "after=")).text

    assert len(statements) <= 8
    codes = [f"/MORE-{n:03}/manage" for n in range(120)]
    assert sum(code in first for code in codes) == 99
    assert sum(code in rest for code in codes) == 21


def _href(page: str, part: str) -> str:
    end = page.index(part)
    start = page.rindex('href="', 0, end) + 6
    return page[start : page.index('"', start)].replace("&amp;", "&")


@pytest.mark.parametrize("after", ["x", "2026-13-01~X", "~", "0001-01-01~%"])
def test_bad_key_of_the_list_harms_nothing(scene, reading, after):
    answer = reading(scene.organiser).get("/classes", query_string={"after": after, "q": "\x7f"})

    assert answer.status_code == 200


# A new class


def test_new_class_is_a_draft_of_the_course_in_the_zone_of_its_host(make, scene, reading):
    scene.library.timezone = "Asia/Makassar"

    answer = reading(scene.organiser).post("/classes/new", data=_new(scene, capacity="40"))

    cohort = _made()
    assert answer.location == "/classes/KALSEL-8/manage"
    assert (cohort.title, cohort.status, cohort.capacity) == ("Basics", "draft", 40)
    assert (cohort.host, cohort.organiser) == (scene.library, scene.province)
    assert cohort.timezone == "Asia/Makassar"


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "KALSEL-7"},
        {"code": "a b"},
        {"code": "../x"},
        {"ends_on": "2026-11-30"},
        {"starts_on": "0001-01-01"},
        {"starts_on": "soon"},
        {"capacity": "-1"},
        {"capacity": "99999999999999999999"},
        {"mode": "telepathy"},
        {"enrolment_policy": "key", "enrolment_key": " "},
        {"contact_phone": "12"},
        {"timezone": "Mars/Olympus"},
        {"course_id": "0"},
        {"host_id": ""},
        {"host_id": "abc"},
        {"host_id": BEYOND},
        {"organiser_id": BEYOND},
        {"course_id": BEYOND},
        {"title": "x" * 201},
    ],
)
def test_new_class_with_a_wrong_answer_is_not_made(scene, reading, fields):
    answer = reading(scene.organiser).post("/classes/new", data=_new(scene, **fields))

    assert answer.status_code == 200
    assert 'role="alert"' in answer.text or 'class="err"' in answer.text
    assert db.session.scalar(sa.select(sa.func.count(Cohort.id))) == 1


@pytest.mark.parametrize("field", ["host_id", "organiser_id"])
def test_class_is_set_up_only_for_institutions_of_the_own_tree(scene, reading, field):
    data = _new(scene, **{field: scene.other.id})

    answer = reading(scene.organiser).post("/classes/new", data=data)

    assert answer.status_code == 200
    assert _made() is None


def test_course_of_the_office_above_is_offered_once_it_is_published(make, scene, reading):
    national = make.course(scene.nation, code="NATIONAL")
    draft = make.course(scene.nation, code="NATIONAL-DRAFT", pages=0)
    beside = make.course(scene.other, code="BESIDE")
    client = reading(scene.organiser)

    page = client.get("/classes/new").text
    taken = client.post("/classes/new", data=_new(scene, course_id=national.id))
    refused = client.post("/classes/new", data=_new(scene, code="X", course_id=beside.id))

    assert f'value="{national.id}">NATIONAL' in page
    assert f'value="{draft.id}">' not in page
    assert taken.status_code == 302
    assert refused.status_code == 200
    assert _made("X") is None


def test_link_may_name_the_course_and_the_host(make, scene, reading):
    url = f"/classes/new?course={scene.course.id}&host={scene.library.id}"

    page = reading(scene.organiser).get(url).text

    assert f'<option selected value="{scene.course.id}">' in page
    assert f'<option selected value="{scene.library.id}">' in page


def test_link_that_names_an_impossible_host_or_course_harms_nothing(scene, reading):
    answer = reading(scene.organiser).get(f"/classes/new?host={BEYOND}&course={BEYOND}")

    assert answer.status_code == 200


def test_form_sent_four_times_at_once_makes_one_class(scene, reading, at_once):
    data = _new(scene)
    clients = [reading(scene.organiser) for _n in range(4)]

    answers = at_once(*(lambda c=c: c.post("/classes/new", data=data) for c in clients))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 302]
    assert db.session.scalar(sa.select(sa.func.count(Cohort.id))) == 2


# One class


def test_overview_names_what_is_still_to_do(make, scene, reading):
    make.enrolment(scene.cohort)

    page = reading(scene.organiser).get(f"{URL}/manage").text

    assert "3 people have neither password nor link" in page
    assert "0 of 2 activities have a time" in page
    assert "Wati Committee" in page


def test_overview_gives_committee_no_link_that_it_may_not_follow(scene, reading):
    page = reading(scene.committee).get(f"{URL}/manage").text

    assert f"{URL}/access" in page
    assert f"{URL}/staff" not in page
    assert f"{URL}/settings" not in page
    assert f"{URL}/publish" not in page


def test_draft_is_published_and_taken_back(make, scene, reading):
    client = reading(scene.organiser)

    client.post(f"{URL}/withdraw")
    assert scene.cohort.status == "draft"
    client.post(f"{URL}/publish")

    assert scene.cohort.status == "published"


def test_class_of_a_draft_course_says_what_is_missing(scene, reading):
    withdraw_course(scene.course, by=None)
    scene.cohort.status = "draft"
    client = reading(scene.organiser)

    answer = client.post(f"{URL}/publish", follow_redirects=True)

    assert scene.cohort.status == "draft"
    assert "Publish the course first" in answer.text


def test_required_activity_without_its_plugin_is_named(make, scene, reading):
    scene.course.activities[0].kind = "nowhere.thing"

    page = reading(scene.organiser).get(f"{URL}/manage").text

    assert "Nobody can complete the class now: Page 1" in page
    assert "its plugin was removed from this site" in page
    assert "not enabled" not in page


def test_settings_show_what_is_and_change_it(scene, reading):
    client = reading(scene.organiser)
    shown = client.get(f"{URL}/settings").text
    data = _new(
        scene, title="Renamed", timezone="Asia/Jayapura", number="7", contact_phone="08123456789"
    )

    answer = client.post(f"{URL}/settings", data=data)

    assert 'value="2026-11-23"' in shown
    assert answer.status_code == 302
    cohort = scene.cohort
    assert (cohort.code, cohort.title, cohort.number) == ("KALSEL-7", "Renamed", 7)
    assert (cohort.timezone, cohort.contact_phone) == ("Asia/Jayapura", "+628123456789")
    assert cohort.course == scene.course


def test_settings_keep_an_institution_that_somebody_higher_chose(make, scene, reading):
    cohort = make.cohort(scene.course, scene.province, code="JOINT", organiser=scene.nation)
    data = _new(scene, organiser_id=scene.nation.id, host_id=scene.province.id, title="Joint two",
                timezone="Asia/Jakarta")  # fmt: skip

    answer = reading(scene.organiser).post("/classes/JOINT/settings", data=data)

    assert answer.status_code == 302
    assert (cohort.title, cohort.organiser) == ("Joint two", scene.nation)


def test_settings_do_not_hand_the_class_to_a_foreign_institution(scene, reading):
    data = _new(scene, host_id=scene.other.id, timezone="Asia/Jakarta")

    answer = reading(scene.organiser).post(f"{URL}/settings", data=data)

    assert answer.status_code == 200
    assert scene.cohort.host == scene.province


def test_fewer_places_than_participants_are_refused_in_the_form(make, scene, reading):
    make.enrolment(scene.cohort)
    make.enrolment(scene.cohort)
    data = _new(scene, host_id=scene.province.id, capacity="1", timezone="Asia/Jakarta")

    answer = reading(scene.organiser).post(f"{URL}/settings", data=data)

    assert "2 places are taken already" in answer.text
    assert scene.cohort.capacity is None


# Staff


def test_somebody_is_found_and_added(make, scene, reading):
    person = make.user("Rini Pustakawan", institution=scene.library)
    client = reading(scene.organiser)
    asked = {"q": "rini", "role": "committee"}

    shown = client.post(f"{URL}/staff", data=asked).text
    client.post(f"{URL}/staff/known", data={**asked, "person": person.id})

    assert "Rini Pustakawan" in shown
    assert person.number in shown
    assert [(s.user, s.role) for s in scene.cohort.staff][-1] == (person, "committee")


def test_people_of_others_are_found_only_by_what_is_written_in_full(make, scene, reading):
    person = make.user(
        "Rini Pustakawan", institution=scene.other, email="rini@example.id", phone="+6281234567890"
    )
    client = reading(scene.organiser)

    def found(text: str) -> bool:
        page = client.post(f"{URL}/staff", data={"q": text, "role": "trainer"}).text
        return person.number in page.replace(f'value="{text}"', "")

    assert not found("rini")
    assert [found(text) for text in (person.number, person.email, "0812-3456-7890")] == [True] * 3


@pytest.mark.parametrize("place", ["enrolment", "cohort_staff"])
def test_people_of_the_class_are_found_by_name_wherever_they_work(make, scene, reading, place):
    person = make.user("Rini Pustakawan", institution=scene.other)
    if place == "enrolment":
        make.enrolment(scene.cohort, person)
    else:
        add_staff(scene.cohort, person, "trainer", by=None)

    page = reading(scene.organiser).post(f"{URL}/staff", data={"q": "rini", "role": "committee"})

    assert f'name="person" value="{person.id}"' in page.text


@pytest.mark.parametrize("page", ["staff", "staff/known"])
def test_searching_for_staff_is_limited(limited_app, scene, page):
    db.session.commit()
    client = limited_app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = scene.organiser.fs_uniquifier
    data = {"q": "nobody at all", "role": "trainer", "person": "1"}

    answers = [client.post(f"{URL}/{page}", data=data).status_code for _n in range(61)]

    assert answers.count(429) == 1


def test_person_whom_the_search_did_not_show_is_not_added(make, scene, reading):
    person = make.user("Rini Pustakawan")

    answer = reading(scene.organiser).post(
        f"{URL}/staff/known", data={"q": "siti", "role": "trainer", "person": person.id}
    )

    assert answer.status_code == 400
    assert len(scene.cohort.staff) == 2


def test_new_person_is_registered_and_added(scene, reading):
    data = {
        "full_name": "Hj. Rini Astuti, S.Pd.",
        "phone": "0812-3456-7890",
        "institution": "perpusdes mawar",
        "role": "trainer",
    }

    answer = reading(scene.organiser).post(f"{URL}/staff/new", data=data)

    assert answer.status_code == 302
    person = scene.cohort.staff[-1].user
    assert person.display_name == "Hj. Rini Astuti, S.Pd."
    assert (person.phone, person.institution) == ("+6281234567890", scene.library)


def test_trainer_in_the_timetable_is_not_removed(scene, reading):
    entry = scene.cohort.staff[1]
    schedule(scene.cohort, scene.course.activities[0], by=None, staff=[scene.trainer])
    client = reading(scene.organiser)

    refused = client.post(f"{URL}/staff/{entry.id}/remove", follow_redirects=True)
    client.post(f"{URL}/staff/{scene.cohort.staff[0].id}/remove")

    assert "is in the timetable: Page 1" in refused.text
    assert [s.user for s in scene.cohort.staff] == [scene.trainer]


# Timetable


def test_times_are_written_in_the_zone_of_the_class(scene, reading):
    scene.cohort.timezone = "Asia/Makassar"
    activity = scene.course.activities[0]
    url = f"{URL}/timetable/{activity.id}"
    client = reading(scene.organiser)
    data = {
        "starts_at": "2026-11-23T08:00",
        "ends_at": "2026-11-23T09:30",
        "first": scene.trainer.id,
        "second": scene.committee.id,
    }

    answer = client.post(url, data=data)

    assert answer.status_code == 302
    planned = db.session.scalar(sa.select(ScheduledActivity))
    assert planned.starts_at == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert [row.user for row in planned.staff] == [scene.trainer, scene.committee]
    form = client.get(url).text
    assert 'value="2026-11-23T08:00"' in form
    assert form.count("In WITA") == 4
    assert "08:00–09:30 WITA" in client.get(f"{URL}/timetable").text


def test_times_are_emptied_again(scene, reading):
    activity = scene.course.activities[0]
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    schedule(scene.cohort, activity, by=None, opens_at=moment, staff=[scene.trainer])

    reading(scene.organiser).post(
        f"{URL}/timetable/{activity.id}", data={"opens_at": "", "first": 0, "second": 0}
    )

    planned = db.session.scalar(sa.select(ScheduledActivity))
    assert (planned.opens_at, planned.staff) == (None, [])


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_at": "2026-11-23T09:00", "ends_at": "2026-11-23T09:00"},
        {"opens_at": "0001-01-01T00:00"},
        {"opens_at": "9999-12-31T23:59"},
        {"opens_at": "tomorrow"},
        {"first": "99999"},
        {"first": "x"},
    ],
)
def test_times_and_people_that_cannot_be_are_refused(scene, reading, fields):
    activity = scene.course.activities[0]
    data = {"first": 0, "second": 0, **fields}

    answer = reading(scene.organiser).post(f"{URL}/timetable/{activity.id}", data=data)

    assert answer.status_code == 200
    assert db.session.scalar(sa.select(ScheduledActivity)) is None


def test_only_the_class_own_staff_hold_its_activities(make, scene, reading):
    foreign = make.user("Somebody Else")
    activity = scene.course.activities[0]

    answer = reading(scene.organiser).post(
        f"{URL}/timetable/{activity.id}", data={"first": foreign.id, "second": 0}
    )

    assert answer.status_code == 200
    assert db.session.scalar(sa.select(ScheduledActivity)) is None


def test_overview_and_timetable_ask_the_same_of_a_long_course(app, make, scene, reading):
    client = reading(scene.organiser)
    counts = []
    for pages in (0, 30):
        for n in range(pages):
            activity = make.page(scene.course.sections[0], f"More {n}")
            opens = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=n)
            schedule(scene.cohort, activity, by=None, opens_at=opens, staff=[scene.trainer])
        for n in range(pages):
            add_staff(scene.cohort, make.user(f"Staff {n}"), "trainer", by=None)
        for page in ("manage", "timetable", "staff"):
            client.get(f"{URL}/{page}")
            with count_queries(app) as statements:
                assert client.get(f"{URL}/{page}").status_code == 200
            counts.append(len(statements))

    assert counts[:3] == pytest.approx(counts[3:], abs=1)
    assert db.session.scalar(sa.select(sa.func.count(User.id))) > 30
