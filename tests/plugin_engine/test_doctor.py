"""What `bimtek plugins doctor` says: plugin, file, next step; problems and mere notes."""

import json

import pytest
import sqlalchemy as sa

from core.db import db
from core.plugin_engine import engine
from core.plugin_engine.doctor import examine
from core.plugin_engine.migrations import Revisions
from core.plugin_engine.models import PluginInstallation


@pytest.fixture
def installed(as_before):
    """Says that another version of a plugin is installed, or none; taken back at the end."""

    def say(name, version):
        db.session.execute(sa.delete(PluginInstallation).filter_by(name=name))
        if version:
            db.session.add(PluginInstallation(name=name, version=version))
        db.session.commit()
        engine().enablement.forget()

    return say


def found_of(plugin):
    return [p for p in examine(engine()).problems if p.plugin == plugin]


def doctor(app, *arguments):
    runner = app.test_cli_runner()
    return runner.invoke(args=["plugins", "doctor", *arguments])


def test_doctor_names_plugin_file_and_step(app):
    result = doctor(app)

    [line] = [line for line in result.output.splitlines() if line.startswith("broken: ")]
    assert result.exit_code == 1
    assert "No module named 'no_such_module'" in line
    assert "plugins/broken/hooks.py, line 3)" in line
    assert line.endswith("or correct hooks.py; then restart.")


def test_doctor_gives_each_part_a_key_of_its_own(app):
    problems = json.loads(doctor(app, "--json").output)["problems"]

    [broken] = [problem for problem in problems if problem["plugin"] == "broken"]
    assert broken.keys() == {"plugin", "message", "path", "line", "step"}
    assert broken["path"].endswith("plugins/broken/hooks.py")
    assert broken["line"] == 3


def test_list_shows_what_is_wrong_with_the_next_step(app):
    rows = json.loads(app.test_cli_runner().invoke(args=["plugins", "list", "--json"]).output)

    [broken] = [row for row in rows["plugins"] if row["name"] == "broken"]
    assert "hooks.py, line 3" in broken["problems"][0]
    assert "then restart." in broken["problems"][0]


def test_plugin_whose_code_is_gone_is_named(installed):
    installed("vanished", "1.0")

    [problem] = found_of("vanished")

    assert "bimtek plugins forget vanished" in problem.step


def test_gone_plugin_is_no_problem_in_safe_mode(installed, app, monkeypatch):
    installed("vanished", "1.0")
    monkeypatch.setitem(app.config, "SAFE_MODE", True)

    assert found_of("vanished") == []


@pytest.mark.parametrize(
    ("version", "step"),
    [
        ("0.1", "bimtek plugins upgrade good"),
        ("99.0", "99.0"),
        ("nonsense", "plugins upgrade good"),
    ],
)
def test_code_of_another_version_than_installed_is_named(installed, version, step):
    installed("good", version)

    [problem] = found_of("good")

    assert problem.file == "good/plugin.toml"
    assert step in problem.step


def test_tables_that_are_behind_code_of_the_same_version_are_named(app, monkeypatch):
    old = engine().enablement.snapshot().revisions["good"]
    monkeypatch.setitem(engine().revisions, "good", Revisions(frozenset({old, "9"}), "9"))

    [problem] = found_of("good")

    assert problem.step == "Jalankan: bimtek plugins upgrade good"
    assert not engine().is_installed("good")


def test_requirement_that_is_not_installed_is_named(installed):
    installed("good", None)

    [problem] = found_of("friend")

    assert "good" in problem.message
    assert "bimtek plugins install good" in problem.step
    assert found_of("good") == []


def test_plugin_as_it_was_installed_has_no_problem(app):
    assert found_of("good") == found_of("friend") == []


BLUEPRINT = """
from flask import Blueprint
from core.api import hookimpl
@hookimpl
def blueprints(): return [Blueprint("{name}", __name__, template_folder="templates")]
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("unclosed", "<p>\n{% if x %}"), ("unknown_filter", "<p>\n{{ 1|no_such_filter }}")],
)
def test_broken_template_is_named_with_its_line(database_url, make_app, write_plugin, name, text):
    folder = write_plugin(name, BLUEPRINT.format(name=name))
    templates = folder / "templates" / name
    templates.mkdir(parents=True)
    (templates / "panel.html").write_text(text)
    app = make_app(database_url, folder.parent)

    with app.app_context():
        [problem] = found_of(name)

    assert problem.file == f"{name}/templates/{name}/panel.html, line 2"


def test_database_without_tables_is_named_and_not_a_trace(server, make_app):
    app = make_app(sa.make_url(server).set(database="postgres").render_as_string(False), "")

    result = doctor(app)

    assert result.exit_code == 1
    assert "bimtek db upgrade" in result.output
