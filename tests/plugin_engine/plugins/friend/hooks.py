"""A plugin that needs the good one and shows a panel before and after it."""

from flask import Blueprint

from core.api import Panel, hookimpl


@hookimpl
def blueprints():
    return [Blueprint("friend", __name__, template_folder="templates")]


@hookimpl
def cohort_panels():
    return [Panel("friend/panel.html", weight=30), Panel("friend/panel.html", weight=10)]
