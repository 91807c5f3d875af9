"""The program: what it prints, how it refuses, its exit status."""

import json

import pytest
import sqlalchemy as sa

from core.cohorts.models import Enrolment
from core.db import db
from core.demo import demo_is_loaded
from core.people.models import User
from core.plugin_engine.discovery import BUNDLED

HEADER = "Nama Lengkap;NIP;Instansi;No HP\n"


BUNDLED_NAMES = sorted(path.parent.name for path in BUNDLED.glob("*/plugin.toml"))


@pytest.fixture
def run(app):
    """Runs `bimtek …` on the test's database."""

    def invoke(*arguments):
        db.session.commit()
        result = app.test_cli_runner().invoke(args=[str(a) for a in arguments])
        db.session.expire_all()
        return result

    return invoke


@pytest.fixture
def cohort(make):
    nation = make.institution("Perpustakaan Nasional", code="NASIONAL")
    office = make.institution("Dinas Provinsi", nation, "province", code="31")
    make.institution("Perpustakaan Mekar", office)
    return make.cohort(make.course(nation), host=office, code="DKI-2020")


def roster(tmp_path, *rows):
    file = tmp_path / "roster.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def test_people_import_prints_one_json_object(run, cohort, tmp_path):
    file = roster(
        tmp_path,
        "Sukarno;;Perpustakaan Mekar;0812-5500-0109",
        "Ni'matul;12345;Perpustakaan Mekar;",
        "Fitriani;;Perpustakaan Entah;",
    )

    result = run("people", "import", file, "--cohort", "DKI-2020", "--json")
    outcome = json.loads(result.output)

    assert result.exit_code == 0
    assert {k: outcome[k] for k in ("rows", "created", "updated", "skipped")} == {
        "rows": 3, "created": 1, "updated": 0, "skipped": 0,
    }  # fmt: skip
    assert [error["line"] for error in outcome["errors"]] == [3, 4]
    assert all(error["message"] for error in outcome["errors"])


def test_people_import_twice_changes_nothing(run, cohort, tmp_path):
    file = roster(tmp_path, "Sukarno;;Perpustakaan Mekar;0812-5500-0109")
    run("people", "import", file, "--cohort", "DKI-2020")

    again = json.loads(run("people", "import", file, "--cohort", "DKI-2020", "--json").output)

    assert again == {"rows": 1, "created": 0, "updated": 0, "skipped": 1, "errors": []}


def test_dry_run_tells_the_outcome_and_writes_nothing(run, cohort, tmp_path):
    file = roster(tmp_path, "Sukarno;;Perpustakaan Mekar;")

    result = run("people", "import", file, "--cohort", "DKI-2020", "--dry-run", "--json")

    assert json.loads(result.output)["created"] == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Enrolment)) == 0
    assert db.session.scalar(sa.select(User.id).filter_by(full_name="Sukarno")) is None


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n%", b"alpha;beta\n1;2\n"])
def test_a_file_that_is_no_roster_is_refused_with_a_sentence(run, cohort, tmp_path, content):
    file = tmp_path / "roster.xlsx"
    file.write_bytes(content)

    result = run("people", "import", file, "--cohort", "DKI-2020", "--json")

    assert result.exit_code == 1
    assert json.loads(result.output)["error"]


def test_unknown_cohort_is_refused(run, cohort, tmp_path):
    result = run("people", "import", roster(tmp_path, "Sukarno;;;"), "--cohort", "NIHIL")

    assert result.exit_code == 1
    assert "NIHIL" in result.output


def test_wrong_usage_has_its_own_exit_status(run, app):
    assert run("people", "import").exit_code == 2


def test_plugins_are_enabled_and_disabled_for_an_institution(run, cohort, app):
    enabled = run("plugins", "enable", "quizzes", "--institution", "31", "--json")
    disabled = run("plugins", "disable", "quizzes", "--institution", "31")

    assert json.loads(enabled.output)["enabled"] is True
    assert disabled.exit_code == 0


@pytest.mark.parametrize("name", ["nothing", "../core"])
def test_enabling_an_unknown_plugin_is_refused(run, cohort, name):
    result = run("plugins", "enable", name)

    assert result.exit_code == 1
    assert name in result.output


def test_plugins_list_names_state_and_problems(run, app):
    listed = json.loads(run("plugins", "list", "--json").output)["plugins"]

    assert sorted(plugin["name"] for plugin in listed) == BUNDLED_NAMES
    assert all(plugin["installed"] == plugin["version"] for plugin in listed)
    assert not any(plugin["problems"] for plugin in listed)


def test_doctor_finds_nothing_to_say(run, app):
    assert run("plugins", "doctor").exit_code == 0


def test_db_current_names_core_and_plugins(run, app):
    current = json.loads(run("db", "current", "--json").output)

    with_tables = {path.parent.name for path in BUNDLED.glob("*/migrations")}
    assert current.keys() == {"core", *BUNDLED_NAMES}
    assert {name for name, revision in current.items() if revision} == {"core", *with_tables}


def test_first_admin_gets_a_link_that_works(run, app):
    result = run("people", "create-admin", "Ratna", "--email", "ratna@contoh.id")
    token = result.output.strip().rpartition("/k/")[2]

    assert app.test_client().post(f"/k/{token}").location == "/password/new"


def test_demo_is_refused_over_data(run, make):
    make.user("Orang sungguhan")

    result = run("demo", "load")

    assert result.exit_code == 1
    assert "kosong" in result.output
    assert not demo_is_loaded()
