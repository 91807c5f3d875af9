"""What must hold of everything that a plugin brings, before any of it is taken in.

Each check raises PluginFault (or MissingAccessRule) with a sentence for the plugin's author, and
the hook, function or file that it speaks of.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import click
import sqlalchemy as sa
from flask import Blueprint, Flask

from core.db import Base
from core.forms import SecretField
from core.jobs import jobs_of
from core.plugin_engine.contributions import (
    LEVELS,
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
from core.plugin_engine.engine import Engine, owner_of
from core.plugin_engine.faults import PluginFault
from core.plugin_engine.guard import access_of
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.migrations import Revisions

# Functions that Flask keeps under None run for every request of the app.
EVERYWHERE = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "url_value_preprocessors",
    "url_default_functions",
    "template_context_processors",
    "error_handler_spec",
)
TEMPLATE_NAMES = ("filters", "tests", "globals")


@dataclass(frozen=True)
class Contribution:
    """What one plugin brings: a field a build hook, under the hook's name."""

    blueprints: list[Blueprint]
    roles: list[Role]
    permissions: list[Permission]
    activity_kinds: list[ActivityKind]
    menu_entries: list[MenuEntry]
    public_links: list[PublicLink]
    cli_groups: list[click.Group]
    metrics: list[Metric]
    template_filters: list[TemplateFilter]
    page_panels: list[PagePanel]
    settings: list[Settings]
    revisions: Revisions


def check(engine: Engine, manifest: Manifest, brought: Contribution) -> None:
    for item in fields(brought):
        _check_types(item.name, getattr(brought, item.name))
    for hook in ("roles", "permissions", "activity_kinds", "metrics"):
        _check_names(manifest, hook, getattr(brought, hook))
    command = manifest.name.replace("_", "-")
    for group in brought.cli_groups:
        if group.name != command:
            raise PluginFault(
                f"command group '{group.name}' must be named '{command}'", hook="cli_groups"
            )
    _check_settings(brought.settings)
    _check_roles(engine, manifest, brought)
    known = engine.permissions.keys() | {permission.name for permission in brought.permissions}
    probe = _probe(manifest, brought.blueprints)
    _check_rules(manifest, probe, known)
    _check_reach(probe)
    for blueprint in brought.blueprints:
        _check_templates(manifest, blueprint)
    for entry in brought.menu_entries:
        _check_menu(manifest, entry, probe, known)
    for link in brought.public_links:
        _check_link(link, probe)
    for one in brought.template_filters:
        _check_filter(manifest, one, engine.filters)
    for panel in brought.page_panels:
        _check_page_panel(panel, engine.pages)


def _check_types(hook: str, things: Any) -> None:
    """A value that is not what its class says fails here, and not in the middle of a page."""
    for thing in things if isinstance(things, list) else ():
        hints = get_type_hints(type(thing)) if is_dataclass(thing) else {}
        for name, hint in hints.items():
            value = getattr(thing, name)
            if not _fits(value, hint):
                text = f"{hook}: '{name}' of {type(thing).__name__} is {value!r:.100}"
                raise PluginFault(text, hook=hook)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type, as far as that can be seen from outside."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if origin in {Union, UnionType}:
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin is Callable:
        return callable(value)
    if origin in {tuple, frozenset} and inner:
        return isinstance(value, origin) and all(_fits(one, inner[0]) for one in value)
    return isinstance(value, int | float if hint is int else origin or hint)


def _check_names(
    manifest: Manifest, hook: str, things: Iterable[Role | Permission | ActivityKind | Metric]
) -> None:
    for thing in things:
        if not thing.name.startswith(f"{manifest.name}."):
            raise PluginFault(f"'{thing.name}' must begin with '{manifest.name}.'", hook=hook)


def _check_roles(engine: Engine, manifest: Manifest, brought: Contribution) -> None:
    """A permission is held by roles of core and by the plugin's own: where the role of another
    plugin counts would hang on both."""
    core = {name for name in engine.roles if not owner_of(name)}
    known = core | {role.name for role in brought.roles}
    for permission in brought.permissions:
        for role in permission.roles:
            if role not in known:
                near = _hint(role, known)
                text = f"permission '{permission.name}': no role '{role}' here{near}"
                raise PluginFault(text, hook="permissions")


def check_tables(manifest: Manifest, tables: Iterable[sa.Table]) -> None:
    for table in tables:
        if table.schema != manifest.name:
            text = f"table '{table}' must lie in the schema '{manifest.name}'"
            raise PluginFault(text, _class_of(table) or manifest.path / "models.py")


def check_jobs(manifest: Manifest) -> None:
    for job in jobs_of(manifest.module):
        if not job.name.startswith(f"{manifest.name}."):
            raise PluginFault(f"job '{job.name}' must begin with '{manifest.name}.'", job.func)


def _class_of(table: sa.Table) -> type[Any] | None:
    mappers = Base.registry.mappers
    return next((mapper.class_ for mapper in mappers if mapper.local_table is table), None)


