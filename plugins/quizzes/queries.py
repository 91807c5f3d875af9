"""Reads of tests, attempts and scores. Nothing here writes or decides.

Only the functions that say so read answer keys and feedback.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload, undefer

from core.api import Activity, Cohort, Course, Enrolment, ScheduledActivity, Section, User, db
from plugins.quizzes.models import Answer, Attempt, Choice, ChoiceKey, PaperItem, Question, Test
from plugins.quizzes.scoring import Key

PAGE = 200


# Tests and their questions


def test_in(course: Course, activity_id: int) -> Test | None:
    query = (
        sa.select(Test)
        .join(Test.activity)
        .join(Activity.section)
        .where(Test.activity_id == activity_id, Section.course_id == course.id)
        .options(contains_eager(Test.activity))
    )
    return db.session.scalar(query)


def tests_in(course_id: int) -> Sequence[Test]:
    """The tests of a course in its order."""
    query = (
        sa.select(Test)
        .join(Test.activity)
        .join(Activity.section)
        .where(Section.course_id == course_id)
        .options(contains_eager(Test.activity))
        .order_by(Section.position, Activity.position)
    )
    return db.session.scalars(query).all()


def test_of_activity(activity_id: int) -> Test | None:
    query = sa.select(Test).filter_by(activity_id=activity_id)
    return db.session.scalar(query.options(joinedload(Test.activity)))


_WITH_KEYS = (
    undefer(Question.general_feedback),
    selectinload(Question.choices).options(undefer(Choice.feedback), joinedload(Choice.key)),
)


def questions_with_keys(test: Test) -> Sequence[Question]:
    """Everything about the questions, for authors and for explanations after the test."""
    query = sa.select(Question).filter_by(test_id=test.id).options(*_WITH_KEYS)
    return db.session.scalars(query.order_by(Question.position)).all()


def question_with_keys(test: Test, question_id: int) -> Question | None:
    query = sa.select(Question).filter_by(test_id=test.id, id=question_id)
    return db.session.scalar(query.options(*_WITH_KEYS))


def questions_of(test: Test) -> Sequence[Question]:
    """Questions and choices without anything that tells right from wrong."""
    query = sa.select(Question).filter_by(test_id=test.id).order_by(Question.position)
    return db.session.scalars(query.options(selectinload(Question.choices))).all()


def keys_of(test_id: int) -> dict[int, Key]:
    """Question id → what it is worth. Answer keys."""
    rows = db.session.execute(
        sa.select(
            Question.id, Question.kind, Question.points, ChoiceKey.choice_id, ChoiceKey.fraction
        )
        .join(Choice, Choice.question_id == Question.id)
        .join(ChoiceKey, ChoiceKey.choice_id == Choice.id)
        .where(Question.test_id == test_id)
    )
    worth: dict[int, tuple[str, int]] = {}
    fractions: dict[int, dict[int, Decimal]] = {}
    for question_id, kind, points, choice_id, fraction in rows:
        worth[question_id] = kind, points
        fractions.setdefault(question_id, {})[choice_id] = fraction
    return {question: Key(*worth[question], fractions[question]) for question in worth}


@dataclass(frozen=True)
class Extent:
    """How large a test is, as its facts line says it."""

    questions: int
    time_limit_minutes: int | None
    pass_mark: int | None


def extents(activity_ids: Collection[int]) -> dict[int, Extent]:
    """Activity id → extent, in one query."""
    rows = db.session.execute(
        sa.select(
            Test.activity_id, sa.func.count(Question.id), Test.time_limit_minutes, Test.pass_mark
        )
        .outerjoin(Question, Question.test_id == Test.id)
        .where(Test.activity_id.in_(activity_ids))
        .group_by(Test.id)
    )
    return {activity_id: Extent(count, limit, mark) for activity_id, count, limit, mark in rows}


def has_attempts(test: Test) -> bool:
    query = sa.select(Attempt.id).filter_by(test_id=test.id).limit(1)
    return db.session.scalar(query) is not None


# Sitting


@dataclass(frozen=True)
class Window:
    """When a class may sit a test; None leaves that side open."""

    opens_at: datetime | None = None
    closes_at: datetime | None = None

    def state(self, at: datetime) -> Literal["not_open", "open", "closed"]:
        if self.opens_at and at < self.opens_at:
            return "not_open"
        return "closed" if self.closes_at and at >= self.closes_at else "open"


def window_of(cohort_id: int, activity_id: int) -> Window:
    row = db.session.execute(
        sa.select(ScheduledActivity.opens_at, ScheduledActivity.closes_at).filter_by(
            cohort_id=cohort_id, activity_id=activity_id
        )
    ).first()
    return Window(*row) if row else Window()


def attempts_of(test: Test, enrolment: Enrolment) -> Sequence[Attempt]:
    query = sa.select(Attempt).filter_by(test_id=test.id, enrolment_id=enrolment.id)
    return db.session.scalars(query.order_by(Attempt.number)).all()


def attempt_of(user: User, cohort: Cohort, activity_id: int, number: int) -> Attempt | None:
    """The person's own attempt, with what its pages need; nobody else's."""
    return db.session.scalar(
        _own(user, cohort, activity_id, number).options(
            contains_eager(Attempt.test).joinedload(Test.activity),
            contains_eager(Attempt.enrolment),
        )
    )


def attempt_to_save_in(user: User, cohort: Cohort, activity_id: int, number: int) -> Attempt | None:
    """The same for saving an answer: handing in waits until the answer is in."""
    query = _own(user, cohort, activity_id, number)
    return db.session.scalar(query.with_for_update(read=True, key_share=True, of=Attempt))


def _own(user: User, cohort: Cohort, activity_id: int, number: int) -> sa.Select[Attempt]:
    return (
        sa.select(Attempt)
        .join(Attempt.test)
        .join(Attempt.enrolment)
        .where(
            Test.activity_id == activity_id,
            Enrolment.cohort_id == cohort.id,
            Enrolment.user_id == user.id,
            Enrolment.status == "confirmed",
            # An address may hold a number that is too large for the column.
            Attempt.number == sa.literal(number, sa.BigInteger),
        )
    )


def answers_of(attempt: Attempt) -> dict[int, Answer]:
    """Question id → answer."""
    query = sa.select(Answer).filter_by(attempt_id=attempt.id)
    return {answer.question_id: answer for answer in db.session.scalars(query)}


@dataclass(frozen=True)
class Item:
    """A question as it stands on one participant's paper. `number` counts from 1."""

    number: int
    question: Question
    choices: tuple[Choice, ...]
    answer: Answer | None = None

    @property
    def several(self) -> bool:
        return self.question.kind == "multiple"

    @property
    def chosen(self) -> Collection[int]:
        return self.answer.choices if self.answer else ()

    @property
    def answered(self) -> bool:
        return bool(self.chosen)

    @property
    def flagged(self) -> bool:
        return self.answer is not None and self.answer.flagged


