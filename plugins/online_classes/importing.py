"""From a participants report to kept rows, cases and evidence of presence.

The same report again, or a newer one, adds only what is new. By itself only an e-mail says who it
was; everything else waits for a person.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from core.api import (
    ScheduledActivity,
    User,
    audit,
    db,
    name_key,
    now,
)
from plugins.online_classes.cases import credit, hold
from plugins.online_classes.queries import LiveClass
from plugins.online_classes.report import Fault, Report, ReportRow
from plugins.online_classes.report_checks import (
    aware,
    check_zone,
    follows_clock,
    plain_name,
    read_for,
    refuse_other_clock,
    refuse_other_meeting,
    times_of,
)
from plugins.online_classes.report_models import CasePerson, KeptReport, KeptRow, ReportCase
from plugins.online_classes.report_queries import (
    KnownBefore,
    Register,
    cases_of,
    known_before,
    register_of,
    seconds_by_person,
    seconds_of,
)


@dataclass(frozen=True)
class PersonFound:
    """A participant with all the own rows of the session, or a name that is not settled."""

    name: str
    participant: str | None
    state: str
    minutes: int


@dataclass(frozen=True)
class ImportOutcome:
    rows: int
    new_rows: int
    people: tuple[PersonFound, ...]
    faults: tuple[Fault, ...]

    def count(self, state: str) -> int:
        return sum(person.state == state for person in self.people)

    def summary(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "rows": self.rows,
            "new_rows": self.new_rows,
            "matched": self.count("matched"),
            "unmatched": self.count("open"),
            "staff": self.count("staff"),
            "dismissed": self.count("dismissed"),
            "people": [asdict(person) for person in self.people],
            "errors": [asdict(fault) for fault in self.faults],
        }


def import_report(
    data: bytes,
    file_name: str,
    live: LiveClass,
    *,
    zone: str,
    by: User | None,
    confirmed: bool = False,
    dry_run: bool = False,
) -> ImportOutcome:
    """Keeps what is new and hands it to attendance; the caller commits.

    Raises ReportUnreadable, ReportRefused or UnknownZone. With `dry_run` everything is done and
    taken back before it returns.
    """
    check_zone(zone)
    report = read_for(live, data, file_name)
    refuse_other_meeting(live, report, zone, confirmed=confirmed)
    around = db.session.begin_nested() if dry_run else None
    digest = hashlib.sha256(data).hexdigest()
    outcome = _Import(live, report, zone, by).take(digest, plain_name(file_name))
    if around is not None:
        around.rollback()
        db.session.expire_all()
    return outcome


# What parts a name from the institution: "Siti Aminah_Perpusdes Gambut".
_BESIDE = re.compile(r"[_|/,()\[\]]|\s[-–—]\s")

# Display name as compared, and e-mail.
Identity = tuple[str, str]


@dataclass(frozen=True)
class _Stay:
    """A row as it is kept: in UTC, with what names it."""

    identity: Identity
    digest: str
    joined_at: datetime | None
    left_at: datetime | None
    seconds: int
    waiting_room: bool


class _Import:
    def __init__(self, live: LiveClass, report: Report, zone: str, by: User | None) -> None:
        self.live, self.report, self.zone, self.by = live, report, zone, by
        self.session, _starts, _ends = times_of(live)

    def take(self, sha256: str, file_name: str) -> ImportOutcome:
        hold(self.session)
        refuse_other_clock(self.live, self.report, self.zone)
        stays = {stay.digest: stay for stay in map(self._stay, self.report.rows)}
        known = self._known_digests()
        new = [stay for digest, stay in stays.items() if digest not in known]
        cases = self._cases(new)
        recognised = self._recognise(cases)
        if new:
            self._keep(new, cases, sha256, file_name)
        everything = cases_of(self.session)
        here = {case.id for case in everything if any(row.digest in stays for row in case.rows)}
        people = tuple(_people(everything, here, self.session))
        self._credit(everything, {stay.digest for stay in new}, recognised)
        return ImportOutcome(len(stays), len(new), people, self.report.faults)

    def _stay(self, row: ReportRow) -> _Stay:
        joined = aware(row.joined, self.zone) if row.joined else None
        left = aware(row.left, self.zone) if row.left else None
        identity = _identity(row)
        told = (*identity, joined, left, row.seconds)
        digest = hashlib.sha256("\0".join(map(str, told)).encode()).hexdigest()
        return _Stay(identity, digest, joined, left, row.seconds, row.waiting_room)

    def _known_digests(self) -> set[str]:
        query = sa.select(KeptRow.digest).filter_by(scheduled_activity_id=self.session.id)
        return set(db.session.scalars(query))

    def _cases(self, new: Iterable[_Stay]) -> dict[Identity, ReportCase]:
        """Where the new rows of each identity belong, and the last case of those without any."""
        query = sa.select(ReportCase).filter_by(scheduled_activity_id=self.session.id)
        query = query.options(selectinload(ReportCase.rows), selectinload(ReportCase.people))
        known: defaultdict[Identity, list[ReportCase]] = defaultdict(list)
        for case in db.session.scalars(query.order_by(ReportCase.part)):
            known[case.name_key, case.email].append(case)
        found = {identity: parts[-1] for identity, parts in known.items()}
        names = {_identity(row): written_name(row) for row in reversed(self.report.rows)}
        for identity in {stay.identity: None for stay in new}:
            parts = known.get(identity, [])
            found[identity] = _open_to_more(parts) or self._case(identity, names, len(parts) + 1)
        db.session.add_all(found.values())
        db.session.flush()
        return found

    def _case(self, identity: Identity, names: Mapping[Identity, str], part: int) -> ReportCase:
        key, email = identity
        return ReportCase(
            session=self.session, name=names[identity], name_key=key, email=email, part=part,
            state="open", people=[], rows=[],
        )  # fmt: skip

    # Who it was, where that is sure

    def _recognise(self, cases: Mapping[Identity, ReportCase]) -> set[int]:
        """Settles what nobody has decided and an e-mail tells; gives the ids of these cases."""
        untouched = [c for c in cases.values() if c.state == "open" and c.decided_at is None]
        if not untouched:
            return set()
        register = register_of(self.live.cohort)
        known = known_before(self.live.cohort, register)
        owners = _owners(cases.values(), known, register)
        for case in untouched:
            if found := owners.get(case.email):
                case.people = [CasePerson(enrolment_id=found[0])]
                _settle(case, "matched", found[1])
            elif way := _as_staff(case, known, register):
                _settle(case, "staff", way)
        db.session.flush()
        return {case.id for case in untouched if case.state == "matched"}

    # What is kept

    def _keep(
        self,
        new: Sequence[_Stay],
        cases: Mapping[Identity, ReportCase],
        sha256: str,
        file_name: str,
    ) -> None:
        report = KeptReport(
            scheduled_activity_id=self.session.id, sha256=sha256, file_name=file_name,
            layout=self.report.layout, meeting_number=self.report.meeting_number,
            zone=self.zone if follows_clock(self.report) else "",
            imported_by_id=self.by.id if self.by else None, imported_at=now(),
        )  # fmt: skip
        db.session.add(report)
        db.session.flush()
        db.session.execute(
            sa.insert(KeptRow),
            [
                {
                    "scheduled_activity_id": self.session.id,
                    "report_id": report.id,
                    "case_id": cases[stay.identity].id,
                    "digest": stay.digest,
                    "joined_at": stay.joined_at,
                    "left_at": stay.left_at,
                    "seconds": stay.seconds,
                    "waiting_room": stay.waiting_room,
                }
                for stay in new
            ],
        )
        host = self.live.cohort.host
        audit("report.import", report, actor=self.by, institution=host, rows=len(new))

    def _credit(
        self, cases: Iterable[ReportCase], new: Collection[str], recognised: Collection[int]
    ) -> None:
        """The new rows of who is known, and the older ones of whom this report made known."""
        credit(
            self.session,
            [
                (row, [person.enrolment_id for person in case.people])
                for case in cases
                for row in case.rows
                if case.people and (row.digest in new or case.id in recognised)
            ],
            by=self.by,
        )


def _identity(row: ReportRow) -> Identity:
    written = written_name(row)
    return name_key(written) or written.casefold(), row.email


def written_name(row: ReportRow) -> str:
    """As the report writes it: "siti (Siti Aminah)"."""
    return f"{row.name} ({row.original_name})" if row.original_name else row.name


def _open_to_more(parts: Sequence[ReportCase]) -> ReportCase | None:
    """The case to which new rows go as well; None where they need a decision of their own.

    A name alone that a person has decided holds for the rows that were seen then, and for those
    of a report that comes again after all of it was taken back.
    """
    if not parts:
        return None
    last = parts[-1]
    by_name_alone = last.how == "person" and not last.email
    if not by_name_alone or (len(parts) == 1 and not last.rows):
        return last
    return None


def _owners(
    cases: Iterable[ReportCase], known: KnownBefore, register: Register
) -> dict[str, tuple[int, str]]:
    """E-mail → whose it is and why; not where it was used under another participant's name."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        if case.email:
            names[case.email].add(case.name)
    found: dict[str, tuple[int, str]] = {}
    for email, written in names.items():
        if (owner := known.owner(email)) and not _lent(written, owner[0], register):
            found[email] = owner
    return found


