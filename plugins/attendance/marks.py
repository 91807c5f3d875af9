"""Marks by hand: staff decide over evidence, with a reason, and may take it back."""

from collections.abc import Collection

import sqlalchemy as sa
from flask_babel import gettext as _

from core.api import DomainError, ScheduledActivity, User, audit, db, now
from plugins.attendance import queries, settling
from plugins.attendance.models import Mark

LONGEST_REASON = 500


class MarkRefused(DomainError):
    """Nobody was marked; the sentence says why."""


def mark(
    session: ScheduledActivity,
    enrolment_ids: Collection[int],
    verdict: str,
    reason: str,
    *,
    by: User,
) -> int:
    """Decides for participants whether they were there; gives how many marks were made.

    `verdict`: present, absent or excused. The same again for the same reason makes none.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise MarkRefused(_("Write the reason, in at most %(max)s characters.", max=LONGEST_REASON))
    return _mark(session, enrolment_ids, verdict, reason, by)


def undo(session: ScheduledActivity, enrolment_ids: Collection[int], *, by: User) -> int:
    """Takes marks back: evidence decides again. The marks stay in the history."""
    return _mark(session, enrolment_ids, "none", "", by)


def _mark(
    session: ScheduledActivity, enrolment_ids: Collection[int], verdict: str, reason: str, by: User
) -> int:
    settling.hold([session])
    wanted = set(enrolment_ids)
    if not wanted or wanted - queries.enrolment_ids(session.cohort_id, status="confirmed"):
        raise MarkRefused(_("Somebody you chose is not in this class. Reload the page."))
    latest = {
        key: (one.verdict, one.reason) for (_s, key), one in queries.marks_in([session]).items()
    }
    changed = sorted(key for key in wanted if latest.get(key, ("none", "")) != (verdict, reason))
    if not changed:
        return 0
    rows = [
        {
            "scheduled_activity_id": session.id,
            "enrolment_id": key,
            "verdict": verdict,
            "reason": reason,
            "marked_by_id": by.id,
            "marked_at": now(),
        }
        for key in changed
    ]
    db.session.execute(sa.insert(Mark), rows)
    cohort = settling.cohort_of(session)
    audit("attendance.mark", session, actor=by, institution=cohort.host,
          verdict=verdict, count=len(rows))  # fmt: skip
    settling.settle(cohort, [session], corrected=True)
    return len(rows)
