"""What the database remembers of plugins: versions, decisions, settings, failures, records.

No row for an institution means "as the parent decides"; a row is a decision that upgrades keep.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, IntPk, created_at, fk


class PluginInstallation(Base):
    __tablename__ = "plugin_installation"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    revision: Mapped[str | None]
    installed_at: Mapped[datetime] = created_at()


class PluginDecision(Base):
    __tablename__ = "plugin_decision"
    __table_args__ = (sa.UniqueConstraint("institution_id", "plugin"),)

    id: Mapped[IntPk]
    institution_id: Mapped[int] = fk("institution.id", ondelete="CASCADE")
    plugin: Mapped[str]
    enabled: Mapped[bool]
    locked: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    decided_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    decided_at: Mapped[datetime] = created_at()


class PluginEpoch(Base):
    """One row; its number grows with every change, so that each process knows to look again.

    `site` tells this installation from any other.
    """

    __tablename__ = "plugin_epoch"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, default=1)
    number: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    site: Mapped[UUID] = mapped_column(server_default=sa.func.gen_random_uuid())


class PluginSetting(Base):
    """What the site, an institution, a course or a class has set of a plugin; only the fields it
    filled in. A row without a place is the site's. `secrets`: name → encrypted value."""

    __tablename__ = "plugin_setting"
    __table_args__ = (
        sa.UniqueConstraint("institution_id", "plugin"),
        sa.UniqueConstraint("course_id", "plugin"),
        sa.UniqueConstraint("cohort_id", "plugin"),
        sa.Index(
            "uq_plugin_setting_site",
            "plugin",
            unique=True,
            postgresql_where=sa.text("num_nonnulls(institution_id, course_id, cohort_id) = 0"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(institution_id, course_id, cohort_id) <= 1", name="one_place"
        ),
    )

    id: Mapped[IntPk]
    plugin: Mapped[str]
    institution_id: Mapped[int | None] = fk("institution.id", ondelete="CASCADE", index=False)
    course_id: Mapped[int | None] = fk("course.id", ondelete="CASCADE", index=False)
    cohort_id: Mapped[int | None] = fk("cohort.id", ondelete="CASCADE", index=False)
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    secrets: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    changed_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    changed_at: Mapped[datetime] = created_at()


class PluginFailure(Base):
    """How often a part of a plugin failed on a day, and the last error: its kind and place only,
    since a message may carry personal data."""

    __tablename__ = "plugin_failure"

    plugin: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    error: Mapped[str] = mapped_column(default="", server_default="")
    last_at: Mapped[datetime] = created_at()


class PluginRecord(Base):
    """A row that a plugin brought as reference or demo data, under its stable name.

    `applied`: column → value as it was last written, so that a person's change is seen.
    """

    __tablename__ = "plugin_record"

    plugin: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    table_name: Mapped[str]
    row_id: Mapped[int] = mapped_column(sa.BigInteger)
    applied: Mapped[dict[str, Any]] = mapped_column(JSONB)
    demo: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    applied_at: Mapped[datetime] = created_at()
