"""Decides who was meant in a report, and takes a decision back. What follows is attendance's.

Each change holds the session's row, so that two people at once never count anybody twice, and is
kept with who, when, before and after: an undo is one more decision.
"""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.api import (
    Cohort,
    DomainError,
    Enrolment,
    ScheduledActivity,
    User,
    audit,
    db,
    moment,
    now,
)
from plugins.attendance import api as attendance
from plugins.online_classes.report_models import (
    CaseDecision,
    CasePerson,
    KeptReport,
    KeptRow,
    ReportCase,
)
from plugins.online_classes.report_queries import cases_of, last_decision, newest_report

SOURCE = "zoom"
attendance.name_source(SOURCE, _l("Zoom report"))


class DecidedMeanwhile(DomainError):
    """Somebody else was faster; the sentence says who and what can be done."""


def hold(session: ScheduledActivity) -> None:
    """One change of a session's reports at a time."""
    query = sa.select(ScheduledActivity.id).filter_by(id=session.id)
    db.session.execute(query.with_for_update(key_share=True))


# Decisions


def match(case: ReportCase, people: Sequence[Enrolment], *, by: User) -> bool:
    """Says who it was, one or several at one device; False when that was decided already."""
    _hold(case)
    wanted = sorted({person.id for person in people})
    if case.state == "matched" and _meant(case) == wanted:
        return False
    _refuse_settled(case)
    _change(case, "matched", wanted, by)
    return True


def match_all(
    session: ScheduledActivity,
    meant: Iterable[tuple[ReportCase, Sequence[Enrolment]]],
    *,
    by: User,
) -> int:
    """Many at once; what was decided meanwhile is left as it is. Gives how many were matched."""
    hold(session)
    waiting = {case.id for case in cases_of(session) if case.state == "open"}
    matched = []
    for case, people in meant:
        if case.id in waiting:
            _note(case, "matched", {person.id for person in people}, by)
            matched.append(case)
    credit(session, [(row, _meant(case)) for case in matched for row in case.rows], by=by)
    return len(matched)


def dismiss(case: ReportCase, *, by: User) -> bool:
    """Says that it was no participant; False when that was decided already."""
    _hold(case)
    if case.state == "dismissed":
        return False
    _refuse_settled(case)
    _change(case, "dismissed", [], by)
    return True


def reopen(case: ReportCase, *, by: User) -> bool:
    """Takes back what was decided, by whomever or by itself."""
    _hold(case)
    if case.state == "open":
        return False
    _change(case, "open", [], by)
    return True


def undo(decision: CaseDecision, *, by: User) -> None:
    """Makes it as it was before. Raises DecidedMeanwhile when somebody decided again since."""
    case = decision.case
    _hold(case)
    newest = last_decision(case)
    if newest is None or newest.id != decision.id:
        raise _decided(case)
    _change(case, decision.state_before, decision.people_before, by)


def _hold(case: ReportCase) -> None:
    hold(case.session)
    db.session.refresh(case)


def _meant(case: ReportCase) -> list[int]:
    return [person.enrolment_id for person in case.people]


def _refuse_settled(case: ReportCase) -> None:
    if case.state != "open":
        raise _decided(case)


def _decided(case: ReportCase) -> DecidedMeanwhile:
    if case.decided_by is None or case.decided_at is None:
        return DecidedMeanwhile(_("This was settled meanwhile. Look at the page again."))
    zone = _cohort(case.session).timezone
    return DecidedMeanwhile(
        _("%(name)s decided this %(moment)s. Take that back first if it is wrong.",
          name=case.decided_by.display_name, moment=moment(case.decided_at, zone))
    )  # fmt: skip


def _cohort(session: ScheduledActivity) -> Cohort:
    return db.session.get_one(Cohort, session.cohort_id)


def _change(case: ReportCase, state: str, people: Collection[int], by: User) -> None:
    """Decides anew, with all that follows."""
    before = set(_meant(case))
    _note(case, state, people, by)
    withdraw(case.session, case.rows, before - set(people), by=by)
    credit(case.session, [(row, set(people) - before) for row in case.rows], by=by)


def _note(case: ReportCase, state: str, people: Collection[int], by: User) -> None:
    """The decision itself, kept for good."""
    before, after = _meant(case), sorted(people)
    db.session.add(
        CaseDecision(
            case=case, by_id=by.id, at=now(), state_before=case.state, people_before=before,
            state_after=state, people_after=after,
        )
    )  # fmt: skip
    case.state, case.how = state, None if state == "open" else "person"
    case.decided_by, case.decided_at = by, now()
    case.people = [
        *(person for person in case.people if person.enrolment_id in after),
        *(CasePerson(enrolment_id=key) for key in after if key not in before),
    ]
    host = _cohort(case.session).host
    audit("report.decide", case, actor=by, institution=host, state=state, enrolments=after)


# Evidence


def credit(
    session: ScheduledActivity,
    rows: Iterable[tuple[KeptRow, Collection[int]]],
    *,
    by: User | None,
) -> int:
    """Hands rows over as evidence for the enrolments beside them; gives how many were new."""
    items = [
        attendance.EvidenceItem(enrolment_id, row.digest, row.joined_at, row.left_at)
        if row.joined_at
        else attendance.EvidenceItem(enrolment_id, row.digest, seconds=row.seconds)
        for row, people in rows
        if _is_presence(row)
        for enrolment_id in sorted(people)
    ]
    return attendance.record_evidence(session, SOURCE, items, by=by) if items else 0


def _is_presence(row: KeptRow) -> bool:
    return row.seconds > 0 and not row.waiting_room


def withdraw(
    session: ScheduledActivity,
    rows: Iterable[KeptRow],
    people: Collection[int] | None,
    *,
    by: User | None,
) -> None:
    """Takes rows back for these enrolments, None for everybody."""
    digests = [row.digest for row in rows if _is_presence(row)]
    if digests and (people is None or people):
        attendance.withdraw_evidence(session, SOURCE, digests, enrolment_ids=people, by=by)


# A report as a whole


def take_back(report: KeptReport, session: ScheduledActivity, *, by: User) -> None:
    """Removes what a report brought, for instance in a wrong zone; decisions about people stay.

    Raises DecidedMeanwhile when a newer one was imported: it may repeat rows of this one.
    """
    hold(session)
    db.session.refresh(report)
    if report.taken_back_at is not None:
        return
    if newest_report(session) is not report:
        raise DecidedMeanwhile(
            _("A newer report was imported after this one. Take that back first.")
        )
    rows = db.session.scalars(sa.select(KeptRow).filter_by(report_id=report.id)).all()
    withdraw(session, rows, None, by=by)
    db.session.execute(sa.delete(KeptRow).filter_by(report_id=report.id))
    report.taken_back_by, report.taken_back_at = by, now()
    db.session.flush()
    db.session.expire_all()
    audit("report.take_back", report, actor=by, institution=_cohort(session).host)
