"""Reads of the ledger. Nothing here writes or decides; lists come in a few queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import contains_eager, joinedload

from core.api import (
    ActivityProgress,
    Cohort,
    Enrolment,
    ScheduledActivity,
    User,
    db,
    now,
    participants,
)
from plugins.attendance.models import Evidence, Mark, SettledPresence
from plugins.attendance.reckoning import Interval, Presence, Verdict, length_of, share_of

PAGE = 200
# Who is missing comes first.
ORDER: Sequence[Verdict] = ("absent", "open", "excused", "present")


def enrolment_ids(cohort_id: int, *, status: str | None = None) -> set[int]:
    """Ids of everybody who is in a class, or was once."""
    query = sa.select(Enrolment.id).filter_by(cohort_id=cohort_id)
    if status:
        query = query.filter_by(status=status)
    return set(db.session.scalars(query))


# To settle by


def settled_in(session: ScheduledActivity) -> dict[int, tuple[int, Verdict]]:
    """Enrolment id → (seconds, verdict) as they were settled last."""
    query = sa.select(
        SettledPresence.enrolment_id, SettledPresence.seconds, SettledPresence.verdict
    ).filter_by(scheduled_activity_id=session.id)
    return {key: (seconds, verdict) for key, seconds, verdict in db.session.execute(query)}


def evidence_to_reckon(
    session: ScheduledActivity,
) -> dict[int, tuple[Sequence[Interval], Sequence[int]]]:
    """Enrolment id → (intervals, totals) of what was not withdrawn."""
    query = sa.select(
        Evidence.enrolment_id, Evidence.from_at, Evidence.to_at, Evidence.seconds
    ).filter_by(scheduled_activity_id=session.id, withdrawn_at=None)
    found: defaultdict[int, tuple[list[Interval], list[int]]] = defaultdict(lambda: ([], []))
    for key, from_at, to_at, seconds in db.session.execute(query):
        intervals, totals = found[key]
        if from_at and to_at:
            intervals.append((from_at, to_at))
        else:
            totals.append(seconds or 0)
    return dict(found)


def marks_in(
    sessions: Sequence[ScheduledActivity], of: Collection[int] | None = None
) -> dict[tuple[int, int], Mark]:
    """(Session id, enrolment id) → the mark that counts; one that was undone is none."""
    query = (
        sa.select(Mark)
        .ext(distinct_on(Mark.scheduled_activity_id, Mark.enrolment_id))
        .where(Mark.scheduled_activity_id.in_([session.id for session in sessions]))
        .order_by(Mark.scheduled_activity_id, Mark.enrolment_id, Mark.id.desc())
        .options(joinedload(Mark.marked_by))
    )
    if of is not None:
        query = query.where(Mark.enrolment_id.in_(of))
    found = db.session.scalars(query)
    return {(m.scheduled_activity_id, m.enrolment_id): m for m in found if m.verdict != "none"}


def unsettled(ended: Sequence[ScheduledActivity]) -> list[ScheduledActivity]:
    """Those of the ended sessions of which something is known, and in which somebody of the class
    has no verdict yet, or is owed the progress."""
    known = sa.or_(
        sa.exists().where(
            Evidence.scheduled_activity_id == ScheduledActivity.id, Evidence.withdrawn_at.is_(None)
        ),
        sa.exists().where(
            Mark.scheduled_activity_id == ScheduledActivity.id, Mark.verdict != "none"
        ),
    )
    query = (
        sa.select(ScheduledActivity.id)
        .distinct()
        .join(Enrolment, Enrolment.cohort_id == ScheduledActivity.cohort_id)
        .outerjoin(SettledPresence, _of_both())
        .where(
            ScheduledActivity.id.in_([session.id for session in ended]),
            Enrolment.status == "confirmed",
            sa.or_(sa.func.coalesce(SettledPresence.verdict, "open") == "open", _is_owed()),
            known,
        )
    )
    due = set(db.session.scalars(query)) if ended else set()
    return [session for session in ended if session.id in due]


def owed(session: ScheduledActivity) -> set[int]:
    """Ids of participants who were present and have not done the activity.

    They were out of the class when it became known. What was decided about the activity stays.
    """
    query = (
        sa.select(Enrolment.id)
        .join(ScheduledActivity, ScheduledActivity.cohort_id == Enrolment.cohort_id)
        .join(SettledPresence, _of_both())
        .where(ScheduledActivity.id == session.id, Enrolment.status == "confirmed", _is_owed())
    )
    return set(db.session.scalars(query))


def _is_owed() -> sa.ColumnElement[bool]:
    """On a settled row, a session and an enrolment that the query names already."""
    done_or_decided = sa.exists().where(
        ActivityProgress.enrolment_id == Enrolment.id,
        ActivityProgress.activity_id == ScheduledActivity.activity_id,
        sa.or_(ActivityProgress.state == "done", ActivityProgress.overridden_by_id.is_not(None)),
    )
    return sa.and_(SettledPresence.verdict == "present", ~done_or_decided)


def is_known(activity_id: int) -> bool:
    """Whether anything is known of anybody's presence at an activity, in any class."""
    sessions = sa.select(ScheduledActivity.id).filter_by(activity_id=activity_id)
    known = [
        sa.select(model.id).where(model.scheduled_activity_id.in_(sessions)).exists()
        for model in (Evidence, Mark)
    ]
    return bool(db.session.scalar(sa.select(sa.or_(*known))))


