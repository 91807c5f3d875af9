"""Imports what discovery found and takes in what each plugin brings, or says why not.

A plugin is taken in whole or not at all: everything it brings is checked before any of it
is registered, and what a faulty one left behind is taken back. The checks are in `checks`.
"""

import importlib
import logging
import sys
from collections.abc import Callable
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import sqlalchemy as sa
from flask import Flask, abort
from jinja2 import pass_context
from packaging.version import Version
from sqlalchemy.orm import configure_mappers

import plugins
from core.db import Base
from core.hookspecs import building, cohorts, courses, demo, institutions, lifecycle, people
from core.i18n import add_texts
from core.jobs import forget_jobs_of
from core.plugin_engine.checks import Contribution, check, check_jobs, check_tables
from core.plugin_engine.discovery import discover, further_folders
from core.plugin_engine.engine import Engine
from core.plugin_engine.faults import PluginFault, problem_of
from core.plugin_engine.guard import public
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.migrations import revisions_of
from core.plugin_engine.resolver import left_out_with, resolve
from core.plugin_engine.slots import pages_of
from core.plugin_engine.time_limit import at_most

log = logging.getLogger(__name__)
# All that a plugin brings is asked for by a hook of that name, but what its folder tells.
BUILD_HOOKS = [field.name for field in fields(Contribution) if field.name != "revisions"]
SPECS = (building, lifecycle, people, institutions, courses, cohorts, demo)


def new_engine(can: Callable[[Any, str, Any], bool]) -> Engine:
    """An engine that knows all hooks and no plugin. `can` answers the guard."""
    engine = Engine(can)
    for spec in SPECS:
        engine.pluggy.add_hookspecs(spec)
    return engine


def load_plugins(app: Flask, engine: Engine, core_version: Version) -> None:
    """Loads everything present, in order; faults go to `engine.problems`."""
    engine.pages = pages_of(app)
    if app.config["SAFE_MODE"]:
        return
    # Core's relationships find their classes before a plugin can have one of the same name.
    configure_mappers()
    limit = app.config["PLUGIN_LOAD_SECONDS"]
    bundled = app.config["BUNDLED_PLUGINS"]
    found = discover(further_folders(app.config), bundled=bundled, seconds=limit)
    engine.manifests = {m.name: m for m in found.manifests}
    resolution = resolve(found.manifests, core_version)
    engine.problems += [*found.problems, *resolution.problems]
    for manifest in resolution.order:
        _load(app, engine, manifest)
    for problem in engine.problems:
        log.error("plugin %s left out: %s", problem.plugin, problem.sentence)


def _load(app: Flask, engine: Engine, manifest: Manifest) -> None:
    if absent := manifest.requires.keys() - engine.loaded.keys():
        engine.problems.append(left_out_with(manifest, absent))
        return
    before = MappedState()
    try:
        with at_most(app.config["PLUGIN_LOAD_SECONDS"]):
            hooks = _import(manifest)
            _register(engine, manifest, hooks)
            brought = _contribution(engine, manifest)
            check(engine, manifest, brought)
            check_tables(manifest, before.new_tables())
            check_jobs(manifest)
            configure_mappers()
            _add_pages(app, manifest, brought)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Whatever it is, SystemExit and the end of its time as well: the site starts without it.
        engine.problems.append(problem_of(error, manifest))
        before.restore()
        _forget(engine, manifest)
        return
    _take_in(app, engine, manifest, brought)


class MappedState:
    """What SQLAlchemy knows now, so that what a faulty plugin adds can be taken back."""

    def __init__(self) -> None:
        self.tables = set(Base.metadata.tables.values())
        self.mappers = set(Base.registry.mappers)

    def new_tables(self) -> set[sa.Table]:
        return set(Base.metadata.tables.values()) - self.tables

    def restore(self) -> None:
        for mapper in Base.registry.mappers - self.mappers:
            # SQLAlchemy has no public way to unmap one class, and one class that cannot be
            # configured stops all others.
            Base.registry._managers.pop(mapper.class_manager, None)
            Base.registry._dispose_manager_and_mapper(mapper.class_manager)
        for table in self.new_tables():
            Base.metadata.remove(table)


