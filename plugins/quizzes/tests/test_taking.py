"""Rules of taking a test: window, attempts, saving, the deadline, handing in."""

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core.api import ActivityProgress, db, now, record_progress, schedule
from plugins.quizzes import queries
from plugins.quizzes.authoring import change_test
from plugins.quizzes.jobs import close_at_deadline
from plugins.quizzes.models import GRACE, Answer, Attempt
from plugins.quizzes.services import (
    AttemptClosed,
    NotSittable,
    WrongAnswer,
    close_if_overdue,
    close_overdue_in,
    closing_time,
    save_answer,
    start_attempt,
    submit_attempt,
)
from plugins.quizzes.tests.conftest import CLOSES, OPENS, TEN

LIMIT = timedelta(minutes=30)


def begin(classroom):
    return start_attempt(classroom.test, classroom.enrolment)


def all_right(attempt):
    for number in (1, 2, 3):
        save_answer(attempt, number, [0])
    save_answer(attempt, 4, [0, 1])


def progress(classroom):
    query = sa.select(ActivityProgress).filter_by(activity_id=classroom.activity.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def stored(attempt, number):
    key = (attempt.id, attempt.paper[number - 1]["question"])
    return db.session.get(Answer, key, populate_existing=True)


# Starting


@pytest.mark.parametrize(
    ("at", "named"),
    [(OPENS - timedelta(seconds=1), "09.00 WIB"), (CLOSES, "12.00 WIB")],
)
def test_starting_outside_the_window_is_refused_with_the_time(classroom, clock, at, named):
    clock.set(at)

    with pytest.raises(NotSittable, match=named):
        begin(classroom)


@pytest.mark.parametrize("at", [OPENS, CLOSES - timedelta(seconds=1)])
def test_starting_at_both_ends_of_the_window_is_possible(classroom, clock, at):
    clock.set(at)

    assert begin(classroom).started_at == at


def test_deadline_is_the_limit_or_the_end_of_the_window_whichever_comes_first(classroom, clock):
    early = begin(classroom)
    assert early.deadline_at == TEN + LIMIT

    late = clock.set(CLOSES - timedelta(minutes=10))
    early.submitted_at, early.closed_by, early.score = late, "participant", 0
    change_test(classroom.test, by=None, attempts_allowed=2)

    assert begin(classroom).deadline_at == CLOSES


def test_a_test_without_limit_and_window_has_no_deadline(classroom):
    change_test(classroom.test, by=None, time_limit_minutes=None)
    schedule(classroom.cohort, classroom.activity, by=None)

    attempt = begin(classroom)

    assert attempt.deadline_at is None
    assert not attempt.is_overdue(TEN + timedelta(days=365))


def test_starting_again_goes_on_with_the_open_attempt(classroom, clock):
    first = begin(classroom)
    clock.forward(minutes=5)

    assert begin(classroom) is first
    assert first.started_at == TEN


def test_attempts_beyond_the_allowed_number_are_refused(classroom):
    submit_attempt(begin(classroom))

    with pytest.raises(NotSittable):
        begin(classroom)

    assert len(queries.attempts_of(classroom.test, classroom.enrolment)) == 1


def test_the_paper_is_in_order_unless_it_is_shuffled(classroom, make):
    questions = queries.questions_of(classroom.test)
    plain = begin(classroom).paper
    assert [place["question"] for place in plain] == [question.id for question in questions]

    change_test(classroom.test, by=None, shuffle=True)
    papers = [
        start_attempt(classroom.test, make.enrolment(classroom.cohort)).paper for _ in range(8)
    ]

    assert all(
        sorted(p["question"] for p in paper) == [q.id for q in questions] for paper in papers
    )
    assert len({str(paper) for paper in papers}) > 1
    truth = next(place for place in papers[0] if place["question"] == questions[2].id)
    assert truth["choices"] == [choice.id for choice in questions[2].choices]


# Saving


def test_an_answer_is_kept_and_can_be_changed_and_taken_back(classroom):
    attempt = begin(classroom)

    save_answer(attempt, 1, [2], flagged=True)
    assert (stored(attempt, 1).choices, stored(attempt, 1).flagged) == (
        [attempt.paper[0]["choices"][2]],
        True,
    )
    save_answer(attempt, 1, [0])
    assert stored(attempt, 1).choices == [attempt.paper[0]["choices"][0]]
    save_answer(attempt, 1, [])
    assert (stored(attempt, 1).choices, stored(attempt, 1).flagged) == ([], False)


def test_an_older_answer_that_arrives_late_never_replaces_a_newer_one(classroom):
    attempt = begin(classroom)
    save_answer(attempt, 1, [1], sequence=7)

    late = save_answer(attempt, 1, [2], flagged=True, sequence=6)

    assert (late.stored, late.picked, late.flagged, late.sequence) == (False, (1,), False, 7)
    assert stored(attempt, 1).choices == [attempt.paper[0]["choices"][1]]


def test_the_same_answer_twice_is_once(classroom):
    attempt = begin(classroom)

    first = save_answer(attempt, 1, [1], sequence=3)
    again = save_answer(attempt, 1, [1], sequence=3)

    assert first == again
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Answer)) == 1


