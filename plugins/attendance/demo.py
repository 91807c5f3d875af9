"""The demo's class on site: four days, a signed list for each, and one who was excused."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.api import (
    Cohort,
    Demo,
    Enrolment,
    ScheduledActivity,
    User,
    add_activity,
    schedule,
)
from plugins.attendance import kind, sources
from plugins.attendance.evidence import EvidenceItem, record_evidence
from plugins.attendance.marks import mark

ONSITE = "BJM-2021"
BEGINS, NOON, ENDS = time(8), time(12), time(16)
# By place in the list of names: (day, who).
AWAY = {(1, 11), (2, 11), (3, 30), (4, 30), (4, 41)}
LEFT_AT_NOON = {(2, 19), (4, 7)}
ILL = (3, 24)


def load(demo: Demo) -> None:
    cohort = demo.cohort(ONSITE)
    if cohort is None:
        return
    people, committee = demo.enrolments(ONSITE), _committee(cohort)
    for day, session in enumerate(_sessions(cohort), start=1):
        record_evidence(session, sources.LIST, _signed(cohort, session, day, people), by=committee)
        if day == ILL[0] and len(people) > ILL[1]:
            reason = "Sakit, surat keterangan dokter (CONTOH)"
            mark(session, [people[ILL[1]].id], "excused", reason, by=committee)


def _committee(cohort: Cohort) -> User:
    return next(entry.user for entry in cohort.staff if entry.role == "committee")


def _sessions(cohort: Cohort) -> list[ScheduledActivity]:
    """A session at the end of each material, one a day; reading stays what completes."""
    numbered = [section for section in cohort.course.sections if section.numbered]
    trainers = [entry.user for entry in cohort.staff if entry.role == "trainer"]
    found = []
    for number, section in enumerate(numbered, start=1):
        activity = add_activity(section, kind.NAME, f"Hari {number}", required=False)
        at = {"starts_at": _at(cohort, number, BEGINS), "ends_at": _at(cohort, number, ENDS)}
        found.append(schedule(cohort, activity, by=None, staff=trainers[:2], **at))
    return found


def _at(cohort: Cohort, day: int, clock: time) -> datetime:
    date = cohort.starts_on + timedelta(days=day - 1)
    return datetime.combine(date, clock, ZoneInfo(cohort.timezone))


def _signed(
    cohort: Cohort, session: ScheduledActivity, day: int, people: Sequence[Enrolment]
) -> list[EvidenceItem]:
    """Signatures in the morning and in the afternoon, as the paper list has them."""
    begun, noon, ended = (_at(cohort, day, clock) for clock in (BEGINS, NOON, ENDS))
    items = []
    for place, enrolment in enumerate(people):
        if (day, place) in AWAY or (day, place) == ILL:
            continue
        items.append(EvidenceItem(enrolment.id, "pagi", begun, noon))
        if (day, place) not in LEFT_AT_NOON:
            items.append(EvidenceItem(enrolment.id, "siang", noon, ended))
    return items
