"""Takes a plugin off the site: what would be lost, an archive of it, then the drop, in one step.

`uninstall` is for a plugin that is there, `forget` for one whose code is gone. Nothing is
dropped while another plugin needs it, and what is enabled is not uninstalled.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import IO, TypeAlias

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from core.courses.models import Activity
from core.db import db
from core.errors import DomainError
from core.institutions.models import Institution
from core.people.models import Grant, User
from core.plugin_engine import archive, lifecycle, migrations
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.decisions import did_you_mean, not_there
from core.plugin_engine.enablement import Snapshot, read_snapshot
from core.plugin_engine.engine import Engine
from core.plugin_engine.models import (
    PluginDecision,
    PluginFailure,
    PluginInstallation,
    PluginRecord,
    PluginSetting,
)

# Puts the archive where it lasts, or raises; only then is anything dropped.
Keep: TypeAlias = Callable[[IO[bytes]], None]
OWN = (PluginInstallation.name, PluginDecision.plugin, PluginSetting.plugin, PluginRecord.plugin,
       PluginFailure.plugin)  # fmt: skip
SHOWN = 3


@dataclass(frozen=True)
class TableSize:
    name: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Removal:
    """What removing a plugin means.

    `activities` of its kinds stay in their courses and can no longer be opened; `grants` of its
    roles, `decisions`, `settings`, `records` and waiting `jobs` go with it. `needed_by`: installed
    plugins and their titles; `enabled_at`: ids and names of the institutions that decided so. With
    a refusal nothing can be removed.
    """

    name: str
    title: str
    version: str
    tables: tuple[TableSize, ...]
    activities: int
    grants: int
    decisions: int
    settings: int
    records: int
    jobs: int
    needed_by: Mapping[str, str] = field(default_factory=dict)
    enabled_at: Mapping[int, str] = field(default_factory=dict)
    refusals: tuple[DomainError, ...] = ()

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        return sum(table.bytes for table in self.tables)


class StillRequired(DomainError):
    def __init__(self, title: str, others: Iterable[str]) -> None:
        super().__init__(
            _("%(name)s is needed by %(others)s. Uninstall those first.",
              name=title, others=", ".join(sorted(others)))
        )  # fmt: skip


class StillEnabled(DomainError):
    def __init__(self, title: str, places: Iterable[str]) -> None:
        names = sorted(places)
        more = len(names) - SHOWN
        shown = ", ".join(names[:SHOWN])
        if more > 0:
            shown += " " + ngettext("and %(num)d more", "and %(num)d more", more)
        super().__init__(
            _("%(name)s is enabled for %(places)s. Disable it there first; its data is kept.",
              name=title, places=shown)
        )  # fmt: skip


class ReferredTo(DomainError):
    def __init__(self, title: str, tables: Iterable[str]) -> None:
        super().__init__(
            _("Tables outside %(name)s refer to it: %(tables)s. Remove what owns them first.",
              name=title, tables=", ".join(tables))
        )  # fmt: skip


class CodeIsThere(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("The code of %(name)s is there. To take it off the site run: "
              "bimtek plugins uninstall %(name)s", name=name)
        )  # fmt: skip


class CodeUnread(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("Whether the code of %(name)s is gone cannot be said: the site runs in safe mode, or "
              "its plugin.toml cannot be read. Run: bimtek plugins doctor", name=name)
        )  # fmt: skip


class NothingKnown(DomainError):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        text = _("Nothing is known of a plugin %(name)s.", name=name)
        super().__init__(f"{text} {did_you_mean(name, known)}".rstrip())


# What would be lost


def removal(engine: Engine, name: str) -> Removal:
    """The dry run of uninstalling. Raises UnknownPlugin or NotInstalled."""
    with db.engine.connect() as connection:
        return _removal(engine, connection, name)


def remains(engine: Engine, name: str) -> Removal:
    """The dry run of forgetting. Raises CodeIsThere or NothingKnown."""
    with db.engine.connect() as connection:
        return _remains(engine, connection, name)


def _removal(engine: Engine, connection: sa.Connection, name: str) -> Removal:
    snapshot = read_snapshot(connection)
    if name not in snapshot.installed:
        raise not_there(engine, name)
    found = _counted(connection, name, title_of(engine, name), snapshot.installed[name])
    found = replace(
        found,
        needed_by=_needed_by(engine, name, snapshot),
        enabled_at=_enabled_at(engine, connection, name, snapshot),
    )
    return replace(found, refusals=tuple(_refusals(connection, found)))


def _remains(engine: Engine, connection: sa.Connection, name: str) -> Removal:
    """Without its code a plugin does nothing, so what is decided does not stand in the way."""
    if name in engine.manifests:
        raise CodeIsThere(name)
    if current_app.config["SAFE_MODE"] or any(p.plugin == name for p in engine.problems):
        raise CodeUnread(name)
    snapshot = read_snapshot(connection)
    version = snapshot.installed.get(name, "")
    found = _counted(connection, name, name, version)
    found = replace(found, needed_by=_needed_by(engine, name, snapshot))
    # A schema alone says nothing: it may be core's, or another application's.
    if not (version or found.decisions or found.settings):
        raise NothingKnown(name, snapshot.installed)
    return replace(found, refusals=tuple(_refusals(connection, found)))


def _refusals(connection: sa.Connection, found: Removal) -> Iterator[DomainError]:
    if found.needed_by:
        yield StillRequired(found.title, found.needed_by.values())
    if found.enabled_at:
        yield StillEnabled(found.title, found.enabled_at.values())
    if referring := archive.referring_tables(connection, found.name):
        yield ReferredTo(found.title, referring)


def _counted(connection: sa.Connection, name: str, title: str, version: str) -> Removal:
    return Removal(
        name=name,
        title=title,
        version=version,
        tables=tables_of(connection, name),
        activities=_count(connection, Activity.kind.startswith(f"{name}.", autoescape=True)),
        grants=_count(connection, _of_its_roles(name)),
        decisions=_count(connection, PluginDecision.plugin == name),
        settings=_count(connection, PluginSetting.plugin == name),
        records=_count(connection, PluginRecord.plugin == name),
        jobs=connection.scalar(_JOBS, {"tasks": _tasks(name)}) or 0,
    )


def _needed_by(engine: Engine, name: str, snapshot: Snapshot) -> dict[str, str]:
    return {
        m.name: title_of(engine, m.name)
        for m in engine.manifests.values()
        if name in m.requires and m.name in snapshot.installed
    }


def _enabled_at(
    engine: Engine, connection: sa.Connection, name: str, snapshot: Snapshot
) -> dict[int, str]:
    """The institutions whose decisions make it active; of a link plugin, of those
    that decided for what it links."""
    decided = snapshot.decisions.get(name, {})
    ids = [key for key, one in decided.items() if snapshot.effect(name, one.lineage).enabled]
    manifest = engine.loaded.get(name)
    if not ids and manifest and manifest.auto_install:
        ids = [
            key
            for other in manifest.requires
            for key, one in snapshot.decisions.get(other, {}).items()
            if name in engine.active_in(snapshot, one.lineage)
        ]
    query = sa.select(Institution.id, Institution.short_name).where(Institution.id.in_(ids))
    return dict(connection.execute(query.order_by(Institution.path)).all())


def _of_its_roles(name: str) -> sa.ColumnElement[bool]:
    return Grant.role.startswith(f"{name}.", autoescape=True)


def _count(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).where(condition)) or 0


_JOBS = sa.text(
    "SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE :tasks AND status = 'todo'"
)
# What runs at this moment ends by itself, without its tables.
_DROP_JOBS = (
    sa.text("DELETE FROM procrastinate_periodic_defers WHERE task_name LIKE :tasks"),
    sa.text("DELETE FROM procrastinate_jobs WHERE task_name LIKE :tasks AND status = 'todo'"),
)
# Nobody sets or grants anything of it between the archive and the drop.
_HOLD_SETTINGS = sa.text('LOCK TABLE plugin_setting, "grant" IN SHARE ROW EXCLUSIVE MODE')
_SIZES = sa.text(
    "SELECT c.relname, pg_total_relation_size(c.oid) AS bytes FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'"
    " ORDER BY c.relname"
)


def _tasks(name: str) -> str:
    return name.replace("_", r"\_") + ".%"


def tables_of(connection: sa.Connection, name: str) -> tuple[TableSize, ...]:
    """The tables in a plugin's schema, counted: two queries."""
    sizes = {row.relname: row.bytes for row in connection.execute(_SIZES, {"schema": name})}
    counts = [sa.select(sa.literal(table), _number_of_rows(table, name)) for table in sizes]
    found = connection.execute(sa.union_all(*counts)).all() if counts else []
    return tuple(TableSize(table, rows, sizes[table]) for table, rows in sorted(found))


