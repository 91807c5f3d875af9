"""Tests, their questions and answer keys, and what participants answered.

The keys lie in a table of their own, and feedback is not loaded unless a query asks for it,
so that a participant's page cannot give them away by accident.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict

import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.api import Activity, Base, Enrolment, IntPk, fk, one_of
from plugins.quizzes import texts

SCHEMA = "quizzes"
ROLES = ("pre", "post", "exercise")
SHOWS = ("at_once", "after_closing", "never")
KINDS = ("single", "multiple", "true_false")

# An answer that left the phone in time may arrive this much later: the network's delay.
GRACE = timedelta(seconds=5)


def _hidden() -> Mapped[str]:
    """A text that gives the answer away: reading it without asking for it raises."""
    return mapped_column(default="", server_default="", deferred=True, deferred_raiseload=True)


class Test(Base):
    """What an activity of the kind `quizzes.test` asks and how it is taken."""

    __test__ = False  # pytest must not take it for a class of tests.
    __tablename__ = "test"
    __table_args__ = (
        one_of("role", *ROLES),
        one_of("show", *SHOWS),
        sa.CheckConstraint("time_limit_minutes BETWEEN 1 AND 1440", name="time_limit_minutes"),
        sa.CheckConstraint("pass_mark BETWEEN 0 AND 100", name="pass_mark"),
        sa.CheckConstraint("attempts_allowed BETWEEN 1 AND 100", name="attempts_allowed"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    activity_id: Mapped[int] = fk("activity.id", ondelete="CASCADE", unique=True, index=False)
    role: Mapped[str] = mapped_column(default="exercise", server_default="exercise")
    time_limit_minutes: Mapped[int | None]
    pass_mark: Mapped[int | None]
    attempts_allowed: Mapped[int] = mapped_column(default=1, server_default="1")
    shuffle: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    show: Mapped[str] = mapped_column(default="after_closing", server_default="after_closing")

    activity: Mapped[Activity] = relationship()

    def is_passed(self, score: Decimal) -> bool:
        return self.pass_mark is None or score >= self.pass_mark


class Question(Base):
    __tablename__ = "question"
    __table_args__ = (
        sa.UniqueConstraint("test_id", "position", deferrable=True, initially="DEFERRED"),
        one_of("kind", *KINDS),
        one_of("text_format", *texts.FORMATS),
        sa.CheckConstraint("points BETWEEN 1 AND 100", name="points"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    test_id: Mapped[int] = fk(f"{SCHEMA}.test.id", ondelete="CASCADE", index=False)
    position: Mapped[int]
    kind: Mapped[str]
    text: Mapped[str]
    text_format: Mapped[str] = mapped_column(default="markdown", server_default="markdown")
    general_feedback: Mapped[str] = _hidden()
    external_id: Mapped[str] = mapped_column(default="", server_default="")
    points: Mapped[int] = mapped_column(default=1, server_default="1")

    choices: Mapped[list["Choice"]] = relationship(
        back_populates="question", order_by="Choice.position", cascade="all, delete-orphan"
    )

    @property
    def shown(self) -> Markup:
        return texts.block(self.text, self.text_format)

    @property
    def explanation(self) -> Markup:
        return texts.block(self.general_feedback, self.text_format)


class Choice(Base):
    __tablename__ = "choice"
    __table_args__ = (
        sa.UniqueConstraint("question_id", "position", deferrable=True, initially="DEFERRED"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    question_id: Mapped[int] = fk(f"{SCHEMA}.question.id", ondelete="CASCADE", index=False)
    position: Mapped[int]
    text: Mapped[str]
    feedback: Mapped[str] = _hidden()

    question: Mapped[Question] = relationship(back_populates="choices")
    key: Mapped["ChoiceKey"] = relationship(
        lazy="raise_on_sql", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def shown(self) -> Markup:
        if self.question.kind == "true_false":
            return texts.truth(self.text)
        return texts.inline(self.text, self.question.text_format)

    @property
    def comment(self) -> Markup:
        return texts.inline(self.feedback, self.question.text_format)


class ChoiceKey(Base):
    """What choosing a choice is worth: a share of the question's points, from -1 to 1."""

    __tablename__ = "choice_key"
    __table_args__ = (
        sa.CheckConstraint("fraction BETWEEN -1 AND 1", name="fraction"),
        {"schema": SCHEMA},
    )

    choice_id: Mapped[int] = fk(
        f"{SCHEMA}.choice.id", ondelete="CASCADE", index=False, primary_key=True
    )
    fraction: Mapped[Decimal] = mapped_column(sa.Numeric(6, 5))


class PaperItem(TypedDict):
    """A question with its choices in the order in which one participant sees them."""

    question: int
    choices: list[int]
    several: bool


class Attempt(Base):
    """One sitting of one participant; `paper` never changes once it is handed out."""

    __tablename__ = "attempt"
    __table_args__ = (
        sa.UniqueConstraint("test_id", "enrolment_id", "number"),
        sa.Index(
            "uq_attempt_open",
            "test_id",
            "enrolment_id",
            unique=True,
            postgresql_where=sa.text("submitted_at IS NULL"),
        ),
        one_of("closed_by", "participant", "server"),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        sa.CheckConstraint(
            "(submitted_at IS NULL) = (score IS NULL)"
            " AND (submitted_at IS NULL) = (closed_by IS NULL)",
            name="closed",
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    test_id: Mapped[int] = fk(f"{SCHEMA}.test.id", index=False)
    enrolment_id: Mapped[int] = fk("enrolment.id", ondelete="CASCADE")
    number: Mapped[int]
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    score: Mapped[Decimal | None] = mapped_column(sa.Numeric(5, 2))
    paper: Mapped[list[PaperItem]] = mapped_column(JSONB)

    test: Mapped[Test] = relationship()
    enrolment: Mapped[Enrolment] = relationship()

    @property
    def is_open(self) -> bool:
        """Not handed in yet; its time may be over all the same, see `is_overdue`."""
        return self.submitted_at is None

    def is_overdue(self, at: datetime) -> bool:
        """Open although its time and the network's grace are over."""
        return self.is_open and self.deadline_at is not None and at > self.deadline_at + GRACE

    def seconds_left(self, at: datetime) -> int | None:
        """Until the deadline, never below zero; None without a deadline."""
        if self.deadline_at is None:
            return None
        return max(0, int((self.deadline_at - at).total_seconds()))


class Answer(Base):
    """What a participant chose; `sequence` grows with each change on the device."""

    __tablename__ = "answer"
    __table_args__ = ({"schema": SCHEMA},)

    attempt_id: Mapped[int] = fk(
        f"{SCHEMA}.attempt.id", ondelete="CASCADE", index=False, primary_key=True
    )
    question_id: Mapped[int] = fk(f"{SCHEMA}.question.id", primary_key=True)
    choices: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger))
    flagged: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    sequence: Mapped[int] = mapped_column(sa.BigInteger)
    saved_at: Mapped[datetime]
