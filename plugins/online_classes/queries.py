"""Reads of live classes: how one stands, who is in it, and what its staff can open.

Nothing here writes. Lists are read whole, in a few queries whatever the size of the class.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload

from core.api import (
    Activity,
    ActivityProgress,
    Cohort,
    Course,
    Enrolment,
    ScheduledActivity,
    Section,
    User,
    activity_of,
    db,
    kind_of,
    now,
    participants,
    schedule_of,
    sessions_of,
    window,
)
from plugins.online_classes.models import KIND, Meeting, Visit
from plugins.online_classes.report_models import KeptReport

Phase = Literal["unscheduled", "ahead", "open", "over"]


@dataclass(frozen=True)
class LiveClass:
    """A live class of a cohort as it stands now. `number` counts the cohort's sessions."""

    cohort: Cohort
    activity: Activity
    scheduled: ScheduledActivity | None
    meeting: Meeting | None
    number: int | None = None

    @property
    def opens_at(self) -> datetime | None:
        return window(kind_of(self.activity, self.cohort.host), self.scheduled)[0]

    @property
    def closes_at(self) -> datetime | None:
        return window(kind_of(self.activity, self.cohort.host), self.scheduled)[1]

    @property
    def phase(self) -> Phase:
        """Staff may end it before its time; moved to another day, it begins anew."""
        times = self.scheduled
        opens_at, closes_at = self.opens_at, self.closes_at
        if times is None or times.starts_at is None or opens_at is None or closes_at is None:
            return "unscheduled"
        if now() < opens_at:
            return "ahead"
        return "over" if self.ended_at or now() >= closes_at else "open"

    def _since_doors(self, moment: datetime | None) -> datetime | None:
        return moment if moment and self.opens_at and moment >= self.opens_at else None

    @property
    def started_at(self) -> datetime | None:
        return self._since_doors(self.meeting.started_at if self.meeting else None)

    @property
    def ended_at(self) -> datetime | None:
        return self._since_doors(self.meeting.ended_at if self.meeting else None)

    @property
    def has_begun(self) -> bool:
        """Staff have opened the meeting, or its time has come."""
        starts_at = self.scheduled.starts_at if self.scheduled else None
        return self.started_at is not None or (starts_at is not None and now() >= starts_at)

    @property
    def has_address(self) -> bool:
        return self.meeting is not None and self.meeting.has_address

    @property
    def trainers(self) -> list[User]:
        """Those of the timetable; where it names nobody, the trainers of the class."""
        if self.scheduled is not None and self.scheduled.staff:
            return [entry.user for entry in self.scheduled.staff]
        return [entry.user for entry in self.cohort.staff if entry.role == "trainer"]


# Finding them


def activity_in(course: Course, activity_id: int) -> Activity | None:
    """A live class of the course."""
    found = activity_of(course, activity_id)
    return found if found is not None and found.kind == KIND else None


def meetings_of(sessions: Collection[ScheduledActivity]) -> dict[int, Meeting]:
    """Id of the scheduled activity → its meeting, in one query."""
    wanted = [session.id for session in sessions]
    query = sa.select(Meeting).where(Meeting.scheduled_activity_id.in_(wanted))
    return {meeting.scheduled_activity_id: meeting for meeting in db.session.scalars(query)}


def live_class(cohort: Cohort, activity: Activity) -> LiveClass:
    """How a live class of the course stands in the cohort."""
    scheduled = schedule_of(cohort).get(activity.id)
    meeting = meetings_of([scheduled]).get(scheduled.id) if scheduled else None
    return LiveClass(cohort, activity, scheduled, meeting)


def live_classes(cohort: Cohort) -> list[LiveClass]:
    """Those that have a time, in its order; numbered among all sessions of the cohort."""
    sessions = [
        (number, session)
        for number, session in enumerate(sessions_of(cohort), start=1)
        if session.activity.kind == KIND
    ]
    meetings = meetings_of([session for _number, session in sessions])
    return [
        LiveClass(cohort, session.activity, session, meetings.get(session.id), number)
        for number, session in sessions
    ]


def session_at(cohort: Cohort, number: int) -> LiveClass | None:
    """Session number `number` of the cohort, where it is a live class."""
    return next((one for one in live_classes(cohort) if one.number == number), None)


def without_time(cohort: Cohort, planned: Collection[LiveClass]) -> Sequence[Activity]:
    """The live classes of the course that this cohort has not put into its timetable."""
    known = [one.activity.id for one in planned]
    query = _in_order(sa.select(Activity), cohort)
    return db.session.scalars(query.where(Activity.kind == KIND, Activity.id.not_in(known))).all()


