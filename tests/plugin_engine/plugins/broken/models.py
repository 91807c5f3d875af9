"""A table that must be gone again after the import of `hooks` has failed."""

from core.api import Base, IntPk
from sqlalchemy.orm import Mapped


class BrokenThing(Base):
    __tablename__ = "thing"
    __table_args__ = {"schema": "broken"}

    id: Mapped[IntPk]
