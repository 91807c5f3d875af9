"""What can be chosen at an institution: the years, courses and classes that it has."""

from collections.abc import Sequence

import sqlalchemy as sa

from core.api import Cohort, Course, Institution, db
from plugins.monitoring.selection import Selection, classes_of_institution

MOST_CLASSES = 100


def years_of(institution: Institution) -> list[str]:
    year = sa.extract("year", Cohort.starts_on)
    query = sa.select(year).where(*Selection(institution).conditions()).distinct()
    return [str(int(found)) for found in db.session.scalars(query)]


def courses_of(institution: Institution) -> Sequence[Course]:
    given = sa.select(Cohort.course_id).where(*Selection(institution).conditions())
    query = sa.select(Course).where(Course.id.in_(given))
    return db.session.scalars(query.order_by(Course.title, Course.id)).all()


def classes_of(institution: Institution) -> Sequence[tuple[str, str]]:
    """Code and title of the newest; an older one is found by its code."""
    query = sa.select(Cohort.code, Cohort.title).where(*Selection(institution).conditions())
    newest = query.order_by(Cohort.starts_on.desc(), Cohort.code).limit(MOST_CLASSES)
    return [(code, title) for code, title in db.session.execute(newest)]


def class_called(code: str, institution: Institution) -> Cohort | None:
    """A class that is hosted or organised at the institution or below it."""
    query = sa.select(Cohort).filter_by(code=code).where(classes_of_institution(institution))
    return db.session.scalar(query)
