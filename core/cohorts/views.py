"""What a participant sees of a class: the course, its activities, and the key to get in.

The staff's pages are in `views_manage`, `views_participants` and `views_intake`; all share one
blueprint.
"""

from collections.abc import Sequence

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from core.cohorts import queries
from core.cohorts.blueprint import pages
from core.cohorts.home import place_in
from core.cohorts.models import Cohort, Enrolment
from core.cohorts.requirements import requirements_of
from core.cohorts.services import enrol_by_key, enrolment_of, record_progress
from core.cohorts.standing import Standing, blocking, standings
from core.courses.downloads import send_stored_file
from core.courses.facts import facts_of, view_urls
from core.courses.models import Activity
from core.courses.outline import locators, outline
from core.courses.queries import activity_of, course_to_read
from core.db import db
from core.errors import DomainError
from core.limits import limiter, one_person
from core.people.access import can
from core.people.forms import KeyForm
from core.plugin_engine.contributions import Requirement
from core.plugin_engine.guard import no_page, requires, signed_in


def _own_enrolment(cohort: Cohort) -> Enrolment | None:
    """The reader's place in the class; staff who look in have none."""
    found = enrolment_of(current_user, cohort)
    return found if found is not None and found.status == "confirmed" else None


def _open_to_participants(cohort: Cohort) -> None:
    """A draft is for its staff; to its participants it is not there yet."""
    if cohort.status != "published" and not can(current_user, "cohorts.view", cohort):
        abort(404)


@pages.get("/classes/<cohort_code>")
@requires("courses.learn")
def learn(cohort_code: str) -> ResponseReturnValue:
    """The course as a participant of this class reads it."""
    cohort: Cohort = g.scope
    _open_to_participants(cohort)
    place = place_in(cohort, _own_enrolment(cohort))
    activities = place.course.activities
    return render_template(
        "cohorts/learn.html",
        cohort=cohort,
        course=place.course,
        place=place,
        enrolment=place.enrolment,
        materials=outline(place.course),
        standing={one.activity.id: one for one in place.standing},
        blocking=blocking(place.standing),
        requirements=_requirements(cohort, place.enrolment),
        urls=view_urls(activities, cohort.host, cohort),
        facts=facts_of(activities, cohort.host),
    )


def _requirements(cohort: Cohort, enrolment: Enrolment | None) -> Sequence[Requirement]:
    if enrolment is None:
        return ()
    return requirements_of(cohort, [enrolment]).get(enrolment.id, ())


def _reachable(cohort: Cohort, activity_id: int) -> tuple[Activity, Standing, Enrolment | None]:
    """The activity when it can be opened now; 404 with a way back when it cannot."""
    _open_to_participants(cohort)
    activity = activity_of(cohort.course, activity_id) or abort(404)
    enrolment = _own_enrolment(cohort)
    progress = queries.progress_of(enrolment) if enrolment else {}
    found = standings(cohort, [activity], queries.times_of(cohort), progress)[activity.id]
    return activity, found, enrolment


@pages.get("/classes/<cohort_code>/activities/<int:activity_id>")
@requires("courses.learn")
def activity(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    """A page, a file or a link of the course. Plugins' kinds have pages of their own."""
    cohort: Cohort = g.scope
    found, standing, enrolment = _reachable(cohort, activity_id)
    if "." in found.kind:
        url = view_urls([found], cohort.host, cohort).get(found.id)
        return redirect(url) if url else abort(404)
    if enrolment is not None and not standing.reachable:
        flash(_("“%(title)s” is not open yet.", title=found.title), "info")
        return redirect(url_for("cohorts.learn", cohort_code=cohort.code))
    course = course_to_read(cohort.course_id)
    activities = course.activities
    urls = view_urls(activities, cohort.host, cohort)
    order = [a for a in activities if a.id in urls]
    at = next(index for index, other in enumerate(order) if other.id == found.id)
    following = order[at + 1] if at + 1 < len(order) else None
    return render_template(
        "cohorts/activity.html",
        cohort=cohort,
        activity=found,
        locator=locators(course).get(found.id, ""),
        standing=standing,
        enrolment=enrolment,
        following=following,
        following_url=urls[following.id] if following else "",
    )


@pages.post("/classes/<cohort_code>/activities/<int:activity_id>/done")
@requires("courses.learn")
def mark_done(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    """The participant has read it; what comes next opens."""
    cohort: Cohort = g.scope
    found, standing, enrolment = _reachable(cohort, activity_id)
    if enrolment is None or "." in found.kind or not standing.reachable:
        abort(404)
    if standing.state == "closed":
        flash(_("“%(title)s” is closed.", title=found.title), "warn")
        return redirect(url_for("cohorts.learn", cohort_code=cohort.code))
    record_progress(enrolment, found, "done")
    db.session.commit()
    back = url_for("cohorts.learn", cohort_code=cohort.code, _anchor=f"activity-{found.id}")
    return redirect(back)


@pages.get("/classes/<cohort_code>/files/<int:activity_id>")
@requires("courses.learn")
@no_page
def file(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    cohort: Cohort = g.scope
    found, standing, enrolment = _reachable(cohort, activity_id)
    if found.file is None or (enrolment is not None and not standing.reachable):
        abort(404)
    return send_stored_file(found.file)


@pages.route("/join", methods=["GET", "POST"])
@signed_in
@limiter.limit("10/minute", key_func=one_person, methods=["POST"])
def join() -> ResponseReturnValue:
    """Enrols the person by the key that the committee gave out."""
    form = KeyForm()
    if form.validate_on_submit():
        try:
            enrolment = enrol_by_key(current_user._get_current_object(), form.key.data)
        except DomainError as refused:
            db.session.rollback()
            form.key.errors = [refused.message]
        else:
            db.session.commit()
            flash(_("You are enrolled."), "ok")
            return redirect(url_for("cohorts.learn", cohort_code=enrolment.cohort.code))
    return render_template("cohorts/join.html", form=form)
