"""Runs Alembic for core and for each plugin: one tree and one version table each.

A plugin's tables and its `alembic_version` lie in the schema that carries its name, so core
migrates although a plugin's code is gone. Runs when an operator asks for it, by a command or on the
page of the site, in one transaction; never at import, nor because somebody reads a page.
"""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.config import bundled
from core.db import Base
from core.plugin_engine.manifest import Manifest

LOCK = 7_216_402  # Any number will do, as long as only migrations and installs take it.
OPERATORS_WAIT = "30s"
TABLES_WAIT = "4s"  # No longer than a reader bears.


def lock(connection: sa.Connection) -> None:
    """Waits until no other operator migrates or installs; held to the transaction's end.

    For a table it waits much shorter: meanwhile everybody who reads the table waits as well.
    """
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{OPERATORS_WAIT}'"))
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    hurry(connection)


def hurry(connection: sa.Connection) -> None:
    """Waits for no table for long."""
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{TABLES_WAIT}'"))


def versions_of(plugin: Manifest | None) -> Path:
    return bundled("migrations") / "versions" if plugin is None else plugin.path / "migrations"


def alembic_config(connection: sa.Connection, plugin: Manifest | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions_of(plugin)).replace("%", "%%"))
    config.attributes.update(
        connection=connection,
        metadata=Base.metadata,
        schema=plugin.name if plugin else None,
    )
    return config


def upgrade(
    connection: sa.Connection, plugin: Manifest | None = None, revision: str = "head"
) -> None:
    """Brings core (None) or one plugin to a revision, in the caller's transaction."""
    if plugin:
        connection.execute(sa.schema.CreateSchema(plugin.name, if_not_exists=True))
    command.upgrade(alembic_config(connection, plugin), revision)


def downgrade(connection: sa.Connection, plugin: Manifest | None, revision: str) -> None:
    command.downgrade(alembic_config(connection, plugin), revision)


def current(connection: sa.Connection, plugin: Manifest | None = None) -> str | None:
    """The revision that the database is at; None before the first migration."""
    options = {"version_table_schema": plugin.name if plugin else None}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def head(connection: sa.Connection, plugin: Manifest | None = None) -> str | None:
    return ScriptDirectory.from_config(alembic_config(connection, plugin)).get_current_head()


@dataclass(frozen=True)
class Revisions:
    """What a plugin's code knows of its tables: every revision, and the newest one."""

    known: frozenset[str]
    head: str | None

    def is_behind(self, revision: str | None) -> bool:
        """Whether tables at `revision` lack what the code needs; newer tables do not.

        None: there was no migration when it was installed.
        """
        return revision != self.head and (revision is None or revision in self.known)


def revisions_of(plugin: Manifest) -> Revisions:
    """Read from the plugin's files. Raises what a broken migration raises."""
    folder = str(versions_of(plugin))
    script = ScriptDirectory(str(bundled("migrations")), version_locations=[folder])
    found = frozenset(one.revision for one in script.walk_revisions())
    return Revisions(found, script.get_current_head())


def revision(connection: sa.Connection, plugin: Manifest | None, message: str) -> None:
    """For developers: writes a migration from models and database, under the next number."""
    known = len(list(versions_of(plugin).glob("[0-9]*.py")))
    command.revision(
        alembic_config(connection, plugin),
        message,
        autogenerate=True,
        version_path=str(versions_of(plugin)),
        rev_id=f"{known + 1:04}",
    )
