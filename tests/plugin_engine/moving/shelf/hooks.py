"""Tells what happens at each step, and brings what the test wants."""

import sqlalchemy as sa

from core.api import Permission, hookimpl
from plugins.shelf.state import HEARD, STATE


def _tables(connection):
    return sorted(sa.inspect(connection).get_table_names(schema="shelf"))


@hookimpl
def permissions():
    return [Permission("shelf.see", "See shelves", ("organiser",))]


@hookimpl
def before_migrations(connection, since):
    HEARD.append(("before", str(since), _tables(connection)))
    if "before" in STATE:
        STATE["before"](connection)


@hookimpl
def after_migrations(connection, since):
    HEARD.append(("after", str(since), _tables(connection)))
    if "after" in STATE:
        STATE["after"](connection)


@hookimpl
def reference_data():
    return STATE.get("records", [])