def _number_of_rows(table: str, schema: str) -> sa.ScalarSelect[int]:
    named = sa.table(table, schema=schema)
    return sa.select(sa.func.count()).select_from(named).scalar_subquery()


# Keeping and removing


def export(engine: Engine, name: str, keep: Keep, *, by: User | None = None) -> archive.Index:
    """Hands the archive of an installed plugin to `keep`.

    Raises UnknownPlugin, NotInstalled or Busy.
    """
    actor = lifecycle.actor_of(by)
    # One view of all tables, while others go on writing.
    reading = db.engine.execution_options(isolation_level="REPEATABLE READ")
    with lifecycle.patient(), reading.begin() as connection:
        migrations.hurry(connection)
        version, _revision = lifecycle.installed_as(connection, name)
        if not version:
            raise not_there(engine, name)
        index = _kept(connection, name, keep)
        lifecycle.log_step(
            connection, "plugin.export", name, actor, version=version, rows=index.rows
        )
    return index


def _kept(connection: sa.Connection, name: str, keep: Keep) -> archive.Index:
    with TemporaryFile() as file:
        index = archive.write(connection, name, file)
        file.seek(0)
        keep(file)
    return index


def uninstall(engine: Engine, name: str, *, keep: Keep | None, by: User | None = None) -> Removal:
    """Drops a plugin's tables and all that belongs to it, after `keep` has its archive.

    Raises DomainError, or what `keep` raises; then nothing was dropped.
    """
    actor = lifecycle.actor_of(by)
    with lifecycle.exclusive() as connection:
        # Whoever decides about plugins waits for this row, and then finds it not installed.
        lifecycle.bump(connection)
        found = _removal(engine, connection, name)
        _remove(connection, found, keep, "plugin.uninstall", actor)
    engine.enablement.forget()
    return found


