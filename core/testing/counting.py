"""Counts the statements that reach the database, on the writing and on the reading pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask

from core.db import READ_ENGINE, db


@contextmanager
def count_queries(app: Flask) -> Iterator[list[str]]:
    """The statements so far: `with count_queries(app) as statements: …; len(statements)`.

    The look at the plugins' epoch is left out: the clock decides whether a request makes it.
    """
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "plugin_epoch" not in statement:
            statements.append(statement)

    pools = (db.engine, app.extensions[READ_ENGINE])
    for pool in pools:
        sa.event.listen(pool, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for pool in pools:
            sa.event.remove(pool, "before_cursor_execute", note)
