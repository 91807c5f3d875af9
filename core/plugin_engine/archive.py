"""The archive of a plugin's data: a ZIP with one file a table, and what core keeps about it.

It holds rows, not structure: restoring makes the tables by the plugin's own migrations at the
archive's revision, fills them, then migrates on. Values of secrets stay encrypted; everything
else may be personal data, so an archive is for the platform's admin only.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import IO, Any, cast

import psycopg
import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from packaging.version import InvalidVersion, Version

from core.errors import DomainError
from core.jobs import defer_again, plugin_of, waiting_of
from core.people.models import User
from core.plugin_engine import lifecycle, migrations, references
from core.plugin_engine.decisions import UnknownPlugin
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import NAME, Manifest
from core.plugin_engine.models import PluginEpoch
from core.plugin_engine.references import Lost, Reference, StillReferred

FORMAT = 1
INDEX = "archive.json"
CHUNK = 1024 * 1024
MOST_INDEX_BYTES = 64 * CHUNK
TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# What core keeps of a plugin: table → the condition on a row of it, called "kept".
KEPT = {
    "plugin_decision": "kept.plugin = :name",
    "plugin_setting": "kept.plugin = :name",
    "plugin_record": "kept.plugin = :name",
    "grant": "kept.role LIKE :roles",
}
JOB = {"task", "priority", "lock", "queueing_lock", "args", "at"}


class ArchiveUnreadable(DomainError):
    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(
            _("This is no archive that can be restored: %(reason)s. Nothing was changed.",
              reason=reason)
        )  # fmt: skip


class AlreadyInstalled(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("%(name)s is installed. An archive is restored where the plugin is not; uninstall "
              "it first.", name=name)
        )  # fmt: skip


class ArchiveNewer(DomainError):
    def __init__(self, name: str, archived: str, found: object) -> None:
        super().__init__(
            _("The archive is of %(name)s %(archived)s; the code here is %(found)s and does not "
              "know its tables. Put %(archived)s or a newer version in place, then restart.",
              name=name, archived=archived, found=found)
        )  # fmt: skip


class ArchiveOfAnother(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("The archive of %(name)s was made by another installation. Its rows name people and "
              "classes by numbers that belong to others here. Nothing was restored.", name=name)
        )  # fmt: skip


class RowsLeftBehind(DomainError):
    def __init__(self, table: str, target: str, rows: int) -> None:
        super().__init__(
            ngettext(
                "%(num)d row of %(table)s refers to something in %(target)s that is no longer "
                "there and may not be missing. Nothing was restored.",
                "%(num)d rows of %(table)s refer to something in %(target)s that is no longer "
                "there and may not be missing. Nothing was restored.",
                rows, table=table, target=target,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class TableFile:
    """One table of an archive: its columns in the file's order, and how to know the file."""

    name: str
    columns: list[str]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Index:
    """What an archive says about itself.

    `kept`: table of core → rows; `sequences`: name → last value; `jobs`: what was to be done.
    """

    site: str
    plugin: str
    version: str
    revision: str | None
    made_at: str
    tables: list[TableFile]
    sequences: dict[str, int]
    kept: dict[str, list[dict[str, Any]]]
    jobs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


@dataclass(frozen=True)
class Restored:
    """`lost`: rows that did not come back, because what they belonged to is gone.

    `kept_out`: table of core → rows of it that gave way to what was written there meanwhile.
    `failed_links`: why plugins that would link it with others are not installed. `along`: what it
    requires and was installed, empty.
    """

    name: str
    archived: str
    version: str
    rows: int
    lost: tuple[Lost, ...]
    kept_out: Mapping[str, int]
    failed_links: tuple[DomainError, ...] = ()
    along: tuple[str, ...] = ()

    @property
    def kept_out_sentence(self) -> str:
        """What stayed as it was found, or ""."""
        words = {
            "plugin_decision": _("decisions of institutions"),
            "plugin_setting": _("settings"),
            "plugin_record": _("marks of what the plugin brought along"),
            "grant": _("roles given to people"),
        }
        found = ", ".join(f"{words[table]} ({rows})" for table, rows in self.kept_out.items())
        return found and _("Already there, and kept instead of what the archive holds: %(found)s.",
                           found=found)  # fmt: skip


# Reading the database's catalogue


def referring_tables(connection: sa.Connection, name: str) -> list[str]:
    """The tables outside a plugin's schema that refer into it."""
    return sorted({one.table for one in references.references_into(connection, name)})


