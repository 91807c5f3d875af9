"""What plugins ask in the forms of people, courses, cohorts and enrolments, new and known.

Parts of an institution's form, and what a broken part does there, are in `test_contributions`.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from core.cohorts.models import Cohort, Enrolment
from core.courses.models import Course
from core.db import db
from core.people.models import User
from core.testing.counting import count_queries
from core.testing.forms import sent_parts

PERSON = {"full_name": "Siti Aminah"}
PROFILE = {"language": "id", "timezone": "Asia/Jakarta", "theme": "dark"}
COURSE = {"title": "Changed", "summary": "", "lesson_hours": "0", "language": "id"}
CLASS = {
    "title": "Changed",
    "starts_on": "2026-11-23",
    "ends_on": "2026-11-24",
    "mode": "online",
    "timezone": "Asia/Jakarta",
    "enrolment_policy": "organiser",
}


def fails(*_given: Any) -> Any:
    raise RuntimeError


@dataclass(frozen=True)
class Form:
    """A form of core: where it is, what is filled in, whose note comes of it, what core saves."""

    path: str
    data: Mapping[str, Any]
    key: str
    thing: Callable[[], Any]
    kept: Callable[[], Any]

    def sent(self, note: str, **more: Any) -> dict[str, Any]:
        asked = ("user", "enrolment") if "/enrol/new" in self.path else (self.key,)
        marks = sent_parts("extras", *asked)
        return {**self.data, **marks, f"extras-{self.key}-note": note, **more}


@pytest.fixture
def enrolment(place, make):
    found = make.enrolment(place.cohort, make.user("Rini", institution=place.office))
    db.session.commit()
    return found


@pytest.fixture
def known(make, place):
    person = make.user("Known", institution=place.office)
    db.session.commit()
    return person


def called(name: str) -> User | None:
    return db.session.scalar(sa.select(User).filter_by(full_name=name))


def place_of(name: str) -> Enrolment | None:
    query = sa.select(Enrolment).join(Enrolment.user).where(User.full_name == name)
    return db.session.scalar(query)


FORMS = (
    "profile", "participant", "new participant", "new staff", "enrolment", "known person",
    "new place", "course", "new course", "cohort", "new cohort",
)  # fmt: skip
KNOWN = ("profile", "participant", "enrolment", "course", "cohort")
ASKED_BY_CORE = ("profile", "participant", "new place", "course", "new cohort")
EACH_HOOK = ("profile", "new place", "new course", "cohort")


@pytest.fixture(params=FORMS)
def form(request, place, enrolment, known):
    """Each form in turn."""
    base = f"/classes/{place.cohort.code}"
    here = f"{base}/participants/{enrolment.id}"
    course, cohort = place.cohort.course, place.cohort
    hosts = {"organiser_id": place.office.id, "host_id": place.office.id}
    new_class = {**CLASS, **hosts, "code": "NEW-1", "course_id": course.id}
    new_course = {**COURSE, "code": "NEW-1", "institution_id": place.nation.id}

    def coded(model):
        return db.session.scalar(sa.select(model).filter_by(code="NEW-1"))

    def siti():
        return called("Siti Aminah")

    def her_place():
        return place_of("Siti Aminah")

    forms = {
        "profile": Form(
            "/profile", PROFILE, "user", lambda: place.organiser, lambda: place.organiser.theme
        ),
        "participant": Form(f"{here}/person", PERSON, "user", lambda: enrolment.user, siti),
        "new participant": Form(f"{base}/enrol/new", PERSON, "user", siti, her_place),
        "new staff": Form(f"{base}/staff/new", {**PERSON, "role": "trainer"}, "user", siti, siti),
        "enrolment": Form(f"{here}/enrolment", {}, "enrolment", lambda: enrolment, lambda: None),
        "known person": Form(
            f"{base}/enrol/known",
            {"q": known.number, "person": known.id},
            "enrolment",
            lambda: place_of("Known"),
            lambda: place_of("Known"),
        ),
        "new place": Form(f"{base}/enrol/new", PERSON, "enrolment", her_place, her_place),
        "course": Form(
            f"/courses/{course.id}/settings",
            COURSE,
            "course",
            lambda: course,
            lambda: course.title == "Changed",
        ),
        "new course": Form(
            "/courses/new", new_course, "course", lambda: coded(Course), lambda: coded(Course)
        ),
        "cohort": Form(
            f"{base}/settings",
            {**CLASS, **hosts},
            "cohort",
            lambda: cohort,
            lambda: cohort.title == "Changed",
        ),
        "new cohort": Form(
            "/classes/new", new_class, "cohort", lambda: coded(Cohort), lambda: coded(Cohort)
        ),
    }
    return forms[request.param]


@pytest.fixture
def organiser(place, make, as_user):
    """Runs the class, authors the course, and works in the class, so that its host is theirs."""
    make.enrolment(place.cohort, place.organiser)
    return as_user(place.organiser)


@pytest.fixture
def untouched(form):
    """What core has of it before anything is sent."""
    before = form.kept()
    return lambda: form.kept() == before


def note(form: Form) -> str | None:
    found = form.thing()
    if found is None:
        return None
    table = sa.text(f"SELECT text FROM extras.{form.key}_note WHERE {form.key}_id = :id")
    return db.session.scalar(table, {"id": found.id})


def notes() -> int:
    """How many notes there are of anything."""
    tables = ("user", "course", "cohort", "enrolment")
    counted = [f"(SELECT count(*) FROM extras.{name}_note)" for name in tables]
    return db.session.scalar(sa.text(f"SELECT {' + '.join(counted)}"))


def shown(form: Form, client: Any) -> Any:
    """The page with the form as it is before anybody fills it in."""
    if form.path.endswith("/known"):
        return client.post(form.path.removesuffix("/known"), data={"q": form.data["q"]})
    return client.get(form.path)


def test_part_is_shown_and_saved_with_the_form(form, organiser):
    page = shown(form, organiser)
    sent = organiser.post(form.path, data=form.sent("Read"))

    assert page.text.count(f"Note on the {form.key}") == 1
    assert f'name="extras-{form.key}-note"' in page.text
    assert sent.status_code == 302
    assert form.kept() or form.key == "enrolment"
    assert note(form) == "Read"


@pytest.mark.parametrize("form", KNOWN, indirect=True)
def test_what_is_known_stands_in_the_form_and_is_changed(form, organiser):
    organiser.post(form.path, data=form.sent("Read"))

    page = shown(form, organiser)
    sent = organiser.post(form.path, data=form.sent("Write"))

    assert 'value="Read"' in page.text
    assert sent.status_code == 302
    assert note(form) == "Write"


@pytest.mark.parametrize(
    ("save", "value", "sentence"),
    [
        ("", "much too long for it", "longer than 10"),
        ("refuses", "Read", "This note will not do."),
        ("fails", "Read", "tidak dapat disimpan"),
        ("", "unkeepable", "tidak dapat disimpan"),
    ],
)
def test_wrong_part_takes_everything_back(form, organiser, state, untouched, save, value, sentence):
    state.tell["save"] = f"{form.key} {save}"

    answer = organiser.post(form.path, data=form.sent(value))

    assert answer.status_code == 200
    assert answer.text.count(sentence) == 1
    assert f'value="{value}"' in answer.text
    assert untouched()
    assert notes() == 0


@pytest.mark.parametrize("form", ASKED_BY_CORE, indirect=True)
def test_wrong_field_of_core_saves_no_part_either(form, organiser, untouched):
    wrong = dict.fromkeys(("full_name", "title", "theme", "code", "starts_on"), "")

    answer = organiser.post(form.path, data={**form.sent("much too long for it"), **wrong})

    assert answer.status_code == 200
    assert answer.text.count('class="err"') > 1
    assert untouched()
    assert notes() == 0


@pytest.mark.parametrize("form", EACH_HOOK, indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda part: replace(part, template="extras/missing.html"),
        lambda part: replace(part, form=None),
    ],
)
def test_part_that_fails_leaves_the_form_usable_to_read(form, organiser, state, untouched, change):
    state.tell["part"] = change

    page = shown(form, organiser)
    sent = organiser.post(form.path, data=form.sent("Read"))

    assert (page.status_code, sent.status_code) == (200, 200)
    assert f"extras-{form.key}-note" not in page.text
    assert "tidak dapat disimpan" in sent.text
    assert untouched()
    assert notes() == 0


@pytest.mark.parametrize("form", EACH_HOOK, indirect=True)
def test_form_saves_without_a_plugin_that_cannot_say_what_it_asks(form, organiser, state):
    state.tell["part"] = fails

    page = shown(form, organiser)
    sent = organiser.post(form.path, data=form.data)

    assert (page.status_code, sent.status_code) == (200, 302)
    assert notes() == 0


@pytest.mark.parametrize("form", FORMS, indirect=True)
def test_what_was_written_is_not_dropped_when_the_plugin_fails_meanwhile(
    form, organiser, state, untouched
):
    state.tell["part"] = fails

    answer = organiser.post(form.path, data=form.sent("Read"))

    assert answer.status_code == 200
    assert "“Extras” tidak dapat disimpan" in answer.text
    assert untouched()


@pytest.mark.parametrize("form", KNOWN, indirect=True)
def test_part_that_was_not_on_the_page_is_asked_for_and_never_emptied(form, organiser):
    organiser.post(form.path, data=form.sent("Read"))

    answer = organiser.post(form.path, data=form.data)

    assert answer.status_code == 200
    assert 'value="Read"' in answer.text
    assert "sebelumnya tidak ada" in answer.text
    assert note(form) == "Read"


def test_disabled_plugin_asks_nothing_and_the_form_saves(form, place, make, state, organiser):
    make.disabled("extras", place.nation)
    state.heard.clear()

    page = shown(form, organiser)
    sent = organiser.post(form.path, data=form.sent("Read"))

    assert page.status_code == (302 if form.path.endswith("/enrolment") else 200)
    assert "Note on" not in page.text
    assert sent.status_code == 302
    assert notes() == 0
    assert state.heard == []


@pytest.mark.parametrize("form", EACH_HOOK, indirect=True)
def test_each_part_is_asked_once_for_a_page(form, organiser, state):
    state.heard.clear()

    shown(form, organiser)

    asked = [key for key, _thing, _asked in state.heard]
    assert sorted(asked) == sorted(set(asked))
    assert form.key in asked


# Who is asked, where


def test_profile_asks_where_the_person_takes_part_or_works(place, make, state, as_user):
    stranger = make.user("Stranger")
    trainer = make.cohort_staff(place.cohort, "trainer")
    participant = make.enrolment(place.cohort).user
    withdrawn = make.enrolment(place.cohort)
    make.withdrawn(withdrawn)

    pages = {
        person.id: as_user(person).get("/profile").text
        for person in (stranger, trainer, participant, withdrawn.user)
    }

    asking = [person_id for person_id, page in pages.items() if "Note on the user" in page]
    assert asking == [trainer.id, participant.id]
    assert [(thing.id, asked) for _key, thing, asked in state.heard] == [
        (person.id, {"cohort": None, "by": person.id}) for person in (trainer, participant)
    ]


def test_class_tells_who_asks_about_whom(place, state, organiser, enrolment):
    base = f"/classes/{place.cohort.code}"
    by = {"cohort": "OFFICE-1", "by": place.organiser.id}

    organiser.get(f"{base}/participants/{enrolment.id}/person")
    organiser.get(f"{base}/enrol/new")

    heard = [(key, thing and thing.id, asked) for key, thing, asked in state.heard]
    assert heard == [
        ("user", enrolment.user_id, by),
        ("user", None, by),
        ("enrolment", None, by),
    ]


def test_host_that_the_form_of_a_class_names_decides_what_is_asked(place, make, organiser, state):
    bare = make.institution("Bare", place.nation)
    make.disabled("extras", bare)
    path = f"/classes/{place.cohort.code}/settings"
    data = {**CLASS, "organiser_id": place.office.id}

    moved = organiser.post(path, data={**data, "host_id": bare.id})
    back = organiser.post(path, data={**data, "host_id": place.office.id})

    assert moved.status_code == 302
    assert back.status_code == 200
    assert "Note on the cohort" in back.text
    assert place.cohort.host_id == bare.id
    assert state.heard[-1][2] == {"host": place.office.id, "by": place.organiser.id}


def test_owner_that_the_form_of_a_course_names_decides_what_is_asked(place, make, organiser):
    make.disabled("extras", place.nation)
    make.enabled("extras", place.office)
    data = {**COURSE, "code": "NEW-1"}

    first = organiser.get("/courses/new")
    asked = organiser.post("/courses/new", data={**data, "institution_id": place.office.id})
    made = organiser.post("/courses/new", data={**data, "institution_id": place.nation.id})

    assert "Note on the course" not in first.text
    assert "Note on the course" in asked.text
    assert made.status_code == 302


def test_place_that_somebody_has_already_keeps_its_answers(place, enrolment, organiser):
    base = f"/classes/{place.cohort.code}"
    marks = sent_parts("extras", "enrolment")
    organiser.post(
        f"{base}/participants/{enrolment.id}/enrolment",
        data={**marks, "extras-enrolment-note": "Read"},
    )
    person = enrolment.user

    page = organiser.post(f"{base}/enrol", data={"q": person.number})
    organiser.post(
        f"{base}/enrol/known",
        data={"q": person.number, "person": person.id, **marks, "extras-enrolment-note": ""},
    )

    assert f'href="{base}/participants/{enrolment.id}"' in page.text
    assert "Note on the enrolment" not in page.text
    assert db.session.scalar(sa.text("SELECT text FROM extras.enrolment_note")) == "Read"


def test_page_of_a_participant_builds_no_form_for_its_link(
    place, make, state, enrolment, organiser, as_user
):
    path = f"/classes/{place.cohort.code}/participants/{enrolment.id}"

    assert f'href="{path}/enrolment"' in organiser.get(path).text
    assert state.heard == []

    make.disabled("extras", place.office)
    db.session.commit()
    assert f'href="{path}/enrolment"' not in organiser.get(path).text


def test_who_may_not_enrol_neither_sees_nor_changes_an_enrolment(place, make, enrolment, as_user):
    trainer = as_user(make.cohort_staff(place.cohort, "trainer"))
    path = f"/classes/{place.cohort.code}/participants/{enrolment.id}"
    data = {**sent_parts("extras", "enrolment"), "extras-enrolment-note": "Read"}

    page = trainer.get(path)
    sent = trainer.post(f"{path}/enrolment", data=data)

    assert "/enrolment" not in page.text
    assert sent.status_code == 403
    assert notes() == 0


def test_enrolment_of_another_class_is_not_there(place, make, enrolment, organiser):
    other = make.cohort(place.cohort.course, place.office, code="OTHER-1")

    answer = organiser.get(f"/classes/{other.code}/participants/{enrolment.id}/enrolment")

    assert answer.status_code == 404


def test_list_of_participants_asks_no_plugin_about_each(app, place, make, state, organiser):
    for _n in range(5):
        make.enrolment(place.cohort)
    with count_queries(app) as few:
        organiser.get(f"/classes/{place.cohort.code}/participants")
    for _n in range(20):
        make.enrolment(place.cohort)
    with count_queries(app) as many:
        organiser.get(f"/classes/{place.cohort.code}/participants")

    assert len(many) == len(few)
    assert state.heard == []


@pytest.mark.parametrize("model", ["UserNote", "CourseNote", "CohortNote", "EnrolmentNote"])
def test_rows_beside_each_of_cores_things_come_for_a_list_in_one_query(
    app, place, enrolment, model
):
    found = getattr(sys.modules["plugins.extras.models"], model)
    thing = {
        "UserNote": enrolment.user,
        "CourseNote": place.cohort.course,
        "CohortNote": place.cohort,
        "EnrolmentNote": enrolment,
    }[model]
    key = sa.inspect(found).primary_key[0].name
    db.session.add(found(**{key: thing.id}, text="Read"))
    db.session.commit()

    with count_queries(app) as statements:
        rows = found.map([thing])

    assert {id_: row.text for id_, row in rows.items()} == {thing.id: "Read"}
    assert len([s for s in statements if "extras" in s]) == 1
