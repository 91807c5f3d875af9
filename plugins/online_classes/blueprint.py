"""The blueprint that the pages for participants and staff share."""

from flask import Blueprint

pages = Blueprint(
    "online_classes",
    __name__,
    url_prefix="/online_classes",
    template_folder="templates",
    static_folder="static",
)
