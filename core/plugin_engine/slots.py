"""Slots: places of core's pages where plugins show panels.

`{{ slot("cohort_panels", institution, cohort=cohort, user=user) }}` in a template asks a hook;
`{{ page_slot("end") }}` in base.html gives every page its own places. One failing panel leaves
the page whole.
"""

from functools import partial
from typing import Any

from flask import Flask, g, render_template, request
from flask_login import current_user
from markupsafe import Markup

from core.plugin_engine.contributions import PagePanel, Panel, Place
from core.plugin_engine.engine import FAILED, Where, engine
from core.plugin_engine.guard import is_static


def slot(hook: str, where: Where, /, **arguments: Any) -> Markup:
    """The rendered panels of a slot, in order of weight and plugin."""
    found = engine()
    rendered = [
        found.attempt(plugin, f"a panel of {hook}", partial(_rendered, panel))
        for plugin, panel in found.collected(hook, where, **arguments)
    ]
    return Markup("\n").join(text for text in rendered if text is not FAILED)


def page_slot(place: Place) -> Markup:
    """The rendered panels at a place of the page that is shown; without any, nothing is asked."""
    found, page, scope = engine(), request.endpoint or "", g.get("scope")
    brought = [one for one in found.page_panels.get(page, ()) if one[1].place == place]
    if not brought:
        return Markup()
    active = found.active(scope.plugin_institution if scope else None)
    rendered = [
        found.attempt(plugin, f"a panel on {page}", partial(_shown, panel, scope))
        for plugin, panel in brought
        if plugin in active
    ]
    return Markup("\n").join(text for text in rendered if text is not FAILED)


def _shown(brought: PagePanel, scope: Any) -> Markup:
    panel = brought.show(scope, current_user)
    if panel is None:
        return Markup()
    if not isinstance(panel, Panel):
        raise TypeError(f"{panel!r} is neither None nor a Panel")
    return _rendered(panel)


def _rendered(panel: Panel) -> Markup:
    return Markup(render_template(panel.template, **panel.context))  # noqa: S704 -- autoescaped by the template


def pages_of(app: Flask) -> dict[str, str]:
    """Endpoint → path of every page of core; asked before any plugin is loaded."""
    return {
        rule.endpoint: rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and _is_page(rule.endpoint, app)
    }


def _is_page(endpoint: str, app: Flask) -> bool:
    marked = getattr(app.view_functions[endpoint], "bimtek_no_page", False)
    return not (marked or is_static(endpoint))


def init_slots(app: Flask) -> None:
    app.jinja_env.globals.update(slot=slot, page_slot=page_slot)
