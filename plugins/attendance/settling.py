"""Settles sessions: evidence and marks become presence, presence becomes progress.

A session is always settled whole and from what the database holds, so settling twice is once
and late evidence, moved times or a new rule need nothing special. Who was taken out of the class
is settled too, so that the verdict holds on return; progress is given to participants only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.api import (
    Cohort,
    Enrolment,
    ScheduledActivity,
    db,
    now,
    reconsider,
    record_done,
    sessions_of,
    take_back_progress,
)
from plugins.attendance import queries
from plugins.attendance.models import SettledPresence
from plugins.attendance.reckoning import Verdict, is_enough, length_of, seconds_present
from plugins.attendance.rules import required_share

_RANK: Mapping[str, int] = {"present": 2, "excused": 1, "absent": 0, "open": 0}


@dataclass(frozen=True)
class Settled:
    seconds: int = 0
    verdict: Verdict = "open"

    def fell_from(self, before: "Settled") -> bool:
        """Whether this is less than it was."""
        return self.seconds < before.seconds or _RANK[self.verdict] < _RANK[before.verdict]


UNTOUCHED = Settled()


def hold(sessions: Iterable[ScheduledActivity]) -> Sequence[ScheduledActivity]:
    """Locks sessions until the transaction ends and reads their times afresh.

    Always before the participants' rows, and all that are needed at once, so that two who settle
    never wait for each other.
    """
    query = (
        sa.select(ScheduledActivity)
        .where(ScheduledActivity.id.in_([session.id for session in sessions]))
        .order_by(ScheduledActivity.id)
        .with_for_update(key_share=True)
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _hold_people(cohort: Cohort) -> Sequence[Enrolment]:
    query = (
        sa.select(Enrolment)
        .filter_by(cohort_id=cohort.id)
        .order_by(Enrolment.id)
        .with_for_update(key_share=True)
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def settle(
    cohort: Cohort, sessions: Iterable[ScheduledActivity], *, corrected: bool = False
) -> None:
    """Settles sessions of a class for all who are or were in it, and what follows for completion.

    `corrected`: a person decided about a person. Only then does a completion fall with it; moved
    times and a stricter rule take no completion back.
    """
    held, people = hold(sessions), _hold_people(cohort)
    # All sessions are written before anybody's completion is asked for.
    changes = [_settle(session, people, required_share(cohort)) for session in held]
    for change in changes:
        for one in change.no_longer_done:
            if corrected or one.completed_at is None:
                take_back_progress(one, change.session.activity)
        record_done(cohort, change.session.activity, change.done)
    fallen = {one.id: one for change in changes for one in change.fallen}
    if corrected and fallen:
        reconsider(cohort, list(fallen.values()), take_back=True)
    if participants := [one for one in people if one.status == "confirmed"]:
        reconsider(cohort, participants)


@dataclass(frozen=True)
class Change:
    """Who stands otherwise in a session than before; `fallen` are those who stand lower."""

    session: ScheduledActivity
    done: Sequence[Enrolment]
    no_longer_done: Sequence[Enrolment]
    fallen: Sequence[Enrolment]


def _settle(session: ScheduledActivity, people: Sequence[Enrolment], required: int) -> Change:
    before = {key: Settled(*found) for key, found in queries.settled_in(session).items()}
    after = _reckon(session, people, required)
    changed = [one for one in people if after[one.id] != before.get(one.id, UNTOUCHED)]
    _write(session, {one.id: after[one.id] for one in changed})
    fallen = [one for one in changed if after[one.id].fell_from(before.get(one.id, UNTOUCHED))]
    present = {one.id for one in changed if after[one.id].verdict == "present"}
    done = present | queries.owed(session)
    return Change(
        session,
        done=[one for one in people if one.id in done and one.status == "confirmed"],
        no_longer_done=[one for one in fallen if one.id not in present],
        fallen=fallen,
    )


def _reckon(
    session: ScheduledActivity, people: Sequence[Enrolment], required: int
) -> dict[int, Settled]:
    """Enrolment id → what evidence and marks come to, now."""
    if not session.starts_at or not session.ends_at:
        return {one.id: UNTOUCHED for one in people}
    length = length_of(session.starts_at, session.ends_at)
    evidence, marks = queries.evidence_to_reckon(session), queries.marks_in([session])
    # While nothing at all is known of a session nobody was absent: its report is still to come.
    ended = session.ends_at <= now() and bool(evidence or marks)
    found = {}
    for one in people:
        intervals, totals = evidence.get(one.id, ((), ()))
        seconds = seconds_present(intervals, totals, session.starts_at, session.ends_at)
        mark = marks.get((session.id, one.id))
        found[one.id] = (
            _by_hand(mark.verdict, seconds, length)
            if mark
            else _by_evidence(seconds, length, required, ended=ended)
        )
    return found


def _by_hand(verdict: str, seconds: int, length: int) -> Settled:
    """Present is the whole session; an excused one is left out of all sums."""
    if verdict == "excused":
        return Settled(seconds, "excused")
    return Settled(length, "present") if verdict == "present" else Settled(0, "absent")


def _by_evidence(seconds: int, length: int, required: int, *, ended: bool) -> Settled:
    if not ended:
        return Settled(seconds, "open")
    return Settled(seconds, "present" if is_enough(seconds, length, required) else "absent")


def _write(session: ScheduledActivity, changed: Mapping[int, Settled]) -> None:
    if not changed:
        return
    new = insert(SettledPresence)
    written = new.on_conflict_do_update(
        index_elements=[SettledPresence.scheduled_activity_id, SettledPresence.enrolment_id],
        set_={"seconds": new.excluded.seconds, "verdict": new.excluded.verdict},
    )
    rows = [
        {
            "scheduled_activity_id": session.id,
            "enrolment_id": enrolment_id,
            "seconds": one.seconds,
            "verdict": one.verdict,
        }
        for enrolment_id, one in changed.items()
    ]
    db.session.execute(written, rows)


def settle_due(cohort: Cohort) -> bool:
    """Settles what has ended and the job at the end has not reached; True when there was any."""
    ended = [one for one in sessions_of(cohort) if one.ends_at and one.ends_at <= now()]
    due = queries.unsettled(ended)
    if due:
        settle(cohort, due)
    return bool(due)


def cohort_of(session: ScheduledActivity) -> Cohort:
    return db.session.get_one(Cohort, session.cohort_id)
