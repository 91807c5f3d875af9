"""The blueprint that the pages for staff and participants share."""

from flask import Blueprint

pages = Blueprint("attendance", __name__, url_prefix="/attendance", template_folder="templates")
