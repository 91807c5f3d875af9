"""The blueprint that the pages for authors, participants and staff share."""

from flask import Blueprint

pages = Blueprint(
    "quizzes", __name__, url_prefix="/quizzes", template_folder="templates", static_folder="static"
)
