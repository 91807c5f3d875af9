"""Puts a page among core's."""

from flask import Blueprint

from core.api import hookimpl, public

pages = Blueprint("greedy_route", __name__)


@pages.get("/home/greedy")
@public
def page():
    return "mine"


@hookimpl
def blueprints():
    return [pages]