def forget(engine: Engine, name: str, *, keep: Keep | None, by: User | None = None) -> Removal:
    """The same for a plugin whose code is gone, whatever was decided about it."""
    actor = lifecycle.actor_of(by)
    with lifecycle.exclusive() as connection:
        lifecycle.bump(connection)
        found = _remains(engine, connection, name)
        _remove(connection, found, keep, "plugin.forget", actor)
    engine.enablement.forget()
    return found


def _remove(
    connection: sa.Connection, found: Removal, keep: Keep | None, action: str, actor: int | None
) -> None:
    if found.refusals:
        raise found.refusals[0]
    connection.execute(_HOLD_SETTINGS)
    if found.version:
        archive.hold_still(connection, found.name)
        if keep:
            _kept(connection, found.name, keep)
        connection.execute(sa.schema.DropSchema(found.name, cascade=True, if_exists=True))
    _drop_rows(connection, found.name)
    lifecycle.log_step(
        connection, action, found.name, actor,
        version=found.version, rows=found.rows, archived=keep is not None,
    )  # fmt: skip


def _drop_rows(connection: sa.Connection, name: str) -> None:
    for column in OWN:
        connection.execute(sa.delete(column.class_).where(column == name))
    connection.execute(sa.delete(Grant).where(_of_its_roles(name)))
    for text in _DROP_JOBS:
        connection.execute(text, {"tasks": _tasks(name)})
