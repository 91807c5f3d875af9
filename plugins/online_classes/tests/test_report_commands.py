"""`bimtek online-classes import-report`: what it prints, writes and refuses."""

import json

import pytest
import sqlalchemy as sa

from core.api import db
from plugins.online_classes.report_models import KeptReport, KeptRow
from plugins.online_classes.tests import samples
from plugins.online_classes.tests.report_class import NUMBERS, stay, whole_day

SITI = "siti@contoh.id"


@pytest.fixture
def run(app, reported, tmp_path):
    """Imports a file into a session of the class; gives the result of the command."""

    def command(data, *options, session=1, cohort="BANJAR-1"):
        file = tmp_path / "participants.csv"
        file.write_bytes(data)
        db.session.commit()
        arguments = ["--cohort", cohort, "--session", session, *options]
        with app.app_context():
            return app.test_cli_runner().invoke(
                args=["online-classes", "import-report", str(file), *map(str, arguments)]
            )

    return command


def rows():
    return db.session.scalar(sa.select(sa.func.count()).select_from(KeptRow))


def test_the_outcome_is_one_json_object(run, reported):
    data = reported.report(
        stay("Siti HP", "08.30", "10.00", SITI), stay("siti", "09.00", "16.00", SITI),
        whole_day("Tamu"), whole_day("Hasan Basri"),
    )  # fmt: skip

    result = run(data, "--json")

    number = reported.people["Siti Aminah"].user.number
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "rows": 4, "new_rows": 4, "matched": 1, "unmatched": 1, "staff": 1, "dismissed": 0,
        "people": [
            {"name": "Hasan Basri", "participant": None, "state": "staff", "minutes": 450},
            {"name": "Siti Aminah", "participant": number, "state": "matched", "minutes": 450},
            {"name": "Tamu", "participant": None, "state": "open", "minutes": 450},
        ],
        "errors": [],
    }  # fmt: skip
    assert rows() == 4
    assert db.session.scalars(sa.select(KeptReport.imported_by_id)).all() == [None]


def test_the_same_file_again_counts_nothing_new(run, reported):
    data = reported.report(whole_day("Siti", SITI))
    first = json.loads(run(data, "--json").stdout)

    again = json.loads(run(data, "--json").stdout)

    assert again == {**first, "new_rows": 0}
    assert rows() == 1


def test_a_dry_run_tells_the_same_and_writes_nothing(run, reported):
    data = reported.report(whole_day("Siti", SITI), whole_day("Tamu"))

    tried = json.loads(run(data, "--dry-run", "--json").stdout)

    assert rows() == 0
    assert reported.minutes("Siti Aminah") == 0
    assert tried == json.loads(run(data, "--json").stdout)


def test_without_json_a_person_reads_it(run, reported):
    result = run(reported.report(whole_day("Siti", SITI), whole_day("Tamu")))

    assert result.exit_code == 0
    assert reported.people["Siti Aminah"].user.number in result.stdout
    assert "Tamu" in result.stdout


def test_the_clock_of_the_report_can_be_named(run, reported):
    data = reported.report(stay("Siti", "10.30", "18.00", SITI))

    run(data, "--zone", "Asia/Jayapura")

    assert reported.minutes("Siti Aminah") == 450


def test_lines_that_are_left_out_are_named(run, reported):
    data = reported.report(whole_day("Siti", SITI)) + b"Tamu,,kapan,11/23/2026 09:00:00,1\r\n"

    found = json.loads(run(data, "--json").stdout)

    assert [error["line"] for error in found["errors"]] == [3]
    assert found["rows"] == 1


def test_another_session_or_meeting_is_refused(run, reported):
    wrong_day = reported.report(whole_day("Siti", SITI, day=2))
    wrong_meeting = reported.report(whole_day("Siti", SITI), number=NUMBERS[1])

    for data, said in ((wrong_day, "24 Nov 2026"), (wrong_meeting, "812 3456 7891")):
        result = run(data, "--json")
        assert result.exit_code == 1
        assert said in json.loads(result.stdout)["error"]
    assert rows() == 0


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 100, b"PK\x03\x04xx", b"\xff\xfe\x00", samples.webinar_report(),
     samples.flat_2020([])],
)  # fmt: skip
def test_a_file_that_is_no_report_is_refused_with_its_sentence(run, data):
    result = run(data)

    assert result.exit_code == 1
    assert result.stderr.strip()
    assert "Traceback" not in result.output
    assert rows() == 0


@pytest.mark.parametrize(
    "options",
    [{"cohort": "NOWHERE"}, {"session": 3}, {"session": 0}, {"session": -1}],
)
def test_a_class_or_session_that_is_not_there_is_refused(run, reported, options):
    result = run(reported.report(whole_day("Siti", SITI)), **options)

    assert result.exit_code == 1
    assert result.stderr.strip()


def test_a_zone_that_is_none_is_refused(run, reported):
    assert run(reported.report(whole_day("Siti", SITI)), "--zone", "WIB").exit_code == 1


def test_a_class_whose_institution_has_the_plugin_disabled_is_refused(run, reported, make):
    make.disabled("online_classes", reported.institution)

    assert run(reported.report(whole_day("Siti", SITI))).exit_code == 1


def test_totals_need_a_word_that_they_are_the_right_ones(run):
    data = samples.totals_2023([whole_day("Siti", SITI)])

    assert run(data).exit_code == 1
    assert run(data, "--confirmed").exit_code == 0


def test_wrong_usage_has_its_own_status(app, reported):
    runner = app.test_cli_runner()

    assert runner.invoke(args=["online-classes", "import-report"]).exit_code == 2
    assert runner.invoke(args=["online-classes", "import-report", "gone.csv"]).exit_code == 2


def test_without_a_zone_a_clock_that_fits_much_better_is_named(run, reported):
    data = reported.report(stay("Siti", "10.30", "18.00", SITI))

    result = run(data)

    assert result.exit_code == 1
    assert "Asia/Jayapura" in result.stderr
    assert rows() == 0
    assert run(data, "--zone", "Asia/Jakarta").exit_code == 0


def test_without_a_zone_the_clock_of_the_class_wins_where_others_fit_hardly_better(run, reported):
    assert run(reported.report(stay("Siti", "08.50", "16.20", SITI))).exit_code == 0