def items_of(
    paper: Sequence[PaperItem],
    questions: Sequence[Question],
    answers: Mapping[int, Answer] | None = None,
) -> list[Item]:
    """The questions in the order of the paper, each with its choices in theirs."""
    known = {question.id: question for question in questions}
    items = []
    for number, place in enumerate(paper, start=1):
        question = known[place["question"]]
        choices = {choice.id: choice for choice in question.choices}
        items.append(
            Item(
                number,
                question,
                tuple(choices[choice_id] for choice_id in place["choices"]),
                (answers or {}).get(question.id),
            )
        )
    return items


def under_way_to_hold(
    test: Test, cohort_id: int | None = None
) -> Sequence[sa.Row[Attempt, datetime | None, datetime | None]]:
    """Open attempts, in one class or in all, each with the window of its class.

    Handing in waits until the transaction ends; saving does not.
    """
    of_class = sa.and_(
        ScheduledActivity.cohort_id == Enrolment.cohort_id,
        ScheduledActivity.activity_id == test.activity_id,
    )
    query = (
        sa.select(Attempt, ScheduledActivity.opens_at, ScheduledActivity.closes_at)
        .join(Attempt.enrolment)
        .outerjoin(ScheduledActivity, of_class)
        .where(Attempt.test_id == test.id, Attempt.submitted_at.is_(None))
        .order_by(Attempt.id)
        .with_for_update(key_share=True, of=Attempt)
        .execution_options(populate_existing=True)
    )
    if cohort_id is not None:
        query = query.where(Enrolment.cohort_id == cohort_id)
    return db.session.execute(query).all()


def is_under_way(test: Test, cohort_id: int, after: datetime) -> bool:
    """Whether anybody in the class has an attempt open whose deadline is not before `after`."""
    query = (
        sa.select(Attempt.id)
        .join(Attempt.enrolment)
        .where(
            Attempt.test_id == test.id,
            Attempt.submitted_at.is_(None),
            sa.or_(Attempt.deadline_at.is_(None), Attempt.deadline_at >= after),
            Enrolment.cohort_id == cohort_id,
        )
    )
    return db.session.scalar(query.limit(1)) is not None


def overdue_in(cohort: Cohort, before: datetime) -> Sequence[int]:
    """Ids of open attempts of the class whose deadline lies before the given moment."""
    query = (
        sa.select(Attempt.id)
        .join(Attempt.enrolment)
        .where(
            Enrolment.cohort_id == cohort.id,
            Attempt.submitted_at.is_(None),
            Attempt.deadline_at < before,
        )
    )
    return db.session.scalars(query.order_by(Attempt.id)).all()


# Scores

ResultState = Literal["not_started", "working", "handed_in", "closed_by_server"]


@dataclass(frozen=True)
class Result:
    """How a participant stands in one test: the last attempt's state, the best score."""

    state: ResultState = "not_started"
    score: Decimal | None = None


