"""A migrated template database, and a clone of it for each test process.

The template's name carries a digest of all migrations, so it is made once and again only
when one of them changes.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from core import create_app, embedded
from core.config import bundled, driver_url
from core.db import db
from core.plugin_engine import engine, lifecycle
from core.plugin_engine.discovery import discover

# From the database itself: not every plugin that Python knows is installed in it. Rows are deleted
# where there are any, without their triggers: truncating a hundred tables makes as many files.
_EMPTY = sa.text(r"""
DO $$
DECLARE one record; filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT schemaname, tablename FROM pg_tables
        WHERE tablename NOT IN ('plugin_installation', 'plugin_epoch', 'alembic_version')
        AND schemaname NOT IN ('pg_catalog', 'information_schema', 'kept')
        AND (tablename NOT LIKE 'procrastinate\_%' OR tablename IN
            ('procrastinate_jobs', 'procrastinate_events', 'procrastinate_periodic_defers'))
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', one.schemaname, one.tablename)
            INTO filled;
        IF filled THEN
            EXECUTE format('DELETE FROM %I.%I', one.schemaname, one.tablename);
        END IF;
    END LOOP;
    FOR one IN SELECT schemaname, sequencename, start_value FROM pg_sequences
        WHERE last_value IS NOT NULL AND (sequencename NOT LIKE 'procrastinate\_%'
            OR sequencename = 'procrastinate_jobs_id_seq')
    LOOP
        PERFORM setval(
            format('%I.%I', one.schemaname, one.sequencename)\:\:regclass, one.start_value, false
        );
    END LOOP;
    IF to_regprocedure('kept.put_back()') IS NOT NULL THEN
        PERFORM kept.put_back();
    END IF;
END $$
""")
_RECORD_TABLES = sa.text(
    "SELECT DISTINCT plugin, table_name FROM plugin_record ORDER BY plugin, table_name"
)


def server_url(instance: Path) -> str:
    """The server for tests: `TEST_DATABASE_URL`, else an embedded one without fsync."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return driver_url(given)
    return embedded.start(instance, durable=False).url


def digest() -> str:
    """Of the migrations of core and of every plugin that is found, installed packages included."""
    found = hashlib.sha256()
    extra = os.environ.get("BIMTEK_PLUGIN_FOLDERS", "").split(os.pathsep)
    manifests = discover(Path(folder) for folder in extra if folder).manifests
    plugins = [manifest.path for manifest in manifests]
    files = [
        Path(__file__),  # what it prepares beside the tables
        *(bundled("migrations") / "versions").glob("*.py"),
        *(path / "plugin.toml" for path in plugins),
        *(file for path in plugins for file in (path / "migrations").glob("*.py")),
    ]
    for file in sorted(files):
        found.update(file.read_bytes())
    return found.hexdigest()[:12]


@contextmanager
def _administration(url: str) -> Iterator[sa.Connection]:
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        yield connection
    admin.dispose()


def _with_database(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _fill(url: str, instance: Path) -> None:
    app = create_app({"DATABASE_URL": url, "INSTANCE": instance, "SECRET_KEY": "template"})
    with app.app_context():
        lifecycle.upgrade_installed(engine())
        lifecycle.install(engine(), [m.name for m in engine().loaded.values()])
        keep_records(db.engine)
        db.engine.dispose()


def template(url: str, instance: Path) -> str:
    """The name of the migrated template; made under a lock, so that one process makes it."""
    name = f"template_{digest()}"
    with _administration(url) as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(77)"))
        known = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.scalar(known, {"name": name}) is None:
            draft = f"{name}_draft"
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {draft} WITH (FORCE)"))
            connection.execute(sa.text(f"CREATE DATABASE {draft}"))
            _fill(_with_database(url, draft), instance)
            connection.execute(sa.text(f"ALTER DATABASE {draft} RENAME TO {name}"))
        connection.execute(sa.text("SELECT pg_advisory_unlock(77)"))
    return name


@contextmanager
def clone(url: str, instance: Path, label: str) -> Iterator[str]:
    """The URL of a fresh copy of the template; dropped at the end."""
    name = f"test_{label}_{os.getpid()}"
    with copied(url, template(url, instance), name):
        yield _with_database(url, name)


@contextmanager
def copied(url: str, source: str, name: str) -> Iterator[None]:
    """A database that is a copy of another; dropped at the end."""
    copy(url, source, name)
    yield
    with _administration(url) as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


def copy(url: str, source: str, name: str) -> None:
    """Makes a database anew as a copy of another, which nobody is connected to."""
    with _administration(url) as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {source}"))


def name_of(url: str) -> str:
    return str(sa.make_url(url).database)


def empty(engine: sa.Engine) -> None:
    """Takes out everything that a test wrote; what is installed stays, with its reference data."""
    with engine.begin() as connection:
        connection.execute(_EMPTY)


def keep_records(engine: sa.Engine) -> None:
    """Copies the plugins' reference data as it is now, for `empty` to put back in one call."""
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept"))
        tables = connection.execute(_RECORD_TABLES).all()
        steps: list[str] = []
        for schema, table in [*tables, *([("public", "plugin_record")] if tables else [])]:
            copy = f'kept."{schema}.{table}"'
            connection.execute(sa.text(f'CREATE TABLE {copy} AS TABLE {schema}."{table}"'))
            steps += [f'INSERT INTO {schema}."{table}" TABLE {copy};']
            steps += _numbering(connection, schema, table)
        body = "\n".join(steps).replace(":", r"\:")
        connection.execute(sa.text(
            f"CREATE FUNCTION kept.put_back() RETURNS void LANGUAGE plpgsql"
            f" AS $$ BEGIN {body} END $$"
        ))  # fmt: skip


def _numbering(connection: sa.Connection, schema: str, table: str) -> list[str]:
    """New rows get numbers after those that were put back."""
    whole = f'{schema}."{table}"'
    return [
        f"PERFORM setval(pg_get_serial_sequence('{whole}', '{column['name']}'),"
        f' (SELECT max("{column["name"]}") FROM {whole}));'
        for column in sa.inspect(connection).get_columns(table, schema=schema)
        if column.get("identity")
    ]
