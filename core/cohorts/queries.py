"""Reads about cohorts, participants and progress. Lists load what they show."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from core.cohorts.models import (
    ActivityProgress,
    Cohort,
    CohortStaff,
    Enrolment,
    ScheduledActivity,
    ScheduledStaff,
)
from core.courses.models import Activity, Course, Section
from core.db import db, now
from core.institutions.models import Institution
from core.people.access import institutions_where, roles_with
from core.people.models import User
from core.people.names import name_key
from core.plugin_engine.engine import acting_where, owner_of


def by_code(code: str) -> Cohort | None:
    query = sa.select(Cohort).filter_by(code=code.upper())
    return db.session.scalar(
        query.options(
            joinedload(Cohort.host), joinedload(Cohort.organiser), joinedload(Cohort.course)
        )
    )


def enrolments_of(user: User) -> Sequence[Enrolment]:
    """The person's confirmed places in published cohorts, newest first."""
    query = (
        sa.select(Enrolment)
        .join(Enrolment.cohort)
        .where(
            Enrolment.user_id == user.id,
            Enrolment.status == "confirmed",
            Cohort.status == "published",
        )
        .options(
            contains_eager(Enrolment.cohort).joinedload(Cohort.host),
            contains_eager(Enrolment.cohort).joinedload(Cohort.course),
        )
    )
    return db.session.scalars(query.order_by(Cohort.starts_on.desc(), Cohort.id)).all()


def cohorts_for(
    user: User, *, search: str = "", after: tuple[date, str] | None = None, limit: int | None = None
) -> Sequence[Cohort]:
    """Cohorts that the person works in, by grant or by staff list, newest first.

    `search`: a part of code or title. `after`: (starts_on, code) of the last one shown.
    """
    within = sa.select(Institution.id).where(institutions_where(user, "cohorts.view"))
    staffed = sa.select(CohortStaff.cohort_id).where(CohortStaff.user_id == user.id)
    query = (
        sa.select(Cohort)
        .where(
            sa.or_(
                Cohort.host_id.in_(within), Cohort.organiser_id.in_(within), Cohort.id.in_(staffed)
            )
        )
        .options(joinedload(Cohort.course), joinedload(Cohort.host), joinedload(Cohort.organiser))
        .order_by(Cohort.starts_on.desc(), Cohort.code)
        .limit(limit)
    )
    if search:
        in_title = sa.func.lower(Cohort.title).contains(search.lower(), autoescape=True)
        query = query.where(sa.or_(in_title, Cohort.code.contains(search.upper(), autoescape=True)))
    if after:
        starts_on, code = after
        same_day = sa.and_(Cohort.starts_on == starts_on, Cohort.code > code)
        query = query.where(sa.or_(Cohort.starts_on < starts_on, same_day))
    return db.session.scalars(query).all()


def hosts_for(user: User) -> Sequence[Institution]:
    """The institutions that hold a class in which the person takes part or works."""
    places = (
        sa.select(CohortStaff.cohort_id).filter_by(user_id=user.id),
        sa.select(Enrolment.cohort_id).filter_by(user_id=user.id, status="confirmed"),
    )
    held = sa.select(Cohort.host_id).where(
        Cohort.id.in_(sa.union_all(*places)), Cohort.status != "cancelled"
    )
    return db.session.scalars(sa.select(Institution).where(Institution.id.in_(held))).all()


def works_in_a_cohort(user: User) -> bool:
    """Whether the person is on the staff list of any cohort; asked once a request."""
    if "staffed" not in g:
        query = sa.select(CohortStaff.id).filter_by(user_id=user.id).limit(1)
        g.staffed = db.session.scalar(query) is not None
    return bool(g.staffed)