def _in_order(query: sa.Select[*tuple[Any, ...]], cohort: Cohort) -> sa.Select[*tuple[Any, ...]]:
    """Activities of the cohort's course, in its order and without their texts."""
    return (
        query.join(Activity.section)
        .where(Section.course_id == cohort.course_id)
        .options(defer(Activity.body))
        .order_by(Section.position, Activity.position)
    )


def current(cohort: Cohort) -> LiveClass | None:
    """The one that is open, else the next, else the last; None without any."""
    found = live_classes(cohort)
    by_phase = {phase: [one for one in found if one.phase == phase] for phase in ("open", "ahead")}
    return next(iter([*by_phase["open"], *by_phase["ahead"], *found[-1:]]), None)


def coming(cohort: Cohort) -> LiveClass | None:
    """The same for participants, to whom what is over says nothing."""
    found = current(cohort)
    return found if found is not None and found.phase != "over" else None


# Who is there


@dataclass(frozen=True)
class Attendee:
    """A participant, and the visit to this session if there was one."""

    enrolment: Enrolment
    visit: Visit | None


@dataclass(frozen=True)
class Roll:
    """Who is missing and who has come, both by name; `staff` are visitors with no place."""

    missing: Sequence[Attendee]
    here: Sequence[Attendee]
    staff: Sequence[Visit]

    @property
    def enrolled(self) -> int:
        return len(self.missing) + len(self.here)


def visits_of(live: LiveClass) -> dict[int, Visit]:
    """User id → visit, of this session since its doors opened."""
    if live.scheduled is None or live.opens_at is None:
        return {}
    query = (
        sa.select(Visit)
        .where(Visit.scheduled_activity_id == live.scheduled.id, Visit.last_at >= live.opens_at)
        .options(joinedload(Visit.user))
        .order_by(Visit.first_at)
    )
    return {visit.user_id: visit for visit in db.session.scalars(query)}


def roll_of(live: LiveClass) -> Roll:
    """Two queries, whatever the size of the class."""
    visits = visits_of(live)
    everybody = [
        Attendee(enrolment, visits.get(enrolment.user_id))
        for enrolment in participants(live.cohort, limit=None)
    ]
    enrolled = {one.enrolment.user_id for one in everybody}
    return Roll(
        missing=[one for one in everybody if one.visit is None],
        here=[one for one in everybody if one.visit is not None],
        staff=[visit for user_id, visit in visits.items() if user_id not in enrolled],
    )


def was_held(activity: Activity) -> bool:
    """Whether anybody came to the door in any class, or a report was imported."""
    sessions = sa.select(ScheduledActivity.id).filter_by(activity_id=activity.id)
    kept = sa.union_all(
        *(
            sa.select(model.id).where(model.scheduled_activity_id.in_(sessions))
            for model in (Visit, KeptReport)
        )
    )
    return db.session.scalar(kept.limit(1)) is not None


# What staff open and close while the class runs


@dataclass(frozen=True)
class Switch:
    """An activity that staff open for the class; `handed_in` counts who has done it so far."""

    activity: Activity
    opens_at: datetime | None
    closes_at: datetime | None
    handed_in: int

    @property
    def is_open(self) -> bool:
        moment = now()
        begun = self.opens_at is None or self.opens_at <= moment
        return begun and (self.closes_at is None or moment < self.closes_at)


def switches(cohort: Cohort) -> list[Switch]:
    """In the order of the course, in two queries."""
    of_class = sa.and_(
        ScheduledActivity.activity_id == Activity.id, ScheduledActivity.cohort_id == cohort.id
    )
    query = _in_order(
        sa.select(Activity, ScheduledActivity).outerjoin(ScheduledActivity, of_class), cohort
    )
    found = [
        (activity, window(kind, scheduled))
        for activity, scheduled in db.session.execute(query)
        if (kind := kind_of(activity, cohort.host)) and kind.opened_in_class
    ]
    counts = handed_in(cohort, [activity.id for activity, _window in found])
    return [Switch(one, *times, counts.get(one.id, 0)) for one, times in found]


def handed_in(cohort: Cohort, activity_ids: Collection[int]) -> Mapping[int, int]:
    """Activity id → participants who have done it or failed it, in one query."""
    rows = db.session.execute(
        sa.select(ActivityProgress.activity_id, sa.func.count())
        .join(Enrolment, Enrolment.id == ActivityProgress.enrolment_id)
        .where(
            ActivityProgress.activity_id.in_(activity_ids),
            ActivityProgress.state.in_(("done", "failed")),
            Enrolment.cohort_id == cohort.id,
            Enrolment.status == "confirmed",
        )
        .group_by(ActivityProgress.activity_id)
    )
    return {activity_id: count for activity_id, count in rows}  # noqa: C416 -- rows are no tuples
