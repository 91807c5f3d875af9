"""The staff's pages of participants reports: importing one, and deciding case by case who it was.

Whoever decides here decides about presence, so attendance says who may.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from core.api import (
    MOST_TABLE_BYTES,
    Cohort,
    DomainError,
    Enrolment,
    NoLongerKept,
    ScheduledActivity,
    User,
    can,
    db,
    drop_kept,
    keep_for_a_day,
    name_key,
    participants,
    requires,
    take_kept,
)
from plugins.attendance.api import may_settle
from plugins.online_classes import cases, services
from plugins.online_classes.blueprint import pages
from plugins.online_classes.importing import ImportOutcome, import_report
from plugins.online_classes.queries import LiveClass, session_at
from plugins.online_classes.report import Report
from plugins.online_classes.report_bars import bars_of
from plugins.online_classes.report_checks import (
    check_zone,
    covered,
    follows_clock,
    likeliest_zone,
    needs_confirmation,
    plain_name,
    read_for,
    refuse_other_meeting,
    span_of,
    zones_of,
)
from plugins.online_classes.report_forms import ConfirmForm, UploadForm
from plugins.online_classes.report_queries import (
    OpenCase,
    Queue,
    case_in,
    decision_in,
    newest_report,
    queue_of,
    recent_decisions,
    reports_of,
    seconds_of,
)

REPORTS = "/classes/<cohort_code>/sessions/<int:number>/reports"
KEPT = "report"
A_PAGE = 20
STATES_SHOWN = {"matched": ("matched",), "aside": ("staff", "dismissed")}
_EMAIL = re.compile(r"([^\s@])[^\s@]*@([^\s@]+)")
_PHONE = re.compile(r"\d{5,}(?=\d{2})")


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _live(number: int) -> LiveClass:
    """The session of the class in the address, for whoever settles presence in it."""
    cohort: Cohort = g.scope
    if not may_settle(_me(), cohort):
        abort(403)
    found = session_at(cohort, number)
    if found is None or found.scheduled is None:
        abort(404)
    if request.method == "POST":
        services.refuse_other_session(found, request.form.get("session"))
    return found


def _session(live: LiveClass) -> ScheduledActivity:
    return live.scheduled or abort(404)


def _back(live: LiveClass, **arguments: Any) -> ResponseReturnValue:
    return redirect(
        url_for("online_classes.reports", cohort_code=live.cohort.code, number=live.number,
                show=request.form.get("show") or None, **arguments)
    )  # fmt: skip


def _page(template: str, live: LiveClass, **context: Any) -> str:
    contacts = can(current_user, "people.contacts", live.cohort)
    return render_template(
        f"online_classes/{template}.html",
        cohort=live.cohort,
        live=live,
        session=_session(live),
        contacts=contacts,
        discreet=(lambda text: text) if contacts else discreet,
        **context,
    )


def discreet(text: str) -> str:
    """E-mails and telephone numbers in it only by their beginning and end."""
    return _PHONE.sub("••••", _EMAIL.sub(r"\1•••@\2", text))


# Importing


@pages.route(REPORTS, methods=["GET", "POST"])
@requires("online_classes.settle")
def reports(cohort_code: str, number: int) -> ResponseReturnValue:
    """What waits for a decision; an uploaded report is tried out first."""
    live = _live(number)
    form = UploadForm()
    if form.validate_on_submit():
        try:
            return _tried(live, form.file.data)
        except DomainError as refused:
            form.file.errors = [refused.message]
    return _queue_page(live, form)


def _tried(live: LiveClass, upload: FileStorage) -> str:
    """The page that shows what is in the file. Raises DomainError for what is of no use here."""
    data, name = upload.stream.read(MOST_TABLE_BYTES + 1), plain_name(upload.filename or "")
    report = read_for(live, data, name)
    readings = _readings(live, report)
    if not any(reading.fits for reading in readings):
        refuse_other_meeting(live, report, live.cohort.timezone, confirmed=True)
    zone, _minutes = likeliest_zone(live, report, _zones(live))
    ticket = keep_for_a_day(KEPT, data, user=_me(), cohort=live.cohort, name=name)
    form = ConfirmForm(formdata=None, data={"ticket": ticket, "zone": zone})
    return _check_page(live, report, name, form, readings=readings)


@dataclass(frozen=True)
class Reading:
    """What the report says were it written by the clock of a zone.

    The first joining, the last leaving, and how many minutes of the session are covered.
    """

    zone: str
    label: Any
    first: datetime
    last: datetime
    fits: bool
    minutes: int


def _zones(live: LiveClass) -> list[str]:
    return [zone for zone, _label in zones_of(live.cohort)]


def _readings(live: LiveClass, report: Report) -> list[Reading]:
    """One for each zone that may be meant; none where the report has no times."""
    return [
        Reading(zone, label, *span, _fits(live, report, zone), covered(live, report, zone))
        for zone, label in zones_of(live.cohort)
        if (span := span_of(report, zone))
    ]


def _fits(live: LiveClass, report: Report, zone: str) -> bool:
    try:
        refuse_other_meeting(live, report, zone, confirmed=True)
    except DomainError:
        return False
    return True


def _check_page(
    live: LiveClass,
    report: Report,
    name: str,
    form: ConfirmForm,
    *,
    readings: Sequence[Reading] | None = None,
    doubted: str | None = None,
) -> str:
    return _page(
        "report_check",
        live,
        report=report,
        name=name,
        form=form,
        doubted=doubted,
        zones=dict(zones_of(live.cohort)),
        readings=_readings(live, report) if readings is None else readings,
        zoned=all(row.joined and row.joined.tzinfo for row in report.rows),
        unproved=needs_confirmation(live, report),
        people=len({(row.name, row.original_name, row.email) for row in report.rows}),
    )


@pages.post(f"{REPORTS}/import", endpoint="import_report")
@requires("online_classes.settle")
def import_checked(cohort_code: str, number: int) -> ResponseReturnValue:
    """Takes in the report that was tried out, by the clock that was confirmed."""
    live, form = _live(number), ConfirmForm()
    ticket = form.ticket.data or ""
    try:
        data, facts = take_kept(KEPT, ticket, user=_me(), cohort=live.cohort)
    except NoLongerKept:
        flash(_("The file is no longer kept here. Upload it again."), "error")
        return _back(live)
    try:
        outcome = _taken_in(live, form, data, facts["name"])
    except DomainError as refused:
        db.session.rollback()
        form.form_errors.append(refused.message)
        doubted = form.zone.data if isinstance(refused, LessCovered) else None
        report = read_for(live, data, facts["name"])
        return _check_page(live, report, facts["name"], form, doubted=doubted)
    drop_kept(KEPT, ticket, user=_me(), cohort=live.cohort)
    _tell(outcome)
    return _back(live)


def _taken_in(live: LiveClass, form: ConfirmForm, data: bytes, name: str) -> ImportOutcome:
    zone = form.zone.data or live.cohort.timezone
    if form.sure.data != zone:
        _ask_about(live, read_for(live, data, name), zone)
    outcome = import_report(data, name, live, zone=zone, by=_me(), confirmed=form.confirmed.data)
    db.session.commit()
    return outcome


class LessCovered(DomainError):
    """By another clock more of the session is covered; the sentence asks which one is meant."""


def _ask_about(live: LiveClass, report: Report, zone: str) -> None:
    """Raises LessCovered or UnknownZone."""
    check_zone(zone)
    best, most = likeliest_zone(live, report, _zones(live))
    minutes = covered(live, report, zone)
    if follows_clock(report) and minutes < most:
        raise LessCovered(
            _("By this clock the report covers %(minutes)s minutes of the session, by the clock "
              "%(best)s %(most)s. Choose again, or tick below that you are sure.",
              minutes=minutes, best=dict(zones_of(live.cohort))[best], most=most)
        )  # fmt: skip


def _tell(outcome: ImportOutcome) -> None:
    if not outcome.new_rows:
        flash(_("Nothing in this report is new."), "ok")
        return
    flash(
        _("%(new)s rows are new. Of %(people)s people in the report %(matched)s are matched and "
          "%(open)s wait for a decision.", new=outcome.new_rows, people=len(outcome.people),
          matched=outcome.count("matched"), open=outcome.count("open")),
        "ok",
    )  # fmt: skip


@pages.route(f"{REPORTS}/<int:report_id>/take-back", methods=["GET", "POST"])
@requires("online_classes.settle")
def take_back_report(cohort_code: str, number: int, report_id: int) -> ResponseReturnValue:
    """Says what is lost with a report, then takes it back."""
    live = _live(number)
    found = next((one for one in reports_of(_session(live)) if one[0].id == report_id), None)
    report, rows = found or abort(404)
    if request.method == "GET":
        return _page("report_take_back", live, report=report, rows=rows)
    _carry_out(lambda: cases.take_back(report, _session(live), by=_me()))
    return _back(live)


def _carry_out(change: Callable[[], Any]) -> bool:
    """Saves a change, or says why it was refused."""
    try:
        change()
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
        return False
    db.session.commit()
    return True


# The queue


def _queue_page(live: LiveClass, form: UploadForm) -> str:
    queue = queue_of(live)
    show = request.args.get("show", "")
    first = max(request.args.get("from", 0, type=int), 0)
    newest = newest_report(queue.session)
    return _page(
        "reports",
        live,
        form=form,
        queue=queue,
        show=show if show in STATES_SHOWN else "",
        settled=queue.settled(*STATES_SHOWN.get(show, ())),
        shown=queue.open[first : first + A_PAGE],
        first=first,
        more=first + A_PAGE if len(queue.open) > first + A_PAGE else None,
        bars=lambda rows: bars_of(rows, queue.session),
        seconds_of=seconds_of,
        zones=dict(zones_of(live.cohort)),
        reports=reports_of(queue.session),
        newest=newest,
        decisions=_decisions(queue),
    )


def _decisions(queue: Queue) -> list[dict[str, Any]]:
    """The last ones; each case's newest can be undone."""
    told: set[int] = set()
    found = []
    for one in recent_decisions(queue.session):
        people = [queue.register.enrolments.get(key) for key in one.people_after]
        names = [person.user.full_name for person in people if person]
        found.append({"decision": one, "names": names, "newest": one.case_id not in told})
        told.add(one.case_id)
    return found