def classes_where(user: User, permission: str) -> sa.ColumnElement[bool]:
    """A condition on Cohort: classes in which the person holds `permission`, by a grant or by
    the staff list, and whose host has its plugin."""
    within = sa.select(Institution.id).where(institutions_where(user, permission))
    listed = sa.select(CohortStaff.cohort_id).where(
        CohortStaff.user_id == user.id, CohortStaff.role.in_(roles_with(permission))
    )
    held = sa.or_(
        Cohort.host_id.in_(within), Cohort.organiser_id.in_(within), Cohort.id.in_(listed)
    )
    active = sa.select(Institution.id).where(acting_where(owner_of(permission)))
    return sa.and_(held, Cohort.host_id.in_(active))


def hosted_by(institution: Institution, *, limit: int) -> Sequence[Cohort]:
    """The newest cohorts that the institution itself hosts."""
    query = sa.select(Cohort).filter_by(host_id=institution.id)
    return db.session.scalars(
        query.order_by(Cohort.starts_on.desc(), Cohort.code).limit(limit)
    ).all()


def counts(cohorts: Sequence[Cohort]) -> dict[int, tuple[int, int]]:
    """Cohort id → (confirmed, completed)."""
    rows = db.session.execute(
        sa.select(
            Enrolment.cohort_id,
            sa.func.count(),
            sa.func.count(Enrolment.completed_at),
        )
        .where(
            Enrolment.cohort_id.in_([cohort.id for cohort in cohorts]),
            Enrolment.status == "confirmed",
        )
        .group_by(Enrolment.cohort_id)
    )
    return {cohort_id: (confirmed, completed) for cohort_id, confirmed, completed in rows}


def class_counts(course_ids: Sequence[int]) -> dict[int, int]:
    """Course id → how many classes give it; a course without any is left out."""
    rows = db.session.execute(
        sa.select(Cohort.course_id, sa.func.count())
        .where(Cohort.course_id.in_(course_ids))
        .group_by(Cohort.course_id)
    )
    return {course_id: count for course_id, count in rows}  # noqa: C416 -- rows are no tuples


def classes_scheduling(activity: Activity) -> int:
    """How many classes have set a time for an activity."""
    query = sa.select(sa.func.count()).select_from(ScheduledActivity)
    return db.session.scalar(query.filter_by(activity_id=activity.id)) or 0


def staff_of(cohort: Cohort) -> Sequence[CohortStaff]:
    """Who works in the cohort, each with name and home."""
    query = sa.select(CohortStaff).filter_by(cohort_id=cohort.id)
    with_home = joinedload(CohortStaff.user).joinedload(User.institution)
    return db.session.scalars(
        query.options(with_home).order_by(CohortStaff.position, CohortStaff.id)
    ).all()


def schedule_of(cohort: Cohort) -> dict[int, ScheduledActivity]:
    """Activity id → when it runs in this cohort, staff included."""
    query = (
        sa.select(ScheduledActivity)
        .filter_by(cohort_id=cohort.id)
        .options(selectinload(ScheduledActivity.staff).joinedload(ScheduledStaff.user))
    )
    return {row.activity_id: row for row in db.session.scalars(query)}


def times_of(cohort: Cohort) -> dict[int, ScheduledActivity]:
    """The same without the staff: what decides how an activity stands for a participant."""
    query = sa.select(ScheduledActivity).filter_by(cohort_id=cohort.id)
    return {row.activity_id: row for row in db.session.scalars(query)}


def progress_of(enrolment: Enrolment) -> dict[int, ActivityProgress]:
    query = sa.select(ActivityProgress).filter_by(enrolment_id=enrolment.id)
    return {row.activity_id: row for row in db.session.scalars(query)}


def participants(
    cohort: Cohort,
    *,
    search: str = "",
    after: tuple[str, int] | None = None,
    limit: int | None = 200,
    status: str = "confirmed",
) -> Sequence[Enrolment]:
    """Participants by name. `search`: a part of the name, or the participant number.

    `after` is the (name_key, id) of the last one shown.
    """
    query = (
        sa.select(Enrolment)
        .join(Enrolment.user)
        .where(Enrolment.cohort_id == cohort.id, Enrolment.status == status)
        .options(
            contains_eager(Enrolment.user).joinedload(User.institution),
            joinedload(Enrolment.institution),
        )
        .order_by(User.name_key, Enrolment.id)
        .limit(limit)
    )
    if search:
        key = name_key(search)
        named = User.name_key.contains(key, autoescape=True) if key else sa.false()
        query = query.where(sa.or_(named, User.number == search.strip().upper()))
    if after:
        query = query.where(sa.tuple_(User.name_key, Enrolment.id) > sa.tuple_(*after))
    return db.session.scalars(query).all()


