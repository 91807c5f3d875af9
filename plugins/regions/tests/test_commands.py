"""`bimtek regions`: search, one institution, all offices; and the exit status."""

import json

import pytest

from core.api import db
from plugins.regions.services import set_region


@pytest.fixture
def run(app, tree):
    """Runs a command of the group; gives its result."""

    def command(*arguments):
        db.session.commit()
        with app.app_context():
            result = app.test_cli_runner().invoke(args=["regions", *arguments])
        db.session.expire_all()
        return result

    return command


def test_find_prints_code_and_path(run):
    result = run("find", "Kota Banjar")

    assert (result.exit_code, result.stdout) == (0, "32.79  Jawa Barat › Kota Banjar\n")


def test_find_prints_all_that_fit_as_json(run):
    result = run("find", "banjar", "--json")

    found = json.loads(result.stdout)["regions"]
    assert [one["code"] for one in found] == ["32.79", "63.03", "33.04", "63.71", "63.72"]
    assert found[1] == {
        "code": "63.03",
        "level": "regency",
        "name": "Kabupaten Banjar",
        "path": "Kalimantan Selatan › Kabupaten Banjar",
        "timezone": "Asia/Makassar",
        "province": "63",
    }


@pytest.mark.parametrize("text", ["Atlantis", "", "63.99"])
def test_find_refuses_what_fits_nothing(run, text):
    result = run("find", text, "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]


def test_set_gives_one_institution_its_region(run, tree, own_codes, audited):
    before = own_codes()

    result = run("set", "63.03", "63.03")

    assert result.exit_code == 0, result.output
    assert "Kalimantan Selatan › Kabupaten Banjar" in result.stdout
    assert own_codes() == before | {tree.banjar.id: "63.03"}
    assert audited()[-1] == (str(tree.banjar.id), None, {"before": None, "after": "63.03"})


@pytest.mark.parametrize("arguments", [("NOWHERE", "63.03"), ("63.03", "63.99"), ("63.03", "")])
def test_set_refuses_what_is_unknown(run, own_codes, arguments):
    before = own_codes()

    result = run("set", *arguments)

    assert result.exit_code == 1
    assert result.stderr.strip()
    assert own_codes() == before


def test_fill_gives_offices_the_region_of_their_code(run, tree, make, own_codes):
    set_region(tree.south, "63.71", by=None)
    make.institution("Old office", tree.south, "regency", code="63.98")
    make.institution("Not an office", tree.south, "library", code="63.05")
    before = own_codes()

    result = run("fill", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"offices": ["63.03"], "written": True}
    assert own_codes() == before | {tree.banjar.id: "63.03"}


def test_a_dry_run_writes_nothing(run, own_codes):
    before = own_codes()

    result = run("fill", "--dry-run", "--json")

    assert json.loads(result.stdout) == {"offices": ["63.03"], "written": False}
    assert own_codes() == before


def test_fill_twice_does_it_once(run, own_codes):
    run("fill")
    once = own_codes()

    result = run("fill")

    assert (result.exit_code, own_codes()) == (0, once)


@pytest.mark.parametrize("arguments", [(), ("find",), ("set", "63"), ("fill", "--never")])
def test_wrong_usage_has_its_own_status(run, arguments):
    assert run(*arguments).exit_code == 2
