"""The settings of a plugin as a page, for the site, an institution, a course and a class."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from wtforms import Field, SelectFieldBase
from wtforms.fields.choices import SelectChoice

from core.cohorts.models import Cohort
from core.courses.models import Course
from core.db import db
from core.errors import DomainError
from core.formatting import date_long
from core.forms import SecretField
from core.institutions.models import Institution
from core.plugin_engine import settings
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.engine import engine
from core.plugin_engine.guard import requires
from core.plugin_engine.secret_settings import SecretState, secret_states
from core.plugin_engine.settings import SITE, Held, Place
from core.plugin_engine.views import for_site, page, pages

F = TypeVar("F", bound=Callable[..., ResponseReturnValue])


class SettingsFailed(DomainError):
    def __init__(self, plugin: str) -> None:
        text = _(
            "The settings of “%(title)s” failed, and nothing was saved. "
            "Tell the operator of this site.",
            title=title_of(engine(), plugin),
        )
        super().__init__(text)


def _of_a_plugin(view: F) -> F:
    """Around a page of core that is made of a plugin's form: its fault is the plugin's."""

    @wraps(view)
    def contained(plugin: str, **arguments: Any) -> ResponseReturnValue:
        try:
            return view(plugin=plugin, **arguments)
        except (HTTPException, DomainError):
            raise
        except Exception as error:
            db.session.rollback()
            engine().failed(plugin, "its settings", error)
            raise SettingsFailed(plugin) from error

    return contained  # type: ignore[return-value]


@pages.route("/plugins/site/<plugin>", methods=["GET", "POST"])
@for_site
@_of_a_plugin
def site_settings(plugin: str) -> ResponseReturnValue:
    """What holds for every institution that has not decided otherwise."""
    shown = partial(render_template, "plugins/site_settings.html")
    return _asked(plugin, SITE, shown, url_for("plugins.site"))


@pages.route(
    "/institutions/<int:institution_id>/plugins/<plugin>/settings", methods=["GET", "POST"]
)
@requires("plugins.manage")
@_of_a_plugin
def settings_here(institution_id: int, plugin: str) -> ResponseReturnValue:
    """What an institution sets for itself and everything below it."""
    back = url_for("plugins.catalogue", institution_id=institution_id)
    return _asked(plugin, g.scope, partial(page, "settings"), back)


@pages.route("/courses/<int:course_id>/plugins/<plugin>/settings", methods=["GET", "POST"])
@requires("courses.author")
@_of_a_plugin
def course_settings(course_id: int, plugin: str) -> ResponseReturnValue:
    """What the author of a course chooses for all its classes."""
    shown = partial(render_template, "plugins/course_settings.html", course=g.scope)
    return _asked(plugin, g.scope, shown, url_for("courses.settings", course_id=course_id))


@pages.route("/classes/<cohort_code>/plugins/<plugin>/settings", methods=["GET", "POST"])
@requires("cohorts.manage")
@_of_a_plugin
def cohort_settings(cohort_code: str, plugin: str) -> ResponseReturnValue:
    """What one class does otherwise than its course and its host."""
    shown = partial(render_template, "plugins/cohort_settings.html", cohort=g.scope)
    return _asked(plugin, g.scope, shown, url_for("cohorts.manage", cohort_code=cohort_code))


def _asked(plugin: str, place: Place, shown: Callable[..., str], back: str) -> ResponseReturnValue:
    """The form of a place, or the way back once it is saved."""
    form = _form(plugin, place)
    if form.is_submitted() and _saved(plugin, place, form):
        return redirect(back)
    return shown(form=form, title=title_of(engine(), plugin))


def _form(plugin: str, place: Place) -> Any:
    """Filled with the place's own values; each field says what leaving it empty yields."""
    if plugin not in settings.settable(place):
        abort(404)
    brought = engine().settings[plugin]
    form = brought.form(data=_empty(plugin) | dict(settings.own_values(plugin, place)))
    for name in settings.defaults_of(plugin).keys() | settings.secrets_in(plugin):
        if settings.level_of(place) not in brought.levels_of(name):
            del form[name]
    for name, held in settings.above(plugin, place).items():
        if name in form:
            _say_what_holds(form[name], held, place)
    states = secret_states(plugin, place)
    for name in settings.secrets_in(plugin):
        if name in form:
            _say_whether_set(form[name], states.get(name), place)
    for name in brought.own:
        if name in form:
            _say_whose(form[name], place)
    return form


