"""What is wrong with the plugins of a site, and what is worth knowing of them.

A problem wants something done; a note does not. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from jinja2 import TemplateSyntaxError
from sqlalchemy.exc import SQLAlchemyError

from core.plugin_engine.discovery import Problem
from core.plugin_engine.enablement import Snapshot
from core.plugin_engine.engine import Engine
from core.plugin_engine.failures import SHOWN_DAYS, Failure, recent_failures
from core.plugin_engine.lifecycle import recorded_version
from core.plugin_engine.manifest import Manifest


@dataclass(frozen=True)
class Findings:
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def examine(engine: Engine) -> Findings:
    """Everything there is to say about the plugins; the database may be away."""
    problems = (*problems_now(engine), *_broken_templates(engine))
    try:
        return Findings(problems, tuple(map(_as_note, recent_failures())))
    except SQLAlchemyError:
        return Findings(problems, ())  # Named among the problems.


def _as_note(failure: Failure) -> Problem:
    text = ngettext(
        "%(part)s failed %(num)d time in the last %(days)d days, last with %(error)s",
        "%(part)s failed %(num)d times in the last %(days)d days, last with %(error)s",
        failure.count, part=failure.part, days=SHOWN_DAYS, error=failure.error or "?",
    )  # fmt: skip
    step = _("The log says more. Correct the plugin, then restart.")
    return Problem(failure.plugin, text, step=step)


def problems_now(engine: Engine) -> list[Problem]:
    """Why plugins are left out, and where code and tables are not of one version."""
    try:
        return [*engine.problems, *_unlike_installed(engine)]
    except SQLAlchemyError as error:
        step = _("Look whether it runs, then run: bimtek db upgrade")
        text = _("The database cannot be asked (%(kind)s).", kind=type(error).__name__)
        return [*engine.problems, Problem("core", text, step=step)]


def _unlike_installed(engine: Engine) -> Iterator[Problem]:
    """Plugins whose code is gone, or does not fit what is installed."""
    if current_app.config["SAFE_MODE"]:
        return
    snapshot = engine.enablement.snapshot()
    for name, installed in snapshot.installed.items():
        manifest = engine.manifests.get(name)
        if manifest is not None:
            yield from _other_version(manifest, installed) or _behind(engine, snapshot, name)
            yield from _needs_missing(engine, snapshot, name)
        elif not any(problem.plugin == name for problem in engine.problems):
            yield gone(name)


def gone(name: str) -> Problem:
    """Of an installed plugin whose code is no longer there."""
    step = _("Put its code back and restart, or run: bimtek plugins forget %(name)s", name=name)
    return Problem(name, _("It is installed, but its code is gone. Its data is kept."), step=step)


def _other_version(manifest: Manifest, installed: str) -> list[Problem]:
    before = recorded_version(installed)
    if manifest.version == before:
        return []
    text = _("Version %(new)s lies on disk, version %(old)s is installed.",
             new=manifest.version, old=installed)  # fmt: skip
    if manifest.version > before:
        step = _("Run: bimtek plugins upgrade %(name)s", name=manifest.name)
    else:
        step = _("Put version %(old)s or a newer one back, then restart.", old=installed)
    return [Problem(manifest.name, text, manifest.path / "plugin.toml", step)]


def _behind(engine: Engine, snapshot: Snapshot, name: str) -> list[Problem]:
    """A migration that came without another version makes the plugin rest all the same."""
    known = engine.revisions.get(name)
    if known is None or not known.is_behind(snapshot.revisions.get(name)):
        return []
    text = _("Its code needs newer tables than are there; until then it acts nowhere.")
    step = _("Run: bimtek plugins upgrade %(name)s", name=name)
    return [Problem(name, text, engine.manifests[name].path / "migrations", step)]


def _needs_missing(engine: Engine, snapshot: Snapshot, name: str) -> Iterator[Problem]:
    """A requirement that cannot be loaded is named already, with what needs it."""
    manifest = engine.loaded.get(name)
    if manifest and (missing := sorted(manifest.requires.keys() - snapshot.installed.keys())):
        text = _("It needs %(others)s, not installed; until then it acts nowhere.",
                 others=", ".join(missing))  # fmt: skip
        step = _("Run: bimtek plugins install %(names)s", names=" ".join(missing))
        yield Problem(name, text, manifest.path / "plugin.toml", step)


def _broken_templates(engine: Engine) -> Iterator[Problem]:
    """Not looked at when the site starts, since reading them all takes as long as the rest."""
    for name in engine.loaded:
        blueprint = current_app.blueprints.get(name)
        loader = blueprint.jinja_loader if blueprint else None
        for template in loader.list_templates() if loader else ():
            try:
                loader.load(current_app.jinja_env, template)  # type: ignore[union-attr]
            except TemplateSyntaxError as error:
                file = Path(error.filename or template)
                step = _("Correct %(file)s, then restart.", file=file.name)
                yield Problem(name, f"{error.message}", file, step, error.lineno)