def test_without_a_sequence_the_order_of_arrival_counts(classroom):
    attempt = begin(classroom)
    save_answer(attempt, 1, [1], sequence=7)

    saved = save_answer(attempt, 1, [2])

    assert (saved.stored, saved.sequence) == (True, 8)
    assert stored(attempt, 1).choices == [attempt.paper[0]["choices"][2]]


@pytest.mark.parametrize(
    ("number", "picked", "sequence"),
    [
        (0, [0], 1),
        (5, [0], 1),
        (1, [3], 1),
        (1, [-1], 1),
        (1, [0, 1], 1),
        (1, [0], 0),
        (1, [0], 2**53),
    ],
)
def test_what_the_paper_does_not_offer_is_refused(classroom, number, picked, sequence):
    attempt = begin(classroom)

    with pytest.raises(WrongAnswer):
        save_answer(attempt, number, picked, sequence=sequence)

    assert db.session.scalar(sa.select(sa.func.count()).select_from(Answer)) == 0


@pytest.mark.parametrize("after", [timedelta(0), GRACE])
def test_an_answer_within_the_network_grace_counts(classroom, clock, after):
    attempt = begin(classroom)
    clock.set(attempt.deadline_at + after)

    assert save_answer(attempt, 1, [0]).stored


def test_an_answer_after_the_grace_is_refused_with_the_time(classroom, clock):
    attempt = begin(classroom)
    clock.set(attempt.deadline_at + GRACE + timedelta(microseconds=1))

    with pytest.raises(AttemptClosed, match=r"10\.30 WIB"):
        save_answer(attempt, 1, [0])


def test_an_answer_after_handing_in_is_refused(classroom):
    attempt = begin(classroom)
    submit_attempt(attempt)

    with pytest.raises(AttemptClosed):
        save_answer(attempt, 1, [0])

    assert stored(attempt, 1) is None


# Handing in and closing


def test_handing_in_scores_and_completes_the_activity(classroom, clock):
    attempt = begin(classroom)
    all_right(attempt)
    at = clock.forward(minutes=12)

    submit_attempt(attempt)

    assert (attempt.score, attempt.closed_by, attempt.submitted_at) == (100, "participant", at)
    assert (progress(classroom).state, progress(classroom).score) == ("done", 100.0)


def test_below_the_pass_mark_the_activity_is_failed(classroom):
    attempt = begin(classroom)
    save_answer(attempt, 1, [0])
    save_answer(attempt, 4, [0])

    submit_attempt(attempt)

    assert attempt.score == Decimal("37.50")
    assert (progress(classroom).state, progress(classroom).score) == ("failed", 37.5)


def test_without_a_pass_mark_handing_in_is_enough(classroom):
    change_test(classroom.test, by=None, pass_mark=None)

    submit_attempt(begin(classroom))

    assert progress(classroom).state == "done"


def test_handing_in_twice_scores_once(classroom, clock):
    attempt = begin(classroom)
    all_right(attempt)
    submit_attempt(attempt)
    first = attempt.submitted_at
    clock.forward(minutes=1)

    submit_attempt(attempt)

    assert attempt.submitted_at == first


