"""Pages of institutions: the tree, its names, and who holds which role where."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from core.cohorts.queries import hosted_by
from core.courses.forms import one_line
from core.db import db
from core.errors import DomainError
from core.forms import ZONES
from core.institutions import queries
from core.institutions.forms import KIND_NAMES, GiveRoleForm, InstitutionForm
from core.institutions.models import Institution
from core.institutions.queries import Mark
from core.institutions.services import change_institution, create_institution
from core.people.access import (
    can,
    institutions_where,
    paths_where,
    role_summary,
    role_title,
)
from core.people.models import Grant, User
from core.people.queries import by_sign_in_name, grants_in
from core.people.services import doubts_about_taking, grant_role, take_role
from core.plugin_engine.form_parts import FormParts, undo
from core.plugin_engine.guard import requires

pages = Blueprint("institutions", __name__)
CLASSES_SHOWN = 10


def here() -> Institution:
    """The institution that the URL names; the guard has looked it up."""
    institution: Institution = g.scope
    return institution


def page(template: str, **context: Any) -> str:
    """A page of the institution, with `may(permission)` for what the reader can do there."""
    institution = here()
    way = [i for i in queries.ancestors(institution) if can(current_user, "institutions.view", i)]
    return render_template(
        f"institutions/{template}.html",
        institution=institution,
        way=way,
        kinds=KIND_NAMES,
        zones=dict(ZONES),
        may=lambda permission: can(current_user, permission, institution),
        **context,
    )


def _mark(text: str) -> Mark | None:
    """The last one shown, as the link to more names it: "dinas perpustakaan~12"."""
    key, _tilde, number = text.rpartition("~")
    return (one_line(key), int(number)) if number.isdecimal() and len(number) < 19 else None


def _more(mark: Mark | None, endpoint: str, **arguments: Any) -> str | None:
    return url_for(endpoint, after=f"{mark[0]}~{mark[1]}", **arguments) if mark else None


@pages.get("/institutions")
@requires("institutions.view")
def listing() -> ResponseReturnValue:
    """The highest institutions that the person may see, or all of them that a name fits."""
    search = one_line(request.args.get("q"))[:100]
    mark = None
    if search:
        seen = institutions_where(current_user, "institutions.view")
        found, mark = queries.page_of(
            sa.and_(seen, queries.called(search)), after=_mark(request.args.get("after", ""))
        )
    else:
        found = queries.tops(paths_where(current_user, "institutions.view"))
    return render_template(
        "institutions/listing.html",
        institutions=found,
        places=queries.places_of(found),
        kinds=KIND_NAMES,
        search=search,
        more_url=_more(mark, "institutions.listing", q=search),
    )


@pages.get("/institutions/<int:institution_id>")
@requires("institutions.view")
def show(institution_id: int) -> ResponseReturnValue:
    institution = here()
    children, mark = queries.page_of(
        Institution.parent_id == institution.id, after=_mark(request.args.get("after", ""))
    )
    classes = can(current_user, "cohorts.view", institution)
    return page(
        "show",
        children=children,
        below=queries.count_below(institution),
        more_url=_more(mark, "institutions.show", institution_id=institution.id),
        places=queries.places_of([institution])[institution.id],
        grants=grants_in(institution.id)
        if can(current_user, "grants.manage", institution)
        else None,
        classes=hosted_by(institution, limit=CLASSES_SHOWN) if classes else None,
        role_title=role_title,
    )


@pages.route("/institutions/<int:institution_id>/new", methods=["GET", "POST"])
@requires("institutions.manage")
def new(institution_id: int) -> ResponseReturnValue:
    """A new institution below this one."""
    form = InstitutionForm.below(here())
    parts = FormParts("institution_form_parts", here(), institution=None, parent=here())
    if form.is_submitted() and parts.validate_with(form):
        try:
            made = create_institution(parent=here(), by=current_user, **form.fields())
            parts.save(made)
        except DomainError as refused:
            undo(form, refused)
        else:
            db.session.commit()
            flash(_("%(name)s was added.", name=made.name), "ok")
            return redirect(url_for("institutions.show", institution_id=made.id))
    return page("form", form=form, added=parts.shown(), is_new=True)


@pages.route("/institutions/<int:institution_id>/edit", methods=["GET", "POST"])
@requires("institutions.manage")
def edit(institution_id: int) -> ResponseReturnValue:
    form = InstitutionForm.of(here())
    parts = FormParts("institution_form_parts", here(), institution=here(), parent=here().parent)
    if form.is_submitted() and parts.validate_with(form):
        try:
            change_institution(here(), by=current_user, **form.fields())
            parts.save(here())
        except DomainError as refused:
            undo(form, refused)
        else:
            db.session.commit()
            flash(_("Saved."), "ok")
            return redirect(url_for("institutions.show", institution_id=institution_id))
    return page("form", form=form, added=parts.shown(), is_new=False)


# Roles


@pages.route("/institutions/<int:institution_id>/roles", methods=["GET", "POST"])
@requires("grants.manage")
def roles(institution_id: int) -> ResponseReturnValue:
    """Who holds which role here; gives one to a person named exactly."""
    form = GiveRoleForm.at(here(), by=current_user)
    if form.validate_on_submit() and (person := _named(form)):
        grant_role(person, form.role.data, here(), by=current_user)
        db.session.commit()
        role = role_title(form.role.data)
        flash(_("%(name)s is now %(role)s.", name=person.display_name, role=role), "ok")
        return redirect(url_for("institutions.roles", institution_id=institution_id))
    return page(
        "roles",
        form=form,
        grants=grants_in(institution_id),
        role_title=role_title,
        role_summary=role_summary,
    )


def _named(form: GiveRoleForm) -> User | None:
    """The one person that the form names; else the form says what is wrong."""
    found = by_sign_in_name(one_line(form.person.data))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{user.display_name} ({user.number})" for user in found)
        form.person.errors = [_("Shared by %(names)s. Use the number of one of them.", names=names)]
    else:
        form.person.errors = [_("Nobody signs in with this. Check it, or use the number.")]
    return None


@pages.route(
    "/institutions/<int:institution_id>/roles/<int:grant_id>/take", methods=["GET", "POST"]
)
@requires("grants.manage")
def take(institution_id: int, grant_id: int) -> ResponseReturnValue:
    """Takes a role away; asks once more where it is the own one, or the last of its kind."""
    query = sa.select(Grant).filter_by(id=grant_id, institution_id=institution_id)
    grant = db.session.scalar(query) or abort(404)
    name, role = grant.user.display_name, role_title(grant.role)
    try:
        doubts = doubts_about_taking(grant, by=current_user)
        if request.method == "GET" or (doubts and "sure" not in request.form):
            return page("take", grant=grant, name=name, role=role, doubts=doubts)
        take_role(grant, by=current_user)
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
    else:
        db.session.commit()
        flash(_("%(name)s is no longer %(role)s here.", name=name, role=role), "ok")
    if not can(current_user, "grants.manage", here()):
        return redirect(url_for("people.home"))
    return redirect(url_for("institutions.roles", institution_id=institution_id))
