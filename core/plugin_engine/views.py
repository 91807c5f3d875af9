"""The plugin catalogue of an institution: see, choose, weigh what follows, decide."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from core.courses.forms import one_line
from core.db import db
from core.errors import DomainError
from core.institutions.models import Institution, lineage_of
from core.institutions.queries import ancestors, count_below, places_of, tops
from core.people.access import can, paths_where, roles_to_give
from core.plugin_engine.about import (
    Brought,
    brought_by,
    failures_by_day,
    history_of,
    readme_of,
    work_of,
)  # fmt: skip
from core.plugin_engine.catalogue import (
    Ground,
    cards,
    category_title,
    choices_in,
    divided,
    fields_of,
    ground,
    other_problems,
    select,
)  # fmt: skip
from core.plugin_engine.decisions import Choice, Plan, decide, plan
from core.plugin_engine.engine import contained, engine
from core.plugin_engine.freshness import news
from core.plugin_engine.guard import requires
from core.plugin_engine.impact import along, impacts
from core.plugin_engine.removal import tables_of
from core.plugin_engine.settings import settable

pages = Blueprint("plugins", __name__)
F = TypeVar("F", bound=Callable[..., Any])


def here() -> Institution:
    """The institution that the URL names; the guard has looked it up."""
    institution: Institution = g.scope
    return institution


def page(template: str, **context: Any) -> str:
    way = [i for i in ancestors(here()) if can(current_user, "institutions.view", i)]
    return render_template(f"plugins/{template}.html", institution=here(), way=way, **context)


def installs() -> bool:
    """Whether the person may install for the whole site: the right has to hold at its root."""
    held = paths_where(current_user, "plugins.install")
    return any(len(lineage_of(path)) == 1 for path in held)


def for_site(view: F) -> F:
    """A page of the whole site: the right to install has to hold at the root."""

    @wraps(view)
    def asked(**arguments: Any) -> Any:
        if not installs():
            abort(403)
        return view(**arguments)

    return requires("plugins.install")(cast(F, asked))


def _where_from(choices: Iterable[Choice] = ()) -> str:
    """The page that the choice was made on, with the choices still made: that of one plugin, or
    the catalogue."""
    plugin, kept = request.form.get("page", ""), fields_of(choices)
    if plugin in engine().loaded:
        return url_for("plugins.about", institution_id=here().id, plugin=plugin, **kept)
    return url_for("plugins.catalogue", institution_id=here().id, **kept)


def _kept() -> dict[str, Choice]:
    """Plugin → the choice that somebody comes back with from a review; nothing of it is saved."""
    return {choice.plugin: choice for choice in choices_in(engine(), request.args)}


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
    found, may_install = cards(engine(), here()), installs()
    shown, absent = divided(found, may_install=may_install)
    words = {name: one_line(request.args.get(name))[:100] for name in ("q", "state", "category")}
    selected = select(shown, words["q"], words["state"], words["category"])
    return page(
        "catalogue",
        selected=selected,
        search=words["q"],
        category_title=category_title,
        below=count_below(here()),
        problems=other_problems(engine(), found),
        absent=[card for card in absent if card.fits(words["q"])],
        kept=_kept(),
        may_install=may_install,
        news=news(engine()) if may_install else {},
        settable=settable(here()),
    )


@pages.get("/institutions/<int:institution_id>/plugins/<plugin>")
@requires("plugins.manage")
def about(institution_id: int, plugin: str) -> ResponseReturnValue:
    """Everything about one plugin that somebody who decides about it may know."""
    found = ground(engine(), here())
    if plugin not in found.names():
        abort(404)
    manifest = engine().manifests.get(plugin)
    may_install = installs()
    fresh = news(engine()) if may_install else {}
    return page(
        "about",
        card=found.card(plugin),
        kept=_kept(),
        news=fresh.get(plugin),
        manifest=manifest,
        installed=found.snapshot.installed.get(plugin, ""),
        readme=readme_of(manifest),
        brought=_brought(plugin, found),
        work=work_of(plugin),
        failures=failures_by_day(plugin),
        history=history_of(plugin, found.known),
        may_give=[role.name for role in roles_to_give(current_user, here())],
        tables=tables_of(db.session.connection(), plugin) if may_install else (),
        below=count_below(here()),
        may_install=may_install,
        settable=plugin in settable(here()),
    )


def _brought(plugin: str, found: Ground) -> Brought | None:
    """None where the plugin is not loaded, or fails while it tells."""
    if plugin not in engine().loaded:
        return None
    active = plugin in found.active
    return contained(plugin, "about", lambda: brought_by(engine(), plugin, here(), active=active))


@pages.route("/institutions/<int:institution_id>/plugins/review", methods=["GET", "POST"])
@requires("plugins.manage")
def review(institution_id: int) -> ResponseReturnValue:
    """What the choices would change; nothing is changed yet. Without choices, as on a reload
    after the language was changed, it leads back."""
    planned = plan(engine(), here(), choices_in(engine(), request.form))
    if not planned.changes:
        if request.method == "POST":
            flash(_("Nothing was changed: every plugin is as it was."), "info")
        return redirect(_where_from())
    return _reviewed(planned)


def _reviewed(planned: Plan) -> str:
    return page(
        "review",
        impacts=impacts(engine(), here(), planned),
        along=along(engine(), here(), planned),
        refusals=[refusal.message for refusal in planned.refusals],
        below=count_below(here()),
        back=_where_from(change.choice for change in planned.changes if change.asked),
    )


@pages.post("/institutions/<int:institution_id>/plugins/apply")
@requires("plugins.manage")
def apply(institution_id: int) -> ResponseReturnValue:
    """Makes all the choices or none."""
    choices = choices_in(engine(), request.form)
    try:
        made = decide(engine(), here(), choices, by=current_user)
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
        return redirect(_where_from(choices))
    db.session.commit()
    count = len(made.changes)
    flash(ngettext("%(num)d decision was saved.", "%(num)d decisions were saved.", count), "ok")
    return redirect(_where_from())
