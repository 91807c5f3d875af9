"""Reads about cohorts, participants and progress. Lists load what they show."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from core.cohorts.models import (
    ActivityProgress,
    Cohort,
    CohortStaff,
    Enrolment,
    ScheduledActivity,
    ScheduledStaff,
)
from core.courses.models import Activity, Section
from core.db import db
from core.institutions.models import Institution
from core.people.access import institutions_where
from core.people.models import User


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


def cohorts_for(user: User) -> Sequence[Cohort]:
    """Cohorts that the person works in, by grant or by staff list, newest first."""
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
    )
    return db.session.scalars(query.order_by(Cohort.starts_on.desc(), Cohort.code)).all()


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
    return dict(rows.tuples().all())


def classes_scheduling(activity: Activity) -> int:
    """How many classes have set a time for an activity."""
    query = sa.select(sa.func.count()).select_from(ScheduledActivity)
    return db.session.scalar(query.filter_by(activity_id=activity.id)) or 0


def schedule_of(cohort: Cohort) -> dict[int, ScheduledActivity]:
    """Activity id → when it runs in this cohort, staff included."""
    query = (
        sa.select(ScheduledActivity)
        .filter_by(cohort_id=cohort.id)
        .options(selectinload(ScheduledActivity.staff).joinedload(ScheduledStaff.user))
    )
    return {row.activity_id: row for row in db.session.scalars(query)}


def progress_of(enrolment: Enrolment) -> dict[int, ActivityProgress]:
    query = sa.select(ActivityProgress).filter_by(enrolment_id=enrolment.id)
    return {row.activity_id: row for row in db.session.scalars(query)}


def participants(
    cohort: Cohort, *, search: str = "", after: tuple[str, int] | None = None, limit: int = 200
) -> Sequence[Enrolment]:
    """Confirmed participants by name; `after` is the (name_key, id) of the last one shown."""
    query = (
        sa.select(Enrolment)
        .join(Enrolment.user)
        .where(Enrolment.cohort_id == cohort.id, Enrolment.status == "confirmed")
        .options(contains_eager(Enrolment.user), joinedload(Enrolment.institution))
        .order_by(User.name_key, Enrolment.id)
        .limit(limit)
    )
    if search:
        query = query.where(User.name_key.contains(search, autoescape=True))
    if after:
        query = query.where(sa.tuple_(User.name_key, Enrolment.id) > sa.tuple_(*after))
    return db.session.scalars(query).all()


def enrolment_in(cohort: Cohort, enrolment_id: int) -> Enrolment | None:
    query = sa.select(Enrolment).filter_by(id=enrolment_id, cohort_id=cohort.id)
    return db.session.scalar(query.options(joinedload(Enrolment.user)))


def people_on_activity(activity: Activity) -> int:
    query = sa.select(sa.func.count()).select_from(ActivityProgress)
    return db.session.scalar(query.filter_by(activity_id=activity.id)) or 0


def waiting_for_plugin(plugin: str, institution: Institution) -> int:
    """Participants at and below `institution` who still need a required activity of `plugin`.

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
            Institution.path.startswith(institution.path, autoescape=True),
            needed.exists(),
        )
    )
    return db.session.scalar(query) or 0
