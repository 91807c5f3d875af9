"""Two at once: real threads, each with a session of its own, against the real database."""

from datetime import timedelta

import sqlalchemy as sa

from core.api import Activity, Cohort, Enrolment, User, db, schedule
from plugins.quizzes import authoring, queries, services
from plugins.quizzes.models import Answer, Attempt, Test
from plugins.quizzes.tests.conftest import OPENS, TEN, single

TOGETHER = 6


def test_starting_at_once_gives_one_attempt(classroom, many_at_once):
    test_id, enrolment_id = classroom.test.id, classroom.enrolment.id

    def start(_number):
        test, enrolment = db.session.get(Test, test_id), db.session.get(Enrolment, enrolment_id)
        return services.start_attempt(test, enrolment).id

    ids = many_at_once(start)

    assert len(set(ids)) == 1
    assert db.session.scalars(sa.select(Attempt.number)).all() == [1]


def test_handing_in_at_once_scores_once(classroom, many_at_once, monkeypatch):
    attempt_id = services.start_attempt(classroom.test, classroom.enrolment).id
    scored = []
    original = services.score
    monkeypatch.setattr(services, "score", lambda *given: scored.append(1) or original(*given))

    many_at_once(lambda _n: services.submit_attempt(db.session.get(Attempt, attempt_id)))

    assert len(scored) == 1
    assert db.session.get(Attempt, attempt_id, populate_existing=True).score == 0


def test_handing_in_and_closing_at_once_agree(classroom, many_at_once, clock):
    attempt = services.start_attempt(classroom.test, classroom.enrolment)
    attempt_id = attempt.id
    clock.set(attempt.deadline_at + timedelta(minutes=1))
    cohort_id = classroom.cohort.id

    def close(number):
        held = db.session.get(Attempt, attempt_id)
        ways = (
            lambda: services.submit_attempt(held),
            lambda: services.close_by_job(attempt_id),
            lambda: services.close_overdue_in(db.session.get(Cohort, cohort_id)),
        )
        ways[number % 3]()

    many_at_once(close)

    closed = db.session.get(Attempt, attempt_id, populate_existing=True)
    assert (closed.closed_by, closed.submitted_at) == ("server", closed.deadline_at)


def test_no_answer_slips_in_behind_the_score(classroom, many_at_once):
    user, cohort = classroom.user, classroom.cohort
    attempt = services.start_attempt(classroom.test, classroom.enrolment)
    ids = attempt.id, user.id, cohort.id, classroom.activity.id

    def work(number):
        attempt_id, user_id, cohort_id, activity_id = ids
        person = db.session.get(User, user_id)
        place = db.session.get(Cohort, cohort_id)
        if number == TOGETHER - 1:
            services.submit_attempt(db.session.get(Attempt, attempt_id))
            return "handed in"
        try:
            held = queries.attempt_to_save_in(person, place, activity_id, 1)
            services.save_answer(held, 1 + number % 3, [0], sequence=number + 1)
        except services.AttemptClosed:
            return "refused"
        return "saved"

    outcomes = many_at_once(work)

    closed = db.session.get(Attempt, ids[0], populate_existing=True)
    rows = db.session.scalars(sa.select(Answer)).all()
    assert all(row.saved_at <= closed.submitted_at for row in rows)
    assert closed.score == 25 * len(rows)
    assert outcomes.count("handed in") == 1


def test_many_saves_of_one_answer_end_with_the_newest(classroom, many_at_once):
    attempt = services.start_attempt(classroom.test, classroom.enrolment)
    ids = classroom.user.id, classroom.cohort.id, classroom.activity.id

    def save(number):
        person, place = db.session.get(User, ids[0]), db.session.get(Cohort, ids[1])
        held = queries.attempt_to_save_in(person, place, ids[2], 1)
        services.save_answer(held, 1, [number % 3], sequence=number + 1)

    many_at_once(save)

    stored = db.session.scalars(sa.select(Answer)).one()
    newest = attempt.paper[0]["choices"][(TOGETHER - 1) % 3]
    assert (stored.sequence, stored.choices) == (TOGETHER, [newest])


def test_the_job_twice_is_once(classroom, clock):
    attempt = services.start_attempt(classroom.test, classroom.enrolment)
    clock.set(attempt.deadline_at + timedelta(minutes=1))
    services.close_by_job(attempt.id)
    first = attempt.submitted_at
    clock.forward(minutes=5)

    assert services.close_by_job(attempt.id)

    assert attempt.submitted_at == first


def test_a_question_added_during_a_start_is_on_the_paper_or_refused(classroom, many_at_once):
    test_id, enrolment_id = classroom.test.id, classroom.enrolment.id

    def work(number):
        test = db.session.get(Test, test_id)
        if number:
            services.start_attempt(test, db.session.get(Enrolment, enrolment_id))
            return "started"
        try:
            authoring.add_questions(test, [single("Late")], by=None)
        except authoring.Locked:
            return "refused"
        return "added"

    [outcome, _started] = many_at_once(work, 2)

    paper = db.session.scalars(sa.select(Attempt.paper)).one()
    assert len(paper) == {"refused": 4, "added": 5}[outcome]
    assert len(queries.keys_of(test_id)) == len(paper)


def test_a_start_while_the_window_is_moved_ends_with_the_new_window(classroom, many_at_once):
    ids = classroom.test.id, classroom.enrolment.id, classroom.cohort.id, classroom.activity.id
    ends = TEN + timedelta(minutes=10)

    def work(number):
        test_id, enrolment_id, cohort_id, activity_id = ids
        if number:
            enrolment = db.session.get(Enrolment, enrolment_id)
            services.start_attempt(db.session.get(Test, test_id), enrolment)
            return
        cohort, activity = db.session.get(Cohort, cohort_id), db.session.get(Activity, activity_id)
        schedule(cohort, activity, by=None, opens_at=OPENS, closes_at=ends)

    many_at_once(work, 2)

    assert db.session.scalars(sa.select(Attempt.deadline_at)).one() == ends