_COLUMNS = sa.text(
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'"
    " AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
    " ORDER BY c.relname, a.attnum"
)
_NAMES = sa.text(
    "SELECT c.relname, CAST(CAST(c.oid AS regclass) AS text) AS quoted FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema"
)
_SEQUENCES = sa.text(
    "SELECT sequencename, last_value FROM pg_sequences"
    " WHERE schemaname = :schema AND last_value IS NOT NULL ORDER BY sequencename"
)


def _columns(connection: sa.Connection, name: str) -> dict[str, dict[str, str]]:
    """Table → the columns that can be written, with their types."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(_COLUMNS, {"schema": name}):
        found.setdefault(table, {})[column] = kind
    return found


def _sequences(connection: sa.Connection, name: str) -> dict[str, int]:
    return {row.sequencename: row.last_value for row in connection.execute(
        _SEQUENCES, {"schema": name})}  # fmt: skip


def _quoted(*names: str) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _site(connection: sa.Connection) -> str:
    """What tells this installation's database from any other; copies of it are the same."""
    return str(connection.scalar(sa.select(PluginEpoch.site)) or "")


def hold_still(connection: sa.Connection, name: str) -> None:
    """Nobody reads or writes the plugin's tables until the transaction ends."""
    for table in _columns(connection, name):
        connection.execute(sa.text(f'LOCK TABLE "{name}"."{table}" IN ACCESS EXCLUSIVE MODE'))


# Writing


def write(connection: sa.Connection, name: str, file: IO[bytes]) -> Index:
    """Writes the archive of an installed plugin, as this transaction sees it."""
    recorded, revision = lifecycle.installed_as(connection, name)
    version = str(lifecycle.recorded_version(recorded))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        tables = [
            _write_table(connection, archive, name, table, list(columns))
            for table, columns in _columns(connection, name).items()
        ]
        index = Index(
            site=_site(connection),
            plugin=name,
            version=version,
            revision=revision,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tables=tables,
            sequences=_sequences(connection, name),
            kept={table: _kept(connection, name, table) for table in KEPT},
            jobs=waiting_of(connection, name),
        )
        text = json.dumps({"format": FORMAT, **asdict(index)}, ensure_ascii=False, indent=1)
        archive.writestr(INDEX, text)
    return index


def _write_table(
    connection: sa.Connection,
    archive: zipfile.ZipFile,
    schema: str,
    table: str,
    columns: list[str],
) -> TableFile:
    digest = hashlib.sha256()
    query = f'COPY "{schema}"."{table}" ({_quoted(*columns)}) TO STDOUT'
    with (
        _cursor(connection) as cursor,
        archive.open(_file(table), "w", force_zip64=True) as file,
    ):
        with cursor.copy(query) as copy:
            for block in copy:
                digest.update(block)
                file.write(block)
        rows = cursor.rowcount
    return TableFile(table, columns, rows, digest.hexdigest())


def _file(table: str) -> str:
    return f"tables/{table}.copy"


def _cursor(connection: sa.Connection) -> psycopg.Cursor[Any]:
    driver = cast(psycopg.Connection[Any], connection.connection.driver_connection)
    return driver.cursor()


def _kept(connection: sa.Connection, name: str, table: str) -> list[dict[str, Any]]:
    query = f'SELECT to_jsonb(kept) FROM "{table}" kept WHERE {KEPT[table]}'  # noqa: S608 -- our own names
    return list(connection.scalars(sa.text(query), _named(name)))


def _named(name: str) -> dict[str, str]:
    return {"name": name, "roles": name.replace("_", r"\_") + ".%"}


# Reading an archive


def read_index(file: IO[bytes]) -> Index:
    """What an archive says about itself, checked. Raises ArchiveUnreadable."""
    with _readable(file) as archive:
        if archive.getinfo(INDEX).file_size > MOST_INDEX_BYTES:
            raise ArchiveUnreadable(_("its index is too large"))
        found = json.loads(archive.read(INDEX))
        if found.pop("format") != FORMAT:
            raise ArchiveUnreadable(_("it was written by another version of Bimtek"))
        tables = [TableFile(**table) for table in found.pop("tables")]
        index = Index(tables=tables, **found)
        _check(index)
    return index


