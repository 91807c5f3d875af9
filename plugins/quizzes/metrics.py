"""The tests' figures for monitoring: who passed, and how much was gained."""

from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.api import Activity, Cohort, Enrolment, Metric, Section
from plugins.quizzes.models import Attempt, Test


def _best(enrolments: Any, role: str) -> sa.Subquery:
    """The best score of each enrolment in the test of that role, as in the scores of a class."""
    return (
        sa.select(
            Attempt.enrolment_id,
            sa.func.max(Attempt.score).label("score"),
        )
        .join(Test, Test.id == Attempt.test_id)
        .where(Test.role == role, Attempt.score.is_not(None), Attempt.enrolment_id.in_(enrolments))
        .group_by(Attempt.enrolment_id)
        .subquery(role)
    )


def _passed(enrolments: Any) -> Any:
    """1 or 0 for everybody whose course has a post-test with a pass mark."""
    post = _best(enrolments, "post")
    passed = sa.case((post.c.score >= Test.pass_mark, 1), else_=0)
    return (
        sa.select(Enrolment.id, passed)
        .join(Cohort, Cohort.id == Enrolment.cohort_id)
        .join(Section, Section.course_id == Cohort.course_id)
        .join(Activity, Activity.section_id == Section.id)
        .join(Test, Test.activity_id == Activity.id)
        .outerjoin(post, post.c.enrolment_id == Enrolment.id)
        .where(Enrolment.id.in_(enrolments), Test.role == "post", Test.pass_mark.is_not(None))
    )


def _gain(enrolments: Any) -> Any:
    """Of those who have both scores; others have no row."""
    before, after = _best(enrolments, "pre"), _best(enrolments, "post")
    query = sa.select(after.c.enrolment_id, after.c.score - before.c.score)
    return query.join(before, before.c.enrolment_id == after.c.enrolment_id)


METRICS = [
    Metric(
        "quizzes.passed",
        _l("Passed"),
        _l("Participants who have passed the post-test, as a share of all."),
        _passed,
        how="share",
        unit="%",
        weight=20,
    ),
    Metric(
        "quizzes.gain",
        _l("Gain"),
        _l("Post-test minus pre-test in points, on average of those who have both."),
        _gain,
        how="mean",
        weight=30,
    ),
]