def test_the_best_attempt_counts_for_the_course(classroom):
    change_test(classroom.test, by=None, attempts_allowed=2)
    good = begin(classroom)
    all_right(good)
    submit_attempt(good)

    bad = begin(classroom)
    submit_attempt(bad)

    assert (bad.number, bad.score) == (2, 0)
    assert (progress(classroom).state, progress(classroom).score) == ("done", 100.0)


def test_whoever_looks_after_the_grace_closes_the_attempt(classroom, clock):
    attempt = begin(classroom)
    all_right(attempt)
    clock.set(attempt.deadline_at + GRACE)
    assert not close_if_overdue(attempt)
    clock.forward(seconds=1)

    assert close_if_overdue(attempt)
    assert (attempt.closed_by, attempt.submitted_at) == ("server", attempt.deadline_at)
    assert attempt.score == 100


def test_handing_in_after_the_time_is_the_server_closing_it(classroom, clock):
    attempt = begin(classroom)
    clock.set(attempt.deadline_at + GRACE + timedelta(seconds=30))

    submit_attempt(attempt)

    assert (attempt.closed_by, attempt.submitted_at) == ("server", attempt.deadline_at)


def test_an_overdue_attempt_does_not_block_the_next_one(classroom, clock):
    change_test(classroom.test, by=None, attempts_allowed=2)
    first = begin(classroom)
    clock.set(first.deadline_at + timedelta(minutes=1))

    second = begin(classroom)

    assert (second.number, first.closed_by) == (2, "server")


def test_staff_who_look_close_what_is_overdue_in_their_class_only(classroom, clock, make):
    other = make.cohort(classroom.course)
    elsewhere = start_attempt(classroom.test, make.enrolment(other))
    attempt = begin(classroom)
    clock.set(attempt.deadline_at + timedelta(minutes=1))

    assert close_overdue_in(classroom.cohort) == 1

    assert (attempt.closed_by, elsewhere.closed_by) == ("server", None)


def test_the_job_at_the_deadline_closes_the_attempt(classroom, clock, run_jobs):
    clock.set(now() - timedelta(days=9999))  # The queue runs by the clock of the database.
    schedule(classroom.cohort, classroom.activity, by=None)
    attempt = begin(classroom)
    all_right(attempt)
    clock.forward(minutes=31)

    run_jobs()

    closed = db.session.get_one(Attempt, attempt.id)
    assert (closed.closed_by, closed.score) == ("server", 100)
    assert progress(classroom).state == "done"


def test_the_job_leaves_a_handed_in_attempt_as_it_is(classroom, clock, run_jobs):
    clock.set(now() - timedelta(days=9999))
    schedule(classroom.cohort, classroom.activity, by=None)
    attempt = begin(classroom)
    submit_attempt(attempt)
    clock.forward(minutes=31)

    run_jobs()

    closed = db.session.get_one(Attempt, attempt.id)
    assert closed.closed_by == "participant"


def test_the_job_is_planned_for_just_after_the_deadline(classroom):
    attempt = begin(classroom)

    query = sa.text("SELECT scheduled_at, args FROM procrastinate_jobs WHERE task_name = :name")
    planned = db.session.execute(query, {"name": "quizzes.close_at_deadline"}).one()

    assert planned.scheduled_at == attempt.deadline_at + GRACE + timedelta(seconds=1)
    host = classroom.institution.id
    assert planned.args == {"attempt_id": attempt.id, "institution": host}


def test_withdrawing_a_participant_closes_the_open_attempt(classroom, make):
    attempt = begin(classroom)
    all_right(attempt)

    make.withdrawn(classroom.enrolment)

    assert (attempt.closed_by, attempt.score) == ("server", 100)
    assert (progress(classroom).state, progress(classroom).score) == ("done", 100.0)
    assert classroom.enrolment.completed_at is None


def test_a_participant_who_comes_back_has_what_was_closed_on_leaving(classroom, make):
    page = classroom.course.activities[0]
    record_progress(classroom.enrolment, page, "done")
    all_right(begin(classroom))
    make.withdrawn(classroom.enrolment)

    back = make.enrolment(classroom.cohort, classroom.user)

    assert (back.required_done, back.required_total) == (2, 2)
    assert back.completed_at is not None


# Moving the end while an attempt is under way


def close_at(classroom, closes_at):
    schedule(classroom.cohort, classroom.activity, by=None, opens_at=OPENS, closes_at=closes_at)


