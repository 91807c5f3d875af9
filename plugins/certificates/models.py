"""Number series and certificates. What a certificate says is frozen in it when it is issued."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.api import Base, Enrolment, IntPk, StoredFile, fk, site_url
from plugins.certificates.pdf import Printed

SCHEMA = "certificates"
State = Literal["ready", "making", "failed", "revoked"]


class NumberSeries(Base):
    """The numbers of one institution in one year; its row is locked while they are taken."""

    __tablename__ = "number_series"
    __table_args__ = (
        sa.UniqueConstraint("institution_id", "year"),
        sa.CheckConstraint("last >= 0", name="last"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    institution_id: Mapped[int] = fk("institution.id", index=False)
    year: Mapped[int]
    last: Mapped[int] = mapped_column(default=0, server_default="0")


class Certificate(Base):
    """`printed` never changes; whatever is wrong in it ends with a new certificate."""

    __tablename__ = "certificate"
    __table_args__ = (
        sa.UniqueConstraint("series_id", "sequence"),
        sa.Index("uq_certificate_number", sa.text("upper(number)"), "issuer_id", unique=True),
        sa.Index(
            "uq_certificate_valid",
            "enrolment_id",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
        sa.CheckConstraint("(revoked_at IS NULL) = (reason = '')", name="reason"),
        sa.CheckConstraint("file_id IS NULL OR failure = ''", name="failure"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    enrolment_id: Mapped[int] = fk("enrolment.id")
    issuer_id: Mapped[int] = fk("institution.id", index=False)
    series_id: Mapped[int] = fk(f"{SCHEMA}.number_series.id", index=False)
    sequence: Mapped[int]
    number: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    printed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_at: Mapped[datetime]
    issued_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    file_id: Mapped[int | None] = fk("stored_file.id")
    failure: Mapped[str] = mapped_column(default="", server_default="")
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    reason: Mapped[str] = mapped_column(default="", server_default="")

    enrolment: Mapped[Enrolment] = relationship()
    file: Mapped[StoredFile | None] = relationship()

    @property
    def content(self) -> Printed:
        """What it says."""
        return Printed.from_json(self.printed)

    @property
    def earned(self) -> bool:
        """Whether its person is in the class today and has completed it."""
        enrolment = self.enrolment
        return enrolment.status == "confirmed" and enrolment.completed_at is not None

    @property
    def state(self) -> State:
        """Revoked, or valid and then how far its file is."""
        if self.revoked_at is not None:
            return "revoked"
        if self.file_id is not None:
            return "ready"
        return "failed" if self.failure else "making"

    @property
    def check_url(self) -> str:
        """The address in its QR code."""
        return site_url("certificates.by_code", code=self.code)
