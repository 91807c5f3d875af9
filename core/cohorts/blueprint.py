"""The blueprint that the participant's and the staff's pages of cohorts share."""

from flask import Blueprint

pages = Blueprint("cohorts", __name__)
