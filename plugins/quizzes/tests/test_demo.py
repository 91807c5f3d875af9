"""The demo's tests."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from core.api import Cohort, User, db, enrolment_of
from plugins.quizzes import queries
from plugins.quizzes.models import Answer, Attempt
from plugins.quizzes.scoring import score
from plugins.quizzes.services import start_attempt


@pytest.fixture
def app(demo_app):
    return demo_app


def cohort(code):
    return db.session.scalars(sa.select(Cohort).filter_by(code=code)).one()


def test_the_demo_has_a_finished_class_with_gain_and_a_test_that_is_open_now(app):
    finished, running = cohort("DKI-2020"), cohort("BTP-2026")
    tests = queries.tests_by_role(finished.course_id)
    found = queries.summary_of(finished, tests)

    assert (found.people, found.pre_people, found.post_people) == (150, 148, 149)
    assert (found.pairs, found.passed) == (147, 145)
    assert 50 < found.pre_mean < 60
    assert 77 < found.post_mean < 83

    attempts = db.session.scalars(
        sa.select(Attempt).where(Attempt.test_id == tests.post.id, Attempt.score.is_not(None))
    ).all()
    keys = queries.keys_of(tests.post.id)
    for attempt in attempts[::20]:
        given = {key: answer.choices for key, answer in queries.answers_of(attempt).items()}
        assert attempt.score == score(keys, given)
        assert datetime(2020, 11, 24, 8, tzinfo=UTC) <= attempt.started_at
        assert attempt.submitted_at <= datetime(2020, 11, 24, 9, 30, tzinfo=UTC)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Answer)) > 5000

    hero = db.session.scalars(
        sa.select(User).filter_by(full_name="Ni'matul").order_by(User.id.desc())
    ).first()
    assert start_attempt(tests.pre, enrolment_of(hero, running)).is_open
