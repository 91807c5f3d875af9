"""What a person sees when a page fails: of a plugin, which feature it was, and that the rest works.

The fault is counted as the plugin's, as any other of its failures.
"""

from flask import Flask, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import InternalServerError

from core.errors import WayOut, error_page
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.engine import engine


def _failed_page(error: InternalServerError) -> ResponseReturnValue:
    endpoint = request.endpoint or ""
    plugin = engine().guard.plugin_of(endpoint)
    if plugin is None:
        return error_page(500)
    engine().failed(plugin, f"page {endpoint}", error.original_exception, trace=False)
    text = _(
        "“%(title)s” failed while it made this page. Everything else goes on working. Your last "
        "change may not have been saved. Try again; if it repeats, tell the committee.",
        title=title_of(engine(), plugin),
    )
    return error_page(500, text, _way_out())


def _way_out() -> WayOut | None:
    """Back to the class that the page belongs to; without one the home page is the way."""
    code = (request.view_args or {}).get("cohort_code")
    return WayOut(url_for("cohorts.learn", cohort_code=code), _("To the class")) if code else None


def init_page_faults(app: Flask) -> None:
    """Takes the place of core's own page about the unexpected."""
    app.register_error_handler(InternalServerError, _failed_page)
