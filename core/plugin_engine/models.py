"""What the database remembers of plugins: installed versions, decisions, and their epoch.

No row for an institution means "as the parent decides"; a row is a decision that upgrades keep.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, IntPk, created_at, fk


class PluginInstallation(Base):
    __tablename__ = "plugin_installation"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
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
    """One row; its number grows with every change, so that each process knows to look again."""

    __tablename__ = "plugin_epoch"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, default=1)
    number: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
