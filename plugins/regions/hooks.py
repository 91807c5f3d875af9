"""What this plugin brings and hears: its table of contents."""

import click
from flask import Blueprint

from core.api import Demo, FormPart, Institution, PagePanel, Panel, User, hookimpl
from plugins.regions.commands import regions
from plugins.regions.demo import load as load_demo
from plugins.regions.panel import form_part, missing_panel, region_panel


@hookimpl
def blueprints() -> list[Blueprint]:
    """No pages of its own, only templates for the pages of core."""
    return [Blueprint("regions", __name__, template_folder="templates")]


@hookimpl
def cli_groups() -> list[click.Group]:
    return [regions]


@hookimpl
def institution_panels(institution: Institution, user: User) -> list[Panel]:
    return [region_panel(institution, user)]


@hookimpl
def page_panels() -> list[PagePanel]:
    return [PagePanel("institutions.listing", missing_panel, place="aside")]


@hookimpl
def institution_form_parts(
    institution: Institution | None, parent: Institution | None
) -> list[FormPart]:
    return [form_part(institution, parent)]


@hookimpl
def demo_loading(demo: Demo) -> None:
    load_demo(demo)
