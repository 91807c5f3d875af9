"""Who reaches which page, and what is left of it where the plugin is disabled."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from core.api import db
from plugins.quizzes import queries
from plugins.quizzes.jobs import plan_close
from plugins.quizzes.models import Attempt
from plugins.quizzes.services import start_attempt

ROLES = ("anonymous", "stranger", "participant", "trainer", "committee", "organiser", "lecturer")
STAFF = {"trainer", "committee", "organiser"}
AUTHORS = {"organiser"}

# Path, method, and the roles that get in. "lecturer" is a trainer by grant, "trainer" and
# "committee" are on the staff list of the class.
PAGES = [
    ("course", "", "get", {"organiser", "lecturer"}),
    ("course", "/preview", "get", {"organiser", "lecturer"}),
    ("course", "/settings", "get", AUTHORS),
    ("course", "/settings", "post", AUTHORS),
    ("course", "/import", "get", AUTHORS),
    ("course", "/import", "post", AUTHORS),
    ("course", "/questions/new", "get", AUTHORS),
    ("course", "/questions/{question}", "get", AUTHORS),
    ("course", "/questions/{question}", "post", AUTHORS),
    ("course", "/questions/{question}/move", "post", AUTHORS),
    ("course", "/questions/{question}/delete", "get", AUTHORS),
    ("class", "", "get", {"participant", *STAFF, "lecturer"}),
    ("class", "/start", "post", {"participant"}),
    ("class", "/attempts/1", "get", {"participant"}),
    ("class", "/attempts/1/review", "get", {"participant"}),
    ("class", "/attempts/1/answers/1", "post", {"participant"}),
    ("scores", "/scores", "get", {*STAFF, "lecturer"}),
    ("scores", "/scores.csv", "get", {*STAFF, "lecturer"}),
]


@pytest.fixture
def clients(classroom, as_user, make, client):
    person = {role: make.cohort_staff(classroom.cohort, role) for role in ("trainer", "committee")}
    person["stranger"] = make.enrolment(make.cohort(classroom.course)).user
    person["participant"] = classroom.user
    person["organiser"] = make.staff("organiser", classroom.institution)
    person["lecturer"] = make.staff("trainer", classroom.institution)
    return {"anonymous": client} | {role: as_user(user) for role, user in person.items()}


def address(classroom, where, path):
    question = queries.questions_of(classroom.test)[0]
    base = {
        "course": classroom.author_url(),
        "class": classroom.url(),
        "scores": f"/quizzes/classes/{classroom.cohort.code}",
    }[where]
    return base + path.format(question=question.id)


@pytest.mark.parametrize(("where", "path", "method", "allowed"), PAGES)
def test_roles_and_pages(classroom, clients, where, path, method, allowed):
    start_attempt(classroom.test, classroom.enrolment)
    url = address(classroom, where, path)

    statuses = {role: getattr(clients[role], method)(url).status_code for role in ROLES}

    entered = {role for role, status in statuses.items() if role != "anonymous" and status < 400}
    assert entered == allowed
    assert statuses["anonymous"] == 302
    assert {statuses[role] for role in set(ROLES) - allowed - {"anonymous"}} <= {403}


def test_staff_of_a_class_look_in_without_a_button_to_start(classroom, clients):
    for role in ("trainer", "organiser"):
        assert classroom.url("/start") not in clients[role].get(classroom.url()).text


def test_trainers_see_keys_and_no_way_to_change_them(classroom, clients):
    html = clients["lecturer"].get(classroom.author_url()).text

    assert "One" in html
    assert "<form" not in html.split('<footer class="foot">')[0]
    assert "/settings" not in html


def test_the_owner_of_another_course_is_refused(classroom, make, as_user):
    other = make.institution("Province", classroom.institution, "province")
    foreign = make.course(other)
    author = as_user(make.staff("organiser", other))
    own = f"/quizzes/courses/{foreign.id}/tests/{classroom.activity.id}"

    assert author.get(classroom.author_url()).status_code == 403
    assert author.get(own).status_code == 404
    assert author.post(f"{own}/settings").status_code == 404


# Where the plugin is disabled


@pytest.fixture
def disabled(classroom, make):
    start_attempt(classroom.test, classroom.enrolment)
    make.disabled("quizzes", classroom.institution)
    return classroom


def test_disabled_pages_are_not_there_and_come_back(disabled, clients, make):
    for where, path, method, _allowed in PAGES:
        for role in set(ROLES) - {"anonymous"}:
            response = getattr(clients[role], method)(address(disabled, where, path))
            assert response.status_code == 404, (path, role)

    make.enabled("quizzes", disabled.institution)

    assert clients["participant"].get(disabled.url("/attempts/1")).status_code == 200
    assert clients["organiser"].get(disabled.author_url()).status_code == 200


@pytest.mark.parametrize("path", ["/start", "/attempts/1/submit"])
def test_a_disabled_page_does_not_tell_itself_by_its_method(disabled, clients, path):
    assert clients["participant"].get(disabled.url(path)).status_code == 404


def test_disabled_kind_shows_as_unavailable_and_panels_are_gone(disabled, clients, make):
    def shown():
        course = clients["participant"].get(f"/classes/{disabled.cohort.code}").text
        manage = clients["organiser"].get(f"/classes/{disabled.cohort.code}/manage").text
        return {
            "title": "Post-test" in course,
            "link": disabled.url() in course,
            "own": 'id="quizzes-own"' in course,
            "scores": 'id="quizzes-scores"' in manage,
        }

    assert shown() == {"title": True, "link": False, "own": False, "scores": False}

    make.enabled("quizzes", disabled.institution)

    assert shown() == {"title": True, "link": True, "own": True, "scores": True}


def test_disabled_kind_is_not_offered_to_authors(disabled, clients, make):
    url = f"/courses/{disabled.course.id}/activities/new"
    assert "quizzes.test" not in clients["organiser"].get(url).text

    make.enabled("quizzes", disabled.institution)

    assert "quizzes.test" in clients["organiser"].get(url).text


def test_the_job_is_held_while_the_plugin_is_disabled(disabled, clock, make, run_jobs):
    attempt = db.session.scalars(sa.select(Attempt)).one()
    clock.set(attempt.deadline_at)
    clock.forward(minutes=1)
    plan_close(attempt, datetime.now(UTC))

    run_jobs()
    assert attempt.is_open

    make.enabled("quizzes", disabled.institution)
    run_jobs()  # lets it go
    run_jobs()
    assert attempt.closed_by == "server"


def test_menu_entry_comes_and_goes_with_the_plugin_of_that_institution(classroom, as_user, make):
    admin = make.staff("institution_admin", classroom.institution)
    client = as_user(admin)

    def entries():
        return client.get("/more").text.count('href="/quizzes/scores"')

    before = entries()
    make.disabled("quizzes", classroom.institution)
    gone, page = entries(), client.get("/quizzes/scores")
    make.enabled("quizzes", classroom.institution)

    assert (before, gone, entries()) == (1, 0, 1)
    assert page.status_code in {403, 404}
