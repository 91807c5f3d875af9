"""Foreign keys as the database has them, and what becomes of rows whose target is gone.

For restoring an archive: rows come back while things they referred to may have been deleted;
each reference then does what it would have done at that deletion.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

_FOREIGN_KEYS = """
SELECT con.conname, con.conrelid::regclass::text, con.confrelid::regclass::text,
    ARRAY(SELECT quote_ident(a.attname) FROM unnest(con.conkey) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.number ORDER BY place),
    ARRAY(SELECT quote_ident(a.attname) FROM unnest(con.confkey) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.number ORDER BY place),
    con.confdeltype::text, pg_get_constraintdef(con.oid)
FROM pg_constraint con
    JOIN pg_class own ON own.oid = con.conrelid
    JOIN pg_namespace own_schema ON own_schema.oid = own.relnamespace
    JOIN pg_class target ON target.oid = con.confrelid
    JOIN pg_namespace target_schema ON target_schema.oid = target.relnamespace
WHERE con.contype = 'f' AND {condition}
ORDER BY 2, 1
"""
_OF_SCHEMA = sa.text(_FOREIGN_KEYS.format(condition="own_schema.nspname = :schema"))
_OF_TABLE = sa.text(_FOREIGN_KEYS.format(condition="con.conrelid = CAST(:table AS regclass)"))
_FROM_OUTSIDE = sa.text(
    _FOREIGN_KEYS.format(
        condition="target_schema.nspname = :schema AND own_schema.nspname <> :schema"
    )
)


@dataclass(frozen=True)
class Reference:
    """One foreign key; tables and columns are quoted. `on_delete` as in `pg_constraint`.

    `as_text`: rows and targets are compared as texts, since one of them waits in a table of texts.
    """

    name: str
    table: str
    target: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    on_delete: str
    definition: str
    as_text: bool = False

    @property
    def lost(self) -> str:
        """The condition on rows of `table`, called "own": what they refer to is not there."""
        given = " AND ".join(f"own.{column} IS NOT NULL" for column in self.columns)
        kind = "\\:\\:text" if self.as_text else ""
        same = " AND ".join(
            f"target.{key}{kind} = own.{column}{kind}"
            for column, key in zip(self.columns, self.keys, strict=True)
        )
        return f"{given} AND NOT EXISTS (SELECT FROM {self.target} target WHERE {same})"


def _read(connection: sa.Connection, query: sa.TextClause, **values: str) -> list[Reference]:
    return [
        Reference(name, table, target, tuple(columns), tuple(keys), on_delete, definition)
        for name, table, target, columns, keys, on_delete, definition in connection.execute(
            query, values
        )
    ]


def references_of(connection: sa.Connection, schema: str) -> list[Reference]:
    """The foreign keys of all tables of a schema."""
    return _read(connection, _OF_SCHEMA, schema=schema)


def references_into(connection: sa.Connection, schema: str) -> list[Reference]:
    """The foreign keys of other schemas into this one."""
    return _read(connection, _FROM_OUTSIDE, schema=schema)


def references_of_table(connection: sa.Connection, table: str) -> list[Reference]:
    """The foreign keys of one table, by its quoted name."""
    return _read(connection, _OF_TABLE, table=table)


def moved(references: Iterable[Reference], places: Mapping[str, str]) -> list[Reference]:
    """The same, where the rows of some tables wait in others: table → where they wait."""
    return [
        replace(
            one,
            table=places.get(one.table, one.table),
            target=places.get(one.target, one.target),
            as_text=True,
        )
        for one in references
    ]


@dataclass(frozen=True)
class Lost:
    """A table that lost `rows` rows, because what they belonged to is gone."""

    table: str
    rows: int


class StillReferred(Exception):
    """Rows refer to what is gone, and their reference forbids that it goes."""

    def __init__(self, reference: Reference, rows: int) -> None:
        super().__init__(reference, rows)
        self.reference, self.rows = reference, rows


def settle(connection: sa.Connection, references: Sequence[Reference]) -> list[Lost]:
    """Deletes or empties what refers to nothing, until nothing does. Raises StillReferred."""
    lost: dict[str, int] = {}
    while touched := [one for one in references if _settled(connection, one, lost)]:
        references = [*touched, *(one for one in references if one not in touched)]
    return [Lost(table, rows) for table, rows in lost.items() if rows]


def _settled(connection: sa.Connection, one: Reference, lost: dict[str, int]) -> int:
    """How many rows were touched by this reference."""
    if one.on_delete == "c":
        text = f"DELETE FROM {one.table} own WHERE {one.lost}"  # noqa: S608 -- names from the catalogue
        rows = connection.execute(sa.text(text)).rowcount
        lost[one.table] = lost.get(one.table, 0) + rows
        return rows
    if one.on_delete == "n":
        emptied = ", ".join(f"{column} = NULL" for column in one.columns)
        text = f"UPDATE {one.table} own SET {emptied} WHERE {one.lost}"  # noqa: S608 -- same
        return connection.execute(sa.text(text)).rowcount
    text = f"SELECT count(*) FROM {one.table} own WHERE {one.lost}"  # noqa: S608 -- same
    if rows := connection.scalar(sa.text(text)) or 0:
        raise StillReferred(one, rows)
    return 0


def without(connection: sa.Connection, references: Iterable[Reference]) -> None:
    """Takes the foreign keys away for a while; `again` puts them back and checks every row."""
    for one in references:
        connection.execute(sa.text(f'ALTER TABLE {one.table} DROP CONSTRAINT "{one.name}"'))


def again(connection: sa.Connection, references: Iterable[Reference]) -> None:
    for one in references:
        text = f'ALTER TABLE {one.table} ADD CONSTRAINT "{one.name}" {one.definition}'
        connection.execute(sa.text(text.replace(":", r"\:")))
