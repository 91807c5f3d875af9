"""Accounts on Flask-Security: password hashing, sign-in, sessions that a new password ends.

Its ready-made pages are off: our people sign in with e-mail, phone or number, and often
without any of these of their own. Roles are grants, not Flask-Security's.
"""

from typing import Any

from flask import Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security import Security, SQLAlchemyUserDatastore

from core.db import db
from core.people.models import User


class NoRole:
    """Stands where Flask-Security wants a role model; grants do that work here."""


def init_accounts(app: Flask) -> None:
    app.config.update(
        SECURITY_REGISTER_BLUEPRINT=False,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 -- the name of a scheme
        SECURITY_PASSWORD_SALT=app.config["SECRET_KEY"],
        SECURITY_PASSWORD_LENGTH_MIN=8,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_TRACKABLE=False,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        SECURITY_DEFAULT_REMEMBER_ME=True,
        SECURITY_ANONYMOUS_USER_DISABLED=False,
    )
    datastore: Any = SQLAlchemyUserDatastore(db, User, NoRole)
    security = Security(app, datastore, register_blueprint=False)
    # Its roles are not used: without this every request, static files too, would load the user.
    security.principal.identity_loaders.clear()
    app.login_manager.unauthorized_handler(_ask_to_sign_in)  # type: ignore[attr-defined]


def _ask_to_sign_in() -> ResponseReturnValue:
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    if target and target != "/":
        flash(_("Please sign in first."), "info")
    return redirect(url_for("people.sign_in", next=target if target != "/" else None))
