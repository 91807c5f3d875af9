"""Puts a table beside core's."""

from sqlalchemy.orm import Mapped

from core.api import Base, IntPk


class GreedyThing(Base):
    __tablename__ = "greedy_thing"

    id: Mapped[IntPk]
