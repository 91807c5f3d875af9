"""The one Alembic environment, for core and for every plugin.

Driven by `Config.attributes`: the connection, the metadata and the schema (None: core).
"""

from alembic import context

attributes = context.config.attributes
schema = attributes["schema"]


def include_name(name, kind, parents):
    if kind == "schema":
        return name == schema
    if kind == "table":
        return schema is not None or not name.startswith("procrastinate_")
    return True


def include_object(thing, name, kind, reflected, compare_to):
    return thing.schema == schema if kind == "table" else True


context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    version_table_schema=schema,
    include_schemas=schema is not None,
    include_name=include_name,
    include_object=include_object,
    compare_type=True,
)
context.run_migrations()
