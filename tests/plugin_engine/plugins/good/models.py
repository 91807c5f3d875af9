"""One table in the plugin's own schema, with a foreign key into core."""

from sqlalchemy.orm import Mapped

from core.api import Base, IntPk, fk


class Note(Base):
    __tablename__ = "note"
    __table_args__ = {"schema": "good"}

    id: Mapped[IntPk]
    activity_id: Mapped[int] = fk("activity.id", ondelete="CASCADE")
    text: Mapped[str]
