"""What says that somebody was there, what staff decided, and the result of both.

Evidence and marks are only added to: what was withdrawn or undone leaves its trace. The result
is kept beside them because lists, requirements and figures read it.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.api import Base, IntPk, User, fk, one_of
from plugins.attendance.reckoning import Verdict

SCHEMA = "attendance"
VERDICTS = ("present", "absent", "excused", "open")
# "none" undoes: evidence decides again.
MARKS = ("present", "absent", "excused", "none")


class Evidence(Base):
    """Somebody was in a session from one moment to another, or for so long in all."""

    __tablename__ = "evidence"
    __table_args__ = (
        sa.UniqueConstraint("scheduled_activity_id", "enrolment_id", "source", "external_id"),
        sa.CheckConstraint("to_at >= from_at", name="times"),
        sa.CheckConstraint("seconds >= 0", name="seconds"),
        sa.CheckConstraint("num_nonnulls(from_at, to_at) = 2 * num_nulls(seconds)", name="either"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = fk(
        "scheduled_activity.id", ondelete="CASCADE", index=False
    )
    enrolment_id: Mapped[int] = fk("enrolment.id", ondelete="CASCADE")
    source: Mapped[str]
    external_id: Mapped[str]
    from_at: Mapped[datetime | None]
    to_at: Mapped[datetime | None]
    seconds: Mapped[int | None]
    recorded_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    recorded_at: Mapped[datetime]
    withdrawn_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    withdrawn_at: Mapped[datetime | None]

    recorded_by: Mapped[User | None] = relationship(foreign_keys=[recorded_by_id])
    withdrawn_by: Mapped[User | None] = relationship(foreign_keys=[withdrawn_by_id])


class Mark(Base):
    """What a person decided about another's presence; the latest one counts."""

    __tablename__ = "mark"
    __table_args__ = (
        one_of("verdict", *MARKS),
        sa.Index("ix_mark_scheduled_activity_id", "scheduled_activity_id", "enrolment_id", "id"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = fk(
        "scheduled_activity.id", ondelete="CASCADE", index=False
    )
    enrolment_id: Mapped[int] = fk("enrolment.id", ondelete="CASCADE")
    verdict: Mapped[str]
    reason: Mapped[str]
    marked_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    marked_at: Mapped[datetime]

    marked_by: Mapped[User | None] = relationship()


class SettledPresence(Base):
    """How long somebody was there and what follows; no row is "open", with nothing known."""

    __tablename__ = "presence"
    __table_args__ = (
        one_of("verdict", *VERDICTS),
        sa.CheckConstraint("seconds >= 0", name="seconds"),
        {"schema": SCHEMA},
    )

    scheduled_activity_id: Mapped[int] = fk(
        "scheduled_activity.id", ondelete="CASCADE", index=False, primary_key=True
    )
    enrolment_id: Mapped[int] = fk("enrolment.id", ondelete="CASCADE", primary_key=True)
    seconds: Mapped[int] = mapped_column(sa.BigInteger)
    verdict: Mapped[Verdict] = mapped_column(sa.Text)
