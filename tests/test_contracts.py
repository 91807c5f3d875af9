"""The contracts on imports hold, and each of them breaks on an import that was planted."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = "from importlinter.cli import lint_imports_command as lint; lint()"
CORE, DOOR, WALLS, BACK = (
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
)
PLANTED = [
    (CORE, "core/people/names.py", "from plugins.quizzes import queries"),
    (CORE, "core/testing/clocks.py", "import plugins.regions.api"),
    (DOOR, "plugins/quizzes/queries.py", "from core.db import db"),
    (DOOR, "plugins/regions/api.py", "from core.plugin_engine.engine import engine"),
    (WALLS, "plugins/certificates/checking.py", "from plugins.quizzes import queries"),
    (WALLS, "plugins/monitoring/figures.py", "from plugins.regions import queries"),
    (BACK, "core/people/names.py", "from core.api import db"),
]


def lint(place):
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=place, check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, " ".join(done.stdout.split())  # Long lines are wrapped.


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The modules of core and of the plugins without what tests them."""
    place = tmp_path_factory.mktemp("tree")
    for folder in ("core", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            if "tests" not in file.parts:
                copy = place / file.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def test_contracts_hold_in_the_tree_as_it_is(tree):
    status, output = lint(tree)

    assert status == 0, output
    assert "4 kept, 0 broken" in output


@pytest.mark.parametrize(("contract", "path", "planted"), PLANTED)
def test_planted_import_breaks_its_contract(tree, contract, path, planted):
    file = tree / path
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{planted}\n")
    try:
        status, output = lint(tree)
    finally:
        file.write_text(before) if before is not None else file.unlink()

    assert status == 1
    assert f"{contract} BROKEN" in output
