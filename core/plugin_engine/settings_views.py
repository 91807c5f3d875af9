"""The settings of a plugin as a page, for an institution and for a class."""

from typing import Any

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from wtforms import Field, SelectFieldBase
from wtforms.fields.choices import SelectChoice

from core.cohorts.models import Cohort
from core.db import db
from core.errors import DomainError
from core.plugin_engine import settings
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.contributions import Level
from core.plugin_engine.engine import engine
from core.plugin_engine.guard import requires
from core.plugin_engine.settings import Held, Place
from core.plugin_engine.views import page, pages


@pages.route(
    "/institutions/<int:institution_id>/plugins/<plugin>/settings", methods=["GET", "POST"]
)
@requires("plugins.manage")
def settings_here(institution_id: int, plugin: str) -> ResponseReturnValue:
    """What an institution sets for itself and everything below it."""
    form = _form(plugin, "institution")
    if form.is_submitted() and _saved(plugin, form):
        return redirect(url_for("plugins.catalogue", institution_id=institution_id))
    return page("settings", form=form, title=title_of(engine(), plugin))


@pages.route("/classes/<cohort_code>/plugins/<plugin>/settings", methods=["GET", "POST"])
@requires("cohorts.manage")
def cohort_settings(cohort_code: str, plugin: str) -> ResponseReturnValue:
    """What one class does otherwise than its host."""
    form = _form(plugin, "cohort")
    if form.is_submitted() and _saved(plugin, form):
        return redirect(url_for("cohorts.manage", cohort_code=cohort_code))
    return render_template(
        "plugins/cohort_settings.html", cohort=g.scope, form=form, title=title_of(engine(), plugin)
    )


def _form(plugin: str, level: Level) -> Any:
    """Filled with the place's own values; each field says what leaving it empty yields."""
    if plugin not in settings.settable(g.scope, level):
        abort(404)
    form = engine().settings[plugin].form(data=_empty(plugin) | _own(plugin))
    for name, held in settings.above(plugin, g.scope).items():
        _say_what_holds(form[name], held)
    for name in engine().settings[plugin].own:
        _say_whose(form[name])
    return form


def _own(plugin: str) -> dict[str, Any]:
    return dict(settings.own_values(plugin, g.scope))


def _empty(plugin: str) -> dict[str, Any]:
    """A default is what holds elsewhere, not what stands in the field."""
    return dict.fromkeys(settings.defaults_of(plugin), None)


def _say_what_holds(field: Field, held: Held) -> None:
    if isinstance(field, SelectFieldBase):
        labels = {str(value): label for value, label, *_rest in field.iter_choices()}
        shown = labels.get(str(held.value), held.value)
        follow = _("Follow %(source)s: %(value)s", source=_name(held.source), value=shown)
        field.choices = [SelectChoice("", follow), *field.choices]
        field.data = field.data or ""
        return
    shown = _("nothing") if held.value == "" else held.value
    text = _("Left empty: %(value)s, as for %(source)s.", value=shown, source=_name(held.source))
    field.description = f"{field.description} {text}".strip()


def _say_whose(field: Field) -> None:
    """A field that is not inherited; an empty choice is then the default."""
    if isinstance(field, SelectFieldBase):
        field.data = field.data or field.default
    text = _("Only for %(name)s itself: it is not passed on.", name=_name(g.scope))
    field.description = f"{field.description} {text}".strip()


def _name(source: Place | None) -> str:
    if source is None:
        return str(_("everybody"))
    return source.code if isinstance(source, Cohort) else source.short_name


def _saved(plugin: str, form: Any) -> bool:
    if not form.validate():
        return False
    values = {name: form[name].data for name in settings.defaults_of(plugin)}
    try:
        settings.change_settings(plugin, g.scope, values, by=current_user)
    except DomainError as refused:
        db.session.rollback()
        form.form_errors.append(refused.message)
        return False
    db.session.commit()
    flash(_("Saved."), "ok")
    return True
