"""Has a webhook that answers GET as well, where nothing asks for the token of a form."""

from flask import Blueprint

from core.api import hookimpl, webhook

pages = Blueprint("greedy_webhook", __name__, url_prefix="/greedy_webhook")


@pages.route("/intake", methods=["GET", "POST"])
@webhook
def intake():
    return "taken"


@hookimpl
def blueprints():
    return [pages]
