"""Who may open which page of the editor: role × route × answer."""

import pytest

LOOK = ["", "/preview", "/activities/{a}/preview"]
WRITE = [
    "/settings",
    "/sections/new",
    "/sections/{one}",
    "/sections/{one}/delete",
    "/activities/new",
    "/activities/new?kind=page",
    "/activities/{a}",
    "/activities/{a}/delete",
]
CHANGE = [
    "/publish",
    "/withdraw",
    "/sections/{one}/move",
    "/sections/{two}/delete",
    "/activities/{a}/move",
    "/activities/{a}/delete",
]
MAY = {"author": (200, 200), "admin_above": (200, 200), "trainer": (200, 403),
       "foreign_organiser": (403, 403), "participant": (403, 403)}  # fmt: skip


@pytest.fixture
def people(make, office, author, written):
    """One of each; the participant is enrolled in a class of the course."""
    elsewhere = make.institution("Elsewhere", make.institution("Nation 2"), "province")
    cohort = make.cohort(written.course, office, publish=False)
    return {
        "author": author,
        "admin_above": make.staff("institution_admin", office.parent),
        "trainer": make.staff("trainer", office),
        "foreign_organiser": make.staff("organiser", elsewhere),
        "participant": make.enrolment(cohort).user,
    }


def address(written, path):
    ids = {"a": written.a.id, "one": written.one.id, "two": written.two.id}
    return written.url + path.format(**ids)


@pytest.mark.parametrize("role", MAY)
def test_staff_of_the_owner_look_and_its_authors_write(people, as_user, written, role):
    client = as_user(people[role])

    answers = {path: client.get(address(written, path)).status_code for path in LOOK + WRITE}

    look, write = MAY[role]
    assert answers == dict.fromkeys(LOOK, look) | dict.fromkeys(WRITE, write)


@pytest.mark.parametrize("role", ["trainer", "foreign_organiser", "participant"])
def test_others_change_nothing(people, as_user, written, layout, role):
    before, client = layout(), as_user(people[role])

    answers = {
        path: client.post(address(written, path), data={"step": "1"}).status_code
        for path in CHANGE + WRITE
    }

    assert answers == dict.fromkeys(CHANGE + WRITE, 403)
    assert (layout(), written.course.status) == (before, "draft")


def test_participant_has_no_courses_page(people, as_user):
    client = as_user(people["participant"])

    assert [client.get(path).status_code for path in ("/courses", "/courses/new")] == [403, 403]


def test_whoever_has_not_signed_in_is_asked_to(client, written):
    paths = [*LOOK, *WRITE, "/files/{a}"]

    answers = [client.get(address(written, path)) for path in paths]

    assert {answer.status_code for answer in answers} == {302}
    assert all(answer.location.startswith("/sign-in?next=") for answer in answers)


def test_nobody_changes_anything_without_signing_in(client, written, layout):
    before = layout()

    answers = [client.post(address(written, path), data={"step": "1"}) for path in CHANGE]

    assert all(answer.location.startswith("/sign-in") for answer in answers)
    assert layout() == before


def test_trainer_sees_no_way_to_change_anything(people, as_user, written):
    page = as_user(people["trainer"]).get(written.url).text

    assert "Page a" in page
    assert 'name="step"' not in page
    for path in ("/settings", "/sections/new", "/activities/new", "/publish"):
        assert written.url + path not in page


def test_activity_of_another_course_is_not_there(make, as_user, author, office, written):
    other = make.course(office).activities[0]
    client = as_user(author)
    paths = ["activities/{0}", "activities/{0}/delete", "activities/{0}/preview", "files/{0}"]

    answers = [client.get(f"{written.url}/{path.format(other.id)}") for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 4


def test_activity_of_another_course_is_not_changed(make, as_user, author, office, written):
    course = make.course(office, pages=2)
    first, second = course.activities
    client = as_user(author)

    answers = [
        client.post(f"{written.url}/activities/{first.id}{path}", data={"step": "1", "title": "X"})
        for path in ("", "/move", "/delete")
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert [activity.title for activity in course.activities] == ["Page 1", "Page 2"]
    assert (first.position, second.position) == (1, 2)


def test_section_of_another_course_is_not_there(make, as_user, author, office, written):
    other = make.course(office).sections[0]
    client = as_user(author)

    assert client.get(f"{written.url}/sections/{other.id}").status_code == 404
    assert client.get(f"{written.url}/activities/new?section={other.id}").status_code == 404


@pytest.mark.parametrize("path", ["/courses/{0}", "/courses/1/activities/{0}/preview"])
def test_number_that_no_row_can_have_is_a_page_that_is_not_there(as_user, author, path):
    assert as_user(author).get(path.format("9" * 30)).status_code == 404