@pages.post(f"{REPORTS}/cases/<int:case_id>")
@requires("online_classes.settle")
def settle_case(cohort_code: str, number: int, case_id: int) -> ResponseReturnValue:
    """`action`: match (people ticked or named), dismiss, or reopen."""
    live = _live(number)
    case = case_in(_session(live), case_id) or abort(404)
    changes: dict[str, Callable[[], Any]] = {
        "match": lambda: cases.match(case, _chosen(live.cohort), by=_me()),
        "dismiss": lambda: cases.dismiss(case, by=_me()),
        "reopen": lambda: cases.reopen(case, by=_me()),
    }
    decided = _carry_out(changes.get(request.form.get("action", "")) or abort(400))
    return _back(live, _anchor="queue" if decided else None)


class NotChosen(DomainError):
    """What was ticked or written names nobody, or too many; the sentence says what to do."""


def _chosen(cohort: Cohort) -> list[Enrolment]:
    """Those ticked, and those written below. Raises NotChosen."""
    everybody = participants(cohort, limit=None)
    ticked = set(request.form.getlist("person"))
    written = [text for part in request.form.get("other", "").split(";") if (text := part.strip())]
    found = [one for one in everybody if str(one.id) in ticked]
    found += [one for text in written if (one := _named(text, everybody)) not in found]
    if not found:
        raise NotChosen(_("Tick who it was, or write the participant's number or name."))
    if len(found) > 1 and "several" not in request.form:
        raise NotChosen(
            _(
                "More than one person is chosen. If they sat at one device, tick “Several people "
                "sat at one device” as well."
            )
        )
    return found


