"""Presence from evidence: arithmetic on moments, without database and without any class's rules.

The measure is time, as committees and platform reports state it: minutes in the session as a
share of its length. Connections that overlap (a telephone beside a laptop) count once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Interval = tuple[datetime, datetime]
Verdict = Literal["present", "absent", "excused", "open"]


@dataclass(frozen=True)
class Presence:
    """How somebody stands in a session. `share` is 0 to 100; `marked`: decided by hand."""

    seconds: int
    share: float
    verdict: Verdict
    marked: bool = False


def union_seconds(intervals: Iterable[Interval], starts_at: datetime, ends_at: datetime) -> int:
    """Whole seconds of the session that at least one interval covers.

    The measure of a union of intervals in one dimension (Klee's problem), clipped to the
    session: swept once by their beginnings, each interval adds what reaches beyond the furthest
    end so far. Order and repetition change nothing; the sum never exceeds the session.
    """
    covered, reached = timedelta(), starts_at
    for begun, ended in sorted(intervals):
        first, last = max(begun, reached), min(ended, ends_at)
        if last > first:
            covered += last - first
            reached = last
    return int(covered.total_seconds())


def seconds_present(
    intervals: Iterable[Interval], totals: Iterable[int], starts_at: datetime, ends_at: datetime
) -> int:
    """min(length, max(union of the intervals, each total)).

    A total says how long, not when: it may be the same time as an interval, so it is not added;
    whoever has it was there at least that long, and nobody longer than the session.
    """
    union = union_seconds(intervals, starts_at, ends_at)
    return min(length_of(starts_at, ends_at), max([union, *totals]))


def length_of(starts_at: datetime | None, ends_at: datetime | None) -> int:
    """Whole seconds of a session; 0 for one without times."""
    return int((ends_at - starts_at).total_seconds()) if starts_at and ends_at else 0


def share_of(seconds: int, of_seconds: int) -> float:
    """100 × seconds ÷ of_seconds, from 0 to 100."""
    return 100 * seconds / of_seconds if of_seconds else 0.0


def is_enough(seconds: int, of_seconds: int, required_share: int) -> bool:
    """seconds ÷ of_seconds ≥ required_share ÷ 100, in whole numbers so that the limit itself is
    enough. Whoever was never there is not present, whatever is required."""
    return seconds > 0 and 100 * seconds >= required_share * of_seconds