def _lent(names: Collection[str], owner: int, register: Register) -> bool:
    named = (register.names.named(name) for name in names)
    return any(people and owner not in people for people in named)


def _as_staff(case: ReportCase, known: KnownBefore, register: Register) -> str:
    """How somebody is known to work in the class: by e-mail, by name, or "" for not at all.

    By a name only where it is the whole one, fits no participant and was not decided before.
    """
    if case.email in register.staff_emails:
        return "email"
    written = {name_key(part) for part in (case.name, *_BESIDE.split(case.name))}
    if case.name_key in known.names or written.isdisjoint(register.staff_names):
        return ""
    return "" if register.names.candidates(case.name) else "name"


def _settle(case: ReportCase, state: str, how: str) -> None:
    case.state, case.how, case.decided_at = state, how, now()


def _people(
    cases: Sequence[ReportCase], here: Collection[int], session: ScheduledActivity
) -> Iterable[PersonFound]:
    """Participants once each, whatever their devices; everybody else as written."""
    seconds = seconds_by_person(cases, session)
    told: set[int] = set()
    for case in cases:
        if case.id not in here:
            continue
        if case.state != "matched":
            minutes = seconds_of(case.rows, session) // 60
            yield PersonFound(case.name, None, case.state, minutes)
        for person in case.people:
            if person.enrolment_id not in told:
                told.add(person.enrolment_id)
                user = person.enrolment.user
                minutes = seconds[person.enrolment_id] // 60
                yield PersonFound(user.full_name, user.number, case.state, minutes)
