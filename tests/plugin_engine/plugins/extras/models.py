from sqlalchemy.orm import Mapped

from core.api import Base, Extension, extends


class Motto(Base, Extension):
    __tablename__ = "motto"
    __table_args__ = {"schema": "extras"}

    institution_id: Mapped[int] = extends("institution.id")
    text: Mapped[str]
