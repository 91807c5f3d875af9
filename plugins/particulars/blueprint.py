"""The blueprint of the plugin's pages."""

from flask import Blueprint

pages = Blueprint("particulars", __name__, url_prefix="/particulars", template_folder="templates")
