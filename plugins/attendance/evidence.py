"""Recording and withdrawing evidence of presence, whatever it comes from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from core.api import DomainError, ScheduledActivity, User, audit, db, now
from plugins.attendance import queries, settling
from plugins.attendance.models import Evidence

LONGEST_ID = 200
MOST_SECONDS = 366 * 24 * 3600


class EvidenceRefused(DomainError):
    """Nothing of what was handed over is recorded; the sentence says why."""


@dataclass(frozen=True)
class EvidenceItem:
    """From one moment to another (aware), or so many seconds in all; one of the two.

    `external_id` tells it from other items of the same source about the same person in the same
    session: the same item twice is once, and with other times it replaces the former.
    """

    enrolment_id: int
    external_id: str
    from_at: datetime | None = None
    to_at: datetime | None = None
    seconds: int | None = None


def record_evidence(
    session: ScheduledActivity, source: str, items: Sequence[EvidenceItem], *, by: User | None
) -> int:
    """Keeps what is new and settles the session; gives how many items were new or said otherwise.

    An item that was withdrawn counts again. People who were taken out of the class keep theirs
    for when they come back. Raises EvidenceRefused and keeps nothing.
    """
    _refuse_session(session, source)
    known = {(item.enrolment_id, item.external_id): item for item in items}
    for item in known.values():
        _refuse(item)
    _refuse_strangers(session, {item.enrolment_id for item in known.values()})
    settling.hold([session])
    kept = _keep(session, source, known.values(), by)
    if kept:
        cohort = settling.cohort_of(session)
        audit("attendance.evidence", session, actor=by, institution=cohort.host,
              source=source, count=kept)  # fmt: skip
        settling.settle(cohort, [session], corrected=by is not None)
    return kept


def withdraw_evidence(
    session: ScheduledActivity,
    source: str,
    external_ids: Collection[str],
    *,
    enrolment_ids: Collection[int] | None = None,
    by: User | None,
) -> int:
    """Takes items out of the reckoning and settles the session; gives how many there were.

    The rows stay, with who withdrew them and when. `enrolment_ids` None: whoever they are about.
    """
    settling.hold([session])
    of_whom = sa.true() if enrolment_ids is None else Evidence.enrolment_id.in_(enrolment_ids)
    found = db.session.scalars(
        sa.update(Evidence)
        .where(
            Evidence.scheduled_activity_id == session.id,
            Evidence.source == source,
            Evidence.external_id.in_(external_ids),
            Evidence.withdrawn_at.is_(None),
            of_whom,
        )
        .values(withdrawn_at=now(), withdrawn_by_id=by.id if by else None)
        .returning(Evidence.id)
        .execution_options(synchronize_session=False)
    ).all()
    if found:
        cohort = settling.cohort_of(session)
        audit("attendance.withdraw", session, actor=by, institution=cohort.host,
              source=source, count=len(found))  # fmt: skip
        settling.settle(cohort, [session], corrected=True)
    return len(found)


def _refuse_session(session: ScheduledActivity, source: str) -> None:
    if not session.starts_at or not session.ends_at:
        raise EvidenceRefused(_("This session has no time yet. Set it in the timetable first."))
    if not _fits(source):
        raise EvidenceRefused(_("The evidence does not say where it comes from."))


def _fits(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and "\x00" not in text


def _refuse(item: EvidenceItem) -> None:
    """One of times and total, each of them possible."""
    moments = [at for at in (item.from_at, item.to_at) if at is not None]
    if not _fits(item.external_id):
        raise EvidenceRefused(_("A piece of evidence has no usable identifier."))
    if (len(moments), item.seconds is None) not in {(2, True), (0, False)}:
        raise EvidenceRefused(_("Evidence needs a beginning and an end, or a total of seconds."))
    if any(at.utcoffset() is None for at in moments):
        raise EvidenceRefused(_("The times of the evidence do not say their zone."))
    if moments and moments[1] < moments[0]:
        raise EvidenceRefused(_("Evidence ends before it begins."))
    if item.seconds is not None and not 0 <= item.seconds <= MOST_SECONDS:
        raise EvidenceRefused(_("The total of the evidence is not possible."))


def _refuse_strangers(session: ScheduledActivity, enrolment_ids: set[int]) -> None:
    if enrolment_ids - queries.enrolment_ids(session.cohort_id):
        raise EvidenceRefused(_("The evidence names somebody who is not in this class."))


def _keep(
    session: ScheduledActivity, source: str, items: Iterable[EvidenceItem], by: User | None
) -> int:
    """Adds new items and brings the others up to date; gives how many changed."""
    common: Mapping[str, Any] = {
        "scheduled_activity_id": session.id,
        "source": source,
        "recorded_by_id": by.id if by else None,
        "recorded_at": now(),
        "withdrawn_by_id": None,
        "withdrawn_at": None,
    }
    rows = [{**asdict(item), **common} for item in items]
    if not rows:
        return 0
    new = insert(Evidence)
    said = ("from_at", "to_at", "seconds")
    replaced = (*said, "recorded_by_id", "recorded_at", "withdrawn_by_id", "withdrawn_at")
    differs = (getattr(Evidence, name).is_distinct_from(new.excluded[name]) for name in said)
    kept = new.on_conflict_do_update(
        index_elements=["scheduled_activity_id", "enrolment_id", "source", "external_id"],
        set_={name: new.excluded[name] for name in replaced},
        where=sa.or_(Evidence.withdrawn_at.is_not(None), *differs),
    )
    return len(db.session.scalars(kept.returning(Evidence.id), rows).all())
