"""Pages of institutions."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from core.plugin_engine.guard import requires, signed_in

pages = Blueprint("institutions", __name__)
