"""Cohorts, who works in them, what is scheduled, who is enrolled and how far they are.

The counters on an enrolment are kept by the services so that lists never scan progress.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.courses.models import Activity, Course
from core.db import Base, IntPk, created_at, db, fk, now, one_of
from core.institutions.models import Institution
from core.people.models import User

MODES = ("online", "onsite", "hybrid")
POLICIES = ("organiser", "key")
STAFF_ROLES = ("trainer", "committee")


class Cohort(Base):
    __tablename__ = "cohort"
    __table_args__ = (
        one_of("mode", *MODES),
        one_of("status", "draft", "published", "cancelled"),
        one_of("enrolment_policy", *POLICIES),
        sa.CheckConstraint("ends_on >= starts_on", name="dates"),
        sa.CheckConstraint("capacity > 0", name="capacity"),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]*$'", name="code"),
        sa.CheckConstraint(
            "enrolment_policy <> 'key' OR enrolment_key <> ''", name="enrolment_key"
        ),
    )

    id: Mapped[IntPk]
    course_id: Mapped[int] = fk("course.id")
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    number: Mapped[int | None]
    mode: Mapped[str] = mapped_column(default="online", server_default="online")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    timezone: Mapped[str] = mapped_column(default="Asia/Jakarta", server_default="Asia/Jakarta")
    venue: Mapped[str] = mapped_column(default="", server_default="")
    capacity: Mapped[int | None]
    enrolment_policy: Mapped[str] = mapped_column(default="organiser", server_default="organiser")
    enrolment_key: Mapped[str] = mapped_column(default="", server_default="")
    organiser_id: Mapped[int] = fk("institution.id")
    host_id: Mapped[int] = fk("institution.id")
    contact_phone: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[str] = mapped_column(default="draft", server_default="draft")
    created_at: Mapped[datetime] = created_at()

    course: Mapped[Course] = relationship()
    organiser: Mapped[Institution] = relationship(foreign_keys=[organiser_id])
    host: Mapped[Institution] = relationship(foreign_keys=[host_id])
    staff: Mapped[list["CohortStaff"]] = relationship(
        order_by="CohortStaff.position, CohortStaff.id", cascade="all, delete-orphan"
    )

    @property
    def phase(self) -> str:
        """draft, cancelled, ahead, running or over, by the calendar of the class's own zone."""
        if self.status != "published":
            return self.status
        today = now().astimezone(ZoneInfo(self.timezone)).date()
        if today < self.starts_on:
            return "ahead"
        return "running" if today <= self.ends_on else "over"

    @property
    def scope_institutions(self) -> tuple[Institution, ...]:
        """Grants of the host and of the organiser both count."""
        return (self.host, self.organiser)

    @property
    def plugin_institution(self) -> Institution:
        return self.host

    def roles_of(self, user: Any) -> frozenset[str]:
        """Trainer and committee by the staff list, participant by a confirmed enrolment."""
        cache: dict[tuple[int, int], frozenset[str]] = g.setdefault("cohort_roles", {})
        key = (self.id, user.id)
        if key not in cache:
            staff = sa.select(CohortStaff.role).filter_by(cohort_id=self.id, user_id=user.id)
            enrolled = sa.select(sa.literal("participant")).where(
                Enrolment.cohort_id == self.id,
                Enrolment.user_id == user.id,
                Enrolment.status == "confirmed",
            )
            cache[key] = frozenset(db.session.scalars(sa.union_all(staff, enrolled)))
        return cache[key]


class CohortStaff(Base):
    __tablename__ = "cohort_staff"
    __table_args__ = (
        sa.UniqueConstraint("cohort_id", "user_id", "role"),
        one_of("role", *STAFF_ROLES),
    )

    id: Mapped[IntPk]
    cohort_id: Mapped[int] = fk("cohort.id", ondelete="CASCADE")
    user_id: Mapped[int] = fk("user.id")
    role: Mapped[str]
    position: Mapped[int] = mapped_column(default=0, server_default="0")

    user: Mapped[User] = relationship()


class ScheduledActivity(Base):
    """When an activity runs in a cohort: the window it is open and the time it is held."""

    __tablename__ = "scheduled_activity"
    __table_args__ = (
        sa.UniqueConstraint("cohort_id", "activity_id"),
        sa.CheckConstraint("closes_at > opens_at", name="window"),
        sa.CheckConstraint("ends_at > starts_at", name="times"),
    )

    id: Mapped[IntPk]
    cohort_id: Mapped[int] = fk("cohort.id", ondelete="CASCADE")
    activity_id: Mapped[int] = fk("activity.id", ondelete="CASCADE")
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]

    activity: Mapped[Activity] = relationship()
    staff: Mapped[list["ScheduledStaff"]] = relationship(
        order_by="ScheduledStaff.position", cascade="all, delete-orphan"
    )


class ScheduledStaff(Base):
    __tablename__ = "scheduled_staff"
    __table_args__ = (sa.UniqueConstraint("scheduled_activity_id", "user_id"),)

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = fk("scheduled_activity.id", ondelete="CASCADE")
    user_id: Mapped[int] = fk("user.id")
    position: Mapped[int] = mapped_column(default=0, server_default="0")

    user: Mapped[User] = relationship()


class Enrolment(Base):
    __tablename__ = "enrolment"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "cohort_id"),
        one_of("status", "confirmed", "withdrawn"),
        one_of("via", "organiser", "key", "roster"),
        sa.Index("ix_enrolment_cohort_status", "cohort_id", "status"),
    )

    id: Mapped[IntPk]
    user_id: Mapped[int] = fk("user.id")
    cohort_id: Mapped[int] = fk("cohort.id", index=False)
    institution_id: Mapped[int | None] = fk("institution.id")
    status: Mapped[str] = mapped_column(default="confirmed", server_default="confirmed")
    via: Mapped[str]
    required_total: Mapped[int] = mapped_column(default=0, server_default="0")
    required_done: Mapped[int] = mapped_column(default=0, server_default="0")
    completed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created_at()

    user: Mapped[User] = relationship()
    cohort: Mapped[Cohort] = relationship()
    institution: Mapped[Institution | None] = relationship()


class ActivityProgress(Base):
    __tablename__ = "activity_progress"
    __table_args__ = (
        sa.UniqueConstraint("enrolment_id", "activity_id"),
        one_of("state", "started", "done", "failed"),
    )

    id: Mapped[IntPk]
    enrolment_id: Mapped[int] = fk("enrolment.id", ondelete="CASCADE", index=False)
    activity_id: Mapped[int] = fk("activity.id", ondelete="CASCADE")
    state: Mapped[str]
    score: Mapped[float | None]
    completed_at: Mapped[datetime | None]
    overridden_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    reason: Mapped[str] = mapped_column(default="", server_default="")
