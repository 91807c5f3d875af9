"""Reference and demo data of plugins: rows under stable names, written anew at every upgrade.

A field that a person has changed since stays as it is, and a row that a person deleted stays
away. A row that stands in the way of a new one, since a person made it, is left alone too.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core.db import db
from core.plugin_engine.contributions import Record, RecordRef
from core.plugin_engine.models import PluginRecord

log = logging.getLogger(__name__)
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


class WrongRecord(Exception):
    """A record that cannot be written; the sentence is for the plugin's author."""


@dataclass(frozen=True)
class Applied:
    """How many rows were written, changed, left as a person has them, or stood in the way."""

    created: int = 0
    updated: int = 0
    kept: int = 0
    refused: int = 0


def apply(
    connection: sa.Connection, plugin: str, records: Iterable[Record], *, demo: bool
) -> Applied:
    """Writes what is new and what no person has changed. Raises WrongRecord.

    Demo records count only with `demo`.
    """
    wanted = [record for record in records if demo or not record.demo]
    _check_names(wanted)
    writer = _Writer(connection, plugin)
    counts = {"created": 0, "updated": 0, "kept": 0, "refused": 0}
    for record in wanted:
        counts[writer.write(record)] += 1
    return Applied(**counts)


def record_id(plugin: str, external_id: str) -> int | None:
    """The id of the row that a plugin brought under this name; None if it was never written."""
    query = sa.select(PluginRecord.row_id).filter_by(plugin=plugin, external_id=external_id)
    return db.session.scalar(query)


def _check_names(records: Iterable[Record]) -> None:
    seen: set[str] = set()
    for record in records:
        if not NAME.fullmatch(record.external_id):
            raise WrongRecord(f"'{record.external_id}' is not a possible name of a record")
        if record.external_id in seen:
            raise WrongRecord(f"the record '{record.external_id}' stands twice in reference_data")
        seen.add(record.external_id)


@dataclass(frozen=True)
class _Held:
    """A row as it is now, and what the plugin last wrote into it."""

    current: Mapping[str, Any]
    applied: Mapping[str, Any]

    @property
    def changed(self) -> set[str]:
        """The columns that a person has changed since."""
        return {name for name, value in self.applied.items() if self.current.get(name) != value}


class _Writer:
    """One plugin's records on one connection; remembers the ids for references."""

    def __init__(self, connection: sa.Connection, plugin: str) -> None:
        self.connection = connection
        self.plugin = plugin
        rows = connection.execute(
            sa.select(PluginRecord.external_id, PluginRecord.row_id, PluginRecord.applied).where(
                PluginRecord.plugin == plugin
            )
        )
        self.known = {name: (row_id, applied) for name, row_id, applied in rows}

    def write(self, record: Record) -> str:
        """Writes one record and says what became of it: a field of `Applied`."""
        table, values = self._table(record), self._values(record)
        row_id, applied = self.known.get(record.external_id, (0, {}))
        current = self._row(table, row_id) if row_id else None
        if row_id and current is None:
            return "kept"
        try:
            with self.connection.begin_nested():
                if current is None:
                    return self._create(record, table, values)
                return self._update(record, table, row_id, _Held(current, applied), values)
        except IntegrityError:
            log.warning("%s: a row stands in the way of %s", self.plugin, record.external_id)
            return "refused"

    def _table(self, record: Record) -> sa.Table:
        table: sa.Table = record.model.__table__
        if table.schema != self.plugin:
            raise WrongRecord(f"'{record.external_id}' is not for a table of '{self.plugin}'")
        if len(table.primary_key.columns) != 1:
            raise WrongRecord(f"'{record.external_id}': '{table}' needs a key of one column")
        return table

    def _values(self, record: Record) -> dict[str, Any]:
        """Column → value, with references resolved."""
        mapper = sa.inspect(record.model)
        unknown = record.values.keys() - mapper.column_attrs.keys()
        if unknown:
            raise WrongRecord(f"'{record.external_id}': no column {', '.join(sorted(unknown))}")
        return {
            mapper.column_attrs[name].columns[0].name: self._resolved(record, value)
            for name, value in record.values.items()
        }

    def _resolved(self, record: Record, value: Any) -> Any:
        if not isinstance(value, RecordRef):
            return value
        if value.external_id not in self.known:
            text = f"'{record.external_id}' refers to '{value.external_id}', which is not above it"
            raise WrongRecord(text)
        return self.known[value.external_id][0]

    def _create(self, record: Record, table: sa.Table, values: Mapping[str, Any]) -> str:
        new = sa.insert(table).values(values).returning(*table.primary_key.columns)
        [row_id] = self.connection.execute(new).one()
        row = self._row(table, row_id) or {}
        self._remember(record, row_id, {name: row[name] for name in values})
        return "created"

    def _update(
        self,
        record: Record,
        table: sa.Table,
        row_id: int,
        held: _Held,
        values: Mapping[str, Any],
    ) -> str:
        free = {name: value for name, value in values.items() if name not in held.changed}
        if free:
            [key] = table.primary_key.columns
            self.connection.execute(sa.update(table).where(key == row_id).values(free))
        row = self._row(table, row_id) or {}
        kept = {name: held.applied[name] for name in held.changed}
        self._remember(record, row_id, {name: row[name] for name in free} | kept)
        return "kept" if row == held.current else "updated"

    def _remember(self, record: Record, row_id: int, applied: Mapping[str, Any]) -> None:
        entry = {
            "table_name": record.model.__tablename__,
            "row_id": row_id,
            "applied": applied,
            "demo": record.demo,
            "applied_at": sa.func.now(),
        }
        new = insert(PluginRecord).values(
            plugin=self.plugin, external_id=record.external_id, **entry
        )
        self.connection.execute(
            new.on_conflict_do_update(index_elements=["plugin", "external_id"], set_=entry)
        )
        self.known[record.external_id] = (row_id, applied)

    def _row(self, table: sa.Table, row_id: int) -> Mapping[str, Any] | None:
        """The row as JSON, the one form in which values of every type can be compared."""
        [key] = table.primary_key.columns
        whole = sa.func.to_jsonb(sa.literal_column(f'"{table.name}"'))
        found: Mapping[str, Any] | None = self.connection.scalar(
            sa.select(whole).select_from(table).where(key == row_id)
        )
        return found
