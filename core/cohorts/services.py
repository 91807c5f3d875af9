"""Rules of cohorts: setting up, staff, schedule, enrolment, progress and completion.

Capacity and uniqueness are decided in the transaction that holds the cohort's row, so two
organisers at once never overfill a class.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from flask import g
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import contains_eager, joinedload

from core.cohorts.models import (
    ActivityProgress,
    Cohort,
    CohortStaff,
    Enrolment,
    ScheduledActivity,
    ScheduledStaff,
)
from core.cohorts.requirements import meets_all, requirements_of
from core.courses.models import Activity, Course, Section
from core.db import db, now
from core.errors import DomainError
from core.institutions.models import Institution
from core.people.audit import audit
from core.people.models import User
from core.plugin_engine.contributions import Requirement
from core.plugin_engine.engine import Refused, engine


class CodeTaken(DomainError):
    def __init__(self, code: str) -> None:
        super().__init__(_("The code %(code)s is taken. Choose another.", code=code))


class CohortFull(DomainError):
    def __init__(self, capacity: int) -> None:
        super().__init__(_("The class is full: all %(count)s places are taken.", count=capacity))


class EnrolmentRefused(DomainError):
    pass


class NotPublishable(DomainError):
    pass


def hold(cohort: Cohort) -> None:
    """Locks the cohort's row until the transaction ends, and reads it afresh."""
    query = sa.select(Cohort).filter_by(id=cohort.id).with_for_update(key_share=True)
    db.session.scalars(query.execution_options(populate_existing=True)).one()


def create_cohort(
    course: Course,
    *,
    code: str,
    title: str,
    starts_on: date,
    ends_on: date,
    host: Institution,
    organiser: Institution,
    by: User | None,
    **fields: Any,
) -> Cohort:
    """A draft cohort. `fields`: number, mode, timezone, venue, capacity, enrolment_policy, …"""
    code = code.strip().upper()
    if db.session.scalar(sa.select(Cohort.id).filter_by(code=code)):
        raise CodeTaken(code)
    _refuse_key_in_use(fields, None)
    cohort = Cohort(
        course=course,
        code=code,
        title=title.strip(),
        starts_on=starts_on,
        ends_on=ends_on,
        host=host,
        organiser=organiser,
        **{"timezone": host.timezone, "status": "draft", **fields},
    )
    try:
        with db.session.begin_nested():
            db.session.add(cohort)
    except IntegrityError as error:  # Another request took the code at the same moment.
        raise CodeTaken(code) from error
    audit("cohort.create", cohort, actor=by, institution=host, code=code)
    return cohort


def change_cohort(cohort: Cohort, *, by: User | None, **fields: Any) -> None:
    """Changes the named fields. Refuses a key in use and fewer places than are taken."""
    hold(cohort)
    _refuse_key_in_use(fields, cohort)
    _refuse_too_small(fields.get("capacity"), cohort)
    changed = [name for name, value in fields.items() if getattr(cohort, name) != value]
    for name in changed:
        setattr(cohort, name, fields[name])
    db.session.flush()
    if changed:
        audit("cohort.change", cohort, actor=by, institution=cohort.host, fields=sorted(changed))


def _refuse_key_in_use(fields: Mapping[str, Any], but: Cohort | None) -> None:
    """A key leads to one class."""
    key = fields.get("enrolment_key")
    found = _with_key(key) if key else None
    if found is not None and found is not but:
        raise DomainError(_("Another class uses this key. Choose another."))


def _with_key(key: str) -> Cohort | None:
    query = sa.select(Cohort).where(
        Cohort.enrolment_policy == "key",
        sa.func.lower(Cohort.enrolment_key) == key.strip().lower(),
        Cohort.status != "cancelled",
    )
    return db.session.scalar(query)


def _refuse_too_small(capacity: int | None, cohort: Cohort) -> None:
    taken = confirmed_count(cohort)
    if capacity is not None and capacity < taken:
        raise DomainError(
            _("%(count)s places are taken already. Allow at least as many.", count=taken)
        )


