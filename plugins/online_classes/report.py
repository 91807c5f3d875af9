"""Reads a participants report as Zoom exports it, in each of its layouts, into checked rows.

Bytes in, values out: no database, no request, no enrolment. The Indonesian layout is built from
header words known from two independent parsers; no real file in that language was seen.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal
from unicodedata import normalize

from flask_babel import gettext as _

from core.api import DomainError, Table, TableLine, TableUnreadable, one_line, shown, tables_in
from plugins.online_classes.report_moments import Written, date_orders, written
from plugins.online_classes.report_names import split_name
from plugins.online_classes.report_words import (
    NO,
    YES,
    Header,
    meeting_columns,
    other_report,
    participants_header,
)

MOST_LETTERS = 200
LONGEST_EMAIL = 254
LONGEST_STAY = timedelta(days=2)
NO_SHOW = frozenset(("-", "--", "–", "—"))

# Zoom names the file participants_81234567890.csv.
_FILE_NAME = re.compile(r"participants_([0-9]{9,12})(?![0-9])")
_MINUTES = re.compile(r"([0-9]{1,5})(?:[.,]0+)?", re.ASCII)

Layout = Literal["intervals", "totals"]


class ReportUnreadable(DomainError):
    """The file as a whole is no report that can be used; the message says why and what to do."""

    status = 400


@dataclass(frozen=True)
class ReportRow:
    """One stay in the meeting or, in a report of totals, one person.

    Times are the wall clock of the file, aware only where the file writes an offset.
    """

    line: int
    name: str
    original_name: str
    email: str
    joined: datetime | None
    left: datetime | None
    seconds: int
    waiting_room: bool
    guest: bool | None


@dataclass(frozen=True)
class Fault:
    """A line that was left out; the message names the line and the reason."""

    line: int
    message: str


@dataclass(frozen=True)
class Report:
    """`date_orders`: the orders in which the dates can be read; the rows use the first.

    More than one means that the file alone does not tell.
    """

    layout: Layout
    language: str
    meeting_number: int | None
    topic: str
    starts: datetime | None
    ends: datetime | None
    rows: tuple[ReportRow, ...]
    faults: tuple[Fault, ...]
    date_orders: tuple[str, ...]


@dataclass(frozen=True)
class _File:
    """What was found in the file, still as text; `meeting` has the fields of `meeting_columns`."""

    header: Header
    lines: Sequence[TableLine]
    meeting: Mapping[str, str]
    from_excel: bool

    @property
    def layout(self) -> Layout:
        return "intervals" if {"joined", "left"} <= self.header.columns.keys() else "totals"


class _LineFault(Exception):
    """Why one line cannot be used, as a sentence."""


def read_report(data: bytes, name: str = "", *, near: date | None = None) -> Report:
    """Read a whole report; `name` is the file's, `near` the day on which the class was held.

    Dates that can be read in several ways are read in the one nearest to that day.
    Raises `ReportUnreadable`, whatever the bytes are.
    """
    try:
        file = _file(data, name)
    except TableUnreadable as unreadable:
        raise ReportUnreadable(unreadable.message) from None
    orders = date_orders(_moments(file), near=near, from_excel=file.from_excel)
    order = orders[0] if orders else ""
    rows, faults = _rows(file, order)
    return Report(
        layout=file.layout,
        language=file.header.language,
        meeting_number=_meeting_number(file.meeting.get("number", ""), name),
        topic=one_line(file.meeting.get("topic", ""))[:MOST_LETTERS],
        starts=_moment(file.meeting.get("starts", ""), order),
        ends=_moment(file.meeting.get("ends", ""), order),
        rows=rows,
        faults=faults,
        date_orders=orders,
    )


# Where the table is


def _file(data: bytes, name: str) -> _File:
    seen: list[TableLine] = []
    for table in tables_in(data, name or _("participants report")):
        top = [_unfolded(line) for line in table.top()]
        if header := participants_header(top):
            return _file_of(table, header)
        seen.extend(top)
    raise ReportUnreadable(other_report(seen) if seen else _("The report is empty."))


def _file_of(table: Table, header: Header) -> _File:
    lines = [_unfolded(line) for line in table.lines()]
    above = [line for line in lines if line.number < header.line.number]
    below = [
        line
        for line in lines
        if line.number > header.line.number and line.cells != header.line.cells
    ]
    meeting = _meeting_of_rows(below, header) if header.meeting else _meeting_above(above)
    return _File(header, below, meeting, from_excel=table.format == "xlsx")


def _unfolded(line: TableLine) -> TableLine:
    """Excel set to Indonesian expects semicolons and puts a whole line into its first cell."""
    first, *rest = line.cells or [""]
    if "," not in first or any(map(str.strip, rest)):
        return line
    try:
        return replace(line, cells=next(csv.reader([first])))
    except csv.Error:
        return line


def _meeting_above(lines: Sequence[TableLine]) -> Mapping[str, str]:
    """Header and values of the meeting, which stand above the table of participants."""
    for header, values in pairwise(lines):
        if columns := meeting_columns(header):
            return _values(values, columns)
    return {}


def _meeting_of_rows(lines: Sequence[TableLine], header: Header) -> Mapping[str, str]:
    """The meeting as each row repeats it."""
    found = [_values(line, header.meeting) for line in lines if not line.broken]
    meetings = {
        (meeting.get("number", ""), meeting.get("starts", "")): meeting
        for meeting in found
        if meeting.get("number") or meeting.get("starts")
    }
    if len(meetings) > 1:
        raise ReportUnreadable(
            _(
                "The report holds %(count)s meetings. Export the participants of one meeting and "
                "upload that file.",
                count=len(meetings),
            )
        )
    return next(iter(meetings.values()), {})


def _values(line: TableLine, columns: Mapping[str, int]) -> dict[str, str]:
    """Field -> its text, without blanks around it."""
    width = len(line.cells)
    return {
        field: line.cells[index].strip() if index < width else ""
        for field, index in columns.items()
    }


def _meeting_number(written: str, file_name: str) -> int | None:
    digits = re.sub(r"[\s-]", "", written)
    if re.fullmatch(r"[0-9]{9,12}", digits):
        return int(digits)
    named = _FILE_NAME.search(file_name)
    return int(named[1]) if named and not digits else None


# Times


def _moments(file: _File) -> list[Written]:
    texts = [file.meeting.get(field, "") for field in ("starts", "ends")]
    for line in file.lines:
        values = _values(line, file.header.columns)
        texts += [values.get("joined", ""), values.get("left", "")]
    return [moment for text in texts if (moment := written(text))]


def _moment(text: str, order: str) -> datetime | None:
    moment = written(text)
    return moment.read(order) if moment else None


# Rows


def _rows(file: _File, order: str) -> tuple[tuple[ReportRow, ...], tuple[Fault, ...]]:
    rows: list[ReportRow] = []
    faults: list[Fault] = []
    for line, values in _people(file):
        try:
            rows.append(_row(line, values, file, order))
        except _LineFault as fault:
            faults.append(Fault(line.number, str(fault)))
    if not rows:
        raise ReportUnreadable(
            _("No line of the report can be used. %(first)s", first=faults[0].message)
            if faults
            else _("The report is complete, but nobody is in it.")
        )
    return tuple(rows), tuple(faults)


def _people(file: _File) -> Iterator[tuple[TableLine, Mapping[str, str]]]:
    """Lines that tell of somebody who came, each only once."""
    told: set[tuple[str, ...]] = set()
    for line in file.lines:
        values = _values(line, file.header.columns)
        same = tuple(values.values())
        came = not {values.get("joined"), values.get("left")} & NO_SHOW
        if any(same) and came and same not in told:
            told.add(same)
            yield line, values


def _row(line: TableLine, values: Mapping[str, str], file: _File, order: str) -> ReportRow:
    _refuse_shifted(line, file.header)
    name, original = _name(values, line.number)
    joined = left = None
    if file.layout == "intervals":
        joined, left = _interval(values, line.number, order)
        seconds = int((left - joined).total_seconds())
    else:
        seconds = _seconds(values, line.number)
    return ReportRow(
        line=line.number,
        name=name,
        original_name=original,
        email=_email(values.get("email", "")),
        joined=joined,
        left=left,
        seconds=seconds,
        waiting_room=_answer(values.get("waiting_room", "")) is True,
        guest=_answer(values.get("guest", "")),
    )


def _refuse_shifted(line: TableLine, header: Header) -> None:
    if any(map(str.strip, line.cells[len(header.line.cells) :])):
        raise _LineFault(
            _("Line %(line)s has more cells than columns. A name may hold a comma.",
              line=line.number)
        )  # fmt: skip


def _name(values: Mapping[str, str], line: int) -> tuple[str, str]:
    """Shown and original name; whoever has none is known by the e-mail."""
    written, email = values["name"], _email(values.get("email", ""))
    if len(written) > MOST_LETTERS:
        raise _LineFault(
            _("Line %(line)s: the name “%(name)s” is too long.", line=line, name=shown(written))
        )
    name, original = split_name(written)
    if not name and not email:
        raise _LineFault(_("Line %(line)s: the name is missing.", line=line))
    return name or email, original


def _email(value: str) -> str:
    plain = one_line(value[: LONGEST_EMAIL + 1]).lower()
    return plain if re.fullmatch(r"[^\s@]+@[^\s@]+", plain) and len(plain) <= LONGEST_EMAIL else ""


def _interval(values: Mapping[str, str], line: int, order: str) -> tuple[datetime, datetime]:
    joined = _time(values["joined"], line, order)
    left = _time(values["left"], line, order)
    if (joined.tzinfo is None) != (left.tzinfo is None):
        raise _LineFault(_("Line %(line)s: only one of its two times has a zone.", line=line))
    if left < joined:
        raise _LineFault(
            _(
                "Line %(line)s: %(name)s left before joining.",
                line=line,
                name=shown(values["name"]),
            )
        )
    _refuse_too_long(left - joined, values, line)
    return joined, left


def _refuse_too_long(stay: timedelta, values: Mapping[str, str], line: int) -> None:
    if stay > LONGEST_STAY:
        raise _LineFault(
            _(
                "Line %(line)s: %(name)s stayed longer than two days. Check the times.",
                line=line,
                name=shown(values["name"]),
            )
        )


def _time(text: str, line: int, order: str) -> datetime:
    if not text:
        raise _LineFault(_("Line %(line)s: a time of joining or leaving is missing.", line=line))
    moment = _moment(text, order)
    if moment is None:
        raise _LineFault(
            _("Line %(line)s: “%(value)s” is not a date and time.", line=line, value=shown(text))
        )
    return moment


def _seconds(values: Mapping[str, str], line: int) -> int:
    minutes = _MINUTES.fullmatch(values["minutes"])
    if not minutes:
        raise _LineFault(
            _(
                "Line %(line)s: “%(value)s” is not a number of minutes.",
                line=line,
                value=shown(values["minutes"]),
            )
        )
    stay = timedelta(minutes=int(minutes[1]))
    _refuse_too_long(stay, values, line)
    return int(stay.total_seconds())


def _answer(value: str) -> bool | None:
    word = normalize("NFKC", value[:10]).casefold()
    if word in YES or word in NO:
        return word in YES
    return None