@dataclass(frozen=True)
class Row:
    """A participant in the table of scores. `results` are keyed by test id."""

    enrolment: Enrolment
    results: Mapping[int, Result] = field(default_factory=dict)

    def result(self, test: Test | None) -> Result:
        return self.results.get(test.id, Result()) if test else Result()


@dataclass(frozen=True)
class Tests:
    """The tests of a course by what they are for."""

    pre: Test | None
    post: Test | None
    exercises: tuple[Test, ...]

    @property
    def all(self) -> tuple[Test, ...]:
        ends = tuple(test for test in (self.pre, self.post) if test)
        return ends + self.exercises

    def gain(self, row: Row) -> Decimal | None:
        """Post-test minus pre-test, for those who have both."""
        before, after = row.result(self.pre).score, row.result(self.post).score
        return None if before is None or after is None else after - before


def tests_by_role(course_id: int) -> Tests:
    tests = tests_in(course_id)
    first = {test.role: test for test in reversed(tests)}
    exercises = tuple(test for test in tests if test.role == "exercise")
    return Tests(first.get("pre"), first.get("post"), exercises)


def results_of(enrolment_ids: Collection[int], tests: Tests) -> dict[int, dict[int, Result]]:
    """Enrolment id → test id → result, in one query."""
    rows = db.session.execute(
        sa.select(Attempt.enrolment_id, Attempt.test_id, Attempt.closed_by, Attempt.score)
        .where(
            Attempt.enrolment_id.in_(enrolment_ids),
            Attempt.test_id.in_([test.id for test in tests.all]),
        )
        .order_by(Attempt.number)
    )
    found: dict[int, dict[int, Result]] = {}
    for enrolment_id, test_id, closed_by, score in rows:
        own = found.setdefault(enrolment_id, {})
        before = own.get(test_id, Result()).score
        scores = [one for one in (before, score) if one is not None]
        own[test_id] = Result(_STATES[closed_by], max(scores, default=None))
    return found


_STATES: Mapping[str | None, ResultState] = {
    None: "working", "participant": "handed_in", "server": "closed_by_server",
}  # fmt: skip


def rows_of(
    cohort: Cohort,
    tests: Tests,
    *,
    missing: Test | None = None,
    after: tuple[str, int] | None = None,
    limit: int | None = PAGE,
) -> list[Row]:
    """Participants by name with their results; `after` is the last one's (name_key, id).

    With `missing` only those who have not handed in that test.
    """
    query = (
        sa.select(Enrolment)
        .join(Enrolment.user)
        .where(Enrolment.cohort_id == cohort.id, Enrolment.status == "confirmed")
        .options(contains_eager(Enrolment.user), joinedload(Enrolment.institution))
        .order_by(User.name_key, Enrolment.id)
        .limit(limit)
    )
    if after:
        query = query.where(sa.tuple_(User.name_key, Enrolment.id) > sa.tuple_(*after))
    if missing:
        scored = sa.select(Attempt.enrolment_id).where(
            Attempt.test_id == missing.id, Attempt.score.is_not(None)
        )
        query = query.where(Enrolment.id.not_in(scored))
    enrolments = db.session.scalars(query).all()
    results = results_of([enrolment.id for enrolment in enrolments], tests)
    return [Row(enrolment, results.get(enrolment.id, {})) for enrolment in enrolments]


def row_of(enrolment: Enrolment, tests: Tests) -> Row:
    """The same for one participant."""
    return Row(enrolment, results_of([enrolment.id], tests).get(enrolment.id, {}))


@dataclass(frozen=True)
class Summary:
    """A class in figures. Means are of the best scores; `pairs` have both pre and post."""

    people: int
    pre_people: int
    pre_mean: Decimal | None
    post_people: int
    post_mean: Decimal | None
    pairs: int
    gain_mean: Decimal | None
    passed: int


def summary_of(cohort: Cohort, tests: Tests) -> Summary:
    """One query, whatever the size of the class."""
    pre, post = _best(tests.pre, "pre"), _best(tests.post, "post")
    gain = post.c.score - pre.c.score
    mark = tests.post.pass_mark if tests.post else None
    passed = sa.false() if mark is None else post.c.score >= mark
    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(pre.c.score),
            sa.func.avg(pre.c.score),
            sa.func.count(post.c.score),
            sa.func.avg(post.c.score),
            sa.func.count(gain),
            sa.func.avg(gain),
            sa.func.count().filter(passed),
        )
        .select_from(Enrolment)
        .outerjoin(pre, pre.c.enrolment_id == Enrolment.id)
        .outerjoin(post, post.c.enrolment_id == Enrolment.id)
        .where(Enrolment.cohort_id == cohort.id, Enrolment.status == "confirmed")
    ).one()
    return Summary(*row)


def _best(test: Test | None, name: str) -> sa.Subquery:
    """Each participant's best score in a test; nobody where there is no test."""
    return (
        sa.select(Attempt.enrolment_id, sa.func.max(Attempt.score).label("score"))
        .where(Attempt.test_id == (test.id if test else None), Attempt.score.is_not(None))
        .group_by(Attempt.enrolment_id)
        .subquery(name)
    )
