"""Has a view without an access rule."""

from flask import Blueprint

from core.api import hookimpl

pages = Blueprint("greedy_view", __name__, url_prefix="/greedy_view")


@pages.get("/page")
def page():
    return "secret"


@hookimpl
def blueprints():
    return [pages]
