"""The pages by which organisers run a class: setting up, publishing, staff, timetable.

Participants are in `views_participants`; lists and access in `views_intake`.
"""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from wtforms import SelectField

from core.cohorts import preparation, queries, services
from core.cohorts.blueprint import pages
from core.cohorts.forms import (
    CohortForm,
    FindStaffForm,
    NewCohortForm,
    NewStaffForm,
    ScheduleForm,
)  # fmt: skip
from core.cohorts.models import Cohort, CohortStaff
from core.cohorts.registering import register
from core.cohorts.staff_pages import A_PAGE, back_to, here, me, page, user_parts
from core.courses.forms import one_line
from core.courses.models import Course
from core.courses.outline import outline
from core.courses.queries import activity_of, whole_course
from core.db import db, now
from core.errors import DomainError
from core.forms import row_id
from core.institutions.models import Institution
from core.limits import limiter, one_person
from core.people import queries as people
from core.people.access import can, held_by, institutions_where, roles_with
from core.people.models import User
from core.plugin_engine.form_parts import FormParts, undo
from core.plugin_engine.guard import requires, signed_in
from core.plugin_engine.settings import settable

OFFICES_SHOWN = 700


# The list, and a new class


@pages.get("/classes")
@signed_in
def listing() -> ResponseReturnValue:
    """The classes that the person works in."""
    search = one_line(request.args.get("q"))[:100]
    after = _key(request.args.get("after", ""))
    found = queries.cohorts_for(current_user, search=search, after=after, limit=A_PAGE + 1)
    shown = found[:A_PAGE]
    last = f"{shown[-1].starts_on}~{shown[-1].code}" if len(found) > A_PAGE else None
    return render_template(
        "cohorts/manage/listing.html",
        cohorts=shown,
        counts=queries.counts(shown),
        search=search,
        more_url=url_for("cohorts.listing", q=search or None, after=last) if last else None,
        may_create=can(current_user, "cohorts.manage"),
    )


def _key(text: str) -> tuple[date, str] | None:
    day, _tilde, code = text.partition("~")
    try:
        return date.fromisoformat(day), one_line(code)
    except ValueError:
        return None


@pages.route("/classes/new", methods=["GET", "POST"])
@requires("cohorts.manage")
def new() -> ResponseReturnValue:
    """A new class of one of the courses that the person may use."""
    courses = {course.id: course for course in _courses()}
    offices = _offices()
    form = NewCohortForm(
        course_id=request.args.get("course", type=row_id),
        host_id=request.args.get("host", type=row_id),
    )
    form.offer(offices)
    form.offer_courses(list(courses.values()))
    parts = _parts(form, offices[0] if offices else None)
    if form.is_submitted() and parts.validate_with(form):
        cohort = _created(form, courses[form.course_id.data], parts)
        if cohort is not None:
            flash(_("The class is there. Participants see it once it is published."), "ok")
            return redirect(url_for("cohorts.manage", cohort_code=cohort.code))
    return render_template(
        "cohorts/manage/new.html", form=form, courses=courses, added=parts.shown()
    )


def _parts(form: CohortForm, usual: Institution | None, cohort: Cohort | None = None) -> FormParts:
    """What plugins ask about a class at the host that the form names, else at the usual one."""
    named = db.session.get(Institution, form.host_id.data) if form.host_id.data else None
    host = named if named and can(current_user, "cohorts.manage", named) else usual
    return FormParts("cohort_form_parts", host or (), cohort=cohort, host=host, by=me())


def _courses() -> Sequence[Course]:
    """Those that the person sees, and the published ones of the offices above."""
    roles = roles_with("cohorts.manage")
    above = {
        int(part)
        for held in held_by(current_user)
        if held.role in roles
        for part in held.path.rstrip(".").split(".")
    }
    own = institutions_where(current_user, "courses.view")
    offered = sa.and_(Institution.id.in_(above), Course.status == "published")
    query = sa.select(Course).join(Course.institution)
    query = query.where(sa.or_(own, offered), Course.status.in_(("draft", "published")))
    return db.session.scalars(query.order_by(Course.code)).all()