def _check_settings(found: list[Settings]) -> None:
    if len(found) > 1:
        raise PluginFault(
            "settings gave more than one form; put all fields into one", hook="settings"
        )
    probe = _bare()
    probe.config["WTF_I18N_ENABLED"] = False
    with probe.test_request_context():
        for settings in found:
            form = settings.form(formdata=None, meta={"csrf": False})
            for name in settings.own - form.data.keys():
                text = f"setting '{name}' is named as own, but is not in the form"
                raise PluginFault(text, hook="settings")
            _check_levels(settings, form.data.keys())
            for field in form:
                if not field.flags.optional or field.default is None:
                    text = f"setting '{field.name}' needs Optional() and a default"
                    raise PluginFault(text, settings.form)
                if isinstance(field, SecretField):
                    _check_secret(settings, field.name)


def _check_secret(settings: Settings, name: str) -> None:
    """Whoever writes a course or runs a class handles no keys of other services."""
    if not set(settings.levels_of(name)) <= {"site", "institution"}:
        raise PluginFault(f"secret '{name}' belongs to site or institution; limit it with only=")


def _check_levels(settings: Settings, fields: Iterable[str]) -> None:
    if unknown := set(settings.levels) - set(LEVELS):
        raise PluginFault(f"settings name the level '{min(unknown)}'; there is {', '.join(LEVELS)}")
    for name, levels in settings.only.items():
        if name not in fields:
            raise PluginFault(f"setting '{name}' is limited to levels, but is not in the form")
        if outside := set(levels) - set(settings.levels):
            raise PluginFault(f"setting '{name}' names the level '{min(outside)}' beyond levels=")


def _bare() -> Flask:
    return Flask("probe", static_folder=None)


def _probe(manifest: Manifest, blueprints: Iterable[Blueprint]) -> Flask:
    """An app of the plugin alone: what it registers can be read, and nothing is half taken in."""
    probe = _bare()
    for blueprint in blueprints:
        if blueprint.name != manifest.name:
            text = f"blueprint '{blueprint.name}' must be named '{manifest.name}'"
            raise PluginFault(text, hook="blueprints")
        probe.register_blueprint(blueprint)
    return probe


def _check_rules(manifest: Manifest, probe: Flask, known: Iterable[str]) -> None:
    for rule in probe.url_map.iter_rules():
        view = probe.view_functions[rule.endpoint]
        if not rule.rule.startswith(f"/{manifest.name}/"):
            raise PluginFault(f"route '{rule.rule}' must begin with '/{manifest.name}/'", view)
        access = access_of(rule.endpoint, view)
        if access.kind == "permission" and access.permission not in known:
            text = f"route '{rule.rule}' requires '{access.permission}', unknown here"
            raise PluginFault(text, view)
        if access.kind == "webhook" and (rule.methods or set()) - {"OPTIONS"} != {"POST"}:
            raise PluginFault(f"webhook '{rule.rule}' must be for POST alone", view)


def _check_reach(probe: Flask) -> None:
    """Nothing may act on pages of others: no hook on every request, no name in all templates."""
    bare = _bare()
    for name in EVERYWHERE:
        if len(getattr(probe, name).get(None, ())) > len(getattr(bare, name).get(None, ())):
            text = f"a blueprint may not hook into every page ({name})"
            raise PluginFault(text, hook="blueprints")
    for kind in TEMPLATE_NAMES:
        for name in getattr(probe.jinja_env, kind).keys() - getattr(bare.jinja_env, kind).keys():
            text = f"template name '{name}' may not come with a blueprint; bring template_filters"
            raise PluginFault(text, hook="blueprints")


def _check_templates(manifest: Manifest, blueprint: Blueprint) -> None:
    for name in blueprint.jinja_loader.list_templates() if blueprint.jinja_loader else ():
        if not name.startswith(f"{manifest.name}/"):
            text = f"template '{name}' must lie in templates/{manifest.name}/"
            raise PluginFault(text, manifest.path / "templates" / name)


def _check_menu(manifest: Manifest, entry: MenuEntry, probe: Flask, known: Iterable[str]) -> None:
    rules = [rule for rule in probe.url_map.iter_rules() if rule.endpoint == entry.endpoint]
    if not any(not rule.arguments for rule in rules):
        text = f"menu entry '{entry.endpoint}' names no page without arguments"
        raise PluginFault(text, hook="menu_entries")
    if not entry.permission.startswith(f"{manifest.name}.") or entry.permission not in known:
        text = f"menu entry '{entry.endpoint}' needs a permission of its own plugin"
        raise PluginFault(text, hook="menu_entries")


def _check_link(link: PublicLink, probe: Flask) -> None:
    view = probe.view_functions.get(link.endpoint)
    if view is None or access_of(link.endpoint, view).kind != "public":
        raise PluginFault(
            f"public link '{link.endpoint}' names no public page", hook="public_links"
        )


def _hint(wrong: str, known: Iterable[str]) -> str:
    near = get_close_matches(wrong, known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _check_page_panel(panel: PagePanel, pages: Iterable[str]) -> None:
    hook = "page_panels"
    if panel.page not in pages:
        hint = _hint(panel.page, pages)
        raise PluginFault(f"core has no page '{panel.page}' for a panel{hint}", hook=hook)


def _check_filter(manifest: Manifest, one: TemplateFilter, known: Iterable[str]) -> None:
    hook = "template_filters"
    if not (one.name.startswith(f"{manifest.name}_") and one.name.isidentifier()):
        text = f"filter '{one.name}' must begin with '{manifest.name}_' and be one word"
        raise PluginFault(text, hook=hook)
    if one.name in known:
        raise PluginFault(f"there is a filter '{one.name}' of another plugin", hook=hook)