def _of_both() -> sa.ColumnElement[bool]:
    """Joins a settled row to a session and an enrolment that the query names already."""
    return sa.and_(
        SettledPresence.scheduled_activity_id == ScheduledActivity.id,
        SettledPresence.enrolment_id == Enrolment.id,
    )


# Sessions in figures


@dataclass(frozen=True)
class Session:
    """A session of a class: its number, when it is, and how many stand how."""

    number: int
    planned: ScheduledActivity
    counts: Mapping[Verdict, int]

    @property
    def title(self) -> str:
        return self.planned.activity.title

    @property
    def people(self) -> int:
        return sum(self.counts.values())

    @property
    def length(self) -> int:
        return length_of(self.planned.starts_at, self.planned.ends_at)

    @property
    def state(self) -> str:
        """ahead, now or ended."""
        return state_of(self.planned)


def state_of(session: ScheduledActivity) -> str:
    if session.starts_at and now() < session.starts_at:
        return "ahead"
    return "ended" if _has_ended(session) else "now"


def _has_ended(session: ScheduledActivity) -> bool:
    return session.ends_at is not None and session.ends_at <= now()


# What holds of a person of whom nothing was settled yet.
UNSETTLED: Verdict = "open"


def in_figures(cohort: Cohort, sessions: Sequence[ScheduledActivity]) -> list[Session]:
    """Sessions with their counts of the participants, in two queries for any number."""
    people = len(enrolment_ids(cohort.id, status="confirmed"))
    rows = db.session.execute(
        sa.select(SettledPresence.scheduled_activity_id, SettledPresence.verdict, sa.func.count())
        .join(Enrolment, Enrolment.id == SettledPresence.enrolment_id)
        .where(
            Enrolment.status == "confirmed",
            SettledPresence.scheduled_activity_id.in_([session.id for session in sessions]),
        )
        .group_by(SettledPresence.scheduled_activity_id, SettledPresence.verdict)
    )
    counts: dict[int, dict[Verdict, int]] = {one.id: dict.fromkeys(ORDER, 0) for one in sessions}
    for session_id, verdict, count in rows:
        counts[session_id][verdict] += count
    for session in sessions:
        of_session = counts[session.id]
        of_session[UNSETTLED] += people - sum(of_session.values())
    return [Session(n, one, counts[one.id]) for n, one in enumerate(sessions, start=1)]


# People in a session


def presence_of(session: ScheduledActivity) -> dict[int, Presence]:
    """Enrolment id → presence, of all who are in the class now."""
    return {key: row[session.id] for key, row in presence_in([session]).items()}


