"""Where a live class is held, and who pressed the button to join it.

A visit says who came to the door. It is never presence: that is what `attendance` settles.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.api import Base, IntPk, User, fk

SCHEMA = "online_classes"
KIND = "online_classes.live"
LONGEST_URL = 2000
LONGEST_PASSCODE = 50


class Meeting(Base):
    """The meeting of one session: a join link, or a Zoom number from which one is built.

    `meeting_number` is also known where a Zoom link was given. `passcode` is what people type;
    a link carries its own. None of these is ever for a public page or a log.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        sa.CheckConstraint("join_url = '' OR join_url ~ '^https://'", name="join_url"),
        sa.CheckConstraint(
            "meeting_number BETWEEN 100000000 AND 99999999999", name="meeting_number"
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = fk(
        "scheduled_activity.id", ondelete="CASCADE", unique=True, index=False
    )
    join_url: Mapped[str] = mapped_column(default="", server_default="")
    meeting_number: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    passcode: Mapped[str] = mapped_column(default="", server_default="")
    notes: Mapped[str] = mapped_column(default="", server_default="")
    started_at: Mapped[datetime | None]
    started_by_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    ended_at: Mapped[datetime | None]

    started_by: Mapped[User | None] = relationship()

    @property
    def has_address(self) -> bool:
        return bool(self.join_url or self.meeting_number)


class Visit(Base):
    """Who pressed the button to join a session: when first, when last, how often."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.UniqueConstraint("scheduled_activity_id", "user_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    scheduled_activity_id: Mapped[int] = fk(
        "scheduled_activity.id", ondelete="CASCADE", index=False
    )
    user_id: Mapped[int] = fk("user.id", ondelete="CASCADE")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=1, server_default="1")

    user: Mapped[User] = relationship()


# The tables of the reports and of Zoom's events belong to this plugin's schema as well.
from plugins.online_classes import report_models, zoom_models  # noqa: E402, F401 -- same schema
