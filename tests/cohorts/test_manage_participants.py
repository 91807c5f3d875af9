"""The participants' pages: the list, one person, enrolling, taking out, deciding by hand."""

import pytest
import sqlalchemy as sa

from core.cohorts.models import ActivityProgress, Enrolment
from core.cohorts.services import confirmed_count, record_progress, withdraw
from core.db import db
from core.people.models import User
from core.people.services import issue_access
from core.testing.counting import count_queries

URL = "/classes/KALSEL-7"
PHONE = "+6281234567890"


@pytest.fixture
def siti(make, scene):
    person = make.user(
        "Siti Aminah", phone=PHONE, email="siti@example.id", institution=scene.library
    )
    return make.enrolment(scene.cohort, person)


def _one(enrolment: Enrolment, rest: str = "") -> str:
    return f"{URL}/participants/{enrolment.id}{rest}"


# The list


def test_list_shows_who_takes_part_and_how_far_each_is(make, scene, reading, siti):
    record_progress(siti, scene.course.activities[0], "done")
    gone = make.enrolment(scene.cohort, make.user("Budi Gone"))
    withdraw(gone, by=None)

    page = reading(scene.committee).get(f"{URL}/participants").text

    assert "Siti Aminah" in page
    assert f"{siti.user.number} · Perpusdes Mawar" in page
    assert "1 of 2" in page
    assert "Budi Gone" not in page
    assert "Taken out of the class: 1" in page


@pytest.mark.parametrize("page", ["", "/one"])
def test_contacts_are_in_the_page_only_for_those_who_may_see_them(scene, reading, siti, page):
    url = _one(siti) if page else f"{URL}/participants"
    seen = reading(scene.committee).get(url).text
    hidden = reading(scene.trainer).get(url).text

    assert "0812-3456-7890" in seen
    assert "siti@example.id" in seen
    for secret in ("0812-3456-7890", "81234567890", "siti@example.id", "••"):
        assert secret not in hidden


def test_list_says_who_can_get_in(make, scene, reading):
    make.enrolment(scene.cohort, make.user("Ani", password="secret"))
    linked = make.enrolment(scene.cohort, make.user("Budi"))
    make.enrolment(scene.cohort, make.user("Cici"))
    issue_access([linked.user], by=None)

    page = reading(scene.committee).get(f"{URL}/participants").text

    words = ("Password set", "Link handed out", "No access yet")
    assert [page.count(word) for word in words] == [1, 1, 1]
    assert page.index("Password set") < page.index("Link handed out") < page.index("No access yet")


def test_search_finds_part_of_a_name_or_the_number(make, scene, reading, siti):
    make.enrolment(scene.cohort, make.user("Ni’matul Hasanah"))
    client = reading(scene.committee)

    def found(text: str) -> list[bool]:
        page = client.get(f"{URL}/participants", query_string={"q": text}).text
        return ["Siti Aminah" in page, "matul Hasanah" in page]

    assert found("amin") == [True, False]
    assert found("NIMATUL") == [False, True]
    assert found(siti.user.number.lower()) == [True, False]
    assert found("%") == [False, False]
    assert found("_") == [False, False]


def test_long_list_is_paged_and_asks_as_often_as_a_short_one(app, make, scene, reading, siti):
    client = reading(scene.committee)
    client.get(f"{URL}/participants")
    with count_queries(app) as short:
        client.get(f"{URL}/participants")
    homes = [make.institution(f"Perpusdes {n}", scene.province) for n in range(20)]
    for n in range(149):
        make.enrolment(scene.cohort, make.user(f"Person {n:03}", institution=homes[n % 20]))
    db.session.commit()

    with count_queries(app) as long:
        first = client.get(f"{URL}/participants").text
    rest = client.get(f"{URL}/participants?after={_after(first)}").text

    assert len(long) == len(short)
    assert len(long) <= 12
    names = [f"Person {n:03}" for n in range(149)]
    assert [name for name in names if name in first] == names[:100]
    assert [name for name in names if name in rest] == names[100:]
    assert "Siti Aminah" in rest


def _after(page: str) -> str:
    return page.split("after=")[1].split('"', maxsplit=1)[0]


@pytest.mark.parametrize("after", ["0", "x", "99999999", "-1", str(2**63), "9" * 5000])
def test_bad_page_of_the_list_is_the_first_one(scene, reading, siti, after):
    answer = reading(scene.committee).get(f"{URL}/participants?after={after}&q=%7f")

    assert answer.status_code == 200
    assert "Siti Aminah" in answer.text


def test_empty_class_leads_to_the_list_upload(scene, reading):
    page = reading(scene.committee).get(f"{URL}/participants").text

    assert f"{URL}/roster" in page
    assert "Nobody is in the class yet" in page


