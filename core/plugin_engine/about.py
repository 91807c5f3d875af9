"""What the page of one plugin tells: its text, its rights, its work, its faults, its history.

Reads only. Nothing here fails for a plugin that is faulty or no longer there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy.orm import joinedload
from wtforms import Field, PasswordField, SelectFieldBase

from core import markdown
from core.db import db, now
from core.institutions.models import Institution
from core.jobs import queue
from core.people.access import role_title
from core.people.models import AuditEntry
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.models import PluginFailure
from core.plugin_engine.settings import Held, held_at

LARGEST_README = 200_000  # bytes
DAYS = 30
MOST = 50  # rows of a list
_TITLE = re.compile(r"\A\s*#[ \t][^\n]*\n")


@dataclass(frozen=True)
class Readme:
    text: Markup
    language: str


@dataclass(frozen=True)
class Right:
    """A permission of the plugin and who holds it from the start: role → its title."""

    title: str
    roles: Mapping[str, str]


@dataclass(frozen=True)
class SettingShown:
    """A field as it holds here; `source` is empty for the plugin's default."""

    label: str
    value: str
    source: str


@dataclass(frozen=True)
class Brought:
    """What a loaded plugin says that it brings."""

    rights: tuple[Right, ...]
    kinds: tuple[str, ...]
    settings: tuple[SettingShown, ...]


@dataclass(frozen=True)
class Work:
    """A job by name, its schedule if it has one, and how many of it wait, run and failed."""

    name: str
    cron: str
    waiting: int
    running: int
    failed: int


@dataclass(frozen=True)
class Event:
    """Something that was done about the plugin; `where` is None for the whole site."""

    at: datetime
    what: str
    by: str
    where: Institution | None


# Its text


def readme_of(manifest: Manifest | None) -> Readme | None:
    """What the plugin says of itself, in the reader's language where it says so."""
    if manifest is None:
        return None
    locale = str(get_locale())
    for name, language in ((f"README.{locale}.md", locale), ("README.md", "en")):
        if text := _text_of(manifest.path, name):
            return Readme(markdown.render_apart(_TITLE.sub("", text)), language)
    return None


def _text_of(folder: Path, name: str) -> str:
    """Of a file that lies in the folder itself: a link to another one is not followed."""
    file = folder / name
    try:
        if file.is_symlink() or file.stat().st_size > LARGEST_README:
            return ""
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


# What it brings


def brought_by(engine: Engine, plugin: str, institution: Institution, *, active: bool) -> Brought:
    rights = [one for one in engine.permissions.values() if one.name.startswith(f"{plugin}.")]
    return Brought(
        rights=tuple(Right(str(one.title), _titles(one.roles)) for one in rights),
        kinds=tuple(str(kind.title) for kind in engine.kinds.values() if kind.plugin == plugin),
        settings=tuple(_settings(engine, plugin, institution)) if active else (),
    )


def _titles(roles: Iterable[str]) -> dict[str, str]:
    return {role: role_title(role) for role in roles}


def _settings(engine: Engine, plugin: str, institution: Institution) -> list[SettingShown]:
    if plugin not in engine.settings or "institution" not in engine.settings[plugin].levels:
        return []
    form = engine.settings[plugin].form(formdata=None, meta={"csrf": False})
    return [
        SettingShown(str(form[name].label.text), _in_words(form[name], held.value), _place(held))
        for name, held in held_at(plugin, institution).items()
        if not isinstance(form[name], PasswordField)
    ]


def _place(held: Held) -> str:
    if held.source is None:
        return ""
    return held.source.short_name if isinstance(held.source, Institution) else _("the site")


def _in_words(field: Field, value: Any) -> str:
    if isinstance(field, SelectFieldBase):
        labels = {str(key): label for key, label, *_rest in field.iter_choices()}
        return str(labels.get(str(value), value))
    return "" if value is None else str(value)


# Its work and its faults


def work_of(plugin: str) -> list[Work]:
    """Jobs that the code declares, and those that are in the queue without it."""
    crons = {task.task.name: task.cron for task in queue.periodic_registry.periodic_tasks.values()}
    counts = _queued(plugin)
    names = {name for name in queue.tasks if name.startswith(f"{plugin}.")} | counts.keys()
    return [
        Work(name, crons.get(name, ""), *(counts.get(name, {}).get(s, 0) for s in _QUEUED))
        for name in sorted(names)
    ]


_QUEUED = ("todo", "doing", "failed")


def _queued(plugin: str) -> dict[str, dict[str, int]]:
    """Name of the job → status → how many."""
    rows = db.session.execute(
        sa.text(
            "SELECT task_name, status::text, count(*) FROM procrastinate_jobs"
            " WHERE starts_with(task_name, :prefix) AND status IN ('todo', 'doing', 'failed')"
            " GROUP BY 1, 2"
        ),
        {"prefix": f"{plugin}."},
    )
    found: dict[str, dict[str, int]] = {}
    for name, status, count in rows:
        found.setdefault(name, {})[status] = count
    return found


def failures_by_day(plugin: str, *, days: int = DAYS) -> Sequence[PluginFailure]:
    """What failed of one plugin, the newest day first; at most MOST."""
    since: date = (now() - timedelta(days=days - 1)).date()
    query = sa.select(PluginFailure).where(
        PluginFailure.plugin == plugin, PluginFailure.day >= since
    )
    newest = (PluginFailure.day.desc(), PluginFailure.count.desc(), PluginFailure.part)
    return db.session.scalars(query.order_by(*newest).limit(MOST)).all()


# Its history

_DONE = {
    "plugin.enable": _l("Enabled"),
    "plugin.disable": _l("Disabled"),
    "plugin.follow_parent": _l("Left to the institution above"),
    "plugin.settings": _l("Settings changed"),
    "plugin.install": _l("Installed"),
    "plugin.upgrade": _l("Upgraded"),
    "plugin.uninstall": _l("Removed from the site"),
    "plugin.restore": _l("Restored from an archive"),
    "plugin.export": _l("Written to an archive"),
    "plugin.forget": _l("Forgotten"),
    "plugin.archive_download": _l("Archive downloaded"),
    "plugin.archive_delete": _l("Archive deleted"),
}


def history_of(plugin: str, known: Mapping[int, Institution]) -> list[Event]:
    """What was done on the site and at the institutions `known`; nothing of any other."""
    for_site = sa.and_(
        AuditEntry.institution_id.is_(None),
        AuditEntry.object_type == "plugin",
        AuditEntry.object_id == plugin,
    )
    here = sa.and_(
        AuditEntry.institution_id.in_(known),
        AuditEntry.action.startswith("plugin."),
        AuditEntry.change["plugin"].astext == plugin,
    )
    query = (
        sa.select(AuditEntry).where(sa.or_(for_site, here)).options(joinedload(AuditEntry.actor))
    )
    newest = query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(MOST)
    return [
        Event(
            entry.at,
            _done(entry),
            entry.actor.full_name if entry.actor else "",
            known.get(entry.institution_id or 0),
        )
        for entry in db.session.scalars(newest.options(joinedload(AuditEntry.actor)))
    ]


def _done(entry: AuditEntry) -> str:
    words = [str(_DONE.get(entry.action, entry.action))]
    if entry.change.get("locked"):
        words.append(_("locked for everybody below"))
    if version := entry.change.get("version"):
        words.append(_("version %(version)s", version=version))
    return ", ".join(words)
