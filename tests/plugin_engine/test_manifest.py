"""plugin.toml: read without importing, every fault named, slips never pass."""

from pathlib import Path

import pytest
from packaging.version import Version

from core.plugin_engine.manifest import RESERVED, ManifestError, parse

FOLDER = Path("/somewhere/quizzes")
WHOLE = """
name = "quizzes"
version = "1.2.0"
title = "Quizzes"
requires_core = ">=1.0,<2"
"""


def manifest(more="", text=WHOLE, name="quizzes"):
    return parse(text + more, FOLDER, "plugins.quizzes", name)


def faults(more="", text=WHOLE, name="quizzes"):
    with pytest.raises(ManifestError) as raised:
        manifest(more, text, name)
    return raised.value.faults


def test_manifest_is_read_with_its_defaults():
    found = manifest('[requires]\nattendance = ">=1.0"\n')

    assert found.version == Version("1.2.0")
    assert found.application
    assert Version("1.4") in found.requires["attendance"]
    assert Version("0.9") not in found.requires["attendance"]


def test_title_and_summary_are_in_the_readers_language():
    found = manifest('summary = "Tests"\n[titles]\nid = "Kuis"\n')

    assert (found.title_in("id"), found.title_in("en")) == ("Kuis", "Quizzes")
    assert found.summary_in("id") == "Tests"


def test_unknown_key_is_a_fault_with_a_near_match():
    assert faults('requires_cor = ">=1"') == [
        "unknown key 'requires_cor', did you mean 'requires_core'?"
    ]


def test_all_faults_are_named_together():
    found = faults(text='name = "quizzes"\ntitle = 3\nsumary = "x"\n')

    assert found == [
        "unknown key 'sumary', did you mean 'summary'?",
        "'version' is missing",
        "'requires_core' is missing",
        "'title' must be a text",
    ]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('[requires]\nattendance = "new"', "requires.attendance: 'new' is not a version range"),
        ('[external]\npython = "pillow"', "[external] knows one key"),
        ('[external]\nruby = ["gem"]', "[external] knows one key"),
        ("application = 1", "'application' must be true or false"),
        ("title", "not readable as TOML"),
    ],
)
def test_wrong_value_is_a_fault(more, fault):
    assert fault in faults(more)[0]


def test_version_that_is_none_is_a_fault():
    text = WHOLE.replace("1.2.0", "newest")

    assert faults(text=text) == ["'newest' is not a version such as '1.2.0'"]


@pytest.mark.parametrize("name", ["Quizzes", "q", "my-quizzes", "1quiz", "quizzes/../core"])
def test_name_that_cannot_be_a_schema_and_folder_is_a_fault(name):
    text = WHOLE.replace('name = "quizzes"', f'name = "{name}"')

    assert "is not a possible name" in faults(text=text, name=name)[0]


@pytest.mark.parametrize("name", ["public", "pg_temp", "courses", "db"])
def test_reserved_name_is_a_fault(name):
    text = WHOLE.replace('name = "quizzes"', f'name = "{name}"')

    assert faults(text=text, name=name) == [f"the name '{name}' is reserved; choose another"]


def test_name_must_be_that_of_its_folder():
    assert faults(name="quiz") == ["name 'quizzes' differs from where it lies: 'quiz'"]


def test_every_name_of_core_is_reserved(whole_app):
    engine = whole_app.extensions["bimtek"]
    core = set(whole_app.blueprints) - engine.loaded.keys()
    commands = set(whole_app.cli.commands) - engine.loaded.keys()
    rights = {name.partition(".")[0] for name in engine.permissions} - engine.loaded.keys()

    assert core | commands | rights <= RESERVED


def test_safe_mode_knows_no_plugin(database_url, make_app):
    app = make_app(database_url, Path(__file__).parent / "plugins", SAFE_MODE=True)

    assert app.extensions["bimtek"].loaded == {}
    assert app.extensions["bimtek"].problems == []
    assert app.test_client().get("/good/open").status_code == 404
    assert app.test_client().get("/sign-in").status_code == 200


def test_link_plugin_must_name_what_it_links():
    [fault] = faults(text="auto_install = true\n" + WHOLE.replace("[requires]", "[after]"))

    assert fault.startswith("'auto_install' is for a plugin that links others")
