"""Reads of reports: who the class knows, what its e-mails prove, and what waits for a decision.

Nothing here writes. Each list is read whole, in a few queries whatever the size of the class.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from core.api import (
    Cohort,
    Enrolment,
    Institution,
    ScheduledActivity,
    User,
    db,
    participants,
)
from plugins.online_classes.matching import (
    Candidate,
    Known,
    NameBook,
    Person,
    Place,
    proposed,
)
from plugins.online_classes.models import Visit
from plugins.online_classes.queries import LiveClass, live_classes
from plugins.online_classes.report_models import (
    CaseDecision,
    CasePerson,
    KeptReport,
    KeptRow,
    ReportCase,
)

AREAS = ("province", "regency")
RECENT = 10
# So long Zoom may show a line that broke beside the new one.
LINGERS = timedelta(minutes=5)


# Whom the class knows


@dataclass(frozen=True)
class Register:
    """The participants and the staff of a class, ready to be compared with names and e-mails."""

    enrolments: Mapping[int, Enrolment]
    names: NameBook
    staff: Sequence[User]

    @cached_property
    def by_email(self) -> dict[str, int]:
        """E-mail → enrolment; nobody shares one with another person of the site."""
        everybody = self.enrolments.values()
        return {one.user.email.lower(): one.id for one in everybody if one.user.email}

    @cached_property
    def staff_names(self) -> frozenset[str]:
        """As names are compared; one word is too little to tell anybody."""
        return frozenset(user.name_key for user in self.staff if " " in user.name_key)

    @cached_property
    def staff_emails(self) -> frozenset[str]:
        return frozenset(user.email.lower() for user in self.staff if user.email)


def register_of(cohort: Cohort) -> Register:
    enrolled = participants(cohort, limit=None)
    staff = _users([entry.user_id for entry in cohort.staff])
    homes = {one.id: _homes(one.institution, one.user.institution) for one in enrolled}
    works = [_homes(user.institution) for user in staff]
    places = _places([institution for found in (*homes.values(), *works) for institution in found])
    return Register(
        {one.id: one for one in enrolled},
        NameBook((_person(one.id, one.user, homes[one.id]) for one in enrolled), places),
        staff,
    )


def _users(ids: Iterable[int]) -> Sequence[User]:
    query = sa.select(User).where(User.id.in_(set(ids))).options(joinedload(User.institution))
    return db.session.scalars(query.order_by(User.id)).all()


def _homes(*institutions: Institution | None) -> list[Institution]:
    return [institution for institution in institutions if institution is not None]


def _person(key: int, user: User, homes: Sequence[Institution]) -> Person:
    ids = frozenset(institution.id for institution in homes)
    above = frozenset(key for institution in homes for key in institution.lineage[:-1])
    return Person(key, user.full_name, ids, above)


def _places(homes: Iterable[Institution]) -> list[Place]:
    """The institutions themselves, and the provinces and regencies above them."""
    homes = list(homes)
    own = {institution.id for institution in homes}
    wanted = {key for institution in homes for key in institution.lineage}
    query = (
        sa.select(Institution)
        .where(
            Institution.id.in_(wanted),
            sa.or_(Institution.id.in_(own), Institution.kind.in_(AREAS)),
        )
        .options(selectinload(Institution.aliases))
    )
    return [
        Place(
            found.id,
            (found.name, found.short_name, *(alias.alias for alias in found.aliases)),
            is_area=found.kind in AREAS,
        )
        for found in db.session.scalars(query)
    ]


# What an e-mail proves


Meant = Mapping[str, frozenset[frozenset[int]]]


@dataclass(frozen=True)
class KnownBefore:
    """What is registered, and what persons have decided in the class so far.

    `registered`: e-mail → enrolment. `emails` and `names`: an e-mail, or a name as it is compared
    → whom persons said it was, each time.
    """

    registered: Mapping[str, int]
    emails: Meant
    names: Meant

    def owner(self, email: str) -> tuple[int, Literal["email", "decision"]] | None:
        """The one enrolled person whose the e-mail surely is, and why.

        What persons decided goes before what is registered; where they did not decide for the
        same one person each time, nobody owns it.
        """
        if decisions := self.emails.get(email):
            [people] = decisions if len(decisions) == 1 else [frozenset[int]()]
            return (next(iter(people)), "decision") if len(people) == 1 else None
        found = self.registered.get(email)
        return (found, "email") if found is not None else None

    def hints(self, case: ReportCase) -> dict[int, Known]:
        """What is known about whom, where it does not decide by itself."""
        found: dict[int, Known] = {}
        for people in self.names.get(case.name_key, ()):
            found |= dict.fromkeys(people, "named" if case.part == 1 else "earlier")
        if case.email in self.registered:
            found[self.registered[case.email]] = "registered"
        for people in self.emails.get(case.email, ()):
            found |= dict.fromkeys(people, "decided")
        return found


def known_before(cohort: Cohort, register: Register) -> KnownBefore:
    """Of the whole class: what was decided for one session helps with the next."""
    query = (
        sa.select(
            ReportCase.email,
            ReportCase.name_key,
            ReportCase.state,
            sa.func.array_agg(CasePerson.enrolment_id),
        )
        .join(ScheduledActivity, ScheduledActivity.id == ReportCase.scheduled_activity_id)
        .outerjoin(CasePerson, CasePerson.case_id == ReportCase.id)
        .where(ScheduledActivity.cohort_id == cohort.id, by_a_person())
        .group_by(ReportCase.id)
    )
    emails: defaultdict[str, set[frozenset[int]]] = defaultdict(set)
    names: defaultdict[str, set[frozenset[int]]] = defaultdict(set)
    for email, name, state, people in db.session.execute(query):
        meant = people if state == "matched" else ()
        enrolled = frozenset(key for key in meant if key in register.enrolments)
        names[name].add(enrolled)
        if email:
            emails[email].add(enrolled)
    return KnownBefore(register.by_email, _fixed(emails), _fixed(names))


def _fixed(found: Mapping[str, set[frozenset[int]]]) -> Meant:
    return {key: frozenset(people) for key, people in found.items()}


def by_a_person() -> sa.ColumnElement[bool]:
    """A condition on ReportCase: a person has decided, or taken back what was decided."""
    alone = ReportCase.how.in_(("email", "decision", "name"))
    return sa.and_(ReportCase.decided_at.is_not(None), sa.func.coalesce(~alone, sa.true()))


# How long somebody was there


def seconds_of(rows: Iterable[KeptRow], session: ScheduledActivity) -> int:
    """Within the session's time: overlaps count once, the waiting room never.

    A total without times counts as at least that much.
    """
    starts, ends = session.starts_at, session.ends_at
    if starts is None or ends is None:
        return 0
    there = [row for row in rows if not row.waiting_room]
    spans = [(row.joined_at, row.left_at) for row in there if row.joined_at and row.left_at]
    total = max((row.seconds for row in there if row.joined_at is None), default=0)
    most = int((ends - starts).total_seconds())
    return max(seconds_within(spans, starts, ends), min(total, most))


def seconds_within(
    spans: Iterable[tuple[datetime, datetime]], starts: datetime, ends: datetime
) -> int:
    """How long at least one of the spans lasted between the two moments."""
    seconds, until = 0.0, starts
    for joined, left in sorted(spans):
        begin, end = max(joined, until), min(left, ends)
        seconds += max(0.0, (end - begin).total_seconds())
        until = max(until, end)
    return int(seconds)


def seconds_by_person(cases: Iterable[ReportCase], session: ScheduledActivity) -> dict[int, int]:
    """Enrolment → seconds, all devices of a person together."""
    rows: defaultdict[int, list[KeptRow]] = defaultdict(list)
    for case in cases:
        for person in case.people:
            rows[person.enrolment_id] += case.rows
    return {enrolment_id: seconds_of(found, session) for enrolment_id, found in rows.items()}


def at_once(rows: Iterable[KeptRow]) -> bool:
    """Whether two devices were there at the same time, for longer than a broken line lingers.

    What several reports tell from the same moment on is one stay.
    """
    spans = [
        (row.joined_at, row.left_at, row.report_id)
        for row in rows
        if row.joined_at and row.left_at and not row.waiting_room
    ]
    newest: dict[datetime, int] = {}
    for joined, _left, report_id in spans:
        newest[joined] = max(report_id, newest.get(joined, 0))
    until: datetime | None = None
    for joined, left, _id in sorted(one for one in spans if one[2] == newest[one[0]]):
        if until and min(left, until) - joined >= LINGERS:
            return True
        until = max(until or left, left)
    return False


# What waits for a decision


@dataclass(frozen=True)
class Choice:
    """Somebody who may be meant, with what tells people of one name apart."""

    candidate: Candidate
    enrolment: Enrolment
    seconds: int
    visit: Visit | None


@dataclass(frozen=True)
class OpenCase:
    case: ReportCase
    seconds: int
    choices: Sequence[Choice]
    at_once: bool = False

    @property
    def came_later(self) -> bool:
        """Whether the name was decided before these rows came with a later report."""
        return self.case.part > 1

    @property
    def proposal(self) -> Choice | None:
        """The one whom everything points at."""
        found = proposed([choice.candidate for choice in self.choices])
        return next((choice for choice in self.choices if choice.candidate is found), None)

    @property
    def strength(self) -> int:
        return max((choice.candidate.strength for choice in self.choices), default=0)

    @property
    def same_name(self) -> bool:
        """Whether several people of exactly this name may be meant."""
        return any(one.candidate.namesake and one.candidate.name == "same" for one in self.choices)


@dataclass(frozen=True)
class Queue:
    """All that the reports of a session said, and how far it is settled.

    `visited`: whether anybody went in from our page, so that it tells something who did not.
    """

    session: ScheduledActivity
    register: Register
    cases: Sequence[ReportCase]
    open: Sequence[OpenCase]
    seconds: Mapping[int, int]
    visited: bool

    @property
    def counts(self) -> Counter[str]:
        return Counter(case.state for case in self.cases)

    @property
    def proposals(self) -> list[OpenCase]:
        return [one for one in self.open if one.proposal is not None]

    def settled(self, *states: str) -> list[ReportCase]:
        return [case for case in self.cases if case.state in states]


def queue_of(live: LiveClass) -> Queue:
    """The likeliest cases come first, then those who were there longest."""
    session = live.scheduled
    assert session is not None  # noqa: S101 -- reports belong to a session with a time
    register = register_of(live.cohort)
    # Who did not get beyond the waiting room needs no decision.
    cases = [case for case in cases_of(session) if not all(r.waiting_room for r in case.rows)]
    seconds = seconds_by_person(cases, session)
    waiting = [case for case in cases if case.state == "open"]
    known = known_before(live.cohort, register) if waiting else KnownBefore({}, {}, {})
    visits = _visits(session) if waiting else {}
    twice = _shown_twice(cases)
    found = [
        OpenCase(
            case,
            seconds_of(case.rows, session),
            [
                Choice(
                    replace(one, at_once=_identity(case) in twice),
                    person,
                    seconds.get(person.id, 0),
                    visits.get(person.user_id),
                )
                for one in register.names.candidates(case.name, known.hints(case))
                if (person := register.enrolments[one.person_id])
            ],
            at_once=_identity(case) in twice,
        )
        for case in waiting
    ]
    found.sort(key=lambda one: (one.proposal is None, -one.strength, -one.seconds, one.case.id))
    return Queue(session, register, cases, found, seconds, bool(visits))


def _identity(case: ReportCase) -> tuple[str, str]:
    return case.name_key, case.email


def _shown_twice(cases: Iterable[ReportCase]) -> set[tuple[str, str]]:
    """The names that two devices showed at once; those of one e-mail are of one account."""
    rows: defaultdict[tuple[str, str], list[KeptRow]] = defaultdict(list)
    for case in cases:
        if not case.email:
            rows[_identity(case)] += case.rows
    return {identity for identity, found in rows.items() if at_once(found)}


def cases_of(session: ScheduledActivity) -> Sequence[ReportCase]:
    """Those of whom there still is a row, by name."""
    query = (
        sa.select(ReportCase)
        .where(ReportCase.scheduled_activity_id == session.id, ReportCase.rows.any())
        .options(
            selectinload(ReportCase.rows),
            selectinload(ReportCase.people)
            .joinedload(CasePerson.enrolment)
            .joinedload(Enrolment.user),
            joinedload(ReportCase.decided_by),
        )
        .order_by(ReportCase.name_key, ReportCase.id)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query).all()


def case_in(session: ScheduledActivity, case_id: int) -> ReportCase | None:
    query = sa.select(ReportCase).filter_by(id=case_id, scheduled_activity_id=session.id)
    return db.session.scalar(query)


def reports_of(session: ScheduledActivity) -> Sequence[tuple[KeptReport, int]]:
    """The newest first, each with how many rows were new in it."""
    rows = sa.select(sa.func.count()).where(KeptRow.report_id == KeptReport.id).scalar_subquery()
    query = (
        sa.select(KeptReport, rows)
        .where(KeptReport.scheduled_activity_id == session.id)
        .options(joinedload(KeptReport.imported_by), joinedload(KeptReport.taken_back_by))
        .order_by(KeptReport.id.desc())
    )
    return [(report, count) for report, count in db.session.execute(query)]


def newest_report(session: ScheduledActivity) -> KeptReport | None:
    """The only one that can be taken back: an older one may hold rows that it repeats."""
    query = sa.select(KeptReport).filter_by(scheduled_activity_id=session.id, taken_back_at=None)
    return db.session.scalar(query.order_by(KeptReport.id.desc()).limit(1))


def other_clock(session: ScheduledActivity, zone: str) -> str | None:
    """Another zone by which a report of the session was read that was not taken back."""
    query = (
        sa.select(KeptReport.zone)
        .filter_by(scheduled_activity_id=session.id, taken_back_at=None)
        .where(KeptReport.zone.not_in(("", zone)))
    )
    return db.session.scalar(query.order_by(KeptReport.id.desc()).limit(1))


def recent_decisions(session: ScheduledActivity) -> Sequence[CaseDecision]:
    query = (
        sa.select(CaseDecision)
        .join(CaseDecision.case)
        .where(ReportCase.scheduled_activity_id == session.id)
        .options(joinedload(CaseDecision.case), joinedload(CaseDecision.by))
        .order_by(CaseDecision.id.desc())
        .limit(RECENT)
    )
    return db.session.scalars(query).all()


def decision_in(session: ScheduledActivity, decision_id: int) -> CaseDecision | None:
    query = (
        sa.select(CaseDecision)
        .join(CaseDecision.case)
        .where(CaseDecision.id == decision_id, ReportCase.scheduled_activity_id == session.id)
    )
    return db.session.scalar(query)


def last_decision(case: ReportCase) -> CaseDecision | None:
    query = sa.select(CaseDecision).filter_by(case_id=case.id)
    return db.session.scalar(query.order_by(CaseDecision.id.desc()).limit(1))


def _visits(session: ScheduledActivity) -> dict[int, Visit]:
    """User id → when they pressed the button to join."""
    query = sa.select(Visit).filter_by(scheduled_activity_id=session.id)
    return {visit.user_id: visit for visit in db.session.scalars(query)}


def waiting(cohort: Cohort) -> list[tuple[LiveClass, int]]:
    """The live classes of a cohort whose reports hold names to decide, and how many."""
    sessions = {live.scheduled.id: live for live in live_classes(cohort) if live.scheduled}
    rows = db.session.execute(
        sa.select(ReportCase.scheduled_activity_id, sa.func.count())
        .where(ReportCase.scheduled_activity_id.in_(sessions), ReportCase.state == "open")
        .group_by(ReportCase.scheduled_activity_id)
    )
    found = {session_id: count for session_id, count in rows}  # noqa: C416 -- rows are no tuples
    return [(live, found[key]) for key, live in sessions.items() if key in found]