@contextmanager
def _readable(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Whatever is wrong with the file becomes one refusal."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ArchiveUnreadable(_("the file is damaged or no ZIP")) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ArchiveUnreadable(_("its index is not understood")) from error


def _check(index: Index) -> None:
    """Raises what a wrong shape raises, ValueError among it."""
    names = [table.name for table in index.tables]
    columns = [column for table in index.tables for column in table.columns]
    if not NAME.fullmatch(index.plugin) or not all(map(TABLE.fullmatch, [*names, *columns])):
        raise ValueError
    for key, value in index.sequences.items():
        if not TABLE.fullmatch(key) or not isinstance(value, int):
            raise ValueError
    for table, rows in index.kept.items():
        if table not in KEPT or not all(_is_own(index.plugin, table, row) for row in rows):
            raise ValueError
    for job in index.jobs:
        if job.keys() != JOB or plugin_of(job["task"]) != index.plugin:
            raise ValueError
    try:
        Version(index.version)
    except InvalidVersion as error:
        raise ValueError from error


def _is_own(plugin: str, table: str, row: Mapping[str, Any]) -> bool:
    """Nothing of another plugin, and no role of core, comes in by an archive."""
    if table == "grant":
        return str(row["role"]).startswith(f"{plugin}.")
    return bool(row["plugin"] == plugin)


# Restoring


def restore(engine: Engine, file: IO[bytes], *, by: User | None = None) -> Restored:
    """Installs the archive's plugin with the archive's data, then brings it to today's version.

    What it requires is installed along, and what then links it with others, as far as that can be.
    Raises DomainError; then nothing was changed.
    """
    index = read_index(file)
    manifest = engine.loaded.get(index.plugin)
    if manifest is None:
        raise UnknownPlugin(index.plugin, engine)
    actor = lifecycle.actor_of(by)
    with lifecycle.exclusive() as connection:
        lifecycle.bump(connection)
        if lifecycle.installed_as(connection, index.plugin)[0]:
            raise AlreadyInstalled(index.plugin)
        if index.site != _site(connection):
            raise ArchiveOfAnother(index.plugin)
        fresh = lifecycle.bring_required(engine, connection, manifest, actor)
        with _fitting():
            lost = _fill(connection, manifest, index, file)
            kept_out = _put_all_back(connection, index)
            defer_again(connection, index.jobs)
        _move_on(engine, connection, manifest, index)
        links = lifecycle.bring_links(engine, connection, fresh | {manifest.name}, actor)
        lifecycle.log_step(
            connection, "plugin.restore", index.plugin, actor,
            version=str(manifest.version), archived=index.version, rows=index.rows,
        )  # fmt: skip
    engine.enablement.forget()
    return Restored(
        index.plugin, index.version, str(manifest.version), index.rows,
        tuple(lost), kept_out, tuple(links.failed.values()), tuple(sorted(fresh)),
    )  # fmt: skip


@contextmanager
def _fitting() -> Iterator[None]:
    """A file whose rows the tables do not take is refused; any other fault is not the file's."""
    try:
        yield
    except (psycopg.DataError, sa.exc.DataError, sa.exc.IntegrityError) as error:
        raise ArchiveUnreadable(_("its rows do not fit the tables")) from error


def _fill(
    connection: sa.Connection, manifest: Manifest, index: Index, file: IO[bytes]
) -> list[Lost]:
    """The rows wait in tables of texts until they are settled; only then are tables made whose
    references keep others from writing what they refer to."""
    if index.revision and index.revision not in migrations.revisions_of(manifest).known:
        raise ArchiveNewer(manifest.name, index.version, manifest.version)
    trial = _looked_at(connection, manifest, index)
    waiting = {table.name: f"restored_{n}" for n, table in enumerate(index.tables)}
    with _readable(file) as archive:
        for table in index.tables:
            _read_table(connection, archive, table, waiting[table.name])
    places = {trial.names[table]: place for table, place in waiting.items()}
    back = {place: table for table, place in places.items()}
    try:
        lost = references.settle(connection, references.moved(trial.keys, places))
    except StillReferred as error:
        lacking, lacked = error.reference.table, error.reference.target
        raise RowsLeftBehind(back[lacking], back.get(lacked, lacked), error.rows) from error
    migrations.upgrade(connection, manifest, index.revision or "base")
    inside = [key for key in trial.keys if key.target in places]
    references.without(connection, inside)
    for name, place in waiting.items():
        _take_over(connection, trial.names[name], place, trial.columns[name])
    references.again(connection, inside)
    for sequence, value in index.sequences.items():
        named = {"sequence": f'"{manifest.name}"."{sequence}"', "value": value}
        connection.execute(sa.text("SELECT setval(CAST(:sequence AS regclass), :value)"), named)
    return [Lost(back[one.table], one.rows) for one in lost]


@dataclass(frozen=True)
class _Trial:
    """What the plugin's tables will be: name → columns, name → quoted name, references."""

    columns: Mapping[str, Mapping[str, str]]
    names: Mapping[str, str]
    keys: list[Reference]


def _looked_at(connection: sa.Connection, manifest: Manifest, index: Index) -> _Trial:
    """Makes the tables and takes them back, with the locks on what they refer to."""
    with connection.begin_nested() as savepoint:
        migrations.upgrade(connection, manifest, index.revision or "base")
        trial = _Trial(
            _columns(connection, manifest.name),
            {row.relname: row.quoted for row in connection.execute(
                _NAMES, {"schema": manifest.name})},
            references.references_of(connection, manifest.name),
        )  # fmt: skip
        savepoint.rollback()
    if {table: set(found) for table, found in trial.columns.items()} != {
        table.name: set(table.columns) for table in index.tables
    }:
        raise ArchiveUnreadable(_("its tables are not those of the plugin"))
    return trial


def _read_table(
    connection: sa.Connection, archive: zipfile.ZipFile, table: TableFile, place: str
) -> None:
    columns = ", ".join(f'"{column}" text' for column in table.columns)
    connection.execute(sa.text(f"CREATE TEMP TABLE {place} ({columns}) ON COMMIT DROP"))
    digest = hashlib.sha256()
    query = f"COPY {place} ({_quoted(*table.columns)}) FROM STDIN"
    with _cursor(connection) as cursor, archive.open(_file(table.name)) as file:
        with cursor.copy(query) as copy:
            while block := file.read(CHUNK):
                digest.update(block)
                copy.write(block)
        if (cursor.rowcount, digest.hexdigest()) != (table.rows, table.sha256):
            raise ArchiveUnreadable(_("the file of %(table)s was changed", table=table.name))


def _take_over(
    connection: sa.Connection, whole: str, place: str, columns: Mapping[str, str]
) -> None:
    """From its texts into the table; what a migration put in stands among them too."""
    values = ", ".join(f'CAST("{column}" AS {kind})' for column, kind in columns.items())
    connection.execute(sa.text(f"DELETE FROM {whole}"))  # noqa: S608 -- names from the catalogue
    text = (
        f"INSERT INTO {whole} ({_quoted(*columns)}) OVERRIDING SYSTEM VALUE"  # noqa: S608 -- same
        f" SELECT {values} FROM {place}"
    )
    connection.execute(sa.text(text))


def _put_all_back(connection: sa.Connection, index: Index) -> dict[str, int]:
    """Table of core → how many rows gave way to what was written there meanwhile."""
    found = {table: _put_back(connection, table, rows) for table, rows in index.kept.items()}
    return {table: rows for table, rows in found.items() if rows}


def _put_back(connection: sa.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """What core kept of the plugin, as far as what it belongs to is still there.

    Under new numbers: nothing refers to the old ones, and others may have them by now.
    """
    held = f"restored_{table}"
    connection.execute(
        sa.text(f'CREATE TEMP TABLE {held} (LIKE "{table}" INCLUDING DEFAULTS) ON COMMIT DROP')
    )
    known = [column["name"] for column in sa.inspect(connection).get_columns(table)]
    known = [name for name in known if name != "id"]
    connection.execute(sa.text(f"ALTER TABLE {held} DROP COLUMN IF EXISTS id"))
    for row in rows:
        columns = _quoted(*(name for name in row if name in known))
        text = (
            f"INSERT INTO {held} ({columns}) SELECT {columns}"  # noqa: S608 -- our own names
            f' FROM jsonb_populate_record(NULL\\:\\:"{table}", CAST(:row AS jsonb))'
        )
        connection.execute(sa.text(text), {"row": json.dumps(row)})
    keys = references.references_of_table(connection, f'"{table}"')
    references.settle(connection, [replace(key, table=held) for key in keys])
    text = (
        f'INSERT INTO "{table}" ({_quoted(*known)}) SELECT {_quoted(*known)} FROM {held}'  # noqa: S608 -- same
        " ON CONFLICT DO NOTHING"
    )
    waiting = connection.scalar(sa.text(f"SELECT count(*) FROM {held}")) or 0  # noqa: S608 -- same
    return int(waiting - connection.execute(sa.text(text)).rowcount)


def _move_on(engine: Engine, connection: sa.Connection, manifest: Manifest, index: Index) -> None:
    """From the archive's version to that of the code, where they differ."""
    head = migrations.head(connection, manifest)
    if (index.version, index.revision) != (str(manifest.version), head):
        lifecycle.migrate(engine, connection, manifest, Version(index.version))
    lifecycle.record(connection, manifest)
