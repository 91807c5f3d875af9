"""The participant's way into a live class: one page, one button.

The button is a link and not a form: the page's policy lets forms lead to this site only, and a
browser asks that of a redirect after a form as well.
"""

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.api import Activity, Cohort, Course, Enrolment, can, db, enrolment_of, requires, writes
from plugins.attendance.api import Presence, presence_of
from plugins.online_classes import queries, services
from plugins.online_classes.blueprint import pages
from plugins.online_classes.queries import LiveClass

LIVE = "/classes/<cohort_code>/live/<int:activity_id>"


def view_url(activity: Activity, cohort: Cohort | None) -> str:
    if cohort is None:
        course_id = activity.section.course_id
        return url_for("online_classes.preview", course_id=course_id, activity_id=activity.id)
    return url_for("online_classes.live", cohort_code=cohort.code, activity_id=activity.id)


def _live(activity_id: int) -> LiveClass:
    """A live class of the cohort; 404 while participants cannot see the cohort."""
    cohort: Cohort = g.scope
    if cohort.status != "published" and not can(current_user, "cohorts.view", cohort):
        abort(404)
    activity = queries.activity_in(cohort.course, activity_id) or abort(404)
    return queries.live_class(cohort, activity)


def _place() -> Enrolment | None:
    """The reader's own place in the class; staff who look in have none."""
    found = enrolment_of(current_user, g.scope)
    return found if found is not None and found.status == "confirmed" else None


@pages.get(LIVE)
@requires("courses.learn")
def live(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    """When the doors open, the button while they are, and what became of presence after."""
    found, enrolment = _live(activity_id), _place()
    return render_template(
        "online_classes/live.html",
        cohort=found.cohort,
        live=found,
        enrolment=enrolment,
        presence=_presence(found, enrolment),
        room_name=_room_name(enrolment),
        committee=[entry.user for entry in found.cohort.staff if entry.role == "committee"],
        may_run=can(current_user, "online_classes.run", found.cohort),
    )


def _presence(found: LiveClass, enrolment: Enrolment | None) -> Presence | None:
    """The participant's own, once the class is over."""
    if found.phase != "over" or found.scheduled is None or enrolment is None:
        return None
    return presence_of(found.scheduled).get(enrolment.id)


def _room_name(enrolment: Enrolment | None) -> str:
    """How the person should be called in the meeting: Name_Institution."""
    name = current_user.full_name
    home = enrolment.institution if enrolment else current_user.institution
    return f"{name}_{home.short_name}" if home else name


@pages.get(f"{LIVE}/join")
@requires("courses.learn")
@writes
def join(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    """Notes the visit and leads to the meeting; says why where nobody can go in."""
    found = _live(activity_id)
    try:
        address = services.enter(found, current_user)
    except services.NotOpen as refused:
        db.session.rollback()
        flash(refused.message, "warn")
        return redirect(view_url(found.activity, found.cohort))
    db.session.commit()
    return redirect(address)


@pages.get("/courses/<int:course_id>/live/<int:activity_id>")
@requires("courses.view")
def preview(course_id: int, activity_id: int) -> ResponseReturnValue:
    """What authors see of it: the rest belongs to each class."""
    course: Course = g.scope
    activity = queries.activity_in(course, activity_id) or abort(404)
    return render_template("online_classes/preview.html", course=course, activity=activity)
