"""Installs and upgrades plugins on the site, and enables or disables one for an institution.

Each step is one transaction under one lock: schema, migrations, reference data and record, or
nothing. Disabling keeps all data; what takes data away is in `removal`. Every step is audited.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale
from flask_babel import gettext as _
from packaging.version import InvalidVersion, Version
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from core.db import db
from core.errors import Busy, DomainError
from core.institutions.models import Institution
from core.people.models import AuditEntry, User
from core.plugin_engine import migrations, records
from core.plugin_engine.decisions import Choice, NotInstalled, closure, decide
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.models import PluginEpoch, PluginInstallation
from core.plugin_engine.whereabouts import where_it_failed

log = logging.getLogger(__name__)


_IN_THE_WAY = (LockNotAvailable, DeadlockDetected)


@dataclass(frozen=True)
class Moved:
    """A plugin that was brought to its code's version; `before` None: it was not installed."""

    name: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Outcome:
    """What an upgrade of everything came to: what moved, and what could not, with its reason."""

    moved: tuple[Moved, ...]
    failed: Mapping[str, DomainError]


class StepFailed(DomainError):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            _("%(name)s could not be installed or upgraded, and nothing of it was changed: "
              "%(reason)s. The log has the details.", name=name, reason=reason)
        )  # fmt: skip


class Downgrade(DomainError):
    def __init__(self, name: str, found: object, installed: str) -> None:
        super().__init__(
            _("%(name)s %(found)s is older than what is installed (%(installed)s), and there is no "
              "way back. Put %(installed)s back and restart.",
              name=name, found=found, installed=installed)
        )  # fmt: skip


class SchemaTaken(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("The database has a schema %(name)s that is not this plugin's. Rename or remove it, "
              "then install again.", name=name)
        )  # fmt: skip


class NeedsFailed(DomainError):
    def __init__(self, name: str, others: Iterable[str]) -> None:
        super().__init__(
            _("%(name)s was left as it is, because it needs %(others)s.",
              name=name, others=", ".join(sorted(others)))
        )  # fmt: skip


@contextmanager
def exclusive() -> Iterator[sa.Connection]:
    """One transaction in which nobody else installs, upgrades or removes. Raises Busy.

    The session's own transaction is committed first: tables are made and dropped together with
    their references to core's tables, and the locks of the caller would stand in the way. The
    reader's language is asked before, since it stands in a table that the step may lock.
    """
    get_locale()
    db.session.commit()
    with patient(), db.engine.begin() as connection:
        migrations.lock(connection)
        yield connection


@contextmanager
def patient() -> Iterator[None]:
    """Somebody else's lock, or a deadlock with it, becomes Busy."""
    try:
        yield
    except (OperationalError, *_IN_THE_WAY) as error:
        if isinstance(getattr(error, "orig", error), _IN_THE_WAY):
            raise Busy from error
        raise


@dataclass(frozen=True)
class _Present:
    """What the database remembers of an installed plugin."""

    version: str
    revision: str | None


def _present(connection: sa.Connection) -> dict[str, _Present]:
    if not sa.inspect(connection).has_table(PluginInstallation.__tablename__):
        return {}
    columns = PluginInstallation.name, PluginInstallation.version, PluginInstallation.revision
    rows = connection.execute(sa.select(*columns))
    return {name: _Present(version, revision) for name, version, revision in rows}


# Installing


def install(engine: Engine, names: Iterable[str], *, by: User | None = None) -> list[str]:
    """Installs the closure of `names` and the plugins that link what is then there.

    Gives the names that were not there before. Raises DomainError; then nothing was changed.
    """
    actor = actor_of(by)
    with exclusive() as connection:
        wanted = closure(engine, names)
        moved = _bring_with_links(engine, connection, wanted, {m.name for m in wanted}, actor)
    engine.enablement.forget()
    return [step.name for step in moved if step.before is None]


def _bring_all(
    engine: Engine, connection: sa.Connection, wanted: Sequence[Manifest], actor: int | None
) -> list[Moved]:
    """Brings plugins in their order."""
    present = _present(connection)
    moved = [
        _bring(engine, connection, manifest, present.get(manifest.name), actor)
        for manifest in wanted
        if not _is_older(manifest, present.get(manifest.name))
    ]
    if any(moved):
        bump(connection)
    return [step for step in moved if step]


def _bring_with_links(
    engine: Engine,
    connection: sa.Connection,
    wanted: Sequence[Manifest],
    fresh: Set[str],
    actor: int | None,
) -> list[Moved]:
    """Brings plugins, and those that link one of `fresh` with what is there."""
    moved = _bring_all(engine, connection, wanted, actor)
    links = bring_links(engine, connection, fresh, actor)
    for error in links.failed.values():
        raise error
    return [*moved, *links.moved]


