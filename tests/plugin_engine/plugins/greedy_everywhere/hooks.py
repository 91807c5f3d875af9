"""Runs before every request of the app."""

from flask import Blueprint

from core.api import hookimpl

pages = Blueprint("greedy_everywhere", __name__)


@pages.before_app_request
def everywhere():
    return "mine"


@hookimpl
def blueprints():
    return [pages]
