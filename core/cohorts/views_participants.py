"""The participants of a class: the list, one person, enrolling, taking out, deciding by hand."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm

from core.cohorts import queries, services
from core.cohorts.blueprint import pages
from core.cohorts.forms import FindPersonForm, NewPersonForm, OverrideForm, PersonForm
from core.cohorts.invitations import may_change_person, reasons_not_to_invite
from core.cohorts.models import Enrolment
from core.cohorts.registering import register
from core.cohorts.requirements import requirements_of
from core.cohorts.staff_pages import A_PAGE, back_to, here, me, page, user_parts
from core.cohorts.standing import standings
from core.courses.forms import one_line
from core.courses.outline import outline
from core.courses.queries import activity_of, whole_course
from core.db import db
from core.errors import DomainError
from core.forms import row_id
from core.limits import limiter, one_person
from core.people.access import can
from core.people.models import User
from core.people.queries import by_sign_in_name, with_open_access
from core.people.services import AddressTaken, change_person
from core.plugin_engine.engine import engine
from core.plugin_engine.form_parts import FormParts, undo
from core.plugin_engine.guard import requires

PARTICIPANT = "/classes/<cohort_code>/participants/<int:enrolment_id>"
ASKS = "enrolment_form_parts"


def _enrolment(enrolment_id: int) -> Enrolment:
    return queries.enrolment_in(here(), enrolment_id) or abort(404)


def _parts(enrolment: Enrolment | None = None) -> FormParts:
    """What plugins ask about a place in this class."""
    return FormParts(ASKS, here().host, enrolment=enrolment, cohort=here(), by=me())


@pages.get("/classes/<cohort_code>/participants")
@requires("cohorts.view")
def participants(cohort_code: str) -> ResponseReturnValue:
    """By name; those who were taken out with `?state=withdrawn`."""
    search = one_line(request.args.get("q"))[:100]
    status = "withdrawn" if request.args.get("state") == "withdrawn" else "confirmed"
    found = queries.participants(
        here(), search=search, after=_last_shown(), limit=A_PAGE + 1, status=status
    )
    shown = found[:A_PAGE]
    return page(
        "participants",
        enrolments=shown,
        total=queries.counts([here()]).get(here().id, (0, 0))[0],
        withdrawn=queries.withdrawn_count(here()),
        status=status,
        search=search,
        more_url=_more_url(shown, search, status) if len(found) > A_PAGE else None,
        contacts=can(current_user, "people.contacts", here()),
        holding=with_open_access([enrolment.user_id for enrolment in shown]),
    )


def _last_shown() -> tuple[str, int] | None:
    """The key of the last one on the page before; its name stays out of the address."""
    enrolment_id = request.args.get("after", type=row_id)
    last = queries.enrolment_in(here(), enrolment_id) if enrolment_id else None
    return (last.user.name_key, last.id) if last else None


def _more_url(shown: Any, search: str, status: str) -> str:
    return url_for(
        "cohorts.participants",
        cohort_code=here().code,
        after=shown[-1].id,
        q=search or None,
        state=status if status == "withdrawn" else None,
    )


# One participant


@pages.get(PARTICIPANT)
@requires("cohorts.view")
def participant(cohort_code: str, enrolment_id: int) -> ResponseReturnValue:
    cohort, enrolment = here(), _enrolment(enrolment_id)
    course = whole_course(cohort.course_id) or abort(404)
    progress = queries.progress_of(enrolment)
    found = standings(cohort, course.activities, queries.times_of(cohort), progress)
    person = enrolment.user
    return page(
        "participant",
        enrolment=enrolment,
        person=person,
        materials=outline(course),
        standing=found,
        progress=progress,
        requirements=requirements_of(cohort, [enrolment]).get(enrolment.id, ()),
        deciders=_names([row.overridden_by_id for row in progress.values()]),
        form=OverrideForm(),
        holds_access=bool(with_open_access([person.id])),
        contacts=can(current_user, "people.contacts", cohort),
        why_not=reasons_not_to_invite(me(), [person], cohort).get(person.id, ""),
        may_change=may_change_person(me(), person, cohort),
        has_parts=any(engine().implements(name, ASKS) for name in engine().active(cohort.host)),
    )


def _names(ids: list[int | None]) -> dict[int, str]:
    """User id → name of those who decided by hand."""
    wanted = {user_id for user_id in ids if user_id}
    query = sa.select(User).where(User.id.in_(wanted))
    return {user.id: user.display_name for user in db.session.scalars(query)} if wanted else {}


@pages.post(f"{PARTICIPANT}/activities/<int:activity_id>")
@requires("cohorts.enrol")
def override(cohort_code: str, enrolment_id: int, activity_id: int) -> ResponseReturnValue:
    """Counts an activity as done, or no longer, for a reason that is kept."""
    enrolment, form = _enrolment(enrolment_id), OverrideForm()
    activity = activity_of(here().course, activity_id) or abort(404)
    done = form.done.data == "1"
    if form.validate():
        services.override_progress(enrolment, activity, done=done, by=me(), reason=form.reason.data)
        db.session.commit()
        flash(_("Saved."), "ok")
    else:
        flash(_("Nothing was changed. Write the reason: it is kept with the decision."), "error")
    anchor = f"activity-{activity.id}"
    return back_to("cohorts.participant", enrolment_id=enrolment.id, _anchor=anchor)


@pages.route(f"{PARTICIPANT}/person", methods=["GET", "POST"])
@requires("people.contacts")
def change_participant(cohort_code: str, enrolment_id: int) -> ResponseReturnValue:
    """Corrects name, e-mail and phone where the class may answer for the person."""
    enrolment = _enrolment(enrolment_id)
    if not may_change_person(me(), enrolment.user, here()):
        abort(403)
    form = PersonForm(obj=enrolment.user)
    parts = user_parts(enrolment.user)
    if form.is_submitted() and parts.validate_with(form):
        try:
            change_person(enrolment.user, by=me(), **form.person())
            parts.save(enrolment.user)
        except AddressTaken as taken:
            db.session.rollback()
            form.email.errors = [taken.message]
        except DomainError as refused:
            undo(form, refused)
        else:
            db.session.commit()
            flash(_("Saved."), "ok")
            return back_to("cohorts.participant", enrolment_id=enrolment.id)
    return page("change_participant", form=form, added=parts.shown(), enrolment=enrolment)


@pages.route(f"{PARTICIPANT}/enrolment", methods=["GET", "POST"])
@requires("cohorts.enrol")
def change_enrolment(cohort_code: str, enrolment_id: int) -> ResponseReturnValue:
    """What plugins ask about the place in this class; core itself asks nothing about it."""
    enrolment = _enrolment(enrolment_id)
    form, parts = FlaskForm(), _parts(enrolment)
    if not parts:
        return back_to("cohorts.participant", enrolment_id=enrolment.id)
    if form.is_submitted() and parts.validate_with(form):
        try:
            parts.save(enrolment)
        except DomainError as refused:
            undo(form, refused)
        else:
            db.session.commit()
            flash(_("Saved."), "ok")
            return back_to("cohorts.participant", enrolment_id=enrolment.id)
    return page("change_enrolment", form=form, added=parts.shown(), enrolment=enrolment)


@pages.route(f"{PARTICIPANT}/withdraw", methods=["GET", "POST"])
@requires("cohorts.enrol")
def withdraw_participant(cohort_code: str, enrolment_id: int) -> ResponseReturnValue:
    """Asks first; what the person has done stays and comes back with the person."""
    enrolment = _enrolment(enrolment_id)
    if request.method != "POST":
        return page("withdraw", enrolment=enrolment)
    services.withdraw(enrolment, by=current_user)
    db.session.commit()
    flash(_("%(name)s was taken out of the class.", name=enrolment.user.display_name), "ok")
    return back_to("cohorts.participant", enrolment_id=enrolment.id)


@pages.post(f"{PARTICIPANT}/return")
@requires("cohorts.enrol")
def return_participant(cohort_code: str, enrolment_id: int) -> ResponseReturnValue:
    enrolment = _enrolment(enrolment_id)
    _enrol(enrolment.user)
    return back_to("cohorts.participant", enrolment_id=enrolment_id)


def _enrol(person: User) -> bool:
    """Enrols and says so, or says why not."""
    try:
        services.enrol(person, here(), via="organiser", by=me())
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
        return False
    db.session.commit()
    flash(_("%(name)s is in the class.", name=person.display_name), "ok")
    return True


# Enrolling somebody


@pages.route("/classes/<cohort_code>/enrol", methods=["GET", "POST"])
@requires("cohorts.enrol")
@limiter.limit("60/minute", key_func=one_person, methods=["POST"])
def enrol_person(cohort_code: str) -> ResponseReturnValue:
    """Finds one person by what only people who know the person can write."""
    form = FindPersonForm()
    if not form.validate_on_submit():
        return page("enrol", form=form, found=None)
    return _found(form, by_sign_in_name(form.q.data), _parts())


def _found(form: FindPersonForm, found: Sequence[User], parts: FormParts) -> str:
    """The page with those who may be meant; who has a place already is not enrolled again."""
    known = queries.places_in(here(), found)
    return page("enrol", form=form, found=found, known=known, added=parts.shown())


@pages.post("/classes/<cohort_code>/enrol/known")
@requires("cohorts.enrol")
@limiter.limit("60/minute", key_func=one_person)
def enrol_known(cohort_code: str) -> ResponseReturnValue:
    """Enrols somebody whom the search has found; a bare id is not enough."""
    form = FindPersonForm()
    found = by_sign_in_name(form.q.data) if form.validate() else []
    wanted = request.form.get("person")
    person = next((p for p in found if str(p.id) == wanted), None) or abort(400)
    services.hold(here())  # A second press of the button waits, and finds the place.
    if services.enrolment_of(person, here()):
        _enrol(person)
        return back_to("cohorts.enrol_person")
    parts = _parts()
    if parts.validate_with(form) and _enrolled(person, form, parts):
        return back_to("cohorts.enrol_person")
    return _found(form, found, parts)


def _enrolled(person: User, form: FlaskForm, parts: FormParts) -> bool:
    """Enrols, saves what plugins asked and says so; else the form says why not."""
    try:
        parts.save(services.enrol(person, here(), via="organiser", by=me()))
    except DomainError as refused:
        undo(form, refused)
        return False
    db.session.commit()
    flash(_("%(name)s is in the class.", name=person.display_name), "ok")
    return True


@pages.route("/classes/<cohort_code>/enrol/new", methods=["GET", "POST"])
@requires("cohorts.enrol")
def enrol_new(cohort_code: str) -> ResponseReturnValue:
    """Registers somebody who is not known yet, and enrols the person."""
    form, about, place = NewPersonForm(), user_parts(), _parts()
    parts = about + place
    if form.is_submitted() and parts.validate_with(form):
        person = register(form, here(), by=me(), parts=about)
        if person and _enrolled(person, form, place):
            return back_to("cohorts.enrol_person")
    return page("enrol_new", form=form, added=parts.shown())
