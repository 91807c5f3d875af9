"""`bimtek plugins …` and `bimtek db revision`: what they say, refuse, and leave behind."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.plugin_engine import engine, lifecycle
from core.plugin_engine.discovery import Problem
from core.testing import database
from tests.plugin_engine.moving_kit import (
    NOTHING,
    SHELF_TABLES,
    as_code,
    left_by,
    newer,
    rows,
)

LOST = "SELECT count(*) FROM shelf.sort"


@pytest.fixture
def run(moving_app):
    """Runs `bimtek …` where the shelf is installed and holds one row."""
    with moving_app.app_context():
        lifecycle.install(engine(), ["shelf"])
        with db.engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO shelf.sort (code, title) VALUES ('a', 'A')"))
        yield lambda *given: moving_app.test_cli_runner().invoke(args=[str(a) for a in given])
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA IF EXISTS shelf, rack CASCADE"))
            connection.execute(sa.text("DELETE FROM plugin_installation"))
        database.empty(db.engine)
        engine().enablement.forget()


# Names


STEPS = [
    ("install",),
    ("upgrade",),
    ("enable",),
    ("disable",),
    ("uninstall", "--without-export"),
    ("forget", "--without-export"),
    ("export", "new.zip"),
]


@pytest.mark.parametrize("step", STEPS)
def test_unknown_name_is_told_with_the_nearest_one(run, step):
    command, *more = step
    run("people", "create-admin", "Somebody", "--email", "somebody@example.org")

    result = run("plugins", command, "shelv", *more)

    assert result.exit_code == 1
    assert "shelv" in result.output
    assert " shelf?" in result.output
    assert "install shelv" not in result.output


@pytest.mark.parametrize("command", ["uninstall", "upgrade"])
def test_name_like_no_other_leads_to_the_list(run, command):
    result = run("plugins", command, "nothing_like_it")

    assert result.exit_code == 1
    assert "bimtek plugins list" in result.output


@pytest.mark.parametrize("step", [("uninstall",), ("upgrade",), ("export", "new.zip")])
def test_plugin_that_is_not_installed_is_told_so(run, step):
    command, *more = step

    result = run("plugins", command, "rack", *more)

    assert result.exit_code == 1
    assert "bimtek plugins install rack" in result.output


# Files


def test_nothing_goes_without_a_word_about_the_data(run):
    result = run("plugins", "uninstall", "shelf")

    assert result.exit_code == 1
    assert "--without-export" in result.output
    assert rows(LOST) == [(1,)]


def test_data_is_either_kept_or_lost(run, tmp_path):
    kept = tmp_path / "kept.zip"

    result = run("plugins", "uninstall", "shelf", "--export", kept, "--without-export")

    assert result.exit_code == 2
    assert not kept.exists()
    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")


@pytest.mark.parametrize("step", [("uninstall", "shelf", "--export"), ("export", "shelf")])
def test_folder_that_is_not_there_is_named(run, tmp_path, step):
    nowhere = tmp_path / "nowhere"

    result = run("plugins", *step, nowhere / "kept.zip")

    assert result.exit_code == 1
    assert f"{nowhere}." in result.output
    assert rows(LOST) == [(1,)]


@pytest.mark.parametrize("step", [("uninstall", "shelf", "--export"), ("export", "shelf")])
def test_file_that_is_there_is_not_written_over(run, tmp_path, step):
    there = tmp_path / "there.zip"
    there.write_text("precious")

    result = run("plugins", *step, there)

    assert result.exit_code == 1
    assert str(there) in result.output
    assert (there.read_text(), rows(LOST)) == ("precious", [(1,)])


def test_file_that_is_not_there_cannot_be_restored(run, tmp_path):
    result = run("plugins", "restore", tmp_path / "nothing.zip")

    assert result.exit_code == 2
    assert "nothing.zip" in result.output


def test_uninstalled_plugin_comes_back_out_of_its_file_alone(run, tmp_path):
    kept = tmp_path / "kept.zip"
    with db.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO plugin_setting (plugin) VALUES ('shelf')"))

    removed = run("plugins", "uninstall", "shelf", "--export", kept)

    assert (removed.exit_code, left_by("shelf")) == (0, NOTHING)
    assert [file.name for file in tmp_path.iterdir()] == ["kept.zip"]
    assert kept.stat().st_mode & 0o077 == 0
    with db.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO plugin_setting (plugin) VALUES ('shelf')"))

    restored = run("plugins", "restore", kept)

    assert (restored.exit_code, rows(LOST)) == (0, [(1,)])
    assert "(1)" in restored.output.splitlines()[-1]


# What there is


def test_list_cuts_nothing_however_narrow(run, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "40")
    problem = Problem("rack", "something " * 20, tmp_path, "Do something.")
    monkeypatch.setattr(engine(), "problems", [problem])

    lines = run("plugins", "list").output.splitlines()

    assert [line.split() for line in lines[1:3]] == [
        ["rack", "1.0", "-", "tidak"],
        ["shelf", "1.0", "1.0", "tidak"],
    ]
    assert lines[3:] == [f"rack: {problem.sentence}"]


# Migrations


def test_migration_of_an_unknown_plugin_is_refused(run):
    result = run("db", "revision", "--plugin", "shelv", "more")

    assert (result.exit_code, " shelf?" in result.output) == (1, True)


def test_migration_of_a_plugin_that_is_not_installed_is_refused(run):
    run("plugins", "uninstall", "shelf", "--without-export")

    result = run("db", "revision", "--plugin", "shelf", "more")

    assert result.exit_code == 1
    assert "bimtek plugins install shelf" in result.output
    assert left_by("shelf") == NOTHING


def test_migration_on_tables_that_are_behind_is_refused(run, tmp_path):
    with newer(tmp_path):
        result = run("db", "revision", "--plugin", "shelf", "more")

    assert result.exit_code == 1
    assert "bimtek plugins upgrade shelf" in result.output


def test_first_migration_leaves_nothing_in_the_database(run, tmp_path):
    with as_code("rack", path=tmp_path):
        result = run("db", "revision", "--plugin", "rack", "first tables")

    assert result.exit_code == 0
    assert [file.name for file in (tmp_path / "migrations").glob("*.py")] == [
        "0001_first_tables.py"
    ]
    assert left_by("rack") == NOTHING
