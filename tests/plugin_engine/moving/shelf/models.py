"""References of every sort: to core and inside, that go along, are emptied, or forbid."""

from sqlalchemy import Computed
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Base, IntPk, fk


class Sort(Base):
    __tablename__ = "sort"
    __table_args__ = {"schema": "shelf"}

    id: Mapped[IntPk]
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    place: Mapped[int | None]
    above_id: Mapped[int | None] = fk("shelf.sort.id", index=False)


class Box(Base):
    __tablename__ = "box"
    __table_args__ = {"schema": "shelf"}

    id: Mapped[IntPk]
    institution_id: Mapped[int] = fk("institution.id", ondelete="CASCADE", index=False)
    inside_id: Mapped[int | None] = fk("shelf.box.id", ondelete="CASCADE", index=False)


class Item(Base):
    __tablename__ = "item"
    __table_args__ = {"schema": "shelf"}

    id: Mapped[IntPk]
    box_id: Mapped[int] = fk("shelf.box.id", ondelete="CASCADE", index=False)
    owner_id: Mapped[int | None] = fk("user.id", ondelete="SET NULL", index=False)
    course_id: Mapped[int | None] = fk("course.id", index=False)
    label: Mapped[str]
    size: Mapped[int] = mapped_column(Computed("length(label)", persisted=True))