# One participant


def test_activity_is_counted_as_done_for_a_reason(scene, reading, siti):
    activity = scene.course.activities[0]
    client = reading(scene.committee)
    url = _one(siti, f"/activities/{activity.id}")

    client.post(url, data={"done": "1", "reason": " "})
    assert siti.required_done == 0
    client.post(url, data={"done": "1", "reason": "Shown on paper"})

    page = client.get(_one(siti)).text
    assert siti.required_done == 1
    assert "Decided by Wati Committee: Shown on paper" in page
    client.post(url, data={"done": "0", "reason": "Wrong person"})
    assert siti.required_done == 0


def test_activity_of_another_course_is_not_decided(make, scene, reading, siti):
    foreign = make.course(scene.province).activities[0]

    answer = reading(scene.committee).post(
        _one(siti, f"/activities/{foreign.id}"), data={"done": "1", "reason": "Because"}
    )

    assert answer.status_code == 404
    assert db.session.scalar(sa.select(ActivityProgress)) is None


def test_person_is_taken_out_after_a_question_and_brought_back(scene, reading, siti):
    client = reading(scene.committee)

    asked = client.get(_one(siti, "/withdraw")).text
    assert (siti.status, "Take Siti Aminah out of the class?" in asked) == ("confirmed", True)
    client.post(_one(siti, "/withdraw"))
    assert siti.status == "withdrawn"
    assert "was taken out of the class" in client.get(_one(siti)).text
    assert "Siti Aminah" in client.get(f"{URL}/participants?state=withdrawn").text
    client.post(_one(siti, "/return"))

    assert siti.status == "confirmed"


def test_looking_at_the_head_of_the_question_takes_nobody_out(scene, reading, siti):
    answer = reading(scene.committee).head(_one(siti, "/withdraw"))

    assert answer.status_code == 200
    assert siti.status == "confirmed"


def test_nobody_comes_back_into_a_full_class(make, scene, reading, siti):
    withdraw(siti, by=None)
    make.enrolment(scene.cohort)
    scene.cohort.capacity = 1

    page = reading(scene.committee).post(_one(siti, "/return"), follow_redirects=True).text

    assert "The class is full" in page
    assert siti.status == "withdrawn"


def test_name_and_contacts_are_corrected(scene, reading, siti):
    data = {
        "full_name": "Siti Aminah Putri",
        "title_before": "Hj.",
        "title_after": "",
        "phone": "0813 1111 2222",
        "email": "New@Example.ID",
    }

    answer = reading(scene.committee).post(_one(siti, "/person"), data=data)

    person = siti.user
    assert answer.status_code == 302
    assert person.display_name == "Hj. Siti Aminah Putri"
    assert (person.phone, person.email) == ("+6281311112222", "new@example.id")
    assert person.name_key == "siti aminah putri"


@pytest.mark.parametrize(
    "fields",
    [
        {"full_name": ""},
        {"full_name": "1234"},
        {"phone": "123"},
        {"email": "x"},
        {"email": "taken@example.id"},
    ],
)
def test_correction_that_cannot_be_is_refused(make, scene, reading, siti, fields):
    make.user("Other", email="taken@example.id")
    data = {"full_name": "Siti Aminah", "phone": "", "email": "", **fields}

    answer = reading(scene.committee).post(_one(siti, "/person"), data=data)

    assert answer.status_code == 200
    assert 'class="err"' in answer.text
    assert (siti.user.email, siti.user.phone) == ("siti@example.id", PHONE)


