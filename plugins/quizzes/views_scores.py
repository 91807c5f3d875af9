"""The scores of a class, for its staff: a table, figures, and a file, none with contacts."""

from collections.abc import Iterator
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from core.api import Cohort, can, cohorts_for, csv_answer, db, requires, writes
from plugins.quizzes import queries, services
from plugins.quizzes.blueprint import pages

LISTED = 50
STATE_NAMES = {
    "not_started": _l("Not started"),
    "working": _l("Working on it"),
    "handed_in": _l("Handed in"),
    "closed_by_server": _l("Closed at the deadline"),
}


@pages.get("/scores")
@requires("quizzes.see_scores")
def score_list() -> ResponseReturnValue:
    """The newest classes whose scores the person may see."""
    user = current_user._get_current_object()
    newest = cohorts_for(user, limit=LISTED)
    cohorts = [cohort for cohort in newest if can(user, "quizzes.see_scores", cohort)]
    return render_template("quizzes/score_list.html", cohorts=cohorts)


@pages.get("/classes/<cohort_code>/scores")
@requires("quizzes.see_scores")
@writes
def scores(cohort_code: str) -> ResponseReturnValue:
    """Who has done what, and the class in figures."""
    cohort: Cohort = g.scope
    _close_overdue(cohort)
    tests = queries.tests_by_role(cohort.course_id)
    missing = {"pre": tests.pre, "post": tests.post}.get(request.args.get("missing", ""))
    rows = queries.rows_of(cohort, tests, missing=missing, after=_after())
    return render_template(
        "quizzes/scores.html",
        cohort=cohort,
        tests=tests,
        rows=rows,
        missing=missing,
        summary=queries.summary_of(cohort, tests),
        more=rows[-1].enrolment if len(rows) == queries.PAGE else None,
    )


def _close_overdue(cohort: Cohort) -> None:
    """Attempts that the job at the deadline has not reached yet."""
    if services.close_overdue_in(cohort):
        db.session.commit()


def _after() -> tuple[str, int] | None:
    """Where the page before this one ended."""
    name, key = request.args.get("after", ""), request.args.get("id", 0, type=int)
    return (name, key) if 0 < key < 2**63 else None


@pages.get("/classes/<cohort_code>/scores.csv")
@requires("quizzes.see_scores")
@writes
def scores_csv(cohort_code: str) -> ResponseReturnValue:
    cohort: Cohort = g.scope
    _close_overdue(cohort)
    tests = queries.tests_by_role(cohort.course_id)
    return csv_answer(_table(cohort, tests), f"{cohort.code}-scores")


def _table(cohort: Cohort, tests: queries.Tests) -> Iterator[list[Any]]:
    """The head and a line for each participant."""
    head = [_("Participant number"), _("Name"), _("Institution")]
    for one in tests.all:
        head += [one.activity.title, _("%(title)s, state", title=one.activity.title)]
    yield [*head, _("Gain")]
    for row in queries.rows_of(cohort, tests, limit=None):
        place = row.enrolment.institution
        user = row.enrolment.user
        line: list[Any] = [user.number, user.display_name, place.name if place else ""]
        for one in tests.all:
            line += [row.result(one).score, str(STATE_NAMES[row.result(one).state])]
        yield [*line, tests.gain(row)]
