"""Installs plugins on the site, and enables or disables one for an institution.

Installing is one transaction: schema, migrations and record, or nothing. Disabling keeps
all data. Every step is audited.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from core.db import db
from core.institutions.models import Institution
from core.people.models import AuditEntry, User
from core.plugin_engine import migrations
from core.plugin_engine.decisions import Choice, closure, decide
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.models import PluginEpoch, PluginInstallation


def install(engine: Engine, names: Iterable[str]) -> list[str]:
    """Installs the closure of `names`; gives the names that were not there before."""
    new = []
    with db.engine.begin() as connection:
        migrations.lock(connection)
        present = set(connection.scalars(sa.select(PluginInstallation.name)))
        for manifest in closure(engine, names):
            if manifest.name in present:
                continue
            migrations.upgrade(connection, manifest)
            _record(connection, manifest)
            new.append(manifest.name)
        if new:
            _bump(connection)
    engine.enablement.forget()
    return new


def _record(connection: sa.Connection, manifest: Manifest) -> None:
    version = str(manifest.version)
    connection.execute(sa.insert(PluginInstallation).values(name=manifest.name, version=version))
    connection.execute(
        sa.insert(AuditEntry).values(
            action="plugin.install",
            object_type="plugin",
            object_id=manifest.name,
            change={"version": version},
        )
    )


def _bump(connection: sa.Connection) -> None:
    number = PluginEpoch.number
    if not connection.execute(sa.update(PluginEpoch).values(number=number + 1)).rowcount:
        connection.execute(sa.insert(PluginEpoch).values(id=1, number=1))


def upgrade_installed(engine: Engine) -> None:
    """Core and every installed plugin to the head of its migrations."""
    with db.engine.connect() as connection:
        known = sa.inspect(connection).has_table(PluginInstallation.__tablename__)
        names = set(connection.scalars(sa.select(PluginInstallation.name))) if known else set()
    plugins = [m for m in engine.loaded.values() if m.name in names]
    migrations.upgrade_all(db.engine, plugins)
    with db.engine.begin() as connection:
        for manifest in plugins:
            connection.execute(
                sa.update(PluginInstallation)
                .where(PluginInstallation.name == manifest.name)
                .values(version=str(manifest.version))
            )
    engine.enablement.forget()


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
