"""Counts what fails of a plugin while the site runs, for everybody to see; switches nothing off.

Kept are the part, the kind of error and its place in the plugin's code, never the message: it may
carry personal data. The log has it once a fault, with the way there.
"""

import logging
import re
import threading
import time
import traceback
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from jinja2 import TemplateNotFound, TemplateSyntaxError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from core.db import db, now
from core.jobs import job
from core.plugin_engine.models import PluginFailure

log = logging.getLogger(__name__)
AGAIN_SECONDS = 1.0
PAUSE_SECONDS = 30.0  # After a write that failed; it may take up to four seconds of a response.
LONGEST_SECONDS = 5.0
FORGOTTEN_SECONDS = 3600.0
SHOWN_DAYS = 30
KEPT_DAYS = 90
# A short transaction of its own, whatever state the request's is in. It waits for nobody: a lost
# count is nothing beside a page that hangs.
_OPTIONS = {"connect_timeout": 2, "options": "-c lock_timeout=500 -c statement_timeout=2000"}


@dataclass
class _Entry:
    """What one part of a plugin has to tell: not written and not logged yet."""

    error: str = ""
    waiting: int = 0
    unlogged: int = 0
    written: float = float("-inf")
    logged: float = float("-inf")
    last_at: datetime = field(default_factory=now)


