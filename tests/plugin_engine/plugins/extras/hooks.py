"""Settings, requirements, figures, fields in a form, a lasting page: what `good` does not show."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, request, session
from flask_babel.speaklater import LazyString
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from core.api import (
    ActivityKind,
    DomainError,
    Enrolment,
    FormPart,
    Metric,
    OptionalNumber,
    Panel,
    Refusal,
    Requirement,
    SecretField,
    Settings,
    choices,
    db,
    hookimpl,
    lasting,
    public,
    webhook,
)
from plugins.extras.models import CohortNote, CourseNote, EnrolmentNote, Motto, UserNote
from plugins.extras.state import HEARD, STATE

pages = Blueprint("extras", __name__, url_prefix="/extras", template_folder="templates")


@pages.get("/proof")
@public
@lasting
def proof():
    return "PROOF"


@pages.post("/intake")
@webhook
def intake():
    if request.get_data() == b"fail":
        raise RuntimeError
    return {"who": current_user.is_authenticated, "session": dict(session),
            "bytes": len(request.get_data()), "form": dict(request.form)}  # fmt: skip


@pages.post("/post")
@public
def post():
    return "POSTED"


class ExtrasForm(FlaskForm):
    share = OptionalNumber("Share", [Optional(), NumberRange(0, 100)], default=80)
    trainers = SelectField(
        "Trainers", [Optional()], choices=choices([("yes", "Yes"), ("no", "No")]), default="no"
    )
    note = StringField("Note", [Optional(), Length(max=20)], default="")
    token = SecretField("Token", [Optional(), Length(max=40)], description="Of the other side.")


class MottoForm(FlaskForm):
    motto = StringField("Motto", [Optional(), Length(max=10)])


@hookimpl
def blueprints():
    return [pages]


@hookimpl
def settings():
    levels = ("site", "institution", "course", "cohort")
    only = {"trainers": ("site", "institution", "cohort"), "token": ("site", "institution")}
    return [Settings(ExtrasForm, levels, only=only)]


@hookimpl
def settings_changed(plugin, institution, course, cohort):
    place = institution or course or cohort
    HEARD.append(("settings", plugin, type(place).__name__, place.id if place else None))


@hookimpl
def activity_kinds():
    return [
        ActivityKind(
            "extras.session",
            "Session",
            "clock",
            lambda activity, cohort: "/extras/proof",
            opens_before=timedelta(minutes=30),
        )
    ]


def _ones(enrolments):
    return sa.select(Enrolment.id, sa.literal(1)).where(Enrolment.id.in_(enrolments))


@hookimpl
def metrics():
    return [Metric("extras.ones", "Ones", "Each counts one.", _ones, weight=5)]


@hookimpl
def completion_requirements(cohort, enrolments):
    if "requirement fails" in STATE:
        raise RuntimeError
    if "requirement" in STATE:
        return STATE["requirement"](enrolments)
    met = STATE.get("met")
    return (
        [] if met is None else [Requirement(one.id, "Extra", one.id in met) for one in enrolments]
    )


@hookimpl
def may_delete_activity(activity):
    return Refusal("The extras need it.") if "keeps" in STATE else None


@hookimpl
def participant_panels(enrolment):
    if "panel" not in STATE:
        return []
    return [Panel("extras/panel.html", {"text": LazyString(STATE["panel"])})]


@hookimpl
def enrolments_completed(cohort, enrolments):
    HEARD.append(("completed", [one.id for one in enrolments]))


@hookimpl
def completion_taken_back(cohort, enrolments):
    HEARD.append(("taken back", [one.id for one in enrolments]))


def _save(institution, form):
    if STATE.get("save") == "refuses":
        raise DomainError("This motto will not do.")
    if STATE.get("save") == "fails":
        raise RuntimeError
    db.session.merge(Motto(institution_id=institution.id, text=form.motto.data or ""))


@hookimpl
def institution_form_parts(institution, parent):
    known = Motto.of(institution) if institution else None
    form = MottoForm(prefix="extras-", meta={"csrf": False}, motto=known.text if known else "")
    part = FormPart("Motto of the house", form, lambda thing: _save(thing, form))
    return [STATE.get("part", lambda part: part)(part)]


class NoteForm(FlaskForm):
    note = StringField("Note", [Optional(), Length(max=10)])


def _note(model, thing, key, **asked):
    """One field about a thing of core, kept in the plugin's own table."""
    HEARD.append((key, thing, asked))
    known = model.of(thing) if thing else None
    form = NoteForm(prefix=f"extras-{key}-", meta={"csrf": False}, note=known.text if known else "")

    def save(saved):
        if STATE.get("save") == f"{key} refuses":
            raise DomainError("This note will not do.")
        if STATE.get("save") == f"{key} fails":
            raise RuntimeError
        row = model.of(saved) or model(**{f"{key}_id": saved.id})
        row.text = form.note.data or ""
        db.session.add(row)

    part = FormPart(f"Note on the {key}", form, save)
    return [STATE.get("part", lambda part: part)(part)]


@hookimpl
def user_form_parts(user, cohort, by):
    return _note(UserNote, user, "user", cohort=cohort and cohort.code, by=by.id)


@hookimpl
def course_form_parts(course, owner, by):
    return _note(CourseNote, course, "course", owner=owner.id, by=by.id)


@hookimpl
def cohort_form_parts(cohort, host, by):
    return _note(CohortNote, cohort, "cohort", host=host.id, by=by.id)


@hookimpl
def enrolment_form_parts(enrolment, cohort, by):
    return _note(EnrolmentNote, enrolment, "enrolment", cohort=cohort.code, by=by.id)
