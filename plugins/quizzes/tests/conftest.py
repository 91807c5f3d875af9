"""A class with a test in it, on a clock that stands at ten on its first day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.api import (
    Activity,
    Cohort,
    Course,
    Enrolment,
    Institution,
    User,
    add_activity,
    db,
    schedule,
)
from core.testing.counting import count_queries
from plugins.quizzes import queries
from plugins.quizzes.authoring import Draft, DraftChoice, add_questions, change_test
from plugins.quizzes.models import Test

TEN = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 10.00 WIB
OPENS = TEN - timedelta(hours=1)
CLOSES = TEN + timedelta(hours=2)


def single(text, right="right", wrong=("wrong", "worse"), **fields):
    choices = [DraftChoice(right, Decimal(1)), *(DraftChoice(w, Decimal(0)) for w in wrong)]
    return Draft("single", text, tuple(choices), **fields)


def multiple(text, shares, **fields):
    choices = [DraftChoice(f"{text} {n}", Decimal(share)) for n, share in enumerate(shares)]
    return Draft("multiple", text, tuple(choices), **fields)


def truth(text, right=True, **fields):
    choices = (DraftChoice("true", Decimal(right)), DraftChoice("false", Decimal(not right)))
    return Draft("true_false", text, choices, **fields)


# What is right comes first in all of them; the last takes points away for a wrong choice.
DRAFTS = [single("One"), single("Two"), truth("Three"), multiple("Four", ["0.5", "0.5", "-0.5"])]


@dataclass
class Classroom:
    institution: Institution
    course: Course
    activity: Activity
    test: Test
    cohort: Cohort
    enrolment: Enrolment

    @property
    def user(self) -> User:
        return self.enrolment.user

    def url(self, path: str = "") -> str:
        return f"/quizzes/classes/{self.cohort.code}/tests/{self.activity.id}{path}"

    def author_url(self, path: str = "") -> str:
        return f"/quizzes/courses/{self.course.id}/tests/{self.activity.id}{path}"


def add_test(course, title, drafts=DRAFTS, **settings):
    """A test as the last activity of the course's first section."""
    activity = add_activity(course.sections[0], "quizzes.test", title)
    test = queries.test_of_activity(activity.id)
    change_test(test, by=None, **settings)
    add_questions(test, drafts, by=None)
    return test


@pytest.fixture
def classroom(make, clock):
    """One test of four questions, 30 minutes, pass mark 70, open from 9 to 12."""
    clock.set(TEN)
    institution = make.institution("National library")
    make.enabled("quizzes", institution)
    course = make.course(institution, pages=1)
    test = add_test(course, "Post-test", role="post", time_limit_minutes=30, pass_mark=70)
    make.published(course)
    cohort = make.cohort(course)
    schedule(cohort, test.activity, by=None, opens_at=OPENS, closes_at=CLOSES)
    enrolment = make.enrolment(cohort, make.user("Ni'matul"))
    db.session.commit()
    return Classroom(institution, course, test.activity, test, cohort, enrolment)


@pytest.fixture
def statements(app):
    """A list that fills with every statement sent to the database."""
    with count_queries(app) as found:
        yield found
