"""A table that must be gone again after the import of `hooks` has failed."""

from sqlalchemy.orm import Mapped

from core.api import Base, IntPk


class BrokenThing(Base):
    __tablename__ = "thing"
    __table_args__ = {"schema": "broken"}

    id: Mapped[IntPk]
