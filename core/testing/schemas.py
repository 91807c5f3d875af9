"""What lies in the schemas of the database, as lines that can be compared.

For tests of migrations: forth, back and forth again must give the same lines.
"""

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.db import Base

_HIDDEN = "nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg_toast%'"
_LINES = f"""
SELECT nspname, format('%s %s %s %s %s', relname, attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN 'not null' END, pg_get_expr(adbin, adrelid))
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'v', 'm', 'p') AND {_HIDDEN}
UNION ALL
SELECT nspname, format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_namespace n ON n.oid = connamespace WHERE {_HIDDEN}
UNION ALL
SELECT nspname, pg_get_indexdef(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'i' AND {_HIDDEN}
UNION ALL
SELECT nspname, format('%s %s', relkind, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind <> 'i' AND {_HIDDEN}
UNION ALL
SELECT nspname, format('function %s', p.oid::regprocedure)
FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE {_HIDDEN}
UNION ALL
SELECT nspname, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
WHERE NOT tgisinternal AND {_HIDDEN}
UNION ALL
SELECT nspname, format('type %s %s', typname, array(
    SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder))
FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE typtype IN ('e', 'd') AND {_HIDDEN}
"""


def lines(connection: sa.Connection) -> set[tuple[str, str]]:
    """(schema, what lies in it): columns, constraints, indexes, sequences, functions, types."""
    return {(schema, line) for schema, line in connection.execute(sa.text(_LINES))}


def differences(connection: sa.Connection, schema: str) -> list[Any]:
    """What Alembic would still change so that a plugin's tables are as its models say."""

    def of_schema(thing: Any, _name: Any, kind: str, _reflected: bool, _compared: Any) -> bool:
        return kind != "table" or (thing.schema == schema and thing.name != "alembic_version")

    options = {
        "include_object": of_schema,
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == schema,
        "version_table_schema": schema,
        "compare_type": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))
