"""What stands beside core's people, enrolments, classes and courses, and what can be chosen.

Ranks and levels of education are entries that the plugin brings and the site may rename, hide and
add to; a hidden entry is no longer offered, and stays where it was chosen.
"""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.api import Base, Extension, IntPk, extends, fk, one_of

SCHEMA = "particulars"
RANK, EDUCATION = "rank", "education"


class Entry(Base):
    """Something to choose: a rank or a level of education. `code` stays, `title` may change."""

    __tablename__ = "entry"
    __table_args__ = (
        sa.UniqueConstraint("kind", "code"),
        one_of("kind", RANK, EDUCATION),
        sa.CheckConstraint("code <> ''", name="code"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    kind: Mapped[str]
    code: Mapped[str]
    title: Mapped[str] = mapped_column(default="", server_default="")
    position: Mapped[int]
    offered: Mapped[bool] = mapped_column(default=True, server_default=sa.true())

    @property
    def label(self) -> str:
        """As people read it: "III/a – Penata Muda"."""
        return f"{self.code} – {self.title}" if self.title else self.code


class Person(Extension, Base):
    """Rank, education and work unit: personal data."""

    __tablename__ = "person"
    __table_args__ = {"schema": SCHEMA}

    user_id: Mapped[int] = extends("user.id")
    rank_id: Mapped[int | None] = fk("particulars.entry.id")
    education_id: Mapped[int | None] = fk("particulars.entry.id")
    work_unit: Mapped[str] = mapped_column(default="", server_default="")

    rank: Mapped[Entry | None] = relationship(foreign_keys=[rank_id])
    education: Mapped[Entry | None] = relationship(foreign_keys=[education_id])


class Letter(Extension, Base):
    """The letter by which somebody was sent to a class."""

    __tablename__ = "letter"
    __table_args__ = (
        sa.CheckConstraint("number <> '' OR dated_on IS NULL", name="number"),
        {"schema": SCHEMA},
    )

    enrolment_id: Mapped[int] = extends("enrolment.id")
    number: Mapped[str] = mapped_column(default="", server_default="")
    dated_on: Mapped[date | None]


class Basis(Extension, Base):
    """The decree or invitation that a class rests on."""

    __tablename__ = "basis"
    __table_args__ = (
        sa.CheckConstraint("number <> '' OR dated_on IS NULL", name="number"),
        {"schema": SCHEMA},
    )

    cohort_id: Mapped[int] = extends("cohort.id")
    number: Mapped[str] = mapped_column(default="", server_default="")
    dated_on: Mapped[date | None]


class Audience(Extension, Base):
    """For whom a course is, and what they must bring along."""

    __tablename__ = "audience"
    __table_args__ = {"schema": SCHEMA}

    course_id: Mapped[int] = extends("course.id")
    target: Mapped[str] = mapped_column(default="", server_default="")
    needs: Mapped[str] = mapped_column(default="", server_default="")
