"""What Zoom told of meetings, each event once. It holds no name, e-mail or telephone number."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Base, IntPk, fk, one_of
from plugins.online_classes.zoom import EVENTS

SCHEMA = "online_classes"


class ZoomEvent(Base):
    """An event as it was received. `processed_at` None: its class is not known, or has the plugin
    disabled. `digest`: of the whole message, so that what is sent again is kept once."""

    __tablename__ = "zoom_event"
    __table_args__ = (
        one_of("name", *EVENTS),
        sa.Index(
            "ix_zoom_event_waiting",
            "received_at",
            postgresql_where=sa.text("processed_at IS NULL"),
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[IntPk]
    digest: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    meeting_number: Mapped[int] = mapped_column(sa.BigInteger)
    connection: Mapped[str]
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    scheduled_activity_id: Mapped[int | None] = fk("scheduled_activity.id", ondelete="CASCADE")
