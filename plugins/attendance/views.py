"""Pages of presence: a class, one session of it, and what a participant sees of a session."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from core.api import (
    Activity,
    Cohort,
    Course,
    DomainError,
    ScheduledActivity,
    User,
    activity_of,
    can,
    csv_answer,
    db,
    enrolment_of,
    one_line,
    participants,
    requires,
    schedule_of,
    sessions_of,
    writes,
)
from plugins.attendance import kind, marks, queries, settling
from plugins.attendance.blueprint import pages
from plugins.attendance.completion import shown_share
from plugins.attendance.forms import VERDICTS, MarkForm
from plugins.attendance.reckoning import is_enough
from plugins.attendance.rules import may_settle, required_share
from plugins.attendance.sources import title_of

CLASS = "/classes/<cohort_code>"
SESSION = f"{CLASS}/sessions/<int:number>"


class NotYours(DomainError):
    status = 403

    def __init__(self) -> None:
        super().__init__(
            _("Presence in this class is settled by its committee. Ask them to change it.")
        )


def _cohort() -> Cohort:
    cohort: Cohort = g.scope
    return cohort


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _settled_sessions() -> Sequence[ScheduledActivity]:
    """The sessions of the class, none of them left open that has ended."""
    if settling.settle_due(_cohort()):
        db.session.commit()
    return sessions_of(_cohort())


def _wanted(states: Sequence[str]) -> queries.Wanted:
    """What the address asks a list for; what no list of ours offers is not asked."""
    after = request.args.get("after", 0, type=int)
    only = request.args.get("show", "")
    return queries.Wanted(
        search=one_line(request.args.get("q", "")[:100]),
        only=only if only in states else "",
        after=after if 0 < after < 2**63 else None,
    )


# The class


@pages.get(CLASS)
@requires("attendance.view")
@writes
def book(cohort_code: str) -> ResponseReturnValue:
    """All sessions in figures, and everybody's share of them."""
    cohort, sessions, required = _cohort(), _settled_sessions(), required_share(_cohort())
    wanted = _wanted(["below"])
    rows, last = queries.overall_rows(cohort, sessions, required, wanted)
    people = queries.enrolment_ids(cohort.id, status="confirmed")
    overall = queries.overall_of(sessions, people).values()
    below = [one for one in overall if not is_enough(one.seconds, one.of_seconds, required)]
    return render_template(
        "attendance/book.html",
        cohort=cohort,
        sessions=queries.in_figures(cohort, sessions),
        people=len(people),
        below=len(below),
        required=required,
        rows=rows,
        wanted=wanted,
        shown_share=shown_share,
        is_enough=is_enough,
        more_url=_more_url("attendance.book", last, wanted),
    )


def _more_url(endpoint: str, last: Any, wanted: queries.Wanted, **place: Any) -> str | None:
    """The next page of a list; the name of the last one stays out of the address."""
    if last is None:
        return None
    return url_for(endpoint, cohort_code=_cohort().code, after=last.id, **_kept(wanted), **place)


def _kept(wanted: queries.Wanted) -> dict[str, Any]:
    """What a link keeps of the reader's search."""
    return {"q": wanted.search or None, "show": wanted.only or None}


@pages.get(f"{CLASS}/presence.csv")
@requires("attendance.view")
@writes
def presence_csv(cohort_code: str) -> ResponseReturnValue:
    return csv_answer(_table(_cohort(), _settled_sessions()), f"{_cohort().code}-presence")