def places_in(cohort: Cohort, people: Sequence[User]) -> dict[int, Enrolment]:
    """User id → the place that the person has or had in the cohort."""
    query = sa.select(Enrolment).filter_by(cohort_id=cohort.id)
    found = db.session.scalars(query.where(Enrolment.user_id.in_([one.id for one in people])))
    return {enrolment.user_id: enrolment for enrolment in found}


def in_class(cohort: Cohort) -> sa.ColumnElement[bool]:
    """A condition on User: takes part in the cohort, did so once, or works in it."""
    return sa.or_(
        *(
            User.id.in_(sa.select(model.user_id).filter_by(cohort_id=cohort.id))
            for model in (Enrolment, CohortStaff)
        )
    )


def withdrawn_count(cohort: Cohort) -> int:
    query = sa.select(sa.func.count()).select_from(Enrolment)
    return db.session.scalar(query.filter_by(cohort_id=cohort.id, status="withdrawn")) or 0


def enrolment_in(cohort: Cohort, enrolment_id: int) -> Enrolment | None:
    query = sa.select(Enrolment).filter_by(id=enrolment_id, cohort_id=cohort.id)
    with_home = joinedload(Enrolment.user).joinedload(User.institution)
    return db.session.scalar(query.options(with_home, joinedload(Enrolment.institution)))


def people_on_activity(activity: Activity) -> int:
    query = sa.select(sa.func.count()).select_from(ActivityProgress)
    return db.session.scalar(query.filter_by(activity_id=activity.id)) or 0


def hosts_of(course: Course) -> Sequence[Institution]:
    """Where classes of the course are or were held."""
    hosts = sa.select(Cohort.host_id).where(Cohort.course_id == course.id)
    return db.session.scalars(sa.select(Institution).where(Institution.id.in_(hosts))).all()


def waiting_for_plugin(plugin: str, where: sa.ColumnElement[bool]) -> int:
    """Participants who still need a required activity of `plugin`, where the host meets `where`.

    Counts open enrolments of published cohorts; shown before the plugin is disabled.
    """

    needed = (
        sa.select(Activity.id)
        .join(Section)
        .where(
            Section.course_id == Cohort.course_id,
            Activity.required,
            Activity.kind.startswith(f"{plugin}.", autoescape=True),
        )
    )
    query = (
        sa.select(sa.func.count())
        .select_from(Enrolment)
        .join(Cohort)
        .join(Institution, Institution.id == Cohort.host_id)
        .where(
            Enrolment.status == "confirmed",
            Enrolment.completed_at.is_(None),
            Cohort.status == "published",
            where,
            needed.exists(),
        )
    )
    return db.session.scalar(query) or 0


def running_in(where: sa.ColumnElement[bool]) -> tuple[int, int]:
    """How many classes run today where the host meets `where`, and their participants."""
    today = sa.cast(sa.func.timezone(Cohort.timezone, now()), sa.Date)
    query = (
        sa.select(sa.func.count(Cohort.id.distinct()), sa.func.count(Enrolment.user_id.distinct()))
        .select_from(Cohort)
        .join(Institution, Institution.id == Cohort.host_id)
        .outerjoin(
            Enrolment, sa.and_(Enrolment.cohort_id == Cohort.id, Enrolment.status == "confirmed")
        )
        .where(Cohort.status == "published", where, today.between(Cohort.starts_on, Cohort.ends_on))
    )
    classes, people = db.session.execute(query).one()
    return classes, people
