"""Users, the roles they hold, the one-time access that lets them in, and the audit log.

A person always has a participant number; e-mail and phone may each be missing, and a phone
may be shared. Names, phones, e-mails and NIP are personal data and never go to logs.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_security import UserMixin
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Base, IntPk, created_at, fk, one_of
from core.institutions.models import Institution

participant_numbers = sa.Sequence("participant_number", start=1001, metadata=Base.metadata)


class User(Base, UserMixin):
    __tablename__ = "user"
    __table_args__ = (
        one_of("language", "id", "en"),
        one_of("theme", "auto", "light", "dark"),
        sa.CheckConstraint("full_name <> ''", name="full_name"),
        sa.CheckConstraint("email = lower(email)", name="email"),
        sa.CheckConstraint(r"phone ~ '^\+[0-9]{8,15}$'", name="phone"),
        sa.CheckConstraint(r"nip ~ '^[0-9]{18}$'", name="nip"),
    )

    id: Mapped[IntPk]
    number: Mapped[str] = mapped_column(
        unique=True, server_default=sa.text("'P-' || nextval('participant_number')")
    )
    email: Mapped[str | None] = mapped_column(unique=True)
    phone: Mapped[str | None] = mapped_column(index=True)
    nip: Mapped[str | None] = mapped_column(unique=True)
    full_name: Mapped[str]
    title_before: Mapped[str] = mapped_column(default="", server_default="")
    title_after: Mapped[str] = mapped_column(default="", server_default="")
    name_key: Mapped[str] = mapped_column(index=True)
    position: Mapped[str] = mapped_column(default="", server_default="")
    institution_id: Mapped[int | None] = fk("institution.id")
    language: Mapped[str] = mapped_column(default="id", server_default="id")
    timezone: Mapped[str] = mapped_column(default="Asia/Jakarta", server_default="Asia/Jakarta")
    theme: Mapped[str] = mapped_column(default="auto", server_default="auto")
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    last_login_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created_at()

    institution: Mapped[Institution | None] = relationship()
    roles: tuple[()] = ()  # Flask-Security's own roles are not used; see Grant.

    @property
    def display_name(self) -> str:
        """Name with titles, as it is printed: "Hj. Siti Nur'aini, S.Pd.I."."""
        name = f"{self.title_before} {self.full_name}".strip()
        return f"{name}, {self.title_after}" if self.title_after else name

    def __repr__(self) -> str:
        return f"<User {self.number}>"


class Grant(Base):
    """A role in an institution and everything below it, for a while or for good."""

    __tablename__ = "grant"
    __table_args__ = (sa.UniqueConstraint("user_id", "role", "institution_id"),)

    id: Mapped[IntPk]
    user_id: Mapped[int] = fk("user.id", ondelete="CASCADE")
    role: Mapped[str]
    institution_id: Mapped[int] = fk("institution.id", ondelete="CASCADE")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created_at()

    user: Mapped[User] = relationship()
    institution: Mapped[Institution] = relationship()


class OneTimeAccess(Base):
    """A link and a code that sign one person in once. Only their hashes are kept."""

    __tablename__ = "one_time_access"

    id: Mapped[IntPk]
    user_id: Mapped[int] = fk("user.id", ondelete="CASCADE")
    token_hash: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[str]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    issued_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    created_at: Mapped[datetime] = created_at()
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])


class AuditEntry(Base):
    """Who changed what, and when. Of personal fields only that they changed."""

    __tablename__ = "audit_entry"

    id: Mapped[IntPk]
    actor_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL")
    institution_id: Mapped[int | None] = fk("institution.id", ondelete="SET NULL")
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    change: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    at: Mapped[datetime] = created_at()

    actor: Mapped[User | None] = relationship()
