"""`bimtek monitoring report`: JSON, files, the table on the console, and refusals."""

import csv
import json

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from core.cohorts.services import record_progress
from core.db import db
from core.plugin_engine import engine, lifecycle


@pytest.fixture
def run(app):
    """Runs `bimtek monitoring report`; gives its result."""

    def command(*arguments):
        db.session.commit()
        with app.app_context():
            words = ["monitoring", "report", *map(str, arguments)]
            return app.test_cli_runner().invoke(args=words)

    return command


def found(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_class_by_regency_as_json(kalsel, run):
    record_progress(kalsel.enrolments["63"][0], kalsel.course.activities[0], "done")

    answer = found(run("--cohort", "BJM-2021", "--by", "regency", "--json"))

    assert [(row["code"], row["participants"], row["completed"]) for row in answer["rows"]] == [
        ("63", 3, 33.33),
        ("63.04", 7, 0),
        ("63.07", 9, 0),
        ("63.08", 13, 0),
        ("63.10", 11, 0),
    ]
    assert answer["rows"][1]["name"] == "Kabupaten Barito Kuala"
    assert answer["total"] == {"participants": 43, "completed": 2.33}
    assert answer["failed"] == []


def test_a_metric_of_a_plugin_is_named_with_its_plugin(kalsel, run, new_metric):
    new_metric("regions.gain", {kalsel.everybody()[0].id: 12.345}, how="mean")

    answer = found(run("--cohort", "BJM-2021", "--by", "province", "--json"))

    assert answer["total"]["regions_gain"] == 12.35


def test_a_year_a_course_and_an_institution_choose_the_classes(kalsel, run, make):
    elsewhere = make.institution("Lain", kalsel.nation, code="LAIN")
    make.enrolment(make.cohort(make.course(elsewhere)))

    def people(*arguments):
        return found(run(*arguments, "--by", "institution", "--json"))["total"]["participants"]

    assert people("--year", 2026) == 44
    assert people("--year", 2026, "--institution", "63") == 43
    assert people("--year", 2026, "--institution", "LAIN") == 1
    assert people("--year", 2025) == 0
    assert people("--course", "spp") == 43


def test_a_course_without_people_has_no_rows(kalsel, run, make):
    make.course(kalsel.nation, code="LEER")

    answer = found(run("--course", "LEER", "--by", "regency", "--json"))

    assert answer["rows"] == []
    assert answer["total"] == {"participants": 0, "completed": None}


def test_a_metric_that_fails_is_null_and_named(kalsel, run, new_metric):
    new_metric("regions.broken", lambda _e: sa.select(sa.literal(1), sa.literal_column("1 / 0")))

    answer = found(run("--cohort", "BJM-2021", "--by", "province", "--json"))

    assert answer["failed"] == ["regions_broken"]
    assert answer["total"] == {"participants": 43, "completed": 0, "regions_broken": None}


def test_files_hold_the_same_table(kalsel, run, tmp_path):
    comma, book = tmp_path / "out.csv", tmp_path / "out.xlsx"

    result = run("--cohort", "BJM-2021", "--by", "regency", "--csv", comma, "--xlsx", book)

    assert result.exit_code == 0
    assert result.output == ""
    text = comma.read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";"))
    cells = CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()
    assert [row[2] for row in rows[1:]] == ["3", "7", "9", "13", "11", "43"]
    assert [[row[0], row[1], f"{row[2]:g}"] for row in cells[1:]] == [row[:3] for row in rows[1:]]


def test_the_console_shows_aligned_columns(kalsel, run):
    output = run("--cohort", "BJM-2021", "--by", "province").output

    head, province, total = output.splitlines()
    assert province.startswith("63  Kalimantan Selatan")
    assert len(province) == len(head) == len(total)
    assert province.endswith("0%")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--by", "regency"),
        ("--cohort", "BJM-2021", "--year", 2026, "--by", "regency"),
        ("--cohort", "BJM-2021"),
        ("--year", "abc", "--by", "regency"),
        ("--year", 2026, "--by", "village"),
    ],
)
def test_wrong_usage_ends_with_status_2(kalsel, run, arguments):
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [("--cohort", "NONE"), ("--course", "NONE"), ("--year", 2026, "--institution", "NONE")],
)
def test_an_unknown_code_is_refused_in_a_sentence(kalsel, run, arguments):
    result = run(*arguments, "--by", "regency", "--json")

    assert result.exit_code == 1
    assert "NONE" in json.loads(result.stdout)["error"]


# Life without tables


def test_the_plugin_installs_and_upgrades_without_tables_of_its_own(app):
    installed = lifecycle.install(engine(), ["monitoring"])
    lifecycle.upgrade_installed(engine())

    tables = sa.inspect(db.engine).get_table_names(schema="monitoring")
    assert installed == []
    assert set(tables) <= {"alembic_version"}
    assert engine().is_installed("monitoring")
