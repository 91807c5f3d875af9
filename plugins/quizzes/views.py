"""Pages on which participants take a test.

They meet no id of a question or a choice, only places on their own paper, so that the order
in which the choices were written tells nothing.
"""

from collections.abc import Iterable
from typing import Any

from flask import abort, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.api import (
    Activity,
    Cohort,
    Enrolment,
    can,
    clock,
    db,
    enrolment_of,
    now,
    requires,
    wants_json,
    writes,
)
from plugins.quizzes import queries, services
from plugins.quizzes.blueprint import pages
from plugins.quizzes.models import GRACE, Attempt, Test

LARGEST_ANSWER = 20_000  # bytes; fifty choices and a token need a tenth of it


def view_url(activity: Activity, cohort: Cohort | None) -> str:
    if cohort is None:
        course_id = activity.section.course_id
        return url_for("quizzes.preview", course_id=course_id, activity_id=activity.id)
    return url_for("quizzes.intro", cohort_code=cohort.code, activity_id=activity.id)


def edit_url(activity: Activity) -> str:
    course_id = activity.section.course_id
    return url_for("quizzes.test", course_id=course_id, activity_id=activity.id)


def current_item(count: int) -> int:
    """The item that `?q=` names, within the paper."""
    return min(max(request.args.get("q", 1, type=int), 1), max(count, 1))


def _sat(activity_id: int) -> Test:
    """A test of the class; 404 while participants cannot see the class."""
    cohort: Cohort = g.scope
    if cohort.status != "published" and not can(current_user, "cohorts.view", cohort):
        abort(404)
    return queries.test_in(cohort.course, activity_id) or abort(404)


def _place() -> Enrolment | None:
    """The reader's own place in the class; staff who look in have none."""
    found = enrolment_of(current_user, g.scope)
    return found if found is not None and found.status == "confirmed" else None


def _attempt(activity_id: int, number: int) -> Attempt:
    _sat(activity_id)
    return queries.attempt_of(current_user, g.scope, activity_id, number) or abort(404)


def _is_over(attempt: Attempt) -> bool:
    """Whether the attempt takes no more answers; one whose time has ended is closed here."""
    if services.close_if_overdue(attempt):
        db.session.commit()
    return not attempt.is_open


def _to(endpoint: str, activity_id: int, **arguments: Any) -> ResponseReturnValue:
    place = {"cohort_code": g.scope.code, "activity_id": activity_id}
    return redirect(url_for(f"quizzes.{endpoint}", **place, **arguments))