def _named(text: str, everybody: Sequence[Enrolment]) -> Enrolment:
    """By the number with which the text begins, else by the whole name."""
    number = text.split(maxsplit=1)[0].upper()
    found = [one for one in everybody if one.user.number == number]
    found = found or [one for one in everybody if one.user.name_key == name_key(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotChosen(
            _("%(count)s participants are called “%(name)s”. Write the participant number.",
              count=len(found), name=text[:60])
        )  # fmt: skip
    raise NotChosen(_("“%(name)s” is no participant of this class.", name=text[:60]))


@pages.post(f"{REPORTS}/decisions/<int:decision_id>/undo")
@requires("online_classes.settle")
def undo_decision(cohort_code: str, number: int, decision_id: int) -> ResponseReturnValue:
    live = _live(number)
    decision = decision_in(_session(live), decision_id) or abort(404)
    _carry_out(lambda: cases.undo(decision, by=_me()))
    return _back(live)


@pages.route(f"{REPORTS}/proposals", methods=["GET", "POST"])
@requires("online_classes.settle")
def proposals(cohort_code: str, number: int) -> ResponseReturnValue:
    """Lists the cases of which name and institution agree; confirmed, those that stayed ticked."""
    live = _live(number)
    offered = queue_of(live).proposals
    if request.method == "GET":
        return _page("report_proposals", live, proposals=offered, pair_of=pair_of)
    wanted = set(request.form.getlist("pair"))
    pairs = [
        (one.case, [choice.enrolment])
        for one in offered
        if (choice := one.proposal) and pair_of(one) in wanted
    ]
    count = cases.match_all(_session(live), pairs, by=_me())
    db.session.commit()
    flash(_("Confirmed: %(count)s.", count=count), "ok")
    return _back(live)


def pair_of(one: OpenCase) -> str:
    """Case and person as the page shows them: what is confirmed is what was seen."""
    return f"{one.case.id}-{one.proposal.enrolment.id}" if one.proposal else ""
