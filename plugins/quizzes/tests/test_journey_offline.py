"""A participant's phone loses the line in the middle of a test: nothing that was given is lost."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.api import db, now
from plugins.quizzes.models import Answer, Attempt
from plugins.quizzes.services import start_attempt

pytestmark = pytest.mark.journey


@pytest.fixture
def attempt(classroom):
    found = start_attempt(classroom.test, classroom.enrolment)
    db.session.commit()
    return found


@pytest.fixture
def page(classroom, attempt, open_page):
    found = open_page(classroom.user)
    found.goto(classroom.url("/attempts/1"))
    return found


def pick(page, item, choice):
    page.locator(f"form[data-item='{item}'] .pick").nth(choice).click()


def go_on(page, item):
    page.locator(f"form[data-item='{item}'] .btn-primary").click()


def cell(page, item):
    return page.locator(f".qgrid [data-item='{item}']")


def wait_until_saved(page, item):
    page.wait_for_selector(f".qgrid .d[data-item='{item}']")


def stored():
    db.session.rollback()
    rows = db.session.scalars(sa.select(Answer).order_by(Answer.question_id)).all()
    return [(row.choices, row.flagged) for row in rows]


def choices(attempt, *picks):
    """What the server should hold: for each item the places that were picked."""
    return [
        [place["choices"][pick] for pick in places]
        for place, places in zip(attempt.paper, picks, strict=False)
    ]


def test_each_answer_is_saved_as_it_is_given(page, attempt):
    pick(page, 1, 2)
    wait_until_saved(page, 1)
    assert stored() == [(choices(attempt, [2])[0], False)]

    go_on(page, 1)
    page.locator("form[data-item='2'] [name=flagged]").click()
    pick(page, 2, 0)
    wait_until_saved(page, 2)

    assert stored()[1] == (choices(attempt, [2], [0])[1], True)
    assert "f" in cell(page, 2).get_attribute("class").split()
    assert page.url.endswith("?q=2")


def test_an_answer_given_before_the_script_has_arrived_is_saved(classroom, attempt, open_page):
    page, held = open_page(classroom.user), []
    page.route("**/test.js*", lambda route: held.append(route))  # noqa: PLW0108 -- Playwright takes no builtin
    page.goto(classroom.url("/attempts/1"), wait_until="commit")
    pick(page, 1, 2)

    held[0].continue_()
    wait_until_saved(page, 1)

    assert stored() == [(choices(attempt, [2])[0], False)]


def test_answers_given_without_a_line_arrive_when_it_is_back(page, attempt):
    pick(page, 1, 0)
    wait_until_saved(page, 1)
    page.context.set_offline(True)
    page.wait_for_selector("#offline:not([hidden])")

    go_on(page, 1)
    pick(page, 2, 1)
    go_on(page, 2)
    pick(page, 3, 0)
    pick(page, 3, 1)
    page.wait_for_selector(".qgrid .l[data-item='3']")

    assert "l" in cell(page, 2).get_attribute("class").split()
    assert re.search(r"\b2\b", page.locator("#kept").inner_text())
    assert len(stored()) == 1

    page.context.set_offline(False)
    wait_until_saved(page, 2)
    wait_until_saved(page, 3)

    page.wait_for_selector("#offline", state="hidden")
    assert [row[0] for row in stored()] == choices(attempt, [0], [1], [1])
    assert page.evaluate("localStorage.length") == 0


def test_answers_survive_closing_the_page_and_a_new_one_sends_them(
    page, classroom, attempt, live_server
):
    page.context.set_offline(True)
    pick(page, 1, 1)
    page.wait_for_selector(".qgrid .l[data-item='1']")
    other = page.context.new_page()
    page.close()
    page.context.set_offline(False)

    other.goto(classroom.url("/attempts/1"))
    wait_until_saved(other, 1)

    assert [row[0] for row in stored()] == choices(attempt, [1])
    assert other.locator("form[data-item='1'] .pick input").nth(1).is_checked()


def test_a_newer_answer_from_another_device_is_kept_and_shown(page, classroom, attempt, open_page):
    page.context.set_offline(True)
    pick(page, 1, 1)
    other = open_page(classroom.user)
    other.goto(classroom.url("/attempts/1"))
    for choice in (0, 1, 2):
        pick(other, 1, choice)
        wait_until_saved(other, 1)

    page.context.set_offline(False)
    wait_until_saved(page, 1)

    assert [row[0] for row in stored()] == choices(attempt, [2])
    assert page.locator("form[data-item='1'] .pick input").nth(2).is_checked()


def test_handing_in_waits_for_what_is_still_on_the_device(page, attempt):
    page.context.set_offline(True)
    pick(page, 1, 0)
    page.wait_for_selector(".qgrid .l[data-item='1']")

    page.locator("#review").click()
    page.wait_for_selector("#offline:not([hidden])")
    assert "/review" not in page.url

    page.context.set_offline(False)
    wait_until_saved(page, 1)
    page.locator("#review").click()
    page.wait_for_url("**/review")
    page.locator("#submit .btn-primary").click()
    page.wait_for_url("**/result")

    db.session.rollback()
    closed = db.session.scalars(sa.select(Attempt)).one()
    assert (closed.closed_by, closed.score) == ("participant", 25)


def test_answers_after_the_deadline_do_not_count_and_the_page_says_so(page, attempt, clock):
    pick(page, 1, 0)
    wait_until_saved(page, 1)
    page.context.set_offline(True)
    pick(page, 1, 1)
    clock.set(attempt.deadline_at + timedelta(minutes=1))

    page.context.set_offline(False)
    page.wait_for_selector("#over:not([hidden])")

    assert "10.30 WIB" in page.locator("#refused").inner_text()
    assert [row[0] for row in stored()] == choices(attempt, [0])
    page.locator("#over").click()
    page.wait_for_url("**/result")


def test_the_time_runs_down_from_the_servers_seconds_and_ends_at_the_result(
    classroom, attempt, open_page, clock
):
    clock.set(attempt.deadline_at - timedelta(seconds=3))
    page = open_page(classroom.user)
    page.goto(classroom.url("/attempts/1"))
    pick(page, 1, 0)
    wait_until_saved(page, 1)
    before = page.locator("#timer").inner_text()
    page.get_by_role("timer").filter(has_text=re.compile("^0 ")).wait_for()
    clock.set(attempt.deadline_at + timedelta(seconds=6))

    page.wait_for_url("**/result", timeout=20_000)

    assert re.match(r"[123] ", before)
    db.session.rollback()
    assert db.session.scalars(sa.select(Attempt.closed_by)).one() == "server"
    assert now() > attempt.deadline_at


def test_a_participant_signed_out_elsewhere_keeps_the_answers(page, classroom, attempt):
    page.context.clear_cookies()
    pick(page, 1, 1)

    page.wait_for_selector("#refused:not([hidden])")

    assert "l" in cell(page, 1).get_attribute("class").split()
    assert page.evaluate("localStorage.length") == 1
    assert stored() == []


def test_without_a_script_the_same_test_is_taken_by_forms(classroom, open_page):
    page = open_page(classroom.user, java_script_enabled=False)
    page.goto(classroom.url())

    page.locator("form[action$='/start'] button").click()
    for item in (1, 2, 3):
        pick(page, item, 0)
        go_on(page, item)
    page.locator("form[data-item='4'] .pick").nth(0).click()
    page.locator("form[data-item='4'] .pick").nth(1).click()
    go_on(page, 4)
    page.locator("#submit .btn-primary").click()

    assert page.url.endswith("/result")
    db.session.rollback()
    assert db.session.scalars(sa.select(Attempt.score)).one() == 100


def test_answers_given_while_tests_are_disabled_arrive_when_they_are_back(
    page, attempt, classroom, make
):
    make.disabled("quizzes", classroom.institution)
    db.session.commit()
    pick(page, 1, 2)
    page.wait_for_selector("#refused:not([hidden])")
    assert stored() == []

    make.enabled("quizzes", classroom.institution)
    db.session.commit()
    wait_until_saved(page, 1)

    page.wait_for_selector("#refused", state="hidden")
    assert stored() == [(choices(attempt, [2])[0], False)]