def presence_in(
    sessions: Sequence[ScheduledActivity], of: Collection[int] | None = None
) -> dict[int, dict[int, Presence]]:
    """Enrolment id → session id → presence; of everybody in the class, or of `of`."""
    by_id = {session.id: session for session in sessions}
    query = (
        sa.select(
            Enrolment.id, ScheduledActivity.id, SettledPresence.seconds, SettledPresence.verdict
        )
        .join(ScheduledActivity, ScheduledActivity.cohort_id == Enrolment.cohort_id)
        .outerjoin(SettledPresence, _of_both())
        .where(ScheduledActivity.id.in_(by_id))
    )
    who = Enrolment.status == "confirmed" if of is None else Enrolment.id.in_(of)
    marks = marks_in(sessions, of)
    found: defaultdict[int, dict[int, Presence]] = defaultdict(dict)
    for key, session_id, seconds, verdict in db.session.execute(query.where(who)):
        marked = (session_id, key) in marks
        found[key][session_id] = _presence(by_id[session_id], seconds, verdict, marked=marked)
    return dict(found)


def _presence(
    session: ScheduledActivity, seconds: int | None, verdict: Verdict | None, *, marked: bool
) -> Presence:
    share = share_of(seconds or 0, length_of(session.starts_at, session.ends_at))
    return Presence(seconds or 0, share, verdict or UNSETTLED, marked)


@dataclass(frozen=True)
class Row:
    """A participant on the page of a session, with what the verdict rests on."""

    enrolment: Enrolment
    presence: Presence
    mark: Mark | None
    evidence: Sequence[Evidence]


@dataclass(frozen=True)
class Wanted:
    """Which people a list shows: a part of the name or the number, one state, after whom."""

    search: str = ""
    only: str = ""
    after: int | None = None


def rows_of(
    cohort: Cohort, session: ScheduledActivity, wanted: Wanted
) -> tuple[list[Row], Enrolment | None]:
    """A page of participants, the missing first, then by name; its last one where more follow."""
    verdict = sa.func.coalesce(SettledPresence.verdict, UNSETTLED)
    rank = sa.case({name: place for place, name in enumerate(ORDER)}, value=verdict)
    query = (
        sa.select(Enrolment, SettledPresence.seconds, SettledPresence.verdict)
        .select_from(Enrolment)
        .join(ScheduledActivity, ScheduledActivity.id == session.id)
        .outerjoin(SettledPresence, _of_both())
    )
    only = verdict == wanted.only if wanted.only else sa.true()
    found, more = _page(query, cohort, rank, wanted, only)
    keys = [enrolment.id for enrolment, _seconds, _verdict in found]
    marks, evidence = marks_in([session], keys), _evidence_of(session, keys)
    rows = []
    for enrolment, seconds, settled in found:
        mark = marks.get((session.id, enrolment.id))
        presence = _presence(session, seconds, settled, marked=mark is not None)
        rows.append(Row(enrolment, presence, mark, evidence.get(enrolment.id, ())))
    return rows, more


def _page(
    query: sa.Select[*tuple[Any, ...]],
    cohort: Cohort,
    rank: sa.ColumnElement[int],
    wanted: Wanted,
    only: sa.ColumnElement[bool],
) -> tuple[Sequence[Any], Enrolment | None]:
    """Rows that begin with an Enrolment, by rank, name and id, from `wanted.after` on."""
    key = (rank, User.name_key, Enrolment.id)
    query = query.join(Enrolment.user).where(
        Enrolment.cohort_id == cohort.id, Enrolment.status == "confirmed"
    )
    if wanted.after:
        last = query.with_only_columns(*key).where(Enrolment.id == wanted.after)
        if place := db.session.execute(last).first():
            query = query.where(sa.tuple_(*key) > sa.tuple_(*place))
    if wanted.search:
        fitting = participants(cohort, search=wanted.search, limit=None)
        query = query.where(Enrolment.id.in_([one.id for one in fitting]))
    with_names = contains_eager(Enrolment.user), joinedload(Enrolment.institution)
    query = query.where(only).options(*with_names).order_by(*key).limit(PAGE + 1)
    rows = db.session.execute(query).all()
    return rows[:PAGE], rows[PAGE - 1][0] if len(rows) > PAGE else None


