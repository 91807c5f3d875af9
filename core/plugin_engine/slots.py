"""Slots: named places of core's pages where plugins show panels.

`{{ slot("cohort_panels", institution, cohort=cohort, user=user) }}` in a template; one
failing panel leaves the page whole.
"""

from functools import partial
from typing import Any

from flask import Flask, render_template
from markupsafe import Markup

from core.plugin_engine.contributions import Panel
from core.plugin_engine.engine import FAILED, Where, engine


def slot(hook: str, where: Where, /, **arguments: Any) -> Markup:
    """The rendered panels of a slot, in order of weight and plugin."""
    found = engine()
    rendered = [
        found.attempt(plugin, f"a panel of {hook}", partial(_rendered, panel))
        for plugin, panel in found.collected(hook, where, **arguments)
    ]
    return Markup("\n").join(text for text in rendered if text is not FAILED)


def _rendered(panel: Panel) -> Markup:
    return Markup(render_template(panel.template, **panel.context))  # noqa: S704 -- autoescaped by the template


def init_slots(app: Flask) -> None:
    app.jinja_env.globals["slot"] = slot
