"""Installing is one transaction: all of it or nothing, also when it is killed or done twice."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.db import db
from core.plugin_engine import engine, lifecycle, migrations
from core.plugin_engine.decisions import UnknownPlugin
from core.plugin_engine.lifecycle import StepFailed
from tests.plugin_engine.moving_kit import NOTHING, left_by

ROOT = Path(__file__).parents[2]
TINY = Path(__file__).parent / "plugins"
MIGRATION = """
import os
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.create_table("thing", sa.Column("id", sa.BigInteger(), primary_key=True), schema="{name}")
    {then}
def downgrade():
    op.drop_table("thing", schema="{name}")
"""


@pytest.fixture
def write_installable(write_plugin):
    """A plugin with one migration that makes a table and then does something more."""

    def write(name, then="pass", more=""):
        files = {"migrations/0001_thing.py": MIGRATION.format(name=name, then=then)}
        return write_plugin(name, more=more, **files)

    return write


def test_installing_makes_schema_tables_versions_and_record(fresh_app):
    with fresh_app(TINY).app_context():
        new = lifecycle.install(engine(), ["friend"])

        assert new == ["good", "friend"]
        assert left_by("good") == (1, ["alembic_version", "note"], "1.2.0")
        assert left_by("friend")[2] == "1.2.0"
        with db.engine.connect() as connection:
            good = engine().loaded["good"]
            assert migrations.current(connection, good) == migrations.head(connection, good)
            logged = sa.text("SELECT object_id FROM audit_entry WHERE action = 'plugin.install'")
            assert set(connection.scalars(logged)) >= {"good", "friend"}


def test_installing_twice_is_once(fresh_app):
    with fresh_app(TINY).app_context():
        lifecycle.install(engine(), ["good"])

        assert lifecycle.install(engine(), ["good", "friend"]) == ["friend"]
        assert lifecycle.install(engine(), ["good", "friend"]) == []


def test_plugin_that_was_left_out_is_not_installed(fresh_app):
    with fresh_app(TINY).app_context():
        with pytest.raises(UnknownPlugin, match="no_such_module"):
            lifecycle.install(engine(), ["good", "broken"])

        assert left_by("good") == NOTHING


def test_installation_is_seen_by_enablement_without_a_restart(fresh_app):
    with fresh_app(TINY).app_context():
        assert "good" not in engine().enablement.snapshot().installed

        lifecycle.install(engine(), ["good"])

        assert engine().enablement.snapshot().installed["good"] == "1.2.0"


def test_migration_that_raises_leaves_nothing_of_the_whole_closure(fresh_app, write_installable):
    folder = write_installable("base")
    write_installable(
        "migration_fails", then="op.execute('SELECT 1/0')", more='[requires]\nbase = ">=1"\n'
    )
    with fresh_app(folder.parent).app_context():
        with pytest.raises(
            StepFailed, match=r"migration_fails .* DivisionByZero \(0001_thing.py, line 9\)"
        ):
            lifecycle.install(engine(), ["migration_fails"])

        assert left_by("base") == left_by("migration_fails") == NOTHING
        assert lifecycle.install(engine(), ["base"]) == ["base"]


def test_install_that_is_killed_leaves_nothing(fresh_url, fresh_app, write_installable, tmp_path):
    folder = write_installable("killed", then="os.kill(os.getpid(), 9)")
    program = f"""
from core import create_app
from core.plugin_engine import engine, lifecycle
app = create_app({{"DATABASE_URL": {fresh_url!r}, "INSTANCE": {str(tmp_path)!r},
                   "PLUGIN_FOLDERS": {str(folder.parent)!r}, "BUNDLED_PLUGINS": False}})
with app.app_context():
    lifecycle.install(engine(), ["killed"])
"""

    died = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)

    assert died.returncode == -9
    with fresh_app(folder.parent).app_context():
        assert left_by("killed") == NOTHING


def test_two_operators_at_once_install_once(fresh_app, write_installable):
    folder = write_installable("slow", then="op.execute('SELECT pg_sleep(0.4)')")
    app = fresh_app(folder.parent)

    def operator(_number):
        with app.app_context():
            return lifecycle.install(engine(), ["slow"])

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(operator, range(2)))

    assert sorted(results) == [[], ["slow"]]
    with app.app_context():
        assert left_by("slow") == (1, ["alembic_version", "thing"], "1.0")


def test_upgrade_brings_core_and_installed_plugins_to_head(fresh_app, write_installable):
    folder = write_installable("grows")
    write_installable("never_installed")
    with fresh_app(folder.parent).app_context():
        lifecycle.install(engine(), ["grows"])
        second = MIGRATION.format(name="grows", then="pass").replace("thing", "more")
        second = second.replace('"0001"', '"0002"').replace("= None", '= "0001"')
        (folder / "migrations" / "0002_more.py").write_text(second)

        lifecycle.upgrade_installed(engine())

        assert left_by("grows")[1] == ["alembic_version", "more", "thing"]
        assert left_by("never_installed") == NOTHING


def test_core_upgrades_although_the_code_of_an_installed_plugin_is_gone(fresh_app, fresh_url):
    with fresh_app(TINY).app_context():
        lifecycle.install(engine(), ["good"])

    with fresh_app("").app_context():
        lifecycle.upgrade_installed(engine())

        assert engine().loaded == {}
        assert engine().active(None) == frozenset()
        assert left_by("good") == (1, ["alembic_version", "note"], "1.2.0")


def test_record_of_a_plugin_follows_its_version(fresh_app, write_installable):
    folder = write_installable("newer")
    with fresh_app(folder.parent).app_context():
        lifecycle.install(engine(), ["newer"])
    manifest = folder / "plugin.toml"
    manifest.write_text(manifest.read_text().replace('"1.0"', '"1.1"'))

    with fresh_app(folder.parent).app_context():
        lifecycle.upgrade_installed(engine())

        assert left_by("newer")[2] == "1.1"