def reasons_not_to_publish(cohort: Cohort) -> list[str]:
    """What must be done before, each a sentence; empty when the class can be published."""
    if cohort.course.status != "published":
        return [_("Publish the course first: the class shows what is in it.")]
    return []


def publish_cohort(cohort: Cohort, *, by: User | None) -> None:
    """Opens the cohort to its participants. Raises NotPublishable with what is missing."""
    if reasons := reasons_not_to_publish(cohort):
        raise NotPublishable(" ".join(reasons))
    cohort.status = "published"
    recount_course(cohort.course)
    audit("cohort.publish", cohort, actor=by, institution=cohort.host)


def withdraw_cohort(cohort: Cohort, *, by: User | None) -> None:
    """Back to draft: participants no longer see it; nothing is lost."""
    cohort.status = "draft"
    audit("cohort.withdraw", cohort, actor=by, institution=cohort.host)


# Staff and schedule


def add_staff(cohort: Cohort, user: User, role: str, *, by: User | None) -> CohortStaff:
    """Puts a person on the staff list; twice in one role is once."""
    hold(cohort)
    for staff in cohort.staff:
        if staff.user_id == user.id and staff.role == role:
            return staff
    staff = CohortStaff(user=user, role=role, position=len(cohort.staff))
    cohort.staff.append(staff)
    db.session.flush()
    g.pop("cohort_roles", None)
    audit("cohort.staff_add", staff, actor=by, institution=cohort.host, role=role)
    return staff


def remove_staff(cohort: Cohort, staff: CohortStaff, *, by: User | None) -> None:
    """Takes a person off the list. Raises DomainError while the timetable names the person."""
    other_role = any(s.user_id == staff.user_id and s is not staff for s in cohort.staff)
    planned = [] if other_role else _planned_for(cohort, staff.user_id)
    if planned:
        raise DomainError(
            _("%(name)s is in the timetable: %(activities)s. Change the timetable first.",
              name=staff.user.display_name, activities=", ".join(planned))
        )  # fmt: skip
    audit("cohort.staff_remove", staff, actor=by, institution=cohort.host, role=staff.role)
    cohort.staff.remove(staff)
    g.pop("cohort_roles", None)


def _planned_for(cohort: Cohort, user_id: int) -> Sequence[str]:
    """Titles of the activities that the person is to hold."""
    query = (
        sa.select(Activity.title)
        .join(ScheduledActivity)
        .join(ScheduledStaff)
        .where(ScheduledActivity.cohort_id == cohort.id, ScheduledStaff.user_id == user_id)
    )
    return db.session.scalars(query.order_by(ScheduledActivity.starts_at, Activity.id)).all()


def schedule(
    cohort: Cohort,
    activity: Activity,
    *,
    by: User | None,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    staff: Iterable[User] = (),
) -> ScheduledActivity:
    """Sets when an activity is open and held in a cohort. Times are aware."""
    for first, last in ((opens_at, closes_at), (starts_at, ends_at)):
        if first and last and last <= first:
            raise DomainError(_("The end must be later than the beginning. Change one of them."))
    hold(cohort)
    found = _scheduled(cohort, activity)
    if found is None:
        found = ScheduledActivity(cohort_id=cohort.id, activity=activity)
        db.session.add(found)
    found.opens_at, found.closes_at = opens_at, closes_at
    found.starts_at, found.ends_at = starts_at, ends_at
    _set_scheduled_staff(found, list(staff))
    db.session.flush()
    audit("cohort.schedule", found, actor=by, institution=cohort.host, activity=activity.id)
    engine().notify("activity_scheduled", cohort.host, scheduled=found)
    return found


def open_activity(
    cohort: Cohort, activity: Activity, *, by: User | None, until: datetime | None = None
) -> ScheduledActivity:
    """Opens an activity for a class from now on; the rest of its times stay as they are.

    `until` closes it; without it a closing time that is past falls away.
    """
    hold(cohort)
    found = _scheduled(cohort, activity)
    closes_at = until or (found.closes_at if found else None)
    if closes_at and closes_at <= now():
        closes_at = None
    return _reschedule(cohort, activity, found, by, opens_at=now(), closes_at=closes_at)


