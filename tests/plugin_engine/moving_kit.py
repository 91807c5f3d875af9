"""What the tests of a plugin's life share: the plugins of `moving`, older, newer and told."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import sqlalchemy as sa
from packaging.version import Version

from core.db import db
from core.plugin_engine import engine, removal
from core.plugin_engine.models import PluginDecision

MOVING = Path(__file__).parent / "moving"
SHELF_TABLES = ["alembic_version", "box", "item", "sort"]
NOTHING = (0, [], None)


def told():
    """What the shelf is told to do, and what it has heard."""
    state = import_module("plugins.shelf.state")
    return state.STATE, state.HEARD


@contextmanager
def newer(tmp_path: Path, version: str = "2.0") -> Iterator[None]:
    """Inside, the code of the shelf is a later version with one migration more."""
    folder = tmp_path / f"shelf-{version}"
    shutil.copytree(MOVING / "shelf", folder, dirs_exist_ok=True)
    shutil.copy(folder / "next" / "0002_note.py", folder / "migrations")
    with as_code(version=Version(version), path=folder):
        yield


@contextmanager
def as_code(name: str = "shelf", **changes: object) -> Iterator[None]:
    """Inside, the manifest of a loaded plugin is another one."""
    loaded = engine().loaded
    before = loaded[name]
    loaded[name] = engine().manifests[name] = replace(before, **changes)
    try:
        yield
    finally:
        loaded[name] = engine().manifests[name] = before


def take_out(*names: str) -> None:
    """Uninstalls plugins whatever was decided about them; the dependants first."""
    with db.engine.begin() as connection:
        decided = PluginDecision.plugin.in_(names)
        connection.execute(sa.delete(PluginDecision).where(decided))
    for name in names:
        removal.uninstall(engine(), name, keep=None)


def left_by(name: str) -> tuple[int, list[str], str | None]:
    """What the database holds of a plugin: schema, tables, recorded version."""
    with db.engine.connect() as connection:
        return (
            connection.scalar(
                sa.text("SELECT count(*) FROM pg_namespace WHERE nspname = :name"), {"name": name}
            ),
            sorted(sa.inspect(connection).get_table_names(schema=name)),
            connection.scalar(
                sa.text("SELECT version FROM plugin_installation WHERE name = :name"),
                {"name": name},
            ),
        )


def rows(query: str, **values: object) -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), values)]


def audited(name: str) -> list[str]:
    query = "SELECT action FROM audit_entry WHERE object_id = :name ORDER BY id"
    return [action for (action,) in rows(query, name=name)]