def _offices() -> Sequence[Institution]:
    """Where the person may set up classes: the one that the link names, offices, libraries."""
    query = (
        sa.select(Institution)
        .where(institutions_where(current_user, "cohorts.manage"))
        .order_by(
            Institution.id != request.args.get("host", 0, type=row_id),
            Institution.kind == "library",
            Institution.path,
        )
    )
    return db.session.scalars(query.limit(OFFICES_SHOWN)).all()


def _institutions(form: CohortForm, cohort: Cohort | None = None) -> dict[str, Institution] | None:
    """Organiser and host as they were chosen; None when the person may not choose one."""
    kept = {cohort.organiser_id, cohort.host_id} if cohort else set()
    organiser, host = (_office(field, kept) for field in (form.organiser_id, form.host_id))
    return {"organiser": organiser, "host": host} if organiser and host else None


def _office(field: SelectField, kept: set[int]) -> Institution | None:
    found = db.session.get(Institution, field.data) if field.data else None
    if found and (found.id in kept or can(current_user, "cohorts.manage", found)):
        return found
    field.errors = [_("You may not set up classes for this institution. Choose another.")]
    return None


def _created(form: NewCohortForm, course: Course, parts: FormParts) -> Cohort | None:
    """The new class; None with the reason in the form."""
    chosen = _institutions(form)
    if chosen is None:
        return None
    zone = {"timezone": form.timezone.data} if form.timezone.data else {}
    title = form.title.data or course.title
    fields = {**form.values(), **chosen, **zone, "title": title, "code": form.code.data}
    try:
        cohort = services.create_cohort(course, by=current_user, **fields)
        parts.save(cohort)
    except DomainError as refused:
        undo(form, refused)
        return None
    db.session.commit()
    return cohort


# One class


@pages.get("/classes/<cohort_code>/manage")
@requires("cohorts.view")
def manage(cohort_code: str) -> ResponseReturnValue:
    """Where a class stands, and the way to everything in it."""
    course, team = _course(), queries.staff_of(here())
    confirmed, completed = queries.counts([here()]).get(here().id, (0, 0))
    return page(
        "overview",
        now=now(),
        confirmed=confirmed,
        completed=completed,
        withdrawn=queries.withdrawn_count(here()),
        staff=team,
        steps=list(preparation.steps(here(), course, confirmed, team)),
        may_see_course=can(current_user, "courses.view", here().course),
        missing=services.reasons_not_to_publish(here()),
        unavailable=preparation.unavailable(here(), course),
    )


def _course() -> Course:
    return whole_course(here().course_id) or abort(404)


@pages.route("/classes/<cohort_code>/settings", methods=["GET", "POST"])
@requires("cohorts.manage")
def settings(cohort_code: str) -> ResponseReturnValue:
    cohort = here()
    form = CohortForm(obj=cohort)
    form.offer(list(dict.fromkeys([cohort.organiser, cohort.host, *_offices()])))
    parts = _parts(form, cohort.host, cohort)
    if (
        form.is_submitted()
        and parts.validate_with(form)
        and (chosen := _institutions(form, cohort))
    ):
        title = form.title.data or cohort.course.title
        fields = {**form.values(), **chosen, "title": title, "timezone": form.timezone.data}
        try:
            services.change_cohort(cohort, by=current_user, **fields)
            parts.save(cohort)
        except DomainError as refused:
            undo(form, refused)
        else:
            db.session.commit()
            flash(_("Saved."), "ok")
            return back_to("cohorts.manage")
    return page("settings", form=form, plugins=settable(cohort), added=parts.shown())


@pages.post("/classes/<cohort_code>/publish")
@requires("cohorts.manage")
def publish(cohort_code: str) -> ResponseReturnValue:
    try:
        services.publish_cohort(here(), by=current_user)
    except services.NotPublishable as refused:
        db.session.rollback()
        flash(refused.message, "error")
    else:
        db.session.commit()
        flash(_("The class is published. Its participants see it now."), "ok")
    return back_to("cohorts.manage")


@pages.post("/classes/<cohort_code>/withdraw")
@requires("cohorts.manage")
def withdraw(cohort_code: str) -> ResponseReturnValue:
    services.withdraw_cohort(here(), by=current_user)
    db.session.commit()
    flash(_("The class is a draft again. Its participants no longer see it."), "ok")
    return back_to("cohorts.manage")