def planned_for(attempt):
    """The moments at which a job looks at the attempt."""
    query = sa.text(
        "SELECT scheduled_at FROM procrastinate_jobs"
        " WHERE CAST(args->>'attempt_id' AS bigint) = :id ORDER BY id"
    )
    return db.session.scalars(query, {"id": attempt.id}).all()


def test_a_later_end_of_the_window_gives_running_attempts_more_time(classroom, clock):
    change_test(classroom.test, by=None, time_limit_minutes=None)
    attempt = begin(classroom)
    clock.set(CLOSES - timedelta(minutes=1))

    close_at(classroom, CLOSES + LIMIT)
    clock.set(CLOSES + timedelta(minutes=20))

    assert attempt.deadline_at == CLOSES + LIMIT
    assert save_answer(attempt, 1, [0]).stored


def test_the_time_limit_holds_whatever_the_window(classroom):
    attempt = begin(classroom)

    close_at(classroom, CLOSES + LIMIT)

    assert attempt.deadline_at == TEN + LIMIT


def test_an_earlier_end_of_the_window_ends_running_attempts_earlier(classroom):
    attempt = begin(classroom)

    close_at(classroom, TEN + timedelta(minutes=10))

    assert attempt.deadline_at == TEN + timedelta(minutes=10)
    assert planned_for(attempt) == [
        closing_time(TEN + LIMIT),
        closing_time(TEN + timedelta(minutes=10)),
    ]


@pytest.mark.parametrize(("before_end", "left"), [(600, 60), (60, 60), (20, 20)])
def test_an_earlier_end_leaves_the_next_minute(classroom, clock, before_end, left):
    attempt = begin(classroom)
    at = clock.set(attempt.deadline_at - timedelta(seconds=before_end))

    close_at(classroom, TEN + timedelta(minutes=1))

    assert attempt.deadline_at == at + timedelta(seconds=left)


def test_without_an_end_any_more_a_running_attempt_has_no_deadline(classroom):
    change_test(classroom.test, by=None, time_limit_minutes=None)
    attempt = begin(classroom)

    close_at(classroom, None)
    endless = attempt.deadline_at
    close_at(classroom, CLOSES)

    assert endless is None
    assert attempt.deadline_at == CLOSES
    assert planned_for(attempt)[-1] == closing_time(CLOSES)


def test_a_changed_time_limit_reaches_running_attempts_of_every_class(classroom, make):
    elsewhere = start_attempt(classroom.test, make.enrolment(make.cohort(classroom.course)))
    attempt = begin(classroom)

    change_test(classroom.test, by=None, time_limit_minutes=180)

    assert attempt.deadline_at == CLOSES
    assert elsewhere.deadline_at == TEN + timedelta(minutes=180)


def test_moving_the_end_leaves_other_attempts_alone(classroom, clock, make):
    elsewhere = start_attempt(classroom.test, make.enrolment(make.cohort(classroom.course)))
    handed_in = start_attempt(classroom.test, make.enrolment(classroom.cohort))
    submit_attempt(handed_in)
    over = begin(classroom)
    clock.set(over.deadline_at + GRACE + timedelta(seconds=1))

    change_test(classroom.test, by=None, time_limit_minutes=60)
    close_at(classroom, CLOSES - timedelta(minutes=30))

    assert {one.deadline_at for one in (elsewhere, handed_in, over)} == {TEN + LIMIT}


def test_a_job_that_comes_before_a_moved_deadline_comes_again_at_it(classroom, clock):
    attempt = begin(classroom)
    change_test(classroom.test, by=None, time_limit_minutes=60)
    clock.set(closing_time(TEN + LIMIT))

    close_at_deadline.func.__wrapped__(attempt_id=attempt.id)

    assert attempt.is_open
    assert planned_for(attempt) == [closing_time(TEN + LIMIT), closing_time(TEN + 2 * LIMIT)]


def test_a_job_finds_nothing_to_plan_once_there_is_no_deadline(classroom):
    attempt = begin(classroom)
    change_test(classroom.test, by=None, time_limit_minutes=None)
    close_at(classroom, None)

    close_at_deadline.func.__wrapped__(attempt_id=attempt.id)

    assert attempt.is_open
    assert planned_for(attempt) == [closing_time(TEN + LIMIT)]