def close_activity(cohort: Cohort, activity: Activity, *, by: User | None) -> ScheduledActivity:
    """Closes an activity for a class from now on."""
    hold(cohort)
    found = _scheduled(cohort, activity)
    opens_at = found.opens_at if found else None
    if opens_at and opens_at >= now():
        opens_at = None
    return _reschedule(cohort, activity, found, by, opens_at=opens_at, closes_at=now())


def _reschedule(
    cohort: Cohort,
    activity: Activity,
    found: ScheduledActivity | None,
    by: User | None,
    **window: datetime | None,
) -> ScheduledActivity:
    times = {name: getattr(found, name, None) for name in ("starts_at", "ends_at")}
    staff = [entry.user for entry in found.staff] if found else []
    return schedule(cohort, activity, by=by, staff=staff, **times, **window)


def _scheduled(cohort: Cohort, activity: Activity) -> ScheduledActivity | None:
    query = sa.select(ScheduledActivity).filter_by(cohort_id=cohort.id, activity_id=activity.id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _set_scheduled_staff(scheduled: ScheduledActivity, people: list[User]) -> None:
    if [row.user_id for row in scheduled.staff] == [person.id for person in people]:
        return
    scheduled.staff.clear()
    db.session.flush()
    for position, person in enumerate(people):
        scheduled.staff.append(ScheduledStaff(user=person, position=position))


# Enrolment


def enrol(user: User, cohort: Cohort, *, via: str, by: User | None) -> Enrolment:
    """Confirms a place; a second time changes nothing, a withdrawn person comes back.

    Raises CohortFull, or EnrolmentRefused with a plugin's reason.
    """
    hold(cohort)
    found = enrolment_of(user, cohort)
    if found is not None:
        db.session.refresh(found)
    if found is not None and found.status == "confirmed":
        return found
    if cohort.status == "cancelled":
        raise EnrolmentRefused(_("This class was cancelled."))
    if cohort.capacity is not None and confirmed_count(cohort) >= cohort.capacity:
        raise CohortFull(cohort.capacity)
    try:
        engine().decide("may_enrol", cohort.host, user=user, cohort=cohort)
    except Refused as refused:
        raise EnrolmentRefused(refused.message) from refused
    if found is None:
        found = Enrolment(user=user, cohort=cohort, via=via)
        db.session.add(found)
    found.status, found.via, found.institution_id = "confirmed", via, user.institution_id
    db.session.flush()
    recount(found)
    g.pop("cohort_roles", None)
    audit("enrolment.confirm", found, actor=by, institution=cohort.host, via=via)
    return found


def enrol_by_key(user: User, key: str) -> Enrolment:
    """Enrols by the key that the committee gave out, capital letters or not."""
    cohort = _with_key(key) if key.strip() else None
    if cohort is None or cohort.status != "published":
        raise EnrolmentRefused(
            _("No class has this key. Check the spelling, or ask the committee.")
        )
    if cohort.phase == "over":
        raise EnrolmentRefused(_("This class is over. Ask the committee for another one."))
    return enrol(user, cohort, via="key", by=user)


def withdraw(enrolment: Enrolment, *, by: User | None) -> None:
    """Takes a participant out; marks and answers stay."""
    if enrolment.status == "withdrawn":
        return
    enrolment.status = "withdrawn"
    g.pop("cohort_roles", None)
    host = enrolment.cohort.host
    audit("enrolment.withdraw", enrolment, actor=by, institution=host)
    engine().notify("enrolment_withdrawn", host, enrolment=enrolment)


def enrolment_of(user: User, cohort: Cohort) -> Enrolment | None:
    return db.session.scalar(sa.select(Enrolment).filter_by(user_id=user.id, cohort_id=cohort.id))


def confirmed_count(cohort: Cohort) -> int:
    query = sa.select(sa.func.count()).select_from(Enrolment)
    return db.session.scalar(query.filter_by(cohort_id=cohort.id, status="confirmed")) or 0


# Progress


def _hold_people(enrolments: Iterable[Enrolment]) -> None:
    """Locks enrolments until the transaction ends, and reads them afresh.

    Always before their progress and by id, so that nobody waits for whom he keeps waiting.
    """
    query = (
        sa.select(Enrolment)
        .where(Enrolment.id.in_([one.id for one in enrolments]))
        .order_by(Enrolment.id)
        .with_for_update(key_share=True)
    )
    db.session.scalars(query.execution_options(populate_existing=True)).all()


def record_progress(
    enrolment: Enrolment, activity: Activity, state: str, *, score: float | None = None
) -> ActivityProgress:
    """Notes how far a participant is with an activity.

    `state`: started, done or failed. Done stays done; a better score replaces a lower one.
    Safe to call twice at the same time.
    """
    _hold_people([enrolment])
    table = ActivityProgress.__table__
    db.session.execute(
        insert(ActivityProgress)
        .values(enrolment_id=enrolment.id, activity_id=activity.id, state="started")
        .on_conflict_do_nothing(index_elements=[table.c.enrolment_id, table.c.activity_id])
    )
    progress = db.session.scalars(
        sa.select(ActivityProgress)
        .filter_by(enrolment_id=enrolment.id, activity_id=activity.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    first_time = state == "done" and progress.state != "done"
    if progress.state != "done" and state != "started":
        progress.state = state
    if score is not None:
        progress.score = max(score, progress.score or 0.0)
    if first_time:
        progress.completed_at = now()
        progress.overridden_by_id, progress.reason = None, ""
        db.session.flush()
        recount(enrolment)
        engine().notify(
            "activity_completed", enrolment.cohort.host, enrolment=enrolment, progress=progress
        )
    return progress


def record_done(cohort: Cohort, activity: Activity, enrolments: Sequence[Enrolment]) -> None:
    """The same for many participants of a class at once: each has done the activity."""
    if not enrolments:
        return
    _hold_people(enrolments)
    done = {"state": "done", "completed_at": now(), "overridden_by_id": None, "reason": ""}
    rows = [{"enrolment_id": one.id, "activity_id": activity.id, **done} for one in enrolments]
    written = insert(ActivityProgress).on_conflict_do_update(
        index_elements=[ActivityProgress.enrolment_id, ActivityProgress.activity_id],
        set_=done,
        where=ActivityProgress.state != "done",
    )
    returning = written.returning(ActivityProgress).execution_options(populate_existing=True)
    first_time = db.session.scalars(returning, rows).all()
    people = {one.id: one for one in enrolments}
    _recount(Enrolment.id.in_([progress.enrolment_id for progress in first_time]))
    for progress in first_time:
        person = people[progress.enrolment_id]
        engine().notify("activity_completed", cohort.host, enrolment=person, progress=progress)


def override_progress(
    enrolment: Enrolment, activity: Activity, *, done: bool, by: User, reason: str
) -> None:
    """Staff decide by hand that an activity counts as done, or no longer; with a reason."""
    if not reason.strip():
        raise DomainError(_("Write the reason: it is kept with the decision."))
    progress = record_progress(enrolment, activity, "done" if done else "started")
    if not done:
        _take_back(enrolment, activity, progress)
    progress.overridden_by_id, progress.reason = by.id, reason.strip()
    db.session.flush()
    recount(enrolment)
    audit("progress.override", progress, actor=by, institution=enrolment.cohort.host, done=done)


def _take_back(enrolment: Enrolment, activity: Activity, progress: ActivityProgress) -> None:
    """No longer done; a completion of the class that rested on it falls with it."""
    done_at, completed_at = progress.completed_at, enrolment.completed_at
    progress.state, progress.completed_at = "started", None
    if activity.required and done_at and completed_at and done_at <= completed_at:
        enrolment.completed_at = None
        db.session.flush()
        cohort = enrolment.cohort
        engine().notify("completion_taken_back", cohort.host, cohort=cohort, enrolments=[enrolment])


def take_back_progress(enrolment: Enrolment, activity: Activity) -> None:
    """An activity no longer counts as done: what a plugin's evidence said was corrected.

    What a person decided by hand stays.
    """
    _hold_people([enrolment])
    progress = db.session.scalar(
        sa.select(ActivityProgress)
        .filter_by(enrolment_id=enrolment.id, activity_id=activity.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if progress is None or progress.state != "done" or progress.overridden_by_id:
        return
    _take_back(enrolment, activity, progress)
    recount(enrolment)


_required = (
    sa.select(sa.func.count())
    .select_from(Activity)
    .join(Section, Section.id == Activity.section_id)
    .where(Section.course_id == Cohort.course_id, Activity.required)
)
_done = (
    sa.select(sa.func.count())
    .select_from(ActivityProgress)
    .join(Activity, Activity.id == ActivityProgress.activity_id)
    .join(Section, Section.id == Activity.section_id)
    .where(
        ActivityProgress.enrolment_id == Enrolment.id,
        ActivityProgress.state == "done",
        Activity.required,
        Section.course_id == Cohort.course_id,
    )
)


def _recount(where: sa.ColumnElement[bool]) -> None:
    """Counters from the rows themselves; completed stays completed when content is added.

    The rows are locked in a statement of their own: an update that waits for another one
    would count with what it saw before.
    """
    db.session.flush()
    rows = sa.select(Enrolment.id).join(Cohort).where(where).order_by(Enrolment.id)
    locked = rows.with_for_update(of=Enrolment, key_share=True).subquery()
    db.session.execute(sa.select(sa.func.count()).select_from(locked))
    required = _required.correlate(Cohort).scalar_subquery()
    done = _done.correlate(Enrolment, Cohort).scalar_subquery()
    db.session.execute(
        sa.update(Enrolment)
        .where(Cohort.id == Enrolment.cohort_id, where)
        .values(required_total=required, required_done=done)
        .execution_options(synchronize_session=False)
    )
    _complete(where)


def _complete(where: sa.ColumnElement[bool]) -> None:
    """Completes whoever has done all required activities and meets every requirement."""
    query = (
        sa.select(Enrolment)
        .join(Enrolment.cohort)
        .where(
            where,
            Enrolment.status == "confirmed",
            Enrolment.completed_at.is_(None),
            Enrolment.required_done >= Enrolment.required_total,
        )
        .options(contains_eager(Enrolment.cohort), joinedload(Enrolment.user))
        .order_by(Enrolment.cohort_id, Enrolment.id)
        .execution_options(populate_existing=True)
    )
    for cohort, group in groupby(db.session.scalars(query).all(), lambda found: found.cohort):
        ready = list(group)
        required = requirements_of(cohort, ready)
        completed = [enrolment for enrolment in ready if meets_all(enrolment, required)]
        for enrolment in completed:
            enrolment.completed_at = now()
        if completed:
            db.session.flush()
            engine().notify(
                "enrolments_completed", cohort.host, cohort=cohort, enrolments=completed
            )


def recount(enrolment: Enrolment) -> None:
    """Brings the counters of one enrolment up to date and completes it when it is whole."""
    _recount(Enrolment.id == enrolment.id)
    db.session.refresh(enrolment)


def recount_course(course: Course) -> None:
    """The same for everybody in the course's cohorts, after its outline changed."""
    _recount(Cohort.course_id == course.id)
    db.session.expire_all()


def reconsider(cohort: Cohort, enrolments: Sequence[Enrolment], *, take_back: bool = False) -> None:
    """Completes whoever now meets every requirement; called when a plugin's answer changed.

    With `take_back` a completion whose requirement is no longer met falls: for the decision of
    a person about a person. A new rule alone takes nothing back.
    """
    if take_back:
        _hold_people(enrolments)
        _take_completion_back(cohort, [found for found in enrolments if found.completed_at])
    _recount(sa.and_(Cohort.id == cohort.id, Enrolment.id.in_([one.id for one in enrolments])))


def _take_completion_back(cohort: Cohort, completed: Sequence[Enrolment]) -> None:
    required = requirements_of(cohort, completed) if completed else {}
    fallen = [one for one in completed if any(map(_unmet, required.get(one.id, ())))]
    for enrolment in fallen:
        enrolment.completed_at = None
    if fallen:
        db.session.flush()
        engine().notify("completion_taken_back", cohort.host, cohort=cohort, enrolments=fallen)


def _unmet(requirement: Requirement) -> bool:
    """Nobody loses what was completed because a plugin cannot answer."""
    return requirement.known and not requirement.met
