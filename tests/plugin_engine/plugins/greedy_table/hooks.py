"""Puts a table beside core's."""

from core.api import Base, IntPk
from sqlalchemy.orm import Mapped


class GreedyThing(Base):
    __tablename__ = "greedy_thing"

    id: Mapped[IntPk]