@pages.get("/classes/<cohort_code>/tests/<int:activity_id>")
@requires("courses.learn")
@writes
def intro(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    """What awaits the participant. Staff see it without a button to start."""
    found, cohort, enrolment = _sat(activity_id), g.scope, _place()
    attempts = queries.attempts_of(found, enrolment) if enrolment else []
    for attempt in attempts:
        _is_over(attempt)
    window = queries.window_of(cohort.id, activity_id)
    return render_template(
        "quizzes/intro.html",
        cohort=cohort,
        test=found,
        enrolment=enrolment,
        attempts=attempts,
        extent=queries.extents([activity_id])[activity_id],
        window=window,
        window_state=window.state(now()),
    )


@pages.post("/classes/<cohort_code>/tests/<int:activity_id>/start")
@requires("quizzes.take")
def start(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    found, enrolment = _sat(activity_id), _place() or abort(404)
    try:
        attempt = services.start_attempt(found, enrolment)
    except services.NotSittable as refused:
        db.session.rollback()
        flash(refused.message, "error")
        return _to("intro", activity_id)
    db.session.commit()
    return _to("attempt", activity_id, number=attempt.number)


@pages.get("/classes/<cohort_code>/tests/<int:activity_id>/attempts/<int:number>")
@requires("quizzes.take")
@writes
def attempt(cohort_code: str, activity_id: int, number: int) -> ResponseReturnValue:
    """All questions, one of them in sight; the others are there for when the line breaks."""
    return _working(activity_id, number, "quizzes/attempt.html")


@pages.get("/classes/<cohort_code>/tests/<int:activity_id>/attempts/<int:number>/review")
@requires("quizzes.take")
@writes
def review(cohort_code: str, activity_id: int, number: int) -> ResponseReturnValue:
    return _working(activity_id, number, "quizzes/review.html")


def _working(activity_id: int, number: int, template: str) -> ResponseReturnValue:
    """A page of an open attempt; one that is over leads to its result."""
    found = _attempt(activity_id, number)
    if _is_over(found):
        return _to("result", activity_id, number=number)
    questions = queries.questions_of(found.test)
    items = queries.items_of(found.paper, questions, queries.answers_of(found))
    return render_template(
        template,
        cohort=g.scope,
        test=found.test,
        attempt=found,
        items=items,
        current=current_item(len(items)),
        seconds_left=found.seconds_left(now()),
        grace=GRACE.seconds,
    )


@pages.post(
    "/classes/<cohort_code>/tests/<int:activity_id>/attempts/<int:number>/answers/<int:item>"
)
@requires("quizzes.take")
def save(cohort_code: str, activity_id: int, number: int, item: int) -> ResponseReturnValue:
    """Keeps one answer. A script gets JSON; a form goes on to the next question."""
    if (request.content_length or 0) > LARGEST_ANSWER:
        abort(413)
    found = queries.attempt_to_save_in(current_user, g.scope, activity_id, number) or abort(404)
    try:
        saved = services.save_answer(
            found,
            item,
            _whole_numbers(request.form.getlist("choice")),
            flagged="flagged" in request.form,
            sequence=next(iter(_whole_numbers(request.form.getlist("sequence"))), None),
        )
    except services.AttemptClosed as closed:
        if wants_json():
            raise
        db.session.rollback()
        flash(closed.message, "error")
        return _to("attempt", activity_id, number=number)
    at = now()
    answer = {
        "stored": saved.stored,
        "picked": saved.picked,
        "flagged": saved.flagged,
        "sequence": saved.sequence,
        "left": found.seconds_left(at),
        "at": clock(at, g.scope.timezone),
    }
    count = len(found.paper)
    db.session.commit()
    return jsonify(answer) if wants_json() else _onwards(activity_id, number, item, count)


def _whole_numbers(texts: Iterable[str]) -> list[int]:
    """Raises WrongAnswer for anything that no form of ours sends."""
    found = [text for text in texts if text]
    if not all(text.isascii() and text.isdigit() and len(text) < 20 for text in found):
        raise services.WrongAnswer
    return [int(text) for text in found]


def _onwards(activity_id: int, number: int, item: int, count: int) -> ResponseReturnValue:
    target = item + (-1 if request.form.get("go") == "back" else 1)
    if target > count:
        return _to("review", activity_id, number=number)
    return _to("attempt", activity_id, number=number, q=max(target, 1))


@pages.post("/classes/<cohort_code>/tests/<int:activity_id>/attempts/<int:number>/submit")
@requires("quizzes.take")
def submit(cohort_code: str, activity_id: int, number: int) -> ResponseReturnValue:
    services.submit_attempt(_attempt(activity_id, number))
    db.session.commit()
    return _to("result", activity_id, number=number)


@pages.get("/classes/<cohort_code>/tests/<int:activity_id>/attempts/<int:number>/result")
@requires("quizzes.take")
@writes
def result(cohort_code: str, activity_id: int, number: int) -> ResponseReturnValue:
    found, cohort = _attempt(activity_id, number), g.scope
    if not _is_over(found):
        return _to("attempt", activity_id, number=number)
    window = queries.window_of(cohort.id, activity_id)
    open_book = services.shows_explanations(found.test, cohort, window)
    return render_template(
        "quizzes/result.html",
        cohort=cohort,
        test=found.test,
        attempt=found,
        window=window,
        explained=_explained(found) if open_book else None,
        **_own_gain(found),
    )


def _explained(found: Attempt) -> list[queries.Item]:
    """The paper with its keys and explanations; only after the rule of the test allows it."""
    questions = queries.questions_with_keys(found.test)
    return queries.items_of(found.paper, questions, queries.answers_of(found))


def _own_gain(found: Attempt) -> dict[str, Any]:
    tests = queries.tests_by_role(g.scope.course_id)
    row = queries.row_of(found.enrolment, tests)
    return {"tests": tests, "row": row, "gain": tests.gain(row)}
