"""The blueprint of all pages of this plugin."""

from flask import Blueprint

pages = Blueprint("monitoring", __name__, url_prefix="/monitoring", template_folder="templates")
