"""The participant's pages: from the introduction to the result, and what they never show."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.api import db, schedule
from plugins.quizzes.authoring import change_test
from plugins.quizzes.models import GRACE, Answer, Attempt
from plugins.quizzes.services import save_answer, start_attempt, submit_attempt
from plugins.quizzes.tests.conftest import CLOSES, OPENS, TEN, add_test, multiple, single

JSON = {"Accept": "application/json"}
SECRETS = ("because-of-the-key", "well-chosen", "badly-chosen")


@pytest.fixture
def participant(classroom, as_user):
    return as_user(classroom.user)


@pytest.fixture
def begun(classroom):
    attempt = start_attempt(classroom.test, classroom.enrolment)
    db.session.commit()
    return attempt


def attempts():
    return db.session.scalars(sa.select(Attempt).order_by(Attempt.id)).all()


def answers():
    query = sa.select(Answer).order_by(Answer.question_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def checked(html):
    """(item, value) of every ticked box in the page."""
    found = []
    for form in re.split(r"<form ", html)[1:]:
        item = re.search(r'data-item="(\d+)"', form)
        boxes = re.findall(r'name="choice" value="(\d+)" checked', form)
        found += [(int(item[1]), int(value)) for value in boxes if item]
    return found


# The way through without a script


def test_the_introduction_says_what_awaits_and_offers_one_button(classroom, participant):
    html = participant.get(classroom.url()).text

    assert "09.00–12.00 WIB" in html
    assert html.count("btn-primary") == 1
    assert f'action="{classroom.url("/start")}"' in html


def test_the_introduction_shows_the_readers_own_clock_too(classroom, participant):
    classroom.user.timezone = "Asia/Jayapura"

    html = participant.get(classroom.url()).text

    assert "(11.00–14.00 WIT)" in html


@pytest.mark.parametrize("at", [OPENS - timedelta(hours=1), CLOSES])
def test_outside_the_window_there_is_no_button_and_no_way_around(classroom, participant, clock, at):
    clock.set(at)

    assert classroom.url("/start") not in participant.get(classroom.url()).text
    response = participant.post(classroom.url("/start"))

    assert response.location == classroom.url()
    assert attempts() == []


def test_begin_answer_review_and_hand_in(classroom, participant):
    start = participant.post(classroom.url("/start"))
    assert start.location == classroom.url("/attempts/1")

    first = participant.post(classroom.url("/attempts/1/answers/1"), data={"choice": "0"})
    assert first.location == classroom.url("/attempts/1?q=2")
    back = participant.post(
        classroom.url("/attempts/1/answers/2"), data={"choice": "1", "go": "back", "flagged": "1"}
    )
    assert back.location == classroom.url("/attempts/1?q=1")
    last = participant.post(classroom.url("/attempts/1/answers/4"), data={"choice": ["0", "1"]})
    assert last.location == classroom.url("/attempts/1/review")

    page = participant.get(classroom.url("/attempts/1?q=2")).text
    assert checked(page) == [(1, 0), (2, 1), (4, 0), (4, 1)]
    review = participant.get(last.location).text
    assert re.findall(r'class="[^"]*" aria-label="[^"]*">(\d)</a>', review) == ["3", "2"]

    done = participant.post(classroom.url("/attempts/1/submit"))
    assert done.location == classroom.url("/attempts/1/result")
    assert (attempts()[0].score, attempts()[0].closed_by) == (50, "participant")
    assert ">50</b>" in participant.get(done.location).text


def test_the_question_in_the_address_is_the_one_in_sight(classroom, participant, begun):
    page = participant.get(classroom.url("/attempts/1?q=3")).text

    forms = re.findall(r'<form class="card"[^>]*>', page)
    assert [("hidden" in form) for form in forms] == [True, True, False, True]
    assert participant.get(classroom.url("/attempts/1?q=99")).status_code == 200
    assert participant.get(classroom.url("/attempts/1?q=x")).status_code == 200


def test_an_answer_after_the_deadline_leads_to_the_result_with_a_sentence(
    classroom, participant, begun, clock
):
    participant.post(classroom.url("/attempts/1/answers/1"), data={"choice": "0"})
    clock.set(begun.deadline_at + timedelta(seconds=6))

    late = participant.post(
        classroom.url("/attempts/1/answers/2"), data={"choice": "0"}, follow_redirects=True
    )

    assert late.request.path == classroom.url("/attempts/1/result")
    assert "10.30 WIB" in late.text
    assert len(answers()) == 1
    assert (attempts()[0].closed_by, attempts()[0].score) == ("server", 25)


def test_the_clock_of_the_device_decides_nothing(classroom, participant, begun, clock):
    clock.set(begun.deadline_at + timedelta(seconds=6))

    late = participant.post(
        classroom.url("/attempts/1/answers/1"),
        data={"choice": "0", "saved_at": TEN.isoformat(), "at": TEN.isoformat(), "left": "999"},
        headers={**JSON, "Date": "Mon, 23 Nov 2026 03:00:00 GMT"},
    )

    assert late.status_code == 409
    assert answers() == []


def test_an_open_attempt_is_offered_again_after_going_away(classroom, participant, begun):
    html = participant.get(classroom.url()).text

    assert f'href="{classroom.url("/attempts/1")}"' in html
    assert classroom.url("/start") not in html


# Saving by script


def test_a_script_gets_what_the_server_holds(classroom, participant, begun, clock):
    clock.forward(minutes=5)

    answer = participant.post(
        classroom.url("/attempts/1/answers/4"),
        data={"choice": ["1", "0"], "sequence": "3", "flagged": "1"},
        headers=JSON,
    ).json

    assert answer == {
        "stored": True,
        "picked": [0, 1],
        "flagged": True,
        "sequence": 3,
        "left": 25 * 60,
        "at": "10.05 WIB",
    }


def test_an_older_answer_gets_the_newer_one_back(classroom, participant, begun):
    url = classroom.url("/attempts/1/answers/1")
    participant.post(url, data={"choice": "2", "sequence": "5"}, headers=JSON)

    answer = participant.post(url, data={"choice": "0", "sequence": "4"}, headers=JSON).json

    assert (answer["stored"], answer["picked"], answer["sequence"]) == (False, [2], 5)


def test_saving_an_answer_is_cheap(classroom, participant, begun, statements):
    url = classroom.url("/attempts/1/answers/1")
    participant.post(url, data={"choice": "0", "sequence": "1"}, headers=JSON)
    statements.clear()

    participant.post(url, data={"choice": "1", "sequence": "2"}, headers=JSON)

    # Which plugins act is asked once a second, not once a request.
    asked = [one for one in statements if "FROM plugin_" not in one]
    assert len(asked) <= 6, "\n\n".join(asked)


@pytest.mark.parametrize(
    "data",
    [
        {"choice": "9"},
        {"choice": "-1"},
        {"choice": "x"},
        {"choice": "²"},
        {"choice": ["0", "1"]},
        {"choice": "0", "sequence": "0"},
        {"choice": "0", "sequence": "9" * 19},
        {"choice": ["0"] * 900 + ["7"]},
    ],
)
def test_hostile_answers_are_refused_and_change_nothing(classroom, participant, begun, data):
    response = participant.post(classroom.url("/attempts/1/answers/1"), data=data, headers=JSON)

    assert response.status_code == 422
    assert answers() == []


def test_a_huge_body_is_refused(classroom, participant, begun):
    response = participant.post(
        classroom.url("/attempts/1/answers/1"), data={"choice": "0", "note": "x" * 3_000_000}
    )

    assert response.status_code == 413
    assert answers() == []


@pytest.mark.parametrize("item", [0, 5, 10**12])
def test_a_question_that_is_not_on_the_paper_is_refused(classroom, participant, begun, item):
    url = classroom.url(f"/attempts/1/answers/{item}")

    assert participant.post(url, data={"choice": "0"}, headers=JSON).status_code == 422


# Whose attempt it is


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/attempts/1"),
        ("get", "/attempts/1/review"),
        ("get", "/attempts/1/result"),
        ("post", "/attempts/1/answers/1"),
        ("post", "/attempts/1/submit"),
    ],
)
def test_another_persons_attempt_is_out_of_reach(classroom, begun, as_user, make, method, path):
    classmate = make.enrolment(classroom.cohort).user
    client = as_user(classmate)

    response = getattr(client, method)(classroom.url(path))

    assert response.status_code == 404
    assert attempts()[0].is_open
    assert answers() == []


def test_an_attempt_is_reached_through_its_own_test_only(classroom, begun, participant):
    other = add_test(classroom.course, "Exercise")
    wrong = f"/quizzes/classes/{classroom.cohort.code}/tests/{other.activity_id}"

    assert participant.get(f"{wrong}/attempts/1").status_code == 404
    assert participant.post(f"{wrong}/attempts/1/answers/1").status_code == 404


def test_a_test_of_another_course_is_not_in_this_class(classroom, participant, make):
    elsewhere = add_test(make.course(classroom.institution), "Elsewhere")
    url = f"/quizzes/classes/{classroom.cohort.code}/tests/{elsewhere.activity_id}"

    assert participant.get(url).status_code == 404
    assert participant.post(f"{url}/start").status_code == 404


def test_participants_of_a_hidden_class_find_nothing(classroom, participant, begun):
    classroom.cohort.status = "draft"

    assert participant.get(classroom.url()).status_code == 404
    assert participant.post(classroom.url("/start")).status_code == 404
    assert participant.get(classroom.url("/attempts/1")).status_code == 404


def test_staff_look_into_a_hidden_class(classroom, as_user, make):
    people = [make.staff("organiser", classroom.institution)]
    people += [make.cohort_staff(classroom.cohort, role) for role in ("trainer", "committee")]
    classroom.cohort.status = "draft"

    assert [as_user(person).get(classroom.url()).status_code for person in people] == [200] * 3


def test_a_number_that_no_attempt_can_have_is_a_page_that_is_not_there(classroom, participant):
    assert participant.get(classroom.url(f"/attempts/{2**31}")).status_code == 404
    assert participant.post(classroom.url(f"/attempts/{2**31}/submit")).status_code == 404


def test_a_withdrawn_participant_can_save_nothing(classroom, participant, begun):
    classroom.enrolment.status = "withdrawn"

    response = participant.post(classroom.url("/attempts/1/answers/1"), data={"choice": "0"})

    assert response.status_code == 403
    assert answers() == []


# What is never shown


def secretive(classroom, **settings):
    """A test whose texts would show if a key, a comment or an explanation leaked."""
    right, wrong = single("Which?", general_feedback=SECRETS[0]), multiple("All?", ["0.5", "0.5"])
    choices = [
        type(choice)(choice.text, choice.fraction, feedback)
        for choice, feedback in zip(right.choices, (*SECRETS[1:], ""), strict=True)
    ]
    drafts = [type(right)(**{**vars(right), "choices": tuple(choices)}), wrong]
    return add_test(classroom.course, "Secretive", drafts, **settings)


def test_no_page_of_an_open_attempt_reads_or_shows_keys(classroom, participant, statements, make):
    test = secretive(classroom)
    base = f"/quizzes/classes/{classroom.cohort.code}/tests/{test.activity_id}"
    participant.post(f"{base}/start")
    statements.clear()

    pages = [participant.get(f"{base}{path}") for path in ("", "/attempts/1", "/attempts/1/review")]
    saved = participant.post(f"{base}/attempts/1/answers/1", data={"choice": "0"}, headers=JSON)

    assert not any("choice_key" in s or "feedback" in s for s in statements)
    for response in (*pages, saved):
        assert response.status_code == 200
        assert not any(secret in response.text for secret in SECRETS)
        assert not re.search(r"fraction|correct|data-right", response.text)


def test_no_page_of_an_open_attempt_names_ids_that_tell_the_order_of_writing(
    classroom, participant
):
    change_test(classroom.test, by=None, shuffle=True)
    participant.post(classroom.url("/start"))

    page = participant.get(classroom.url("/attempts/1")).text

    values = re.findall(r'name="choice" value="(\d+)"', page)
    assert sorted(values) == sorted(["0", "1", "2"] * 3 + ["0", "1"])


@pytest.mark.parametrize(
    ("show", "closed", "expected"),
    [
        ("at_once", False, True),
        ("after_closing", False, False),
        ("after_closing", True, True),
        ("never", True, False),
    ],
)
def test_explanations_follow_the_rule_of_the_test(
    classroom, participant, clock, show, closed, expected
):
    test = secretive(classroom, show=show)
    schedule(classroom.cohort, test.activity, by=None, opens_at=OPENS, closes_at=CLOSES)
    attempt = start_attempt(test, classroom.enrolment)
    save_answer(attempt, 1, [0])
    submit_attempt(attempt)
    clock.set(CLOSES + GRACE + timedelta(seconds=1) if closed else TEN)

    base = f"/quizzes/classes/{classroom.cohort.code}/tests/{test.activity_id}"
    html = participant.get(f"{base}/attempts/1/result").text

    assert ">50</b>" in html
    assert (SECRETS[0] in html, SECRETS[1] in html) == (expected, expected)
    assert SECRETS[2] not in html  # The comment on an answer that was neither right nor chosen.


@pytest.fixture
def finished(classroom, participant):
    """The result of one who has handed in a test that explains itself after closing."""
    test = secretive(classroom, show="after_closing")
    schedule(classroom.cohort, test.activity, by=None, opens_at=OPENS, closes_at=CLOSES)
    submit_attempt(start_attempt(test, classroom.enrolment))
    base = f"/quizzes/classes/{classroom.cohort.code}/tests/{test.activity_id}"

    def explained():
        return SECRETS[0] in participant.get(f"{base}/attempts/1/result").text

    return test, explained


def test_explanations_wait_for_answers_that_still_count(finished, clock):
    _test, explained = finished

    clock.set(CLOSES + GRACE)
    within = explained()
    clock.forward(seconds=1)

    assert (within, explained()) == (False, True)


def test_explanations_wait_for_those_who_still_answer(classroom, finished, clock, make):
    test, explained = finished
    other = start_attempt(test, make.enrolment(classroom.cohort))
    start_attempt(test, make.enrolment(make.cohort(classroom.course)))  # has no end, elsewhere
    clock.forward(minutes=10)
    schedule(classroom.cohort, test.activity, by=None, opens_at=OPENS, closes_at=TEN)

    clock.forward(seconds=50)
    assert save_answer(other, 1, [0]).stored
    meanwhile = explained()
    clock.forward(seconds=20)

    assert (meanwhile, explained()) == (False, True)


def test_after_closing_without_a_closing_time_shows_nothing_yet(classroom, participant):
    test = secretive(classroom, show="after_closing")
    submit_attempt(start_attempt(test, classroom.enrolment))

    base = f"/quizzes/classes/{classroom.cohort.code}/tests/{test.activity_id}"
    html = participant.get(f"{base}/attempts/1/result").text

    assert not any(secret in html for secret in SECRETS)


def test_markup_in_questions_is_shown_harmless(classroom, participant):
    drafts = [
        single("**Bold** & plain <script>alert(1)</script>", right="<img src=x onerror=alert(2)>a"),
        single("<b>Old</b>\nline", text_format="moodle", right="<a href='//x'>b</a>"),
        single("<i>1 < 2</i>", text_format="plain"),
    ]
    test = add_test(classroom.course, "Markup", drafts)
    base = f"/quizzes/classes/{classroom.cohort.code}/tests/{test.activity_id}"
    participant.post(f"{base}/start")

    html = participant.get(f"{base}/attempts/1").text

    assert "<strong>Bold</strong> &amp; plain" in html
    assert "<b>Old</b><br>line" in html
    assert "&lt;i&gt;1 &lt; 2&lt;/i&gt;" in html
    assert not re.search(r"alert\(|onerror|href='//x'|href=\"//x\"", html)


# Weight


def test_the_page_of_a_test_is_light(classroom, participant):
    long = "Pengelola ingin menggali alasan warga jarang meminjam buku pertanian. "
    drafts = [single(f"{n}. {long * 3}", f"{n} {long}", (f"a {long}", long)) for n in range(30)]
    test = add_test(classroom.course, "Long", drafts)
    base = f"/quizzes/classes/{classroom.cohort.code}/tests/{test.activity_id}"
    participant.post(f"{base}/start")

    response = participant.get(f"{base}/attempts/1", headers={"Accept-Encoding": "gzip"})

    assert response.content_encoding == "gzip"
    assert len(response.data) < 12_000
