"""Work by the clock and in the background: a session ends, a rule changes for many classes."""

from datetime import timedelta

import sqlalchemy as sa

from core.api import (
    Cohort,
    Course,
    Institution,
    ScheduledActivity,
    acting_below,
    below,
    db,
    enqueue,
    job,
    now,
    plugin_is_active,
    sessions_of,
)
from plugins.attendance import kind, settling

# The clocks of two machines may differ by less than this.
MARGIN = timedelta(seconds=10)
NIGHTLY_REACH = timedelta(days=3)


@job("attendance.settle_at_end")
def settle_at_end(session_id: int) -> None:
    """Says who was absent. Where the end was moved this changes nothing, and another job waits.

    Held while the plugin is disabled at the host: a session that ended meanwhile is settled then.
    """
    session = db.session.get(ScheduledActivity, session_id)
    if session is not None:
        settling.settle(settling.cohort_of(session), [session])


def settle_when_ended(session: ScheduledActivity) -> None:
    if session.ends_at and session.ends_at > now():
        host = settling.cohort_of(session).host
        at = session.ends_at + MARGIN
        enqueue(settle_at_end, institution=host, at=at, session_id=session.id)


def settle_again(
    institution: Institution | None, course: Course | None, cohort: Cohort | None
) -> None:
    """After a new rule: a class at once, others in the background; all where none is named."""
    if cohort:
        settling.settle(cohort, sessions_of(cohort))
    else:
        enqueue(
            settle_classes,
            institution_id=institution.id if institution else None,
            course_id=course.id if course else None,
        )


@job("attendance.settle_classes")
def settle_classes(institution_id: int | None = None, course_id: int | None = None) -> None:
    """Settles the published classes of a course, or of an institution and of all below it, by the
    rule of now; without both those of the whole site.

    It is about many hosts, so it is held nowhere and asks for each class.
    One transaction a class, so that a large tree is never locked as a whole.
    """
    query = sa.select(Cohort.id).join(Cohort.host).where(Cohort.status == "published")
    if course_id is not None:
        query = query.where(Cohort.course_id == course_id)
    if institution_id is not None:
        institution = db.session.get(Institution, institution_id)
        query = query.where(below(institution) if institution else sa.false())
    for cohort_id in db.session.scalars(query.order_by(Cohort.id)).all():
        cohort = db.session.get_one(Cohort, cohort_id)
        if plugin_is_active("attendance", cohort.host):
            settling.settle(cohort, sessions_of(cohort))
        db.session.commit()


@job("attendance.settle_nightly", cron="37 18 * * *", each="institution")
def settle_nightly(institution: Institution) -> None:
    """Settles what ended in the last days once more, after midnight in Jayapura and Jakarta: a
    backup that was played back, or a job that failed too often, leaves no session open."""
    query = (
        sa.select(ScheduledActivity)
        .join(Cohort, Cohort.id == ScheduledActivity.cohort_id)
        .join(Cohort.host)
        .where(Cohort.status == "published", acting_below("attendance", institution))
        .where(ScheduledActivity.ends_at.between(now() - NIGHTLY_REACH, now() - MARGIN))
        .order_by(ScheduledActivity.cohort_id)
    )
    for session in db.session.scalars(query).all():
        cohort = settling.cohort_of(session)
        if kind.is_session(session.activity, cohort):
            settling.settle(cohort, [session])
        db.session.commit()
