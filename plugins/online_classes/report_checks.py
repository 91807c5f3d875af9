"""Whether a report is one of a session: by the number of the meeting, by times, or by a person.

Also reads it for that session, since dates and clocks of a report only mean something beside one.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from core.api import ZONES, Cohort, DomainError, ScheduledActivity, moment, one_line
from plugins.online_classes.addresses import grouped
from plugins.online_classes.queries import LiveClass
from plugins.online_classes.report import Report, read_report
from plugins.online_classes.report_queries import other_clock, seconds_within

LONGEST_FILE_NAME = 200


class ReportRefused(DomainError):
    """The report can be read, but is not one of this session; the sentence says why."""


class UnknownZone(DomainError):
    def __init__(self, zone: str) -> None:
        super().__init__(_("There is no time zone %(zone)s. An example: Asia/Makassar.", zone=zone))


def times_of(live: LiveClass) -> tuple[ScheduledActivity, datetime, datetime]:
    """The session, and when it begins and ends."""
    session = live.scheduled
    if session is None or session.starts_at is None or session.ends_at is None:
        raise ReportRefused(_("This session has no time yet. Set it in the timetable first."))
    return session, session.starts_at, session.ends_at


def read_for(live: LiveClass, data: bytes, file_name: str) -> Report:
    """The report, its dates read as near to the session as they allow. Raises ReportUnreadable."""
    _session, starts, _ends = times_of(live)
    near = starts.astimezone(ZoneInfo(live.cohort.timezone)).date()
    return read_report(data, plain_name(file_name), near=near)


def plain_name(file_name: str) -> str:
    return one_line(file_name.encode(errors="replace").decode())[:LONGEST_FILE_NAME]


def span_of(report: Report, zone: str) -> tuple[datetime, datetime] | None:
    """The first joining and the last leaving; of totals the meeting's times, where it tells them.

    What has no zone in the file is read in `zone`.
    """
    rows = [row for row in report.rows if not row.waiting_room] or report.rows
    joined = [aware(row.joined, zone) for row in rows if row.joined]
    left = [aware(row.left, zone) for row in rows if row.left]
    if joined and left:
        return min(joined), max(left)
    if report.starts and report.ends:
        return aware(report.starts, zone), aware(report.ends, zone)
    return None


def aware(at: datetime, zone: str) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def check_zone(zone: str) -> None:
    """Raises UnknownZone."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownZone(zone) from error


# The clock of a report


def zones_of(cohort: Cohort) -> list[tuple[str, Any]]:
    """The zones that may be meant, the class's own among them."""
    known = [zone for zone, _label in ZONES]
    own = [] if cohort.timezone in known else [(cohort.timezone, cohort.timezone)]
    return [*own, *ZONES]


def follows_clock(report: Report) -> bool:
    """Whether the zone changes what is kept: not of totals, nor where the file tells it."""
    return any(row.joined and not row.joined.tzinfo for row in report.rows)


def covered(live: LiveClass, report: Report, zone: str) -> int:
    """Minutes of the session in which anybody was there, were the report read in `zone`."""
    _session, starts, ends = times_of(live)
    spans = [
        (aware(row.joined, zone), aware(row.left, zone))
        for row in report.rows
        if row.joined and row.left and not row.waiting_room
    ]
    if not spans and (span := span_of(report, zone)):
        spans = [span]
    return seconds_within(spans, starts, ends) // 60


def likeliest_zone(live: LiveClass, report: Report, zones: Iterable[str]) -> tuple[str, int]:
    """The zone by which most of the session is covered, and how many minutes.

    Of several the class's own is the likeliest.
    """
    minutes = {zone: covered(live, report, zone) for zone in zones}
    best = max(minutes, key=lambda zone: (minutes[zone], zone == live.cohort.timezone))
    return best, minutes[best]


def refuse_other_clock(live: LiveClass, report: Report, zone: str) -> None:
    """Raises ReportRefused beside a report in another zone: the same minutes would add up."""
    session, _starts, _ends = times_of(live)
    if follows_clock(report) and (earlier := other_clock(session, zone)):
        raise ReportRefused(
            _("An earlier report of this session was read by the clock %(zone)s. By another clock "
              "the same minutes would count twice. Choose that clock, or take that report back "
              "first.", zone=dict(zones_of(live.cohort)).get(earlier, earlier))
        )  # fmt: skip


def refuse_other_meeting(live: LiveClass, report: Report, zone: str, *, confirmed: bool) -> None:
    """Raises ReportRefused for the report of another meeting, by its number or its times.

    `confirmed`: a person says that it is the right one; for totals, which may tell neither.
    """
    _refuse_other_number(live, report)
    if span := span_of(report, zone):
        _refuse_other_time(live, *span)
    elif not confirmed and not _same_number(live, report):
        raise ReportRefused(
            _("This report holds totals without times, so that it cannot be checked against the "
              "session. Confirm that it is the right one.")
        )  # fmt: skip


def _number(live: LiveClass) -> int | None:
    return live.meeting.meeting_number if live.meeting else None


def _same_number(live: LiveClass, report: Report) -> bool:
    return report.meeting_number is not None and report.meeting_number == _number(live)


def needs_confirmation(live: LiveClass, report: Report) -> bool:
    """Whether nothing in the report tells that it is of this session."""
    return span_of(report, "UTC") is None and not _same_number(live, report)


def _refuse_other_number(live: LiveClass, report: Report) -> None:
    ours, theirs = _number(live), report.meeting_number
    if ours and theirs and ours != theirs:
        raise ReportRefused(
            _("This is the report of meeting %(theirs)s. The meeting of this session is "
              "%(ours)s.", theirs=grouped(theirs), ours=grouped(ours))
        )  # fmt: skip


def _refuse_other_time(live: LiveClass, first: datetime, last: datetime) -> None:
    _session, starts, ends = times_of(live)
    if first >= ends or last <= starts:
        zone = live.cohort.timezone
        raise ReportRefused(
            _("The people of this report were there from %(first)s to %(last)s, but the session "
              "was held from %(starts)s to %(ends)s. Choose the right report, or another zone.",
              first=moment(first, zone), last=moment(last, zone),
              starts=moment(starts, zone), ends=moment(ends, zone))
        )  # fmt: skip