# Staff


@pages.route("/classes/<cohort_code>/staff", methods=["GET", "POST"])
@requires("cohorts.manage")
@limiter.limit("60/minute", key_func=one_person, methods=["POST"])
def staff(cohort_code: str) -> ResponseReturnValue:
    """Who works in the class. Sent, it shows the people who may be meant."""
    form = FindStaffForm()
    found = _found(form) if form.validate_on_submit() else None
    return page("staff", form=form, found=found, staff=queries.staff_of(here()))


def _found(form: FindStaffForm) -> Sequence[User]:
    """By name those of the own institutions and of the class; anybody by what is exact."""
    own = sa.select(Institution.id).where(institutions_where(current_user, "cohorts.manage"))
    near = sa.or_(User.institution_id.in_(own), queries.in_class(here()))
    return people.search(form.q.data, near)


@pages.post("/classes/<cohort_code>/staff/known")
@requires("cohorts.manage")
@limiter.limit("60/minute", key_func=one_person)
def add_known_staff(cohort_code: str) -> ResponseReturnValue:
    """Adds somebody whom the search has shown."""
    form = FindStaffForm()
    found = _found(form) if form.validate() else []
    wanted = request.form.get("person")
    person = next((p for p in found if str(p.id) == wanted), None) or abort(400)
    services.add_staff(here(), person, form.role.data, by=current_user)
    db.session.commit()
    flash(_("%(name)s was added.", name=person.display_name), "ok")
    return back_to("cohorts.staff")


@pages.route("/classes/<cohort_code>/staff/new", methods=["GET", "POST"])
@requires("cohorts.manage")
def new_staff(cohort_code: str) -> ResponseReturnValue:
    """Registers somebody who is not known yet, and adds the person."""
    form, parts = NewStaffForm(), user_parts()
    if form.is_submitted() and parts.validate_with(form):
        person = register(form, here(), by=me(), parts=parts)
        if person is not None:
            services.add_staff(here(), person, form.role.data, by=current_user)
            db.session.commit()
            flash(_("%(name)s was added. Give out access next.", name=person.display_name), "ok")
            return back_to("cohorts.staff")
    return page("new_staff", form=form, added=parts.shown())


@pages.post("/classes/<cohort_code>/staff/<int:staff_id>/remove")
@requires("cohorts.manage")
def remove_staff(cohort_code: str, staff_id: int) -> ResponseReturnValue:
    entry = _staff_entry(staff_id)
    try:
        services.remove_staff(here(), entry, by=current_user)
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
    else:
        name = entry.user.display_name
        db.session.commit()
        flash(_("%(name)s was taken off the list.", name=name), "ok")
    return back_to("cohorts.staff")


def _staff_entry(staff_id: int) -> CohortStaff:
    return next((entry for entry in here().staff if entry.id == staff_id), None) or abort(404)


# Timetable


@pages.get("/classes/<cohort_code>/timetable")
@requires("cohorts.view")
def timetable(cohort_code: str) -> ResponseReturnValue:
    return page("timetable", materials=outline(_course()), schedule=queries.schedule_of(here()))


@pages.route("/classes/<cohort_code>/timetable/<int:activity_id>", methods=["GET", "POST"])
@requires("cohorts.manage")
def schedule_activity(cohort_code: str, activity_id: int) -> ResponseReturnValue:
    """When an activity is open and held in this class, and by whom."""
    cohort = here()
    activity = activity_of(cohort.course, activity_id) or abort(404)
    planned = queries.schedule_of(cohort).get(activity.id)
    form = ScheduleForm.of(cohort, planned, queries.staff_of(cohort))
    if form.validate_on_submit():
        times, team = form.moments(cohort), form.held_by()
        try:
            services.schedule(cohort, activity, by=current_user, staff=team, **times)
        except DomainError as refused:
            db.session.rollback()
            form.form_errors.append(refused.message)
        else:
            db.session.commit()
            flash(_("Saved."), "ok")
            return back_to("cohorts.timetable", _anchor=f"activity-{activity.id}")
    zone = now().astimezone(ZoneInfo(cohort.timezone)).tzname()
    return page("schedule", form=form, activity=activity, in_zone=_("In %(zone)s", zone=zone))
