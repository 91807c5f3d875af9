"""How a whole class gets in: a list of participants is uploaded, and access handed out."""

import json
from dataclasses import asdict
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from core.cohorts import kept_files
from core.cohorts.blueprint import pages
from core.cohorts.forms import RosterForm
from core.cohorts.invitations import reasons_not_to_invite
from core.cohorts.preparation import people_of, without_access
from core.cohorts.roster import (
    RosterOutcome,
    field_words,
    import_roster,
    outcome_words,
    template_of,
)
from core.cohorts.slips import slips_for
from core.cohorts.staff_pages import back_to, here, me, page
from core.db import db
from core.files import content_disposition, export_name, safe_name
from core.forms import row_id
from core.people.models import User
from core.people.queries import with_open_access
from core.people.roster_file import MAX_BYTES, RosterFileError
from core.people.services import ACCESS_DAYS, issue_access
from core.plugin_engine.guard import no_page, requires

ROWS_IN_A_REQUEST = 3000  # About twenty seconds.

# The list


@pages.route("/classes/<cohort_code>/roster", methods=["GET", "POST"])
@requires("cohorts.enrol")
def roster(cohort_code: str) -> ResponseReturnValue:
    """A list is uploaded and tried out; nothing of it is saved before it is confirmed."""
    form = RosterForm()
    if form.validate_on_submit():
        try:
            return _tried(form.file.data, form.create_institutions.data)
        except RosterFileError as refused:
            form.file.errors = [refused.message]
    return page("roster", form=form)


def _tried(upload: FileStorage, create: bool) -> str:
    data, name = upload.stream.read(MAX_BYTES + 1), safe_name(upload.filename or "")
    try:
        outcome = import_roster(
            data,
            name,
            here(),
            by=me(),
            create_institutions=create,
            dry_run=True,
            most=ROWS_IN_A_REQUEST,
        )
    finally:
        db.session.rollback()
    ticket = kept_files.keep("list", data, user=me(), cohort=here(), name=name, create=create)
    return page("roster_check", ticket=ticket, name=name, **_shown(outcome))


def _shown(outcome: RosterOutcome) -> dict[str, Any]:
    return {"outcome": outcome, "words": outcome_words(), "fields": field_words()}


@pages.post("/classes/<cohort_code>/roster/import", endpoint="import_roster")
@requires("cohorts.enrol")
def import_checked(cohort_code: str) -> ResponseReturnValue:
    """Takes in the list that was tried out."""
    ticket = request.form.get("ticket", "")
    try:
        data, facts = kept_files.take("list", ticket, user=me(), cohort=here())
    except kept_files.NoLongerKept as gone:
        flash(gone.message, "error")
        return back_to("cohorts.roster")
    outcome = import_roster(
        data, facts["name"], here(), by=me(), create_institutions=facts["create"]
    )
    db.session.commit()
    kept_files.drop("list", ticket, user=me(), cohort=here())
    content = json.dumps(asdict(outcome)).encode()
    result = kept_files.keep("result", content, user=me(), cohort=here())
    return back_to("cohorts.roster_done", ticket=result)


def _kept_outcome(ticket: str) -> RosterOutcome:
    content, _facts = kept_files.take("result", ticket, user=me(), cohort=here())
    return RosterOutcome.of(json.loads(content))


@pages.get("/classes/<cohort_code>/roster/done/<ticket>")
@requires("cohorts.enrol")
def roster_done(cohort_code: str, ticket: str) -> ResponseReturnValue:
    return page("roster_done", ticket=ticket, **_shown(_kept_outcome(ticket)))


@pages.get("/classes/<cohort_code>/roster/done/<ticket>/result.csv")
@requires("cohorts.enrol")
@no_page
def roster_result(cohort_code: str, ticket: str) -> ResponseReturnValue:
    return _csv(_kept_outcome(ticket).as_csv(), f"{here().code}-result.csv")


@pages.get("/classes/<cohort_code>/roster/template.csv")
@requires("cohorts.enrol")
@no_page
def roster_template(cohort_code: str) -> ResponseReturnValue:
    """An empty list with the column names in the reader's language."""
    return _csv(template_of(str(get_locale())), f"{here().code}.csv")


def _csv(text: str, name: str) -> Response:
    headers = {"Content-Disposition": content_disposition(export_name(name), inline=False)}
    return Response(text, mimetype="text/csv", headers=headers)


# Access


@pages.route("/classes/<cohort_code>/access", methods=["GET", "POST"])
@requires("people.invite")
def access(cohort_code: str) -> ResponseReturnValue:
    """Who gets a new link and code; sent, the slips, which are shown this once."""
    everybody = people_of(here())
    reasons = reasons_not_to_invite(me(), everybody, here())
    if request.method == "POST":
        wanted = set(request.form.getlist("person"))
        chosen = [p for p in everybody if str(p.id) in wanted and p.id not in reasons]
        if chosen:
            handouts = issue_access(chosen, by=me(), institution=here().host)
            db.session.commit()
            return page("slips", slips=slips_for(here(), handouts))
        flash(_("Choose at least one person."), "warn")
        return redirect(url_for("cohorts.access", cohort_code=here().code))
    return page("access", **_choice(everybody, reasons))


def _choice(everybody: list[User], reasons: dict[int, str]) -> dict[str, Any]:
    """People to choose from. From the start those who cannot get in, or as the link says."""
    match (request.args.get("choose"), request.args.get("only", type=row_id)):
        case ("all", None):
            first = {person.id for person in everybody}
        case ("none", None):
            first = set()
        case (_, None):
            first = {person.id for person in without_access(everybody)}
        case (_, user_id):
            first = {user_id}
    staff = {entry.user_id for entry in here().staff}
    return {
        "choices": [p for p in everybody if p.id not in reasons],
        "refused": [p for p in everybody if p.id in reasons],
        "reasons": reasons,
        "chosen": first - reasons.keys(),
        "holding": with_open_access([p.id for p in everybody]),
        "staff": staff,
        "days": ACCESS_DAYS,
    }
