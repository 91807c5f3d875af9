"""What a plugin brings at start. Called once for each plugin while the app is made."""

from collections.abc import Sequence

import click
from flask import Blueprint

from core.hookspecs import hookspec
from core.plugin_engine.contributions import (
    ActivityKind,
    MenuEntry,
    Metric,
    PagePanel,
    Permission,
    PublicLink,
    Role,
    Settings,
    TemplateFilter,
)


@hookspec("build")
def blueprints() -> Sequence[Blueprint]:  # type: ignore[empty-body]
    """Pages under `/<plugin>/`. Every view declares who may call it (`@requires`, `@public`)."""


@hookspec("build")
def roles() -> Sequence[Role]:  # type: ignore[empty-body]
    """Roles named `<plugin>.<role>` for people whom core's roles give too much or too little."""


@hookspec("build")
def permissions() -> Sequence[Permission]:  # type: ignore[empty-body]
    """Rights named `<plugin>.<verb>` with the roles that hold them from the start."""


@hookspec("build")
def activity_kinds() -> Sequence[ActivityKind]:  # type: ignore[empty-body]
    """Kinds named `<plugin>.<kind>` that authors can put into a course."""


@hookspec("build")
def menu_entries() -> Sequence[MenuEntry]:  # type: ignore[empty-body]
    """Entries of the navigation; shown where the plugin is active and the right is held."""


@hookspec("build")
def public_links() -> Sequence[PublicLink]:  # type: ignore[empty-body]
    """Pages for everybody, at the foot of every page; there where the page itself is."""


@hookspec("build")
def page_panels() -> Sequence[PagePanel]:  # type: ignore[empty-body]
    """Panels at the top, at the end or in the aside of any page of core, by its endpoint."""


@hookspec("build")
def template_filters() -> Sequence[TemplateFilter]:  # type: ignore[empty-body]
    """Filters named `<plugin>_<word>`; a name in templates comes this way only, no blueprint's."""


@hookspec("build")
def cli_groups() -> Sequence[click.Group]:  # type: ignore[empty-body]
    """Commands as `bimtek <plugin> …`; the group carries the plugin's name, `-` for `_`."""


@hookspec("build")
def metrics() -> Sequence[Metric]:  # type: ignore[empty-body]
    """Figures named `<plugin>.<figure>` that monitoring adds up by place."""


@hookspec("build")
def settings() -> Sequence[Settings]:  # type: ignore[empty-body]
    """What site, institutions, courses and classes may set, as one form; at most one."""