def _evidence_of(
    session: ScheduledActivity, enrolment_ids: Collection[int]
) -> dict[int, list[Evidence]]:
    """Enrolment id → all evidence, what was withdrawn included, by time."""
    query = (
        sa.select(Evidence)
        .where(
            Evidence.scheduled_activity_id == session.id, Evidence.enrolment_id.in_(enrolment_ids)
        )
        .options(joinedload(Evidence.recorded_by), joinedload(Evidence.withdrawn_by))
        .order_by(Evidence.from_at.nulls_last(), Evidence.id)
    )
    found: defaultdict[int, list[Evidence]] = defaultdict(list)
    for row in db.session.scalars(query):
        found[row.enrolment_id].append(row)
    return dict(found)


# All sessions of a class together


@dataclass(frozen=True)
class Overall:
    """Σ seconds present and Σ seconds of the sessions, those excused left out of both."""

    seconds: int
    of_seconds: int

    @property
    def share(self) -> float:
        return share_of(self.seconds, self.of_seconds)


@dataclass(frozen=True)
class OverallRow:
    enrolment: Enrolment
    overall: Overall


def overall_of(
    sessions: Sequence[ScheduledActivity], enrolment_ids: Iterable[int]
) -> dict[int, Overall]:
    """Enrolment id → overall presence, in one query."""
    whole = sum(length_of(session.starts_at, session.ends_at) for session in sessions)
    keys = list(enrolment_ids)
    sums = _sums(sessions)
    rows = db.session.execute(
        sa.select(sums.c.enrolment_id, sums.c.seconds, sums.c.excused).where(
            sums.c.enrolment_id.in_(keys)
        )
    )
    known = {key: Overall(seconds, whole - excused) for key, seconds, excused in rows}
    return {key: known.get(key, Overall(0, whole)) for key in keys}


def _sums(sessions: Sequence[ScheduledActivity]) -> sa.Subquery:
    """Each enrolment's seconds present, and the length of the sessions that it was excused from."""
    excused = SettledPresence.verdict == "excused"
    length = seconds_of(ScheduledActivity)
    return (
        sa.select(
            SettledPresence.enrolment_id,
            _total(SettledPresence.seconds, ~excused).label("seconds"),
            _total(length, excused).label("excused"),
        )
        .join(ScheduledActivity, ScheduledActivity.id == SettledPresence.scheduled_activity_id)
        .where(ScheduledActivity.id.in_([session.id for session in sessions]))
        .group_by(SettledPresence.enrolment_id)
        .subquery("sums")
    )


def seconds_of(session: Any) -> sa.ColumnElement[int]:
    """The length of a session in whole seconds, for a select."""
    lasts = sa.func.extract("epoch", session.ends_at - session.starts_at)
    return sa.cast(sa.func.floor(lasts), sa.BigInteger)


def _total(column: Any, where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column).filter(where), 0), sa.BigInteger)


def overall_rows(
    cohort: Cohort, sessions: Sequence[ScheduledActivity], required: int, wanted: Wanted
) -> tuple[list[OverallRow], Enrolment | None]:
    """A page of participants, those below the required share first, then by name."""
    whole = sum(length_of(session.starts_at, session.ends_at) for session in sessions)
    sums = _sums(sessions)
    seconds = sa.func.coalesce(sums.c.seconds, 0)
    of_seconds = whole - sa.func.coalesce(sums.c.excused, 0)
    enough = sa.and_(seconds > 0, 100 * seconds >= required * of_seconds)
    query = (
        sa.select(Enrolment, seconds, of_seconds)
        .select_from(Enrolment)
        .outerjoin(sums, sums.c.enrolment_id == Enrolment.id)
    )
    only = sa.not_(enough) if wanted.only == "below" else sa.true()
    found, more = _page(query, cohort, sa.case((enough, 1), else_=0), wanted, only)
    return [OverallRow(one, Overall(part, whole)) for one, part, whole in found], more
