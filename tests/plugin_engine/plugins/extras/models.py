from sqlalchemy.orm import Mapped

from core.api import Base, Extension, extends


class Motto(Base, Extension):
    __tablename__ = "motto"
    __table_args__ = {"schema": "extras"}

    institution_id: Mapped[int] = extends("institution.id")
    text: Mapped[str]


class UserNote(Base, Extension):
    __tablename__ = "user_note"
    __table_args__ = {"schema": "extras"}

    user_id: Mapped[int] = extends("user.id")
    text: Mapped[str]


class CourseNote(Base, Extension):
    __tablename__ = "course_note"
    __table_args__ = {"schema": "extras"}

    course_id: Mapped[int] = extends("course.id")
    text: Mapped[str]


class CohortNote(Base, Extension):
    __tablename__ = "cohort_note"
    __table_args__ = {"schema": "extras"}

    cohort_id: Mapped[int] = extends("cohort.id")
    text: Mapped[str]


class EnrolmentNote(Base, Extension):
    __tablename__ = "enrolment_note"
    __table_args__ = {"schema": "extras"}

    enrolment_id: Mapped[int] = extends("enrolment.id")
    text: Mapped[str]
