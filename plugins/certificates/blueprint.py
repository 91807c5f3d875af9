"""The blueprint that the pages for staff, participants and strangers share."""

from flask import Blueprint

pages = Blueprint("certificates", __name__, url_prefix="/certificates", template_folder="templates")