def _table(cohort: Cohort, sessions: Sequence[ScheduledActivity]) -> Iterator[list[Any]]:
    """The head and a line for each participant; no contacts."""
    names = {str(value): str(name) for value, name in (*VERDICTS, ("open", _("Not settled")))}
    head: list[Any] = [_("Participant number"), _("Name"), _("Institution")]
    for number, session in enumerate(sessions, start=1):
        title = f"{number}. {session.activity.title}"
        head += [_("%(title)s, minutes", title=title), _("%(title)s, presence", title=title)]
    yield [*head, _("Share of all sessions in %")]
    people = participants(cohort, limit=None)
    presence = queries.presence_in(sessions)
    overall = queries.overall_of(sessions, [one.id for one in people])
    for one in people:
        place, user = one.institution, one.user
        line: list[Any] = [user.number, user.display_name, place.name if place else ""]
        for session in sessions:
            found = presence[one.id][session.id]
            line += [found.seconds // 60, names[found.verdict]]
        yield [*line, int(overall[one.id].share)]


# One session


def _session(number: int) -> ScheduledActivity:
    """The N-th session of the class."""
    sessions = _settled_sessions()
    return sessions[number - 1] if 0 < number <= len(sessions) else abort(404)


@pages.get(SESSION)
@requires("attendance.view")
@writes
def session(cohort_code: str, number: int) -> ResponseReturnValue:
    """Who was there, who was not, and what that rests on."""
    return _session_page(_session(number), number, MarkForm(formdata=None))


def _session_page(
    found: ScheduledActivity, number: int, form: MarkForm, ticked: Sequence[str] = ()
) -> ResponseReturnValue:
    wanted = _wanted(queries.ORDER)
    rows, last = queries.rows_of(_cohort(), found, wanted)
    [figures] = queries.in_figures(_cohort(), [found])
    return render_template(
        "attendance/session.html",
        cohort=_cohort(),
        number=number,
        session=figures,
        rows=rows,
        wanted=wanted,
        required=required_share(_cohort()),
        form=form if may_settle(_me(), _cohort()) else None,
        ticked=frozenset(ticked),
        source_title=title_of,
        shown_share=shown_share,
        more_url=_more_url("attendance.session", last, wanted, number=number),
    )


def _meant(number: int) -> ScheduledActivity | None:
    """The N-th session, where it is the one that was on the page; else None, and the reason said.

    Sessions are numbered by time: one that was added meanwhile moves those after it.
    """
    found = _session(number)
    if request.form.get("session") == str(found.id):
        return found
    flash(_("The timetable has changed meanwhile. Look again."), "error")
    return None


def _look_again() -> ResponseReturnValue:
    return redirect(url_for("attendance.book", cohort_code=_cohort().code))


def _refuse_without_right() -> None:
    if not may_settle(_me(), _cohort()):
        raise NotYours


def _ticked() -> list[int]:
    """The participants that the form names; what is no number is nobody's."""
    given = request.form.getlist("enrolment")
    return [int(one) if one.isascii() and one.isdigit() and len(one) < 19 else 0 for one in given]


@pages.post(f"{SESSION}/marks")
@requires("attendance.view")
def mark(cohort_code: str, number: int) -> ResponseReturnValue:
    """Decides by hand for everybody who was ticked, for one reason."""
    _refuse_without_right()
    found, form, ticked = _meant(number), MarkForm(), _ticked()
    if found is None:
        return _look_again()
    if not ticked:
        form.form_errors.append(_("Tick at least one person in the list."))
    if not (form.validate() and ticked and _marked(found, form, ticked)):
        return _session_page(found, number, form, request.form.getlist("enrolment"))
    return _back(number)


def _marked(found: ScheduledActivity, form: MarkForm, ticked: Sequence[int]) -> bool:
    """False with the reason in the form."""
    try:
        count = marks.mark(found, ticked, form.verdict.data, form.reason.data, by=_me())
    except DomainError as refused:
        db.session.rollback()
        form.form_errors.append(refused.message)
        return False
    db.session.commit()
    flash(_("Decided for %(count)s people. You can undo it beside each name.", count=count), "ok")
    return True


@pages.post(f"{SESSION}/marks/undo")
@requires("attendance.view")
def undo(cohort_code: str, number: int) -> ResponseReturnValue:
    """Takes a decision back: evidence decides again."""
    _refuse_without_right()
    found = _meant(number)
    if found is None:
        return _look_again()
    try:
        marks.undo(found, _ticked(), by=_me())
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
    else:
        db.session.commit()
        flash(_("The decision was taken back. Evidence decides again."), "ok")
    return _back(number)


def _back(number: int) -> ResponseReturnValue:
    """To the session, with the search that was on the page."""
    kept = _kept(_wanted(queries.ORDER))
    url = url_for("attendance.session", cohort_code=_cohort().code, number=number, **kept)
    return redirect(url)


# A session as participants and authors see it


@pages.get(f"{CLASS}/activities/<int:activity_id>")
@requires("courses.learn")
def own(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    """When and where a face-to-face session is held, by whom, and the reader's own presence."""
    cohort = _cohort()
    if cohort.status != "published" and not can(_me(), "cohorts.view", cohort):
        abort(404)
    activity = _activity(cohort.course, activity_id)
    planned = schedule_of(cohort).get(activity.id)
    enrolment = enrolment_of(_me(), cohort)
    presence = None
    if enrolment and enrolment.status == "confirmed" and planned and planned.ends_at:
        presence = queries.presence_in([planned], [enrolment.id])[enrolment.id][planned.id]
    return render_template(
        "attendance/own.html", cohort=cohort, activity=activity, planned=planned, presence=presence
    )


def _activity(course: Course, activity_id: int) -> Activity:
    """A face-to-face session of the course."""
    found = activity_of(course, activity_id)
    return found if found is not None and found.kind == kind.NAME else abort(404)


@pages.get("/courses/<int:course_id>/sessions/<int:activity_id>")
@requires("courses.view")
def preview(course_id: int, activity_id: int) -> ResponseReturnValue:
    """What authors see: times and people are set by each class."""
    course: Course = g.scope
    found = _activity(course, activity_id)
    return render_template("attendance/preview.html", activity=found, course=course)
