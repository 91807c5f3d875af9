"""The particulars of a class, the own letter, and what can be chosen on the whole site."""

from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from core.api import (
    Cohort,
    DomainError,
    User,
    can,
    csv_answer,
    db,
    enrolment_of,
    participants,
    requires,
    signed_in,
    xlsx_answer,
)
from plugins.particulars import queries, services, tables
from plugins.particulars.blueprint import pages
from plugins.particulars.forms import KINDS, DatedForm, EntryForm, NewEntryForm
from plugins.particulars.models import Letter

OF_CLASS = "/classes/<cohort_code>"
A_PAGE = 100


def _here() -> Cohort:
    cohort: Cohort = g.scope
    return cohort


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


# A class


@pages.get(OF_CLASS)
@requires("particulars.view")
def of_class(cohort_code: str) -> ResponseReturnValue:
    found = participants(_here(), after=_last_shown(), limit=A_PAGE + 1)
    shown, more = found[:A_PAGE], None
    if len(found) > A_PAGE:
        more = url_for("particulars.of_class", cohort_code=cohort_code, after=shown[-1].id)
    return render_template(
        "particulars/of_class.html",
        cohort=_here(),
        rows=queries.rows(shown),
        may_edit=can(current_user, "particulars.edit", _here()),
        more_url=more,
    )


def _last_shown() -> tuple[str, int] | None:
    """The key of the last one on the page before; its name stays out of the address."""
    last = request.args.get("after", type=int)
    found = queries.enrolment_in(_here(), last) if last else None
    return (found.user.name_key, found.id) if found else None


@pages.get(f"{OF_CLASS}/particulars.csv")
@requires("particulars.view")
def class_csv(cohort_code: str) -> ResponseReturnValue:
    return csv_answer(tables.table(tables.of_class(_here())), _file_name())


@pages.get(f"{OF_CLASS}/particulars.xlsx")
@requires("particulars.view")
def class_xlsx(cohort_code: str) -> ResponseReturnValue:
    rows = tables.table(tables.of_class(_here()))
    return xlsx_answer(rows, _file_name(), sheet=_("Official particulars"))


def _file_name() -> str:
    return f"{_here().code}-particulars"


@pages.route(f"{OF_CLASS}/letter", methods=["GET", "POST"])
@signed_in
def own_letter(cohort_code: str) -> ResponseReturnValue:
    """The letter by which the participant was sent; only the own one."""
    enrolment = enrolment_of(current_user, _here())
    if enrolment is None or enrolment.status != "confirmed":
        abort(404)
    form = DatedForm(obj=Letter.of(enrolment))
    if form.validate_on_submit():
        services.set_letter(enrolment, by=_me(), **form.values())
        db.session.commit()
        flash(_("Saved."), "ok")
        return redirect(url_for("cohorts.learn", cohort_code=cohort_code))
    return render_template("particulars/own_letter.html", cohort=_here(), form=form)


# What can be chosen


@pages.route("/entries", methods=["GET", "POST"])
@requires("particulars.manage")
def entries() -> ResponseReturnValue:
    form = NewEntryForm()
    if form.validate_on_submit():
        fields: dict[str, Any] = {name: form[name].data or "" for name in ("kind", "code", "title")}
        try:
            services.add_entry(**fields, by=_me())
        except DomainError as refused:
            db.session.rollback()
            form.code.errors = [refused.message]
        else:
            db.session.commit()
            flash(_("%(code)s can be chosen now.", code=form.code.data), "ok")
            return redirect(url_for("particulars.entries"))
    found = [(kind, title, queries.entries(kind), queries.choosers(kind)) for kind, title in KINDS]
    return render_template("particulars/entries.html", form=form, kinds=found)


@pages.route("/entries/<int:entry_id>", methods=["GET", "POST"])
@requires("particulars.manage")
def entry(entry_id: int) -> ResponseReturnValue:
    found = (queries.entry(entry_id) if entry_id < 2**63 else None) or abort(404)
    form = EntryForm(obj=found)
    if form.validate_on_submit():
        services.change_entry(
            found, title=form.title.data or "", offered=form.offered.data, by=_me()
        )
        db.session.commit()
        flash(_("Saved."), "ok")
        return redirect(url_for("particulars.entries"))
    return render_template("particulars/entry.html", form=form, entry=found)
