"""`bimtek certificates …`: answers, exit status, and files that are never overwritten."""

import csv
import json

import pytest

from core.api import db
from core.people.services import change_person
from plugins.certificates import services
from plugins.certificates.tests.conftest import all_certificates, numbers


@pytest.fixture
def run(app):
    """Runs a command; gives its result."""

    def command(*arguments):
        db.session.commit()
        result = app.test_cli_runner().invoke(args=["certificates", *map(str, arguments)])
        db.session.expire_all()
        return result

    return command


@pytest.fixture
def issued(graduation):
    found = list(services.issue(graduation.cohort, by=None))
    db.session.commit()
    return found


def test_verify_answers_by_code_and_number(run, issued):
    by_code, by_number = run("verify", issued[1].code), run("verify", issued[1].number.lower())

    assert (by_code.exit_code, by_number.exit_code) == (0, 0)
    assert by_code.stdout == by_number.stdout
    assert "Hj. Siti Nur'aini" in by_code.stdout


def test_verify_fails_for_a_revoked_and_for_an_unknown_one(run, issued):
    services.revoke(issued[0], by=None, reason="Mistake")
    new = services.issue_anew(issued[0], by=None)

    revoked, unknown = run("verify", issued[0].code, "--json"), run("verify", "7KQ2", "--json")

    assert (revoked.exit_code, unknown.exit_code) == (1, 1)
    [found] = json.loads(revoked.stdout)["certificates"]
    assert (found["state"], found["replaced_by"]) == ("revoked", new.number)
    assert json.loads(unknown.stdout) == {"certificates": []}
    assert run("verify", "7KQ2").stdout.strip()


def test_issue_does_what_the_button_does(run, graduation):
    tried = run("issue", "--cohort", "kalsel-07-2026", "--dry-run", "--json")
    assert numbers() == []

    done = run("issue", "--cohort", graduation.cohort.code, "--json")

    assert (tried.exit_code, done.exit_code) == (0, 0)
    assert [row["number"] for row in json.loads(done.stdout)["issued"]] == numbers()
    assert json.loads(tried.stdout)["issued"] == json.loads(done.stdout)["issued"]
    assert json.loads(run("issue", "--cohort", graduation.cohort.code, "--json").stdout) == {
        "issued": [],
        "dry_run": False,
    }


@pytest.mark.parametrize("command", ["issue", "export"])
def test_an_unknown_class_is_refused(run, app, tmp_path, command):
    out = ["--out", tmp_path] if command == "export" else []

    result = run(command, "--cohort", "NOWHERE", *out, "--json")

    assert result.exit_code == 1
    assert "NOWHERE" in json.loads(result.stdout)["error"]


def test_export_makes_what_is_missing_and_writes_files_and_a_list(
    run, graduation, issued, tmp_path
):
    services.revoke(issued[0], by=None, reason="Mistake")
    folder = tmp_path / "new" / "folder"

    result = run("export", "--cohort", graduation.cohort.code, "--out", folder, "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"folder": str(folder), "files": 2, "failed": {}}
    assert sorted(path.name for path in folder.iterdir()) == [
        "0002-KALSEL-07-2026-PP-XI-2026.pdf",
        "0003-KALSEL-07-2026-PP-XI-2026.pdf",
        "index.csv",
    ]
    with (folder / "index.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [(row["number"][:4], row["state"], row["reason"]) for row in rows] == [
        ("0001", "revoked", "Mistake"), ("0002", "ready", ""), ("0003", "ready", ""),
    ]  # fmt: skip
    assert all((folder / row["file"]).read_bytes()[:4] == b"%PDF" for row in rows[1:])
    assert {one.state for one in all_certificates()} == {"revoked", "ready"}


def test_exporting_again_brings_the_folder_up_to_date(run, graduation, issued, tmp_path):
    run("export", "--cohort", graduation.cohort.code, "--out", tmp_path)
    graduation.complete(graduation.unfinished)
    services.issue(graduation.cohort, by=None)

    result = run("export", "--cohort", graduation.cohort.code, "--out", tmp_path)

    assert result.exit_code == 0
    assert len(list(tmp_path.glob("*.pdf"))) == 4
    assert len((tmp_path / "index.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize("name", ["index.csv", "0003-KALSEL-07-2026-PP-XI-2026.pdf"])
def test_a_foreign_file_is_not_overwritten_and_nothing_is_written(
    run, graduation, issued, tmp_path, name
):
    (tmp_path / name).write_text("mine")

    result = run("export", "--cohort", graduation.cohort.code, "--out", tmp_path)

    assert result.exit_code == 1
    assert name in result.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_export_names_what_cannot_be_printed(run, graduation, tmp_path):
    change_person(graduation.siti, by=None, full_name="Siti 李")
    services.issue(graduation.cohort, by=None)

    result = run("export", "--cohort", graduation.cohort.code, "--out", tmp_path, "--json")

    [(number, failure)] = json.loads(result.stdout)["failed"].items()
    assert (number[:4], "李" in failure) == ("0002", True)
    assert len(list(tmp_path.glob("*.pdf"))) == 2
