"""The archives of plugins that the site keeps beside its uploaded files.

A name says plugin, version and moment, so that the list needs no table of its own and stays
readable when everything else is gone.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO

from flask import current_app
from flask_babel import gettext as _

from core.db import db, now
from core.errors import DomainError
from core.files import FileStore
from core.people.models import AuditEntry, User
from core.plugin_engine.engine import Engine
from core.plugin_engine.removal import Keep

FOLDER = "plugin-archives"
MOMENT = "%Y%m%dT%H%M%S%fZ"
_FILE = re.compile(r"([a-z][a-z0-9_]{1,39})-([0-9A-Za-z.!]+)-(\d{8}T\d{12}Z)\.zip")


@dataclass(frozen=True)
class Kept:
    """An archive in the store; `name` is its file's."""

    name: str
    plugin: str
    version: str
    made_at: datetime
    size: int


class NoSuchArchive(DomainError):
    status = 404

    def __init__(self) -> None:
        super().__init__(_("This archive is no longer there."))


def _store() -> FileStore:
    store: FileStore = current_app.extensions["files"]
    return store


def keeper(plugin: str, version: str) -> Keep:
    """What keeps an archive that is being made."""
    # A local version such as 1.0+abc keeps to what every store takes as a name.
    name = f"{plugin}-{version.replace('+', '.')}-{now().astimezone(UTC):{MOMENT}}.zip"
    return lambda file: _store().keep(f"{FOLDER}/{name}", file)


def all_kept() -> list[Kept]:
    """The newest first."""
    found = [_read(file.key.rpartition("/")[2], file.size) for file in _store().kept(FOLDER)]
    return sorted(filter(None, found), key=lambda kept: kept.made_at, reverse=True)


def waiting(engine: Engine, found: Iterable[Kept]) -> dict[str, list[Kept]]:
    """Of each plugin that could be restored now, its archives in the order that they come in."""
    installed = engine.enablement.snapshot().installed
    waits: dict[str, list[Kept]] = {}
    for one in found:
        if one.plugin in engine.loaded and one.plugin not in installed:
            waits.setdefault(one.plugin, []).append(one)
    return waits


def _read(name: str, size: int) -> Kept | None:
    if (parts := _FILE.fullmatch(name)) is None:
        return None
    plugin, version, moment = parts.groups()
    made_at = datetime.strptime(moment, MOMENT).replace(tzinfo=UTC)
    return Kept(name, plugin, version, made_at, size)


def kept(name: str) -> Kept:
    """Raises NoSuchArchive."""
    for one in all_kept():
        if one.name == name:
            return one
    raise NoSuchArchive


def content_of(archive: Kept) -> Iterator[bytes]:
    return _store().open(f"{FOLDER}/{archive.name}")


@contextmanager
def opened(archive: Kept) -> Iterator[IO[bytes]]:
    """A copy to read here and there."""
    with TemporaryFile() as copy:
        for piece in content_of(archive):
            copy.write(piece)
        copy.seek(0)
        yield copy


def delete(archive: Kept, *, by: User) -> None:
    note("plugin.archive_delete", archive, by=by)
    _store().delete(f"{FOLDER}/{archive.name}")


def note(action: str, archive: Kept, *, by: User) -> None:
    """An archive holds personal data: who took a copy or deleted one stays known."""
    db.session.add(AuditEntry(
        actor_id=by.id, action=action, object_type="plugin", object_id=archive.plugin,
        change={"version": archive.version, "archive": archive.name},
    ))  # fmt: skip
