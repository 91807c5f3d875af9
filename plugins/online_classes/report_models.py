"""What participants reports said, who was meant by it, and who decided so.

Display names and e-mails of strangers are in here: personal data that never goes to logs, to the
audit log or to a public page.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.api import Base, Enrolment, IntPk, ScheduledActivity, User, fk, one_of

SCHEMA = "online_classes"
LAYOUTS = ("intervals", "totals")
# Staff: somebody who works in the class, neither participant nor stranger.
STATES = ("open", "matched", "staff", "dismissed")
# By the registered e-mail, by an e-mail that a person has decided for, by hand, by a staff's name.
WAYS = ("email", "decision", "person", "name")


def _session() -> Mapped[int]:
    return fk("scheduled_activity.id", ondelete="CASCADE", index=False)


class KeptReport(Base):
    """A report that was imported for a session; its file is not kept."""

    __tablename__ = "report"
    __table_args__ = (one_of("layout", *LAYOUTS), {"schema": SCHEMA})

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = fk("scheduled_activity.id", ondelete="CASCADE")
    sha256: Mapped[str]
    file_name: Mapped[str]
    layout: Mapped[str]
    meeting_number: Mapped[int | None] = mapped_column(sa.BigInteger)
    # Empty where the rows follow no clock: totals, or times of which the file tells the zone.
    zone: Mapped[str]
    imported_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    imported_at: Mapped[datetime]
    taken_back_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    taken_back_at: Mapped[datetime | None]

    imported_by: Mapped[User | None] = relationship(foreign_keys=[imported_by_id])
    taken_back_by: Mapped[User | None] = relationship(foreign_keys=[taken_back_by_id])


class ReportCase(Base):
    """Everybody who was in one session under one display name and e-mail: whose is it?

    Without an e-mail, what a later report tells under a name that a person has decided is a case
    of its own, the next `part`: it may be somebody else.

    `decided_by` is a person; open with a person means that the person took a match back, and
    that nothing is matched by itself any more. `name` is as written, `name_key` as compared.
    """

    __tablename__ = "report_case"
    __table_args__ = (
        sa.UniqueConstraint("scheduled_activity_id", "name_key", "email", "part"),
        one_of("state", *STATES),
        one_of("how", *WAYS),
        sa.Index("ix_report_case_email", "email", postgresql_where=sa.text("email <> ''")),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = _session()
    name: Mapped[str]
    name_key: Mapped[str]
    email: Mapped[str]
    part: Mapped[int] = mapped_column(default=1, server_default="1")
    state: Mapped[str] = mapped_column(default="open", server_default="open")
    how: Mapped[str | None]
    decided_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    decided_at: Mapped[datetime | None]

    session: Mapped[ScheduledActivity] = relationship()
    decided_by: Mapped[User | None] = relationship()
    people: Mapped[list["CasePerson"]] = relationship(
        cascade="all, delete-orphan", order_by="CasePerson.enrolment_id"
    )
    rows: Mapped[list["KeptRow"]] = relationship(order_by="KeptRow.joined_at, KeptRow.id")


class CasePerson(Base):
    """One of those who were meant: several people may sit at one device."""

    __tablename__ = "case_person"
    __table_args__ = ({"schema": SCHEMA},)

    case_id: Mapped[int] = fk(
        f"{SCHEMA}.report_case.id", ondelete="CASCADE", index=False, primary_key=True
    )
    enrolment_id: Mapped[int] = fk("enrolment.id", ondelete="CASCADE", primary_key=True)

    enrolment: Mapped[Enrolment] = relationship()


class KeptRow(Base):
    """One stay; the same one in a newer report is not kept again. `digest` names it elsewhere."""

    __tablename__ = "report_row"
    __table_args__ = (
        sa.UniqueConstraint("scheduled_activity_id", "digest"),
        sa.CheckConstraint("(joined_at IS NULL) = (left_at IS NULL)", name="both_times"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = _session()
    report_id: Mapped[int] = fk(f"{SCHEMA}.report.id", ondelete="CASCADE")
    case_id: Mapped[int] = fk(f"{SCHEMA}.report_case.id", ondelete="CASCADE")
    digest: Mapped[str]
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    seconds: Mapped[int]
    waiting_room: Mapped[bool]


class CaseDecision(Base):
    """What a person decided about a case, and what it was before. Never changed, never deleted."""

    __tablename__ = "case_decision"
    __table_args__ = (
        one_of("state_before", *STATES),
        one_of("state_after", *STATES),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    case_id: Mapped[int] = fk(f"{SCHEMA}.report_case.id", ondelete="CASCADE")
    by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    at: Mapped[datetime]
    state_before: Mapped[str]
    people_before: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger))
    state_after: Mapped[str]
    people_after: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger))

    case: Mapped[ReportCase] = relationship()
    by: Mapped[User | None] = relationship()
