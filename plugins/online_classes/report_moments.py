"""Dates and times as reports write them, and which of their numbers is the month.

Zoom writes the date in the manner of the account and without a zone; Excel rewrites it. What
zone is meant is decided by the caller.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from unicodedata import normalize

_WRITTEN = re.compile(
    r"(?:(?P<year>20\d\d)[/.-](\d\d?)[/.-](\d\d?)|(\d\d?)[/.-](\d\d?)[/.-](?P<late>(?:20)?\d\d))"
    r"[T, ]+(?P<hour>\d\d?)[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:\.\d+)?)?"
    r" ?(?:(?P<half>[AP])\.?M\.?)? ?(?P<offset>Z|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
LONGEST = 60


@dataclass(frozen=True)
class Written:
    """A moment before it is known in which order its date stands."""

    year: str
    first: str
    second: str
    time: str
    year_first: bool

    def read(self, order: str) -> datetime | None:
        """`order`: mdy, dmy or ymd as written; ydm where Excel took a month for the day.

        Excel set to Indonesian swaps 11/12/2026 and leaves 11/13/2026 as text, so that under
        "ydm" a date with the year at its end is in the order of the month.
        """
        month, day = self.first, self.second
        if order == ("ydm" if self.year_first else "dmy"):
            month, day = day, month
        try:
            return datetime.fromisoformat(f"{self.year}-{month:0>2}-{day:0>2}T{self.time}")
        except ValueError:
            return None


def written(text: str) -> Written | None:
    """The parts of e.g. "11/19/2021 09:54:15 AM", "19/11/21 9.54" or "2021-11-19T02:54:15Z"."""
    found = _WRITTEN.fullmatch(normalize("NFKC", text[:LONGEST]).strip())
    if not found:
        return None
    first, second = (number for number in found.group(2, 3, 4, 5) if number)
    year = found["year"] or found["late"]
    offset = (found["offset"] or "").upper()
    time = f"{_hour(found):02}:{found['minute']}:{found['second'] or '00'}{offset}"
    return Written(f"20{year[-2:]}", first, second, time, year_first=bool(found["year"]))


def _hour(found: re.Match[str]) -> int:
    hour = int(found["hour"])
    if not found["half"] or hour > 12:
        return hour
    return hour % 12 + (12 if found["half"] in "Pp" else 0)


def date_orders(
    moments: Sequence[Written], *, near: date | None, from_excel: bool
) -> tuple[str, ...]:
    """The orders that fit the most moments and differ in effect, the likeliest first.

    That is the one that comes nearest to `near`; without it, the month comes first.
    """
    readings = {
        order: [moment.read(order) for moment in moments]
        for order in _possible(moments, from_excel)
    }
    most = max((_fitting(reading) for reading in readings.values()), default=0)
    kept: dict[str, list[datetime | None]] = {}
    for order, reading in readings.items():
        if _fitting(reading) == most > 0 and reading not in kept.values():
            kept[order] = reading
    return tuple(sorted(kept, key=lambda order: _distance(kept[order], near)))


def _possible(moments: Sequence[Written], from_excel: bool) -> list[str]:
    year_first = any(moment.year_first for moment in moments)
    year_last = any(not moment.year_first for moment in moments)
    orders = ["mdy", "dmy"] if year_last else ["ymd"] if year_first else []
    return [*orders, "ydm"] if year_first and from_excel else orders


def _fitting(reading: Sequence[datetime | None]) -> int:
    return sum(moment is not None for moment in reading)


def _distance(reading: Sequence[datetime | None], near: date | None) -> timedelta:
    if near is None:
        return timedelta()
    return min(abs(moment.date() - near) for moment in reading if moment)
