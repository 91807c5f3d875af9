"""Rules of writing a test: its settings, its questions and their keys.

Once somebody has started, what is asked and what counts stays; only wording can be mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from core.api import Activity, DomainError, User, audit, db
from plugins.quizzes import queries, services
from plugins.quizzes.models import Choice, ChoiceKey, Question, Test

MOST_QUESTIONS = 500
MOST_CHOICES = 50
LONGEST_TEXT = 5000


class Locked(DomainError):
    """People have started the test, so what is asked and what counts stays."""

    def __init__(self) -> None:
        super().__init__(
            _("Participants have started this test. You can still mend the wording, but not add or "
              "remove questions, change right answers, points, the role or the pass mark.")
        )  # fmt: skip


class QuestionRefused(DomainError):
    """A question that cannot be answered or scored as it is written."""


@dataclass(frozen=True)
class DraftChoice:
    text: str
    fraction: Decimal
    feedback: str = ""


@dataclass(frozen=True)
class Draft:
    """A question as an author or a file gives it, not yet part of a test."""

    kind: str
    text: str
    choices: tuple[DraftChoice, ...]
    text_format: str = "markdown"
    general_feedback: str = ""
    points: int = 1
    external_id: str = ""


# The test


def create_test(activity: Activity) -> Test:
    """The plugin's own row for an activity of its kind."""
    test = Test(activity=activity)
    db.session.add(test)
    db.session.flush()
    return test


def change_test(test: Test, *, by: User | None, **settings: Any) -> None:
    """Changes the named settings. Raises DomainError for a second pre-test or a late mark.

    A new time limit holds for attempts under way as well.
    """
    changed = sorted(name for name, value in settings.items() if getattr(test, name) != value)
    if "role" in changed:
        _refuse_second(test, settings["role"])
    if {"role", "pass_mark"} & set(changed):
        _refuse_locked(test)
    for name in changed:
        setattr(test, name, settings[name])
    db.session.flush()
    if "time_limit_minutes" in changed:
        services.move_deadlines(test)
    if changed:
        _note("change", test, by, fields=changed)


def _refuse_second(test: Test, role: str) -> None:
    if role == "exercise":
        return
    for other in queries.tests_in(test.activity.section.course_id):
        if other.id != test.id and other.role == role:
            raise DomainError(
                _("“%(title)s” has this role already. A course has one pre-test and one post-test.",
                  title=other.activity.title)
            )  # fmt: skip


def _refuse_locked(test: Test) -> None:
    services.hold_starts(test)
    if queries.has_attempts(test):
        raise Locked


def _note(action: str, test: Test, by: User | None, **change: Any) -> None:
    institution = test.activity.section.course.institution
    audit(f"test.{action}", test, actor=by, institution=institution, **change)


# Questions


def check(draft: Draft) -> None:
    """Raises QuestionRefused with what to change."""
    written = [choice.text for choice in draft.choices]
    lengths = [draft.text, draft.general_feedback, *written, *(c.feedback for c in draft.choices)]
    if not draft.text.strip():
        raise QuestionRefused(_("Write the question."))
    if max(map(len, lengths)) > LONGEST_TEXT:
        raise QuestionRefused(_("A text is longer than %(count)s characters.", count=LONGEST_TEXT))
    if len(written) < 2:
        raise QuestionRefused(_("Write at least two answers to choose from."))
    if len(written) > MOST_CHOICES:
        raise QuestionRefused(_("Write at most %(count)s answers.", count=MOST_CHOICES))
    if len({" ".join(text.split()) for text in written}) < len(written):
        raise QuestionRefused(_("Two answers are the same. Change or remove one of them."))
    _check_fractions(draft)


def _check_fractions(draft: Draft) -> None:
    fractions = [choice.fraction for choice in draft.choices]
    if any(not -1 <= fraction <= 1 for fraction in fractions):
        raise QuestionRefused(_("A share must lie between −100 and 100."))
    if draft.kind != "multiple" and fractions.count(Decimal(1)) != 1:
        raise QuestionRefused(_("Mark one answer as the right one."))
    total = sum((fraction for fraction in fractions if fraction > 0), Decimal(0))
    if draft.kind == "multiple" and abs(total - 1) > Decimal("0.01"):
        raise QuestionRefused(
            _("The shares of the right answers must add up to 100, for example 50 and 50.")
        )


def add_questions(test: Test, drafts: Sequence[Draft], *, by: User | None) -> list[Question]:
    """Adds questions at the end, all or none. Raises Locked, QuestionRefused."""
    _refuse_locked(test)
    position = _last_position(test)
    if position + len(drafts) > MOST_QUESTIONS:
        raise QuestionRefused(
            _("A test has at most %(count)s questions. Choose fewer.", count=MOST_QUESTIONS)
        )
    questions = []
    for offset, draft in enumerate(drafts, start=1):
        check(draft)
        question = Question(test_id=test.id, position=position + offset, kind=draft.kind)
        _write(question, draft)
        questions.append(question)
    db.session.add_all(questions)
    db.session.flush()
    _note("questions_add", test, by, count=len(questions))
    return questions


def _last_position(test: Test) -> int:
    query = sa.select(sa.func.coalesce(sa.func.max(Question.position), 0))
    return db.session.scalars(query.filter_by(test_id=test.id)).one()


def _write(question: Question, draft: Draft) -> None:
    """Brings a question in line with the draft; choices keep their place and id."""
    question.text, question.text_format = draft.text.strip(), draft.text_format
    question.general_feedback = draft.general_feedback.strip()
    question.points, question.external_id = draft.points, draft.external_id
    del question.choices[len(draft.choices) :]
    for position, wanted in enumerate(draft.choices, start=1):
        if position > len(question.choices):
            question.choices.append(Choice(position=position, key=ChoiceKey()))
        choice = question.choices[position - 1]
        choice.text, choice.feedback = wanted.text.strip(), wanted.feedback.strip()
        choice.key.fraction = wanted.fraction


def change_question(test: Test, question: Question, draft: Draft, *, by: User | None) -> None:
    """Rewrites a question that was read with its keys. Raises Locked, QuestionRefused."""
    check(draft)
    if _counts_differently(question, draft):
        _refuse_locked(test)
    _write(question, draft)
    db.session.flush()
    _note("question_change", test, by, question=question.id)


def _counts_differently(question: Question, draft: Draft) -> bool:
    now_fractions = [choice.key.fraction for choice in question.choices]
    fractions = [choice.fraction for choice in draft.choices]
    return (question.points, now_fractions) != (draft.points, fractions)


def delete_question(test: Test, question: Question, *, by: User | None) -> None:
    _refuse_locked(test)
    db.session.delete(question)
    db.session.flush()
    _renumber(queries.questions_of(test))
    _note("question_delete", test, by, question=question.id)


def move_question(test: Test, question: Question, step: int) -> None:
    """One place up (-1) or down (+1); at the end it stays. The order is free at any time."""
    questions = list(queries.questions_of(test))
    at = questions.index(question)
    questions.insert(min(max(at + step, 0), len(questions) - 1), questions.pop(at))
    _renumber(questions)


def _renumber(questions: Sequence[Question]) -> None:
    for position, question in enumerate(questions, start=1):
        question.position = position
    db.session.flush()
