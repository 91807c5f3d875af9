"""What the staff's pages of a class share: the class, the reader, a page, the way back."""

from typing import Any

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.cohorts.models import Cohort
from core.people.access import can
from core.people.models import User
from core.plugin_engine.form_parts import FormParts

A_PAGE = 100


def here() -> Cohort:
    """The class that the URL names; the guard has looked it up."""
    cohort: Cohort = g.scope
    return cohort


def me() -> User:
    user: User = current_user._get_current_object()
    return user


def page(template: str, **context: Any) -> str:
    """A page of the class, with `may(permission)` for what the reader can do in it."""
    return render_template(
        f"cohorts/manage/{template}.html",
        cohort=here(),
        may=lambda permission: can(current_user, permission, here()),
        **context,
    )


def user_parts(person: User | None = None) -> FormParts:
    """What plugins ask about a person, or about a new one, in this class."""
    return FormParts("user_form_parts", here().host, user=person, cohort=here(), by=me())


def back_to(endpoint: str, **arguments: Any) -> ResponseReturnValue:
    return redirect(url_for(endpoint, cohort_code=here().code, **arguments))
