"""Courses, their sections and activities, and the files that activities show.

A section is a material; activities with the same `part` that stand together form its
sub-materials A, B, C. A plugin keeps its own row keyed by `activity_id`.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Base, IntPk, created_at, fk, one_of
from core.institutions.models import Institution


class Course(Base):
    __tablename__ = "course"
    __table_args__ = (
        one_of("status", "draft", "published", "archived"),
        one_of("language", "id", "en"),
        sa.CheckConstraint("lesson_hours BETWEEN 0 AND 1000", name="lesson_hours"),
    )

    id: Mapped[IntPk]
    institution_id: Mapped[int] = fk("institution.id")
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="", server_default="")
    lesson_hours: Mapped[int] = mapped_column(default=0, server_default="0")
    language: Mapped[str] = mapped_column(default="id", server_default="id")
    status: Mapped[str] = mapped_column(default="draft", server_default="draft")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = created_at()

    institution: Mapped[Institution] = relationship()
    sections: Mapped[list["Section"]] = relationship(
        back_populates="course", order_by="Section.position", cascade="all, delete-orphan"
    )

    @property
    def scope_institutions(self) -> tuple[Institution, ...]:
        return (self.institution,)

    @property
    def plugin_institution(self) -> Institution:
        return self.institution

    def roles_of(self, user: Any) -> frozenset[str]:
        return frozenset()

    @property
    def activities(self) -> "list[Activity]":
        """All activities in the order of the course."""
        return [activity for section in self.sections for activity in section.activities]


class Section(Base):
    __tablename__ = "section"
    __table_args__ = (
        sa.UniqueConstraint("course_id", "position", deferrable=True, initially="DEFERRED"),
    )

    id: Mapped[IntPk]
    course_id: Mapped[int] = fk("course.id", ondelete="CASCADE")
    position: Mapped[int]
    title: Mapped[str]
    numbered: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    lesson_hours: Mapped[int] = mapped_column(default=0, server_default="0")

    course: Mapped[Course] = relationship(back_populates="sections")
    activities: Mapped[list["Activity"]] = relationship(
        back_populates="section", order_by="Activity.position", cascade="all, delete-orphan"
    )


class StoredFile(Base):
    __tablename__ = "stored_file"

    id: Mapped[IntPk]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    media_type: Mapped[str]
    sha256: Mapped[str]
    created_at: Mapped[datetime] = created_at()


class Activity(Base):
    __tablename__ = "activity"
    __table_args__ = (
        sa.UniqueConstraint("section_id", "position", deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint("minutes BETWEEN 0 AND 10000", name="minutes"),
    )

    id: Mapped[IntPk]
    section_id: Mapped[int] = fk("section.id", ondelete="CASCADE")
    position: Mapped[int]
    kind: Mapped[str]
    part: Mapped[str] = mapped_column(default="", server_default="")
    title: Mapped[str]
    required: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    body: Mapped[str] = mapped_column(default="", server_default="")
    url: Mapped[str] = mapped_column(default="", server_default="")
    file_id: Mapped[int | None] = fk("stored_file.id")

    section: Mapped[Section] = relationship(back_populates="activities")
    file: Mapped[StoredFile | None] = relationship()