def links_with(engine: Engine, known: Set[str], fresh: Set[str]) -> list[Manifest]:
    """The link plugins beyond `known` that link one of `fresh`, and of which all is known."""
    there, new = set(known), set(fresh)
    found = []
    for manifest in engine.loaded.values():
        links = manifest.auto_install and manifest.requires.keys() & new
        if links and manifest.name not in there and manifest.requires.keys() <= there:
            found.append(manifest)
            there.add(manifest.name)
            new.add(manifest.name)
    return found


def _is_older(manifest: Manifest, was: _Present | None) -> bool:
    """Whether newer code was installed before; its tables are good for the older code as well."""
    return was is not None and recorded_version(was.version) > manifest.version


def recorded_version(text: str) -> Version:
    """As the database has it; what is no version is older than any."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _bring(
    engine: Engine,
    connection: sa.Connection,
    manifest: Manifest,
    was: _Present | None,
    actor: int | None,
) -> Moved | None:
    """Brings a plugin to what its code is; None where it is there already."""
    if _is_current(connection, manifest, was):
        return None
    if was is None:
        _refuse_foreign_schema(connection, manifest.name)
    version = str(manifest.version)
    migrate(engine, connection, manifest, recorded_version(was.version) if was else None)
    record(connection, manifest)
    action = "plugin.upgrade" if was else "plugin.install"
    change = {"version": version} | ({"before": was.version} if was else {})
    log_step(connection, action, manifest.name, actor, **change)
    return Moved(manifest.name, was.version if was else None, version)


def bring_required(
    engine: Engine, connection: sa.Connection, manifest: Manifest, actor: int | None
) -> set[str]:
    """Brings all that a plugin requires; gives the names that were not there before."""
    present = _present(connection)
    wanted = [one for one in closure(engine, [manifest.name]) if one.name != manifest.name]
    _bring_all(engine, connection, wanted, actor)
    return {one.name for one in wanted} - present.keys()


def bring_links(
    engine: Engine,
    connection: sa.Connection,
    fresh: Set[str],
    actor: int | None,
    failed: Mapping[str, DomainError] | None = None,
) -> Outcome:
    """Brings the plugins that link one of `fresh` with what is there, and what they link where it
    is behind. One that fails, or needs what has `failed` before, holds nothing else back."""
    moved: list[Moved] = []
    lost: dict[str, DomainError] = {}
    for manifest in links_with(engine, _present(connection).keys(), fresh):
        try:
            moved += _bring_apart(engine, connection, manifest, {**(failed or {}), **lost}, actor)
        except DomainError as error:
            lost[manifest.name] = error
    return Outcome(tuple(moved), lost)


def _bring_apart(
    engine: Engine,
    connection: sa.Connection,
    manifest: Manifest,
    failed: Mapping[str, DomainError],
    actor: int | None,
) -> list[Moved]:
    """Brings a plugin with what it requires; where that fails, nothing else is touched.

    Raises DomainError, NeedsFailed where it requires what has `failed`.
    """
    _refuse_stuck(manifest, failed)
    with connection.begin_nested():
        return _bring_all(engine, connection, closure(engine, [manifest.name]), actor)


def installed_as(connection: sa.Connection, name: str) -> tuple[str, str | None]:
    """The version and revision that the database remembers; "" where it is not installed."""
    found = _present(connection).get(name, _Present("", None))
    return found.version, found.revision


def _refuse_foreign_schema(connection: sa.Connection, name: str) -> None:
    """Another application's schema is neither filled nor, one day, dropped."""
    if name in sa.inspect(connection).get_schema_names():
        raise SchemaTaken(name)


def _is_current(connection: sa.Connection, manifest: Manifest, was: _Present | None) -> bool:
    head = migrations.head(connection, manifest)
    return was is not None and (was.version, was.revision) == (str(manifest.version), head)


def migrate(
    engine: Engine, connection: sa.Connection, manifest: Manifest, since: Version | None
) -> None:
    """The plugin's tables to the head, with what it does before and after, and its records.

    Raises StepFailed.
    """
    name = manifest.name
    with _named(manifest):
        engine.during(name, "before_migrations", connection=connection, since=since)
        migrations.upgrade(connection, manifest)
        engine.during(name, "after_migrations", connection=connection, since=since)
        found = engine.during(name, "reference_data")
        records.apply(connection, name, found, demo=_has_demo(connection))


