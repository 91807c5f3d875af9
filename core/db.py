"""The one database: models' base, the session, and where reads go.

Reading requests use a second pool, autocommit and read-only, so that they cost less
and a forgotten write on GET raises instead of leaking. Schemas come from migrations only.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Self

import sqlalchemy as sa
from flask import Flask, current_app, g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy.orm import DeclarativeBase, mapped_column, registry

from core.config import driver_url

READING = frozenset({"GET", "HEAD", "OPTIONS"})
READ_ENGINE = "bimtek-read-engine"


_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    registry = registry(
        metadata=sa.MetaData(naming_convention=_NAMES),
        type_annotation_map={datetime: sa.DateTime(timezone=True), str: sa.Text()},
    )


def reading() -> bool:
    """Whether this is a reading request, whose session is autocommit and read-only."""
    return has_request_context() and request.method in READING and not g.get("writes")


class RoutingSession(Session):
    """Sends the reads of a reading request to the read-only pool."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        bind = super().get_bind(*args, **kwargs)
        return current_app.extensions[READ_ENGINE] if reading() else bind


db = SQLAlchemy(model_class=Base, session_options={"class_": RoutingSession})

IntPk = Annotated[int, mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)]


def fk(target: str, *, ondelete: str = "RESTRICT", **options: Any) -> Any:
    """A column that refers to `table.id`; indexed unless said otherwise."""
    options.setdefault("index", True)
    return mapped_column(sa.BigInteger, sa.ForeignKey(target, ondelete=ondelete), **options)


def one_of(column: str, *values: str, name: str | None = None) -> sa.CheckConstraint:
    """A text column that holds one of `values` (no native enum: they do not migrate back)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=name or column)


def extends(target: str) -> Any:
    """The key of an extension table: the key of the core row that it belongs to."""
    return mapped_column(sa.BigInteger, sa.ForeignKey(target, ondelete="CASCADE"), primary_key=True)


class Extension:
    """A plugin's one-to-one table beside a table of core; its key is made by `extends`."""

    @classmethod
    def of(cls, thing: Any) -> Self | None:
        """The row that belongs to a core object."""
        return db.session.get(cls, thing.id)

    @classmethod
    def map(cls, things: Iterable[Any]) -> dict[int, Self]:
        """Id of the core object → its row; one query for a list."""
        key = sa.inspect(cls).primary_key[0]
        found = db.session.scalars(sa.select(cls).where(key.in_([thing.id for thing in things])))
        return {getattr(row, key.name): row for row in found}


def _system_clock() -> datetime:
    return datetime.now(UTC)


_clock = _system_clock


def now() -> datetime:
    """The present moment, aware, UTC. Tests set it with the fixture `clock`."""
    return _clock()


def created_at() -> Any:
    return mapped_column(server_default=sa.func.now(), default=now)


def init_db(app: Flask) -> None:
    db.init_app(app)
    url = app.config["DATABASE_READ_URL"] or app.config["DATABASE_URL"]
    options = dict(app.config["SQLALCHEMY_ENGINE_OPTIONS"])

    app.extensions[READ_ENGINE] = sa.create_engine(
        driver_url(url),
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        connect_args={"options": "-c default_transaction_read_only=on"},
        **options,
    )
