"""When somebody was there, as bars on the line of a session. Drawing only; nothing is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.api import ScheduledActivity
from plugins.online_classes.report_models import KeptRow

WIDTH = 540
BEYOND = timedelta(minutes=30)


@dataclass(frozen=True)
class Bar:
    x: int
    width: int
    lane: int


@dataclass(frozen=True)
class Bars:
    """A line of `WIDTH`, from `first` to `last`; `starts` and `ends` are the session's."""

    first: datetime
    last: datetime
    starts: int
    ends: int
    bars: Sequence[Bar]


def bars_of(rows: Sequence[KeptRow], session: ScheduledActivity) -> Bars | None:
    """None where the report told no times. A stay that overlaps another lies below it."""
    starts, ends = session.starts_at, session.ends_at
    spans = sorted((row.joined_at, row.left_at) for row in rows if row.joined_at and row.left_at)
    if not spans or starts is None or ends is None:
        return None
    first, last = starts - BEYOND, ends + BEYOND

    def place(at: datetime) -> int:
        return round(WIDTH * ((min(max(at, first), last) - first) / (last - first)))

    bars, until = [], first
    for joined, left in spans:
        x = place(joined)
        bars.append(Bar(x, max(place(left) - x, 2), int(joined < until)))
        until = max(until, left)
    return Bars(first, last, place(starts), place(ends), bars)