def _import(manifest: Manifest) -> Any:
    """The plugin's `hooks`; all its models and jobs are imported too, so that they are known."""
    root = str(manifest.path.parent)
    if manifest.module.startswith("plugins.") and root not in plugins.__path__:
        plugins.__path__.append(root)
    if find_spec(f"{manifest.module}.models"):
        importlib.import_module(f"{manifest.module}.models")
    hooks = importlib.import_module(f"{manifest.module}.hooks")
    if Path(str(hooks.__file__)).parent.resolve() != manifest.path.resolve():
        text = f"'{manifest.module}' is already imported from {hooks.__file__}"
        raise PluginFault(text, step="Remove or rename one of the two, then restart.")
    if find_spec(f"{manifest.module}.jobs"):
        importlib.import_module(f"{manifest.module}.jobs")
    return hooks


def _register(engine: Engine, manifest: Manifest, hooks: Any) -> None:
    engine.pluggy.register(hooks, name=manifest.name)
    for hook in engine.pluggy.get_hookcallers(hooks) or ():
        if not hook.has_spec():
            text = f"there is no hook '{hook.name}'; see docs/plugins/reference.md"
            raise PluginFault(text, hook=hook.name)
        for found in hook.get_hookimpls():
            if found.plugin is hooks and (found.wrapper or found.hookwrapper):
                raise PluginFault(f"hook '{hook.name}' may not be a wrapper", hook=hook.name)


def _contribution(engine: Engine, manifest: Manifest) -> Contribution:
    """Asks every build hook once; a hook and the field that keeps its answers share a name."""

    def brought(hook: str) -> list[Any]:
        items, kind = engine.build(manifest.name, hook), engine.item_type(hook)
        if wrong := next((item for item in items if not isinstance(item, kind)), None):
            text = f"{hook} gave {wrong!r:.200}; it must give {kind.__name__} only"
            raise PluginFault(text, hook=hook)
        return items

    return Contribution(
        **{hook: brought(hook) for hook in BUILD_HOOKS}, revisions=revisions_of(manifest)
    )


def _add_pages(app: Flask, manifest: Manifest, brought: Contribution) -> None:
    """The one step that runs the plugin's code once more, and that Flask cannot take back."""
    try:
        for blueprint in brought.blueprints:
            app.register_blueprint(blueprint)
    except BaseException:
        for endpoint in app.view_functions:
            if endpoint.partition(".")[0] == manifest.name:
                app.view_functions[endpoint] = _absent
        raise


@public
def _absent(**_arguments: Any) -> NoReturn:
    abort(404)


def _take_in(app: Flask, engine: Engine, manifest: Manifest, brought: Contribution) -> None:
    engine.loaded[manifest.name] = manifest
    engine.revisions[manifest.name] = brought.revisions
    engine.roles.update({role.name: role for role in brought.roles})
    engine.permissions.update({p.name: p for p in brought.permissions})
    engine.kinds.update({kind.name: kind for kind in brought.activity_kinds})
    engine.metrics.update({metric.name: metric for metric in brought.metrics})
    for settings in brought.settings:
        engine.settings[manifest.name] = settings
    engine.public_links += brought.public_links
    engine.filters.update({one.name: one for one in brought.template_filters})
    app.jinja_env.filters.update({f.name: _each_time(f.apply) for f in brought.template_filters})
    engine.add_page_panels(manifest.name, brought.page_panels)
    engine.menu += [(manifest.name, entry) for entry in brought.menu_entries]
    engine.menu.sort(key=lambda found: (found[1].weight, found[0]))
    for group in brought.cli_groups:
        app.cli.add_command(group)
    texts = manifest.path / "translations"
    add_texts(app, texts, lambda: engine.failed(manifest.name, "its translations"))


def _each_time(apply: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja works the filter of a constant out once, in the language of whoever comes first; one
    that wants the context is asked at each showing."""
    if hasattr(apply, "jinja_pass_arg"):
        return apply
    return pass_context(lambda _context, *given, **more: apply(*given, **more))


def _forget(engine: Engine, manifest: Manifest) -> None:
    if engine.pluggy.has_plugin(manifest.name):
        engine.pluggy.unregister(name=manifest.name)
    forget_jobs_of(manifest.module)
    for module in list(sys.modules):
        if module == manifest.module or module.startswith(f"{manifest.module}."):
            del sys.modules[module]
