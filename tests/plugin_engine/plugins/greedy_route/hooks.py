"""Puts a page among core's."""

from core.api import hookimpl, public
from flask import Blueprint

pages = Blueprint("greedy_route", __name__)


@pages.get("/home/greedy")
@public
def page():
    return "mine"


@hookimpl
def blueprints():
    return [pages]
