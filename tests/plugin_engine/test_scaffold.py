"""`bimtek plugins new`: what it writes passes every check untouched; a bad wish leaves nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core import i18n_tool
from core.plugin_engine.authoring import NotWritten, Wish, write_plugin
from core.plugin_engine.manifest import read

ROOT = Path(__file__).parents[2]
# The shortest and the longest names: nothing may depend on how long a line becomes.
ANSWERS, NOTICES = "a" * 40, "n" * 40
NAMES = {"ab": "kind", "cd": "panel", ANSWERS: "kind", NOTICES: "panel"}
LINT = "from importlinter.cli import lint_imports_command as lint; lint()"
CHECKS = {
    "contracts": ["importlinter", "--no-cache"],
    "ruff": ["ruff", "check", "plugins"],
    "format": ["ruff", "format", "--check", "plugins"],
    "djlint": ["djlint", "--lint", "--quiet", "plugins"],
    "types": ["mypy", "--cache-dir", str(ROOT / ".mypy_cache"), "-p", "plugins"],
}


def new_checkout(place, names):
    """A checkout whose only plugins were just written; core is the present one."""
    for name in ("core", "templates", "migrations", "pyproject.toml", "conftest.py"):
        (place / name).symlink_to(ROOT / name)
    (place / "plugins").mkdir()
    (place / "plugins" / "__init__.py").touch()
    for name, kind in names.items():
        write_plugin(Wish(name, kind=kind, into=place / "plugins"), {})
    return place


def run(place, module, *arguments, **environment):
    begin = ["-c", LINT] if module == "importlinter" else ["-m", module]
    done = subprocess.run(
        [sys.executable, *begin, *arguments],
        cwd=place, check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def run_tests(place, server, *paths):
    environment = {"TEST_DATABASE_URL": server, "PYTEST_XDIST_WORKER": f"new{os.getpid()}"}
    return run(
        place, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *paths, **environment
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return new_checkout(tmp_path_factory.mktemp("checkout"), NAMES)


@pytest.mark.parametrize("check", CHECKS)
def test_new_plugin_passes_the_checks_untouched(checkout, check):
    status, output = run(checkout, *CHECKS[check])

    assert status == 0, output


@pytest.mark.parametrize("name", ["ab", "cd"])
def test_texts_of_a_new_plugin_are_translated(checkout, name, capsys):
    status = i18n_tool.main(["--plugin", str(checkout / "plugins" / name), "check"])

    assert (status, capsys.readouterr().out) == (0, "")


def test_new_plugins_pass_their_own_tests_and_the_contract(checkout, server):
    paths = [f"plugins/{name}" for name in (ANSWERS, NOTICES)]

    status, output = run_tests(checkout, server, *paths)

    assert status == 0, output[-5000:]
    assert output.count("[100%]") == 1


FAULTS = {
    "migrations/0001_first_tables.py": [('    op.drop_table("answer", schema="ab")', "    pass")],
    "models.py": [
        ("    text: Mapped[str]\n", "    text: Mapped[str]\n    more: Mapped[str | None]\n")
    ],
    "queries.py": [
        ("activity_of(course, activity_id)", "db.session.get(Activity, activity_id)"),
        ("Enrolment.cohort_id == cohort.id, Enrolment", "Enrolment"),
    ],
    "views.py": [('@requires("ab.read")', '@requires("courses.learn")')],
    "hooks.py": [('"committee", "trainer")', '"committee")')],
    "README.md": [],
}


def test_contract_finds_planted_faults(tmp_path, server):
    place = new_checkout(tmp_path, {"ab": "kind"})
    for path, changes in FAULTS.items():
        file = place / "plugins" / "ab" / path
        text = file.read_text()
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        file.write_text(text) if changes else file.unlink()

    status, output = run_tests(place, server, "plugins/ab/tests/test_contract.py")

    failed = set(re.findall(r"FAILED \S+::(\w+)", output))
    assert status == 1
    assert failed == {
        "test_manifest_speaks_both_languages",
        "test_migrations_lead_forth_and_back",
        "test_models_are_what_the_migrations_make",
        "test_table_knows_every_route_and_its_rule",
        "test_each_route_answers_each_role_as_the_table_says",
        "test_nothing_of_another_institution_is_visible",
    }, output[-5000:]


# What is refused


def leftovers(place):
    return sorted(path.name for path in place.iterdir())


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (Wish("Notes"), "small letters"),
        (Wish("a"), "2 to 40"),
        (Wish("a" * 41), "2 to 40"),
        (Wish("my-notes"), "small letters"),
        (Wish("../notes"), "small letters"),
        (Wish("courses"), "reserved"),
        (Wish("pg_notes"), "reserved"),
        (Wish("class"), "word of Python"),
        (Wish("notes", title="x" * 51), "at most 50"),
        (Wish("notes", title='"""'), "at most 50"),
        (Wish("notes", title="100 %"), "at most 50"),
        (Wish("notes", title_id="{{ 7 }}"), "at most 50"),
        (Wish("notes", title="Two\nlines"), "at most 50"),
    ],
)
def test_bad_wish_is_refused_with_its_reason(tmp_path, wish, reason):
    with pytest.raises(NotWritten, match=reason):
        write_plugin(Wish(wish.name, wish.title, wish.title_id, into=tmp_path), {})

    assert leftovers(tmp_path) == []


