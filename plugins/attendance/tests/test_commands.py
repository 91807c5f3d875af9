"""`bimtek attendance …` on the console."""

import json

import pytest

from plugins.attendance.tests.conftest import seen


@pytest.fixture
def run(app):
    return lambda *arguments: app.test_cli_runner().invoke(args=["attendance", "list", *arguments])


def test_sessions_of_a_class_in_figures(over, run):
    over.record(seen(over.enrolment, "08:00", "14:00"))

    shown = run("--cohort", over.cohort.code.lower())
    as_json = json.loads(run("--cohort", over.cohort.code, "--json").output)

    assert shown.output.splitlines()[1].split("\t")[-2:] == ["1", "Day 1"]
    assert as_json == {
        "sessions": [
            {
                "number": 1,
                "starts_at": "2026-11-23T01:00:00+00:00",
                "ends_at": "2026-11-23T07:00:00+00:00",
                "absent": 0,
                "open": 0,
                "excused": 0,
                "present": 1,
                "title": "Day 1",
            }
        ]
    }


def test_people_of_one_session(over, run):
    over.record(seen(over.enrolment, "08:00", "09:00"))

    found = run("--cohort", over.cohort.code, "--session", "1", "--json")

    assert json.loads(found.output)["people"] == [
        {
            "number": over.enrolment.user.number,
            "verdict": "absent",
            "minutes": 60,
            "share": 16.67,
            "marked": False,
            "name": "Sukarno",
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--cohort", "NOWHERE"], 1),
        (["--cohort", "K-2", "--session", "99999999999999999999"], 1),
        (["--cohort", "K-2", "--session", "0"], 2),
        (["--cohort", "K-2", "--session", "one"], 2),
        ([], 2),
    ],
)
def test_what_is_not_there_is_refused(over, run, arguments, status):
    arguments = [over.cohort.code if one == "K-2" else one for one in arguments]

    result = run(*arguments)

    assert result.exit_code == status
    assert result.stderr.strip()
