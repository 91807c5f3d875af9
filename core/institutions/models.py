"""Institutions as a tree with a materialised path, and the other names they go by.

`path` such as `1.12.305.` lists the ids from the root down, so "this one and everything
below it" is one prefix condition.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Base, IntPk, created_at, fk, one_of

KINDS = ("national", "province", "regency", "library", "agency", "network")


def lineage_of(path: str) -> tuple[int, ...]:
    """Ids from the root down: "1.12.305." is (1, 12, 305)."""
    return tuple(int(part) for part in path.split(".") if part)


class Institution(Base):
    __tablename__ = "institution"
    __table_args__ = (
        one_of("kind", *KINDS),
        sa.Index(
            "ix_institution_path", "path", unique=True, postgresql_ops={"path": "text_pattern_ops"}
        ),
    )

    id: Mapped[IntPk]
    parent_id: Mapped[int | None] = fk("institution.id")
    path: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    short_name: Mapped[str]
    name_key: Mapped[str] = mapped_column(index=True)
    code: Mapped[str | None] = mapped_column(unique=True)
    timezone: Mapped[str] = mapped_column(default="Asia/Jakarta", server_default="Asia/Jakarta")
    created_at: Mapped[datetime] = created_at()

    parent: Mapped["Institution | None"] = relationship(remote_side="Institution.id")
    aliases: Mapped[list["InstitutionAlias"]] = relationship(
        cascade="all, delete-orphan", order_by="InstitutionAlias.id"
    )

    @property
    def lineage(self) -> tuple[int, ...]:
        """Ids from the root to this institution."""
        return lineage_of(self.path)

    @property
    def scope_institutions(self) -> "tuple[Institution, ...]":
        return (self,)

    @property
    def plugin_institution(self) -> "Institution":
        return self

    def roles_of(self, user: Any) -> frozenset[str]:
        return frozenset()

    def __repr__(self) -> str:
        return f"<Institution {self.path} {self.short_name}>"


class InstitutionAlias(Base):
    __tablename__ = "institution_alias"
    __table_args__ = (sa.UniqueConstraint("institution_id", "key"),)

    id: Mapped[IntPk]
    institution_id: Mapped[int] = fk("institution.id", ondelete="CASCADE")
    alias: Mapped[str]
    key: Mapped[str] = mapped_column(index=True)