def test_taken_name_is_refused(tmp_path):
    write_plugin(Wish("notes", into=tmp_path), {})
    manifest = read(tmp_path / "notes", "plugins.notes", "notes")

    with pytest.raises(NotWritten, match="is there already"):
        write_plugin(Wish("notes", into=tmp_path), {})
    with pytest.raises(NotWritten, match="taken by"):
        write_plugin(Wish("notes", into=tmp_path, package=True), {"notes": manifest})

    assert leftovers(tmp_path) == ["notes"]


def test_folder_that_is_not_there_or_no_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()

    for into in (tmp_path / "gone", tmp_path / "file"):
        with pytest.raises(NotWritten, match="there is no folder"):
            write_plugin(Wish("notes", into=into), {})

    assert leftovers(tmp_path) == ["file"]


def test_failure_in_the_middle_leaves_nothing(tmp_path, monkeypatch):
    written = []

    def full_disk(self, text, **_options):
        written.append(self)
        if len(written) > 5:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)

    with pytest.raises(NotWritten, match="No space left"):
        write_plugin(Wish("notes", into=tmp_path), {})

    assert len(written) == 6
    assert leftovers(tmp_path) == []


def test_folder_that_takes_no_files_is_refused():
    with pytest.raises(NotWritten, match="cannot be written"):
        write_plugin(Wish("notes", into=Path("/proc")), {})


def test_title_that_core_translates_is_not_translated_twice(tmp_path):
    for name, title in (("ours", "Classes"), ("own", "Answers"), ("new", "Diaries")):
        folder = write_plugin(Wish(name, title, "Judul", into=tmp_path), {})
        texts = (folder / "translations/id/LC_MESSAGES/messages.po").read_text()

        expected = {"ours": 0, "own": 1, "new": 1}[name]
        assert texts.count(f'msgid "{title}"\n') == expected
    assert read(folder, "plugins.new", "new").title_in("id") == "Judul"


def test_tutorial_names_files_and_lines_that_are_written(tmp_path):
    tutorial = (ROOT / "docs" / "plugins" / "tutorial.md").read_text()
    folder = write_plugin(Wish("reading_diary", into=tmp_path), {})
    new = {"templates/reading_diary/own_panel.html", "README.md"}  # written by the reader, or apart
    named = set(re.findall(r"`([\w/]+\.(?:py|html|md))`", tutorial)) - new

    assert named >= {"models.py", "forms.py", "tests/test_pages.py"}
    assert {path for path in named if not (folder / path).exists()} == set()
    for path, line in {
        "models.py": "    text: Mapped[str]",
        "forms.py": "class AnswerForm(FlaskForm):",
        "views.py": "services.answer(enrolment, activity, form.text.data)",
        "services.py": "def answer(enrolment: Enrolment, activity: Activity, text: str)",
        "templates/reading_diary/question.html": "forms.field(form.text",
    }.items():
        assert line in (folder / path).read_text()
