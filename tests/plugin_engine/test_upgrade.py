"""Upgrading: forward only, whole or not at all, with what the plugin does before and after."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from packaging.version import Version

from core.db import db
from core.plugin_engine import engine, lifecycle, migrations
from core.plugin_engine.decisions import NotInstalled
from core.plugin_engine.lifecycle import (
    Busy,
    Downgrade,
    Moved,
    NeedsFailed,
    SchemaTaken,
    StepFailed,
)
from tests.plugin_engine.moving_kit import (
    MOVING,
    NOTHING,
    SHELF_TABLES,
    as_code,
    audited,
    left_by,
    newer,
    told,
)

FAILING_MIGRATION = """
revision = "0001"
down_revision = None
def upgrade():
    1 / 0
"""


@pytest.fixture
def shelf(fresh_app):
    """An app in which the shelf is installed; what it heard so far is forgotten."""
    with fresh_app(MOVING).app_context():
        lifecycle.install(engine(), ["shelf"])
        state, heard = told()
        heard.clear()
        yield heard
        state.clear()
        heard.clear()


def test_installing_tells_the_plugin_before_and_after_its_tables_are_made(fresh_app):
    with fresh_app(MOVING).app_context():
        _state, heard = told()
        heard.clear()

        lifecycle.install(engine(), ["shelf"])

        assert heard == [("before", "None", []), ("after", "None", SHELF_TABLES)]


def test_upgrade_moves_tables_version_and_log_together(shelf, tmp_path):
    with newer(tmp_path):
        moved = lifecycle.upgrade(engine(), ["shelf"])

        assert moved == [Moved("shelf", "1.0", "2.0")]
        assert left_by("shelf") == (1, sorted([*SHELF_TABLES, "log"]), "2.0")
        assert audited("shelf") == ["plugin.install", "plugin.upgrade"]
        assert shelf == [
            ("before", "1.0", SHELF_TABLES),
            ("after", "1.0", sorted([*SHELF_TABLES, "log"])),
        ]


def test_upgrading_what_is_up_to_date_changes_nothing(shelf):
    assert lifecycle.upgrade(engine(), ["shelf"]) == []
    assert lifecycle.upgrade_installed(engine()).moved == ()
    assert shelf == []
    assert audited("shelf") == ["plugin.install"]


def test_plugin_acts_again_as_soon_as_its_tables_follow(shelf, tmp_path):
    with newer(tmp_path):
        known = engine().revisions
        known["shelf"] = type(known["shelf"])(frozenset({"0001", "0002"}), "0002")
        engine().enablement.forget()
        assert not engine().is_installed("shelf")

        lifecycle.upgrade(engine(), ["shelf"])

        assert engine().is_installed("shelf")


def test_downgrade_is_refused(shelf):
    with as_code(version=Version("0.9")):
        with pytest.raises(Downgrade, match=r"shelf 0\.9 .* \(1\.0\)"):
            lifecycle.upgrade(engine(), ["shelf"])

        outcome = lifecycle.upgrade_installed(engine())

    assert isinstance(outcome.failed["shelf"], Downgrade)
    assert left_by("shelf")[2] == "1.0"


def test_what_is_not_installed_is_not_upgraded(shelf):
    with pytest.raises(NotInstalled, match="rack"):
        lifecycle.upgrade(engine(), ["rack"])

    assert left_by("rack") == NOTHING


@pytest.mark.parametrize("everything", [True, False])
def test_nonsense_for_a_version_is_older_than_any(shelf, everything):
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE plugin_installation SET version = 'newest'"))

    if everything:
        moved = lifecycle.upgrade_installed(engine()).moved
    else:
        moved = lifecycle.upgrade(engine(), ["shelf"])

    assert list(moved) == [Moved("shelf", "newest", "1.0")]
    assert shelf == [("before", "0", SHELF_TABLES), ("after", "0", SHELF_TABLES)]


def test_first_migration_of_a_plugin_without_any_lets_it_rest_until_it_ran(fresh_app, write_plugin):
    folder = write_plugin("bare")
    with fresh_app(folder.parent).app_context():
        lifecycle.install(engine(), ["bare"])
        assert engine().is_installed("bare")
    (folder / "migrations" / "0001_first.py").write_text(FAILING_MIGRATION.replace("1 / 0", "pass"))

    with fresh_app(folder.parent).app_context():
        assert not engine().is_installed("bare")

        lifecycle.upgrade_installed(engine())

        assert engine().is_installed("bare")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_failing_data_migration_leaves_the_version_before_it(shelf, tmp_path, moment):
    state, _heard = told()
    state[moment] = lambda connection: connection.execute(sa.text("SELECT secret_words"))

    with newer(tmp_path), pytest.raises(StepFailed, match=r"UndefinedColumn") as refused:
        lifecycle.upgrade(engine(), ["shelf"])

    assert "secret_words" not in str(refused.value)
    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")


def test_one_failing_plugin_and_what_needs_it_stay_while_others_go_on(
    fresh_app, shelf, tmp_path, write_plugin
):
    lifecycle.install(engine(), ["rack"])
    state, _heard = told()
    state["before"] = lambda connection: 1 / 0

    with newer(tmp_path), as_code("rack", version=Version("1.1")):
        outcome = lifecycle.upgrade_installed(engine())

    assert isinstance(outcome.failed["shelf"], StepFailed)
    assert isinstance(outcome.failed["rack"], NeedsFailed)
    assert outcome.moved == ()
    assert left_by("shelf")[2] == left_by("rack")[2] == "1.0"


def test_upgrading_brings_what_is_required_along(shelf, tmp_path):
    lifecycle.install(engine(), ["rack"])

    with newer(tmp_path), as_code("rack", version=Version("1.1")):
        moved = lifecycle.upgrade(engine(), ["rack"])

    assert moved == [Moved("shelf", "1.0", "2.0"), Moved("rack", "1.0", "1.1")]


def test_table_that_is_in_use_for_long_is_named_as_busy(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(migrations, "TABLES_WAIT", "50ms")
    with db.engine.begin() as reader, newer(tmp_path):
        reader.execute(sa.text("SELECT count(*) FROM shelf.item"))

        with pytest.raises(Busy):
            lifecycle.upgrade(engine(), ["shelf"])

    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")


def test_another_operator_who_takes_long_is_named_as_busy(shelf, monkeypatch):
    monkeypatch.setattr(migrations, "OPERATORS_WAIT", "50ms")
    with db.engine.begin() as other:
        migrations.lock(other)

        with pytest.raises(Busy):
            lifecycle.install(engine(), ["rack"])

    assert left_by("rack") == NOTHING


def test_deadlock_is_named_as_busy(shelf, tmp_path):
    """The other holds what the step wants, and comes to want what the step holds."""
    told()[0]["before"] = lambda connection: connection.execute(sa.text("LOCK shelf.box"))

    engine_of_all = db.engine

    def cross():
        with engine_of_all.connect() as looking:
            wait_until_one_waits_for("shelf.item", looking)
        other.execute(sa.text("SELECT count(*) FROM shelf.box"))

    with ThreadPoolExecutor(1) as pool, newer(tmp_path), db.engine.connect() as other:
        other.execute(sa.text("SELECT count(*) FROM shelf.item"))
        crossing = pool.submit(cross)
        with pytest.raises(Busy):
            lifecycle.upgrade(engine(), ["shelf"])
        crossing.result()

    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")


def wait_until_one_waits_for(table, connection):
    query = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = CAST(:table AS regclass)"
    end = time.monotonic() + 20
    while not connection.scalar(sa.text(query), {"table": table}):
        assert time.monotonic() < end, "nobody came to wait"
        time.sleep(0.02)


def test_link_plugin_is_installed_when_the_last_that_it_links_is(fresh_app, write_plugin):
    links = 'auto_install = true\n[requires]\nfirst_end = ">=1"\nsecond_end = ">=1"\n'
    folder = write_plugin("both_ends", more=links)
    write_plugin("first_end")
    write_plugin("second_end")
    with fresh_app(folder.parent).app_context():
        assert lifecycle.install(engine(), ["first_end"]) == ["first_end"]

        new = lifecycle.install(engine(), ["second_end"])

        assert new == ["second_end", "both_ends"]


def test_new_version_brings_what_it_now_requires_and_then_their_link(fresh_app, write_plugin):
    folder = write_plugin("grown")
    write_plugin("kit")
    write_plugin("kit_of_grown", more='auto_install = true\n[requires]\nkit = ""\ngrown = ">=2"\n')
    with fresh_app(folder.parent).app_context():
        lifecycle.install(engine(), ["grown"])
    manifest, migration = folder / "plugin.toml", folder / "migrations" / "0001_first.py"
    text = manifest.read_text().replace('"1.0"', '"2.0"')
    manifest.write_text(text + '[requires]\nkit = ">=1"\n')
    migration.write_text(FAILING_MIGRATION)

    with fresh_app(folder.parent).app_context():
        outcome = lifecycle.upgrade_installed(engine())

        assert (outcome.moved, outcome.failed.keys()) == ((), {"grown"})
        assert left_by("kit") == left_by("kit_of_grown") == NOTHING

        migration.write_text(FAILING_MIGRATION.replace("1 / 0", "pass"))
        moved = lifecycle.upgrade_installed(engine()).moved

        steps = [("kit", None, "1.0"), ("grown", "1.0", "2.0"), ("kit_of_grown", None, "1.0")]
        assert list(moved) == [Moved(*step) for step in steps]
        assert [left_by(name)[2] for name, _before, _after in steps] == ["1.0", "2.0", "1.0"]


def test_link_comes_after_its_ends_and_its_fault_holds_nothing_back(fresh_app, write_plugin):
    stem, late = write_plugin("stem"), write_plugin("very_late", more='[requires]\nstem = ""\n')
    write_plugin("graft")
    link = write_plugin("union", more=link_of(graft="", very_late=">=2"))
    (link / "migrations" / "0001_first.py").write_text(FAILING_MIGRATION)
    with fresh_app(stem.parent).app_context():
        lifecycle.install(engine(), ["stem", "very_late"])
    for folder, needs in ((stem, '[requires]\ngraft = ""\n'), (late, "")):
        manifest = folder / "plugin.toml"
        manifest.write_text(manifest.read_text().replace('"1.0"', '"2.0"') + needs)

    with fresh_app(stem.parent).app_context():
        outcome = lifecycle.upgrade_installed(engine())

        ends = [("graft", None, "1.0"), ("stem", "1.0", "2.0"), ("very_late", "1.0", "2.0")]
        assert list(outcome.moved) == [Moved(*step) for step in ends]
        assert outcome.failed.keys() == {"union"}
        assert left_by("union") == NOTHING


def test_link_brings_an_end_that_is_behind(fresh_app, write_plugin):
    behind = write_plugin("lagging")
    write_plugin("leading")
    write_plugin("span", more=link_of(leading="", lagging=">=2"))
    with fresh_app(behind.parent).app_context():
        lifecycle.install(engine(), ["lagging"])
    manifest = behind / "plugin.toml"
    manifest.write_text(manifest.read_text().replace('"1.0"', '"2.0"'))

    with fresh_app(behind.parent).app_context():
        assert lifecycle.install(engine(), ["leading"]) == ["leading", "span"]

        assert left_by("lagging")[2] == "2.0"


def link_of(**ends):
    needs = "".join(f'{name} = "{version}"\n' for name, version in ends.items())
    return f"auto_install = true\n[requires]\n{needs}"


def test_schema_of_another_application_is_not_taken_over(fresh_app):
    with fresh_app(MOVING).app_context():
        with db.engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA shelf"))

        with pytest.raises(SchemaTaken):
            lifecycle.install(engine(), ["shelf"])

        assert left_by("shelf") == (1, [], None)
