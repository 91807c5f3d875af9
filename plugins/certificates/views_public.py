"""Pages for strangers, who check a certificate, and the owner's own file.

They stay where the plugin is disabled: what was issued was promised.
"""

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from core.api import lasting, limiter, now, public, send_stored_file, signed_in
from plugins.certificates import checking, queries
from plugins.certificates.blueprint import pages


@pages.get("/verify")
@public
@lasting
@limiter.limit("30/minute")
def verify() -> ResponseReturnValue:
    """The question, and the answer to a number or code that somebody typed."""
    text = request.args.get("q", "").strip()
    if not text:
        return _page()
    return _answer(checking.check(text), text)


@pages.get("/v/<code>")
@public
@lasting
@limiter.limit("120/minute")
def by_code(code: str) -> ResponseReturnValue:
    """What the QR code on the paper opens."""
    return _answer(checking.check_code(code), code)


def _answer(answers: Sequence[checking.Found], text: str) -> Response:
    return _page(200 if answers else 404, asked=True, answers=answers, text=text[:60])


def _page(status: int = 200, **context: Any) -> Response:
    """Small, without cookies, and nothing for search engines."""
    page = render_template("certificates/verify.html", now=now(), **context)
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@pages.get("/mine/<int:certificate_id>.pdf")
@signed_in
@lasting
def mine(certificate_id: int) -> ResponseReturnValue:
    """The reader's own certificate, as long as it is valid."""
    certificate = queries.own(current_user, certificate_id) or abort(404)
    if certificate.file is None:
        flash(_("The file is still being made. Try again in a minute."), "warn")
        return redirect(url_for("people.home"))
    return send_stored_file(certificate.file)
