"""Slots: named places of core's pages where plugins show panels.

`{{ slot("cohort_panels", institution, cohort=cohort, user=user) }}` in a template; one
failing panel leaves the page whole.
"""

from typing import Any

from flask import Flask, render_template
from markupsafe import Markup

from core.institutions.models import Institution
from core.plugin_engine.engine import engine


def slot(hook: str, institution: Institution | None, **arguments: Any) -> Markup:
    """The rendered panels of a slot, in order of weight and plugin."""
    rendered = []
    for plugin, panel in engine().collected(hook, institution, **arguments):
        with engine().contained(plugin, f"a panel of {hook}"):
            rendered.append(Markup(render_template(panel.template, **panel.context)))  # noqa: S704 -- autoescaped by the template
    return Markup("\n").join(rendered)


def init_slots(app: Flask) -> None:
    app.jinja_env.globals["slot"] = slot
