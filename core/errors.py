"""Refusals that a person can act on, and the pages that say so.

A service raises a `DomainError` that carries its sentence; `init_errors` shows it.
Nothing here decides anything about the domain.
"""

import logging
from dataclasses import dataclass

from flask import Flask, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

log = logging.getLogger(__name__)


class DomainError(Exception):
    """A rule said no. `message` is a sentence in the reader's language."""

    status = 409

    @property
    def message(self) -> str:
        return str(self)


class Busy(DomainError):
    """Somebody else installs, removes or migrates, or a table is in use for long."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The database is busy, perhaps with another installation. Nothing was changed; "
                "try again in a minute."
            )
        )


@dataclass(frozen=True)
class ErrorText:
    title: str
    text: str


def _texts(code: int) -> ErrorText:
    known = {
        400: ErrorText(
            _("This request is not complete"),
            _("Go back, check the form and send it again."),
        ),
        403: ErrorText(
            _("You do not have access to this page"),
            _("If you need it, ask the committee of your class or your institution's admin."),
        ),
        404: ErrorText(
            _("Page not found"),
            _("Check the address, or start again from the home page."),
        ),
        409: ErrorText(_("This cannot be done now"), ""),
        410: ErrorText(_("This page is gone"), _("Start again from the home page.")),
        413: ErrorText(
            _("The file is too large"),
            _("Choose a smaller file and try again. Nothing was saved."),
        ),
        429: ErrorText(
            _("Too many attempts"),
            _("Wait one minute, then try again."),
        ),
        503: ErrorText(_("Under maintenance"), _("Try again in a few minutes.")),
    }
    fallback = ErrorText(
        _("Something went wrong on our side"),
        _(
            "Your last change may not have been saved. "
            "Try again; if it repeats, tell the committee."
        ),
    )
    return known.get(code, fallback)


def wants_json() -> bool:
    """A script of ours, or another system that sends to a webhook."""
    return bool(g.get("webhook")) or request.accept_mimetypes.best == "application/json"


@dataclass(frozen=True)
class WayOut:
    """Where an error page leads."""

    url: str
    label: str


def error_page(
    code: int, text: str | None = None, way_out: WayOut | None = None
) -> ResponseReturnValue:
    way_out = way_out or WayOut("/", _("Home"))
    words = _texts(code)
    if wants_json():
        return jsonify(error=text or f"{words.title}. {words.text}"), code
    context = {
        "code": code,
        "title": words.title,
        "text": text or words.text,
        "action_url": way_out.url,
        "action_label": way_out.label,
    }
    try:
        return render_template("errors/error.html", **context), code
    except SQLAlchemyError:
        # The database is what failed: the page is made for nobody in particular.
        g._login_user = AnonymousUserMixin()
        return render_template("errors/error.html", **context), code


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    institution = getattr(error, "institution", None)  # of a plugin's page that is disabled there
    if institution is None:
        return error_page(error.code)
    reason = _(
        "This feature is disabled for %(name)s at the moment. What you did is kept.",
        name=institution.name,
    )
    return error_page(error.code, reason)


def _domain_error(error: DomainError) -> ResponseReturnValue:
    return error_page(error.status, error.message)


def _csrf_error(error: CSRFError) -> ResponseReturnValue:
    if wants_json():
        return jsonify(error=_("The page has expired. Reload it.")), 400
    flash(
        _("The page had expired. Nothing was lost on our side; please send the form again."), "warn"
    )
    same_page = (
        request.referrer
        if request.referrer and request.referrer.startswith(request.host_url)
        else None
    )
    return redirect(same_page or url_for("people.home"))


def _unexpected(error: InternalServerError) -> ResponseReturnValue:
    return error_page(500)


def init_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(InternalServerError, _unexpected)