def _empty(plugin: str) -> dict[str, Any]:
    """A default is what holds elsewhere, not what stands in the field."""
    return dict.fromkeys(settings.defaults_of(plugin), None)


def _say_what_holds(field: Field, held: Held, place: Place) -> None:
    if isinstance(field, SelectFieldBase):
        labels = {str(value): label for value, label, *_rest in field.iter_choices()}
        follow = _follow(labels.get(str(held.value), held.value), held, place)
        field.choices = [SelectChoice("", follow), *field.choices]
        field.data = field.data or ""
        return
    text = _left_empty(_("nothing") if held.value == "" else held.value, held, place)
    field.description = f"{field.description} {text}".strip()


def _follow(shown: Any, held: Held, place: Place) -> Any:
    """Each class of a course follows its own host; what its owner has is an example."""
    if isinstance(place, Course):
        own = place.institution.short_name
        return _("Follow the host of the class; %(name)s: %(value)s", name=own, value=shown)
    if place == SITE:
        return _("Usual: %(value)s", value=shown)
    return _("Follow %(source)s: %(value)s", source=_name(held.source), value=shown)


def _left_empty(shown: Any, held: Held, place: Place) -> Any:
    """The same in a sentence."""
    if isinstance(place, Course):
        own = place.institution.short_name
        return _("Left empty: as for the host of the class; for %(name)s that is %(value)s.",
                 name=own, value=shown)  # fmt: skip
    if place == SITE:
        return _("Left empty: %(value)s.", value=shown)
    source = _name(held.source)
    return _("Left empty: %(value)s, as for %(source)s.", value=shown, source=source)


def _say_whether_set(field: SecretField, state: SecretState | None, place: Place) -> None:
    """A secret is never shown: only whether there is one, whose and since when."""
    if state is None:
        text = _("Not set.")
    elif state.source == place:
        field.is_set = True
        text = _since(state)
    else:
        source = _name(state.source)
        text = _("Not set here: that of %(source)s holds.", source=source) + f" {_since(state)}"
    field.description = f"{field.description} {text}".strip()


def _since(state: SecretState) -> str:
    if state.at is None:
        return str(_("It cannot be read, because the SECRET_KEY of this site has changed. Enter it"
                     " again."))  # fmt: skip
    day = date_long(state.at, current_user.timezone)
    return str(_("Set on %(date)s; what you write here replaces it.", date=day))


def _say_whose(field: Field, place: Place) -> None:
    """A field that is not inherited; an empty choice is then the default."""
    if isinstance(field, SelectFieldBase):
        field.data = field.data or field.default
    text = _("Only for %(name)s itself: it is not passed on.", name=_name(place))
    field.description = f"{field.description} {text}".strip()


def _name(source: Place | None) -> str:
    if source is None:
        return str(_("everybody"))
    if isinstance(source, Institution):
        return source.short_name
    return source.code if isinstance(source, Course | Cohort) else str(_("the site"))


def _saved(plugin: str, place: Place, form: Any) -> bool:
    if not form.validate():
        return False
    values = {name: form[name].data for name in settings.defaults_of(plugin) if name in form}
    fields = [form[name] for name in settings.secrets_in(plugin) if name in form]
    secrets = {field.name: field.data or None for field in fields if field.data or field.cleared}
    try:
        settings.change_settings(plugin, place, values, by=current_user, secrets=secrets)
    except DomainError as refused:
        db.session.rollback()
        form.form_errors.append(refused.message)
        return False
    db.session.commit()
    flash(_("Saved."), "ok")
    return True
