"""The plugin catalogue of an institution: see, choose, weigh what follows, decide."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from core.courses.forms import one_line
from core.db import db
from core.errors import DomainError
from core.institutions.models import Institution
from core.institutions.queries import ancestors, count_below, places_of, tops
from core.people.access import can, paths_where
from core.plugin_engine.catalogue import (
    ATTENTION,
    Card,
    cards,
    choices_in,
    impacts,
    other_problems,
)  # fmt: skip
from core.plugin_engine.decisions import Plan, decide, plan
from core.plugin_engine.engine import engine
from core.plugin_engine.guard import requires
from core.plugin_engine.settings import settable

pages = Blueprint("plugins", __name__)


def here() -> Institution:
    """The institution that the URL names; the guard has looked it up."""
    institution: Institution = g.scope
    return institution


def page(template: str, **context: Any) -> str:
    way = [i for i in ancestors(here()) if can(current_user, "institutions.view", i)]
    return render_template(f"plugins/{template}.html", institution=here(), way=way, **context)


def _back() -> ResponseReturnValue:
    return redirect(url_for("plugins.catalogue", institution_id=here().id))


@pages.get("/plugins")
@requires("plugins.manage")
def start() -> ResponseReturnValue:
    """To the catalogue of the highest institution that the person decides for, or a choice."""
    found = tops(paths_where(current_user, "plugins.manage"))
    if len(found) == 1:
        return redirect(url_for("plugins.catalogue", institution_id=found[0].id))
    return render_template("plugins/start.html", institutions=found, places=places_of(found))


@pages.get("/institutions/<int:institution_id>/plugins")
@requires("plugins.manage")
def catalogue(institution_id: int) -> ResponseReturnValue:
    found = cards(engine(), here())
    search = one_line(request.args.get("q"))[:100]
    shown = [card for card in found if card.fits(search)]
    state = request.args.get("state", "")
    groups = _groups(shown)
    return page(
        "catalogue",
        cards=groups.get(state, shown),
        groups={"": shown, **groups},
        state=state if state in groups else "",
        search=search,
        below=count_below(here()),
        problems=other_problems(engine()),
        settable=settable(here()),
        may_install=can(current_user, "plugins.install"),
    )


def _groups(found: list[Card]) -> dict[str, list[Card]]:
    """By the filter's words; a plugin may stand in two of them."""
    return {
        "active": [card for card in found if card.state == "active"],
        "inactive": [card for card in found if card.state == "inactive"],
        "attention": [card for card in found if card.state in ATTENTION],
        "locked": [card for card in found if card.holder],
    }


@pages.route("/institutions/<int:institution_id>/plugins/review", methods=["GET", "POST"])
@requires("plugins.manage")
def review(institution_id: int) -> ResponseReturnValue:
    """What the choices would change; nothing is changed yet. Without choices, as on a reload
    after the language was changed, it leads back."""
    planned = plan(engine(), here(), choices_in(engine(), request.form))
    if not planned.changes:
        if request.method == "POST":
            flash(_("Nothing was changed: every plugin is as it was."), "info")
        return _back()
    return _reviewed(planned)


def _reviewed(planned: Plan) -> str:
    return page(
        "review",
        impacts=impacts(engine(), here(), planned.changes),
        refusals=[refusal.message for refusal in planned.refusals],
        below=count_below(here()),
    )


@pages.post("/institutions/<int:institution_id>/plugins/apply")
@requires("plugins.manage")
def apply(institution_id: int) -> ResponseReturnValue:
    """Makes all the choices or none."""
    try:
        made = decide(engine(), here(), choices_in(engine(), request.form), by=current_user)
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
        return _back()
    db.session.commit()
    count = len(made.changes)
    flash(ngettext("%(num)d decision was saved.", "%(num)d decisions were saved.", count), "ok")
    return _back()