def _has_demo(connection: sa.Connection) -> bool:
    from core.demo import LOADED  # noqa: PLC0415 -- the demo is made by these services

    return connection.scalar(sa.select(AuditEntry.id).filter_by(action=LOADED)) is not None


@contextmanager
def _named(manifest: Manifest) -> Iterator[None]:
    """A fault of the plugin becomes a sentence; its words stay in the log, for they may hold
    people's data."""
    try:
        yield
    except records.WrongRecord as error:
        raise StepFailed(manifest.name, str(error)) from error
    except Exception as error:
        if isinstance(getattr(error, "orig", None), _IN_THE_WAY):
            raise
        log.exception("plugin %s could not be installed or upgraded", manifest.name)
        raise StepFailed(manifest.name, where_it_failed(error, manifest.path)) from error


def record(connection: sa.Connection, manifest: Manifest) -> None:
    """Remembers that a plugin is installed as its code has it."""
    head = migrations.head(connection, manifest)
    row = {"version": str(manifest.version), "revision": head}
    new = insert(PluginInstallation).values(name=manifest.name, **row)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=row))


def actor_of(by: User | None) -> int | None:
    """Asked before the step begins: a person read in the midst of it would wait for its locks."""
    return by.id if by else None


def log_step(
    connection: sa.Connection, action: str, name: str, actor: int | None, **change: Any
) -> None:
    """An entry of the audit log in the step's own transaction."""
    connection.execute(
        sa.insert(AuditEntry).values(
            actor_id=actor,
            action=action,
            object_type="plugin",
            object_id=name,
            change=change,
        )
    )


def bump(connection: sa.Connection) -> None:
    """Tells every process to look again."""
    number = PluginEpoch.number
    if not connection.execute(sa.update(PluginEpoch).values(number=number + 1)).rowcount:
        connection.execute(sa.insert(PluginEpoch).values(id=1, number=1))


# Upgrading


def upgrade(engine: Engine, names: Iterable[str], *, by: User | None = None) -> list[Moved]:
    """Brings installed plugins, and what they require, to the version of their code.

    Raises DomainError, Downgrade among them; then nothing was changed.
    """
    names, actor = list(names), actor_of(by)
    with exclusive() as connection:
        present = _present(connection)
        wanted = closure(engine, names)
        for manifest in wanted:
            if manifest.name in names:
                _refuse_upgrade(manifest, present.get(manifest.name))
        fresh = {manifest.name for manifest in wanted} - present.keys()
        moved = _bring_with_links(engine, connection, wanted, fresh, actor)
    engine.enablement.forget()
    return moved


def _refuse_upgrade(manifest: Manifest, was: _Present | None) -> None:
    if was is None:
        raise NotInstalled(manifest.name)
    if _is_older(manifest, was):
        raise Downgrade(manifest.name, manifest.version, was.version)


def upgrade_installed(engine: Engine, *, by: User | None = None) -> Outcome:
    """Core, then every installed plugin, to what the code here is.

    A plugin that cannot follow stays as it was, together with those that need it; the others go
    on, so that one plugin's fault keeps no site down. What links something new comes last.
    """
    actor = actor_of(by)
    with exclusive() as connection:
        migrations.upgrade(connection)
        present = _present(connection)
        moved: list[Moved] = []
        failed: dict[str, DomainError] = {}
        for manifest in engine.loaded.values():
            was = present.get(manifest.name)
            if was is None or _is_current(connection, manifest, was):
                continue
            try:
                _refuse_upgrade(manifest, was)
                moved += _bring_apart(engine, connection, manifest, failed, actor)
            except DomainError as error:
                failed[manifest.name] = error
        fresh = {step.name for step in moved if step.before is None}
        links = bring_links(engine, connection, fresh, actor, failed)
    moved += links.moved
    failed.update(links.failed)
    engine.enablement.forget()
    return Outcome(tuple(moved), failed)


def _refuse_stuck(manifest: Manifest, failed: Mapping[str, DomainError]) -> None:
    if stuck := manifest.requires.keys() & failed.keys():
        raise NeedsFailed(manifest.name, stuck)


# Deciding


def enable(
    engine: Engine, name: str, institution: Institution, *, by: User | None, locked: bool = False
) -> None:
    """Enables a plugin and all it requires for an institution and everything below it."""
    decide(engine, institution, [Choice(name, True, locked)], by=by)


def disable(
    engine: Engine, name: str, institution: Institution, *, by: User | None, locked: bool = False
) -> None:
    """Disables a plugin here and below; refused while an enabled one needs it."""
    decide(engine, institution, [Choice(name, False, locked)], by=by)