def test_one_address_given_to_two_people_at_once_stays_with_one(make, scene, reading, at_once):
    people = [make.user(name, institution=scene.library) for name in ("Ani", "Budi")]
    urls = [_one(make.enrolment(scene.cohort, person), "/person") for person in people]
    clients = [reading(scene.committee) for _url in urls]
    data = {"full_name": "Somebody", "email": "same@example.id"}

    answers = at_once(
        *(lambda c=c, url=url: c.post(url, data=data) for c, url in zip(clients, urls, strict=True))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert db.session.scalar(sa.select(sa.func.count(User.id)).filter_by(email=data["email"])) == 1


def test_account_of_another_institution_is_not_corrected_here(make, scene, reading):
    person = make.user("Siti", password="secret", institution=scene.other)
    enrolment = make.enrolment(scene.cohort, person)
    client = reading(scene.committee)

    page = client.get(_one(enrolment)).text
    answer = client.post(_one(enrolment, "/person"), data={"full_name": "Changed"})

    assert "/person" not in page
    assert answer.status_code == 403
    assert person.full_name == "Siti"


# Enrolling


def test_somebody_known_is_enrolled_by_what_is_written_in_full(make, scene, reading):
    person = make.user("Rini", phone=PHONE, institution=scene.other)
    client = reading(scene.committee)

    shown = client.post(f"{URL}/enrol", data={"q": "0812-3456-7890"}).text
    client.post(f"{URL}/enrol/known", data={"q": "0812-3456-7890", "person": person.id})

    assert f"{person.number} · Dinas Jabar" in shown
    assert confirmed_count(scene.cohort) == 1


def test_people_are_not_browsed_by_name(make, scene, reading):
    person = make.user("Rini Astuti")
    client = reading(scene.committee)

    for text in ("Rini", "Rini Astuti", "P-", "%", "@"):
        page = client.post(f"{URL}/enrol", data={"q": text}).text
        assert person.number not in page, text
        answer = client.post(f"{URL}/enrol/known", data={"q": text, "person": person.id})
        assert answer.status_code == 400, text
    assert confirmed_count(scene.cohort) == 0


def test_shared_phone_shows_everybody_who_has_it_and_chooses_nobody(make, scene, reading):
    first, second = make.user("Rini", phone=PHONE), make.user("Rudi", phone=PHONE)
    client = reading(scene.committee)

    page = client.post(f"{URL}/enrol", data={"q": PHONE}).text
    client.post(f"{URL}/enrol/known", data={"q": PHONE, "person": second.id})

    assert first.number in page
    assert second.number in page
    assert db.session.scalars(sa.select(Enrolment.user_id)).all() == [second.id]


def test_full_class_says_so(make, scene, reading):
    scene.cohort.capacity = 1
    make.enrolment(scene.cohort)
    person = make.user("Rini")

    page = (
        reading(scene.committee)
        .post(
            f"{URL}/enrol/known",
            data={"q": person.number, "person": person.id},
            follow_redirects=True,
        )
        .text
    )

    assert "The class is full" in page
    assert confirmed_count(scene.cohort) == 1


def test_new_person_is_registered_and_enrolled(scene, reading):
    data = {"full_name": "Sukarno", "institution": "Perpusdes Mawar"}

    answer = reading(scene.committee).post(f"{URL}/enrol/new", data=data)

    assert answer.status_code == 302
    enrolment = db.session.scalar(sa.select(Enrolment))
    assert (enrolment.user.full_name, enrolment.institution) == ("Sukarno", scene.library)


@pytest.mark.parametrize("email", ["new@example.id", ""])
def test_form_sent_four_times_at_once_registers_one_person(scene, reading, at_once, email):
    clients = [reading(scene.committee) for _n in range(4)]
    data = {"full_name": "Sukarno", "email": email}

    answers = at_once(*(lambda c=c: c.post(f"{URL}/enrol/new", data=data) for c in clients))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 302]
    found = sa.select(sa.func.count(User.id)).filter_by(full_name="Sukarno")
    assert db.session.scalar(found) == confirmed_count(scene.cohort) == 1


def test_new_person_of_a_full_class_is_not_left_over(make, scene, reading):
    scene.cohort.capacity = 1
    make.enrolment(scene.cohort)

    reading(scene.committee).post(f"{URL}/enrol/new", data={"full_name": "Sukarno"})

    assert db.session.scalar(sa.select(User).filter_by(full_name="Sukarno")) is None


def test_namesake_nearby_is_shown_before_another_is_registered(make, scene, reading):
    known = make.user("Siti Aminah", institution=scene.library)
    make.user("Siti Aminah", institution=scene.other)
    client = reading(scene.committee)
    data = {"full_name": "SITI AMINAH", "institution": "Perpusdes Mawar"}

    asked = client.post(f"{URL}/enrol/new", data=data).text
    assert confirmed_count(scene.cohort) == 0
    assert f'name="q" value="{known.number}"' in asked
    client.post(f"{URL}/enrol/new", data={**data, "another": "y"})

    assert known.number in asked
    assert "Dinas Jabar" not in asked
    assert confirmed_count(scene.cohort) == 1
    assert db.session.scalar(sa.select(Enrolment.user_id)) != known.id


def test_unknown_institution_is_added_only_when_somebody_says_so(scene, reading):
    client = reading(scene.committee)
    data = {"full_name": "Sukarno", "institution": "Perpusdes Baru"}

    refused = client.post(f"{URL}/enrol/new", data=data)
    client.post(f"{URL}/enrol/new", data={**data, "create_institution": "y"})

    assert "is not known" in refused.text
    enrolment = db.session.scalar(sa.select(Enrolment))
    assert enrolment.institution.name == "Perpusdes Baru"
    assert enrolment.institution.parent == scene.province