class FailureBook:
    """The failures of one process: counted in memory, and written when a request or job ends, and
    what is left when the process does.

    The first of a part is written at once; more of it at most once a second, added up. One thread
    writes while the others go on, and nobody tries for a while after a write has failed.
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waits = False
        self._paused_until = float("-inf")
        self._writer: sa.Engine | None = None

    def init_app(self, app: Flask) -> None:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        if url:
            self._writer = sa.create_engine(
                url,
                poolclass=sa.NullPool,
                isolation_level="AUTOCOMMIT",
                connect_args=_OPTIONS,
                hide_parameters=True,
            )
        app.teardown_appcontext(lambda _error: self.write())
        # Unlike atexit this is also heeded where the web server forks its processes.
        Finalize(None, _write_the_rest, args=(weakref.ref(self),), exitpriority=1)

    def note(
        self,
        plugin: str,
        part: str,
        error: BaseException | None,
        folder: Path | None,
        *,
        trace: bool = True,
    ) -> None:
        """`folder`: where the plugin lies. Without `trace` the log gets one line."""
        where = place_of(error, folder)
        with self._lock:
            entry = self._entries.setdefault((plugin, part), _Entry())
            entry.waiting += 1
            self._waits = True
            entry.unlogged += 1
            entry.last_at = now()
            is_new, entry.error = entry.error != where, where
            times = self._times_to_log(entry)
        if times:
            shown = error if trace and is_new else None
            text = "plugin %s failed in %s: %s (%d times)"
            log.error(text, plugin, part, where, times, exc_info=shown)

    @staticmethod
    def _times_to_log(entry: _Entry) -> int:
        if time.monotonic() - entry.logged < AGAIN_SECONDS:
            return 0
        times, entry.unlogged, entry.logged = entry.unlogged, 0, time.monotonic()
        return times

    def forget(self) -> None:
        """What was not written yet is forgotten, and the next failure counts as a first."""
        with self._lock:
            self._entries.clear()
            self._waits, self._paused_until = False, float("-inf")

    def write(self, *, everything: bool = False) -> None:
        """Writes what is due. Raises nothing: counting may never make things worse."""
        if not self._waits or self._writer is None:
            return
        if time.monotonic() < self._paused_until and not everything:
            return
        if not self._writing.acquire(timeout=LONGEST_SECONDS if everything else 0):
            return
        try:
            rows = self._take(everything)
            if rows and not _written(self._writer, rows):
                self._give_back(rows)
        finally:
            self._writing.release()

    def _take(self, everything: bool) -> list[dict[str, Any]]:
        """What is due, as rows; parts that have been quiet for long are forgotten."""
        with self._lock:
            due = {key: entry for key, entry in self._entries.items() if _is_due(entry, everything)}
            rows = [_row(key, entry) for key, entry in sorted(due.items())]
            for entry in due.values():
                entry.waiting, entry.written = 0, time.monotonic()
            self._entries = {k: entry for k, entry in self._entries.items() if not _is_old(entry)}
            self._waits = any(entry.waiting for entry in self._entries.values())
        return rows

    def _give_back(self, rows: list[dict[str, Any]]) -> None:
        with self._lock:
            for row in rows:
                key = row["plugin"], row["part"]
                entry = self._entries.setdefault(key, _Entry(row["error"], last_at=row["last_at"]))
                entry.waiting += row["count"]
            self._waits = True
            self._paused_until = time.monotonic() + PAUSE_SECONDS


def _write_the_rest(book: weakref.ref[FailureBook]) -> None:
    """At the end of the process, which nothing may disturb."""
    with suppress(Exception):
        if found := book():
            found.write(everything=True)


def _written(writer: sa.Engine, rows: list[dict[str, Any]]) -> bool:
    new = insert(PluginFailure)
    adding = new.on_conflict_do_update(
        index_elements=["plugin", "part", "day"],
        set_={
            "count": PluginFailure.count + new.excluded.count,
            "error": new.excluded.error,
            "last_at": new.excluded.last_at,
        },
    )
    try:
        with writer.connect() as connection:
            connection.execute(adding, rows)
    except SQLAlchemyError as error:
        log.warning("failures of plugins could not be written: %s", type(error).__name__)
        return False
    return True


def _is_due(entry: _Entry, everything: bool) -> bool:
    rested = time.monotonic() - entry.written >= AGAIN_SECONDS
    return entry.waiting > 0 and (rested or everything)


def _is_old(entry: _Entry) -> bool:
    return not entry.waiting and time.monotonic() - entry.written >= FORGOTTEN_SECONDS


def _row(key: tuple[str, str], entry: _Entry) -> dict[str, Any]:
    return {
        "plugin": key[0],
        "part": key[1],
        "day": entry.last_at.date(),
        "count": entry.waiting,
        "error": entry.error,
        "last_at": entry.last_at,
    }


def place_of(error: BaseException | None, folder: Path | None) -> str:
    """The kind of an error and where it came from: "KeyError hooks.py:12"."""
    if error is None:
        return ""
    return f"{type(error).__name__} {_file_of(error, folder)}".strip()


def _file_of(error: BaseException, folder: Path | None) -> str:
    if isinstance(error, TemplateSyntaxError):
        return f"{_beside(Path(error.filename or ''), folder)}:{error.lineno}"
    if isinstance(error, TemplateNotFound):
        return str(error.name) if re.fullmatch(r"[\w./-]+", str(error.name)) else ""
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if folder and file.is_relative_to(folder):
            found = f"{_beside(file, folder)}:{line}"
    return found


def _beside(file: Path, folder: Path | None) -> str:
    return str(file.relative_to(folder)) if folder and file.is_relative_to(folder) else file.name


# Reading


@dataclass(frozen=True)
class Failure:
    """How often a part of a plugin failed of late, and what it was the last time."""

    plugin: str
    part: str
    count: int
    error: str
    last_at: datetime


def recent_failures(days: int = SHOWN_DAYS) -> Sequence[Failure]:
    """What failed in the last days by plugin and part, the most frequent first."""
    last = sa.func.array_agg(
        sa.dialects.postgresql.aggregate_order_by(PluginFailure.error, PluginFailure.last_at.desc())
    )
    count = sa.cast(sa.func.sum(PluginFailure.count), sa.BigInteger)
    query = (
        sa.select(PluginFailure.plugin, PluginFailure.part, count, last[1],
                  sa.func.max(PluginFailure.last_at))
        .where(PluginFailure.day > _today() - timedelta(days=days))
        .group_by(PluginFailure.plugin, PluginFailure.part)
        .order_by(count.desc(), PluginFailure.plugin, PluginFailure.part)
    )  # fmt: skip
    return [Failure(*row) for row in db.session.execute(query)]


def _today() -> date:
    return now().date()


@job("core.drop_old_failures", cron="23 19 * * *")
def drop_old_failures() -> None:
    before = _today() - timedelta(days=KEPT_DAYS)
    db.session.execute(sa.delete(PluginFailure).where(PluginFailure.day < before))
