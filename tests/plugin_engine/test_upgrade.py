"""Upgrading: forward only, whole or not at all, with what the plugin does before and after."""

import pytest
import sqlalchemy as sa
from packaging.version import Version

from core.db import db
from core.plugin_engine import engine, lifecycle
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
    def impatient(connection):
        connection.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))

    monkeypatch.setattr("core.plugin_engine.migrations.lock", impatient)
    with db.engine.begin() as reader, newer(tmp_path):
        reader.execute(sa.text("SELECT count(*) FROM shelf.item"))

        with pytest.raises(Busy):
            lifecycle.upgrade(engine(), ["shelf"])

    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")


def test_link_plugin_is_installed_when_the_last_that_it_links_is(fresh_app, write_plugin):
    links = 'auto_install = true\n[requires]\nfirst_end = ">=1"\nsecond_end = ">=1"\n'
    folder = write_plugin("both_ends", more=links)
    write_plugin("first_end")
    write_plugin("second_end")
    with fresh_app(folder.parent).app_context():
        assert lifecycle.install(engine(), ["first_end"]) == ["first_end"]

        new = lifecycle.install(engine(), ["second_end"])

        assert new == ["second_end", "both_ends"]


def test_schema_of_another_application_is_not_taken_over(fresh_app):
    with fresh_app(MOVING).app_context():
        with db.engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA shelf"))

        with pytest.raises(SchemaTaken):
            lifecycle.install(engine(), ["shelf"])

        assert left_by("shelf") == (1, [], None)
