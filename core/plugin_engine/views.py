"""The plugin catalogue of an institution."""

from flask import Blueprint

pages = Blueprint("plugins", __name__)
