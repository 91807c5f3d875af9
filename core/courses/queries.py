"""Reads about courses."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from core.courses.models import Activity, Course, Section
from core.db import db
from core.institutions.models import Institution

_WHOLE = (
    selectinload(Course.sections).selectinload(Section.activities).joinedload(Activity.file),
    joinedload(Course.institution),
)


def whole_course(course_id: int) -> Course | None:
    """A course with everything in it, in three queries whatever its size."""
    return db.session.scalar(sa.select(Course).filter_by(id=course_id).options(*_WHOLE))


def course_to_read(course_id: int) -> Course:
    """The course for a page that lists it: without the texts, which only their own pages show."""
    texts = selectinload(Course.sections).selectinload(Section.activities).defer(Activity.body)
    query = sa.select(Course).filter_by(id=course_id).options(*_WHOLE, texts)
    return db.session.scalars(query).one()


def course_for_change(course_id: int) -> Course | None:
    """The same; whoever else wants to change it waits until this transaction ends."""
    query = sa.select(Course).filter_by(id=course_id).options(*_WHOLE)
    # The weaker lock lets others refer to the course meanwhile, as a new cohort does.
    query = query.with_for_update(key_share=True, of=Course)
    return db.session.scalar(query.execution_options(populate_existing=True))


def courses_in(
    where: sa.ColumnElement[bool],
    status: str = "",
    *,
    search: str = "",
    after: str = "",
    limit: int | None = None,
) -> Sequence[Course]:
    """Courses of the institutions that `where` selects, by code; `after` is the last one shown."""
    query = sa.select(Course).join(Course.institution).where(where, Course.code > after)
    if status:
        query = query.where(Course.status == status)
    if search:
        named = Course.title.icontains(search, autoescape=True)
        coded = Course.code.istartswith(search, autoescape=True)
        query = query.where(sa.or_(named, coded))
    query = query.options(sa.orm.contains_eager(Course.institution))
    return db.session.scalars(query.order_by(Course.code).limit(limit)).all()


def by_code(code: str) -> Course | None:
    return db.session.scalar(sa.select(Course).filter_by(code=code.strip().upper()))


def activity_counts(courses: Sequence[Course]) -> dict[int, int]:
    """Course id → how many activities it has; a course without any is left out."""
    rows = db.session.execute(
        sa.select(Section.course_id, sa.func.count(Activity.id))
        .join(Activity)
        .where(Section.course_id.in_([course.id for course in courses]))
        .group_by(Section.course_id)
    )
    return {course_id: count for course_id, count in rows}  # noqa: C416 -- rows are no tuples


def activity_of(course: Course, activity_id: int) -> Activity | None:
    query = (
        sa.select(Activity)
        .join(Section)
        .where(Activity.id == activity_id, Section.course_id == course.id)
    )
    return db.session.scalar(query)


def section_of(course: Course, section_id: int) -> Section | None:
    return db.session.scalar(sa.select(Section).filter_by(id=section_id, course_id=course.id))


def owners(where: sa.ColumnElement[bool]) -> Sequence[Institution]:
    """Institutions that may own a course, national first; libraries are left out."""
    depth = sa.func.length(sa.func.regexp_replace(Institution.path, "[^.]", "", "g"))
    query = sa.select(Institution).where(where, Institution.kind != "library")
    return db.session.scalars(query.order_by(depth, Institution.name).limit(1000)).all()
