"""`bimtek quizzes import`: a check, an import into a test or a course, and the exit status."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.api import db
from plugins.quizzes import queries
from plugins.quizzes.models import Question, Test
from plugins.quizzes.services import start_attempt

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def run(app):
    """Runs the command; gives its result."""

    def command(*arguments):
        db.session.commit()
        with app.app_context():
            return app.test_cli_runner().invoke(args=["quizzes", "import", *map(str, arguments)])

    return command


def count():
    return db.session.scalar(sa.select(sa.func.count()).select_from(Question))


def test_without_a_target_the_file_is_only_checked(run, classroom):
    result = run(SAMPLES / "mixed.gift", "--format", "gift", "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert found["items"] == 3
    assert found["by_kind"] == {"single": 1, "multiple": 1, "true_false": 1}
    assert [error["line"] for error in found["errors"]] == [5, 7, 9, 11, 13]
    assert all(str(error["line"]) in error["message"] for error in found["errors"])
    assert count() == 4


def test_questions_go_into_the_named_test(run, classroom):
    result = run(SAMPLES / "good.gift", "--format", "gift", "--test", classroom.activity.id)

    assert result.exit_code == 0
    assert len(queries.questions_of(classroom.test)) == 16


def test_a_dry_run_writes_nothing(run, classroom):
    arguments = ["--format", "gift", "--test", classroom.activity.id, "--dry-run", "--json"]

    result = run(SAMPLES / "good.gift", *arguments)

    assert (result.exit_code, json.loads(result.stdout)["items"]) == (0, 12)
    assert count() == 4


def test_a_course_gets_a_new_optional_test(run, classroom):
    result = run(
        SAMPLES / "good.gift", "--format", "gift", "--course", classroom.course.code.lower()
    )

    assert result.exit_code == 0, result.output
    new = db.session.scalars(sa.select(Test).order_by(Test.id)).all()[-1]
    assert (new.activity.title, new.activity.required, new.role) == ("good", False, "exercise")
    assert len(queries.questions_of(new)) == 12


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"PK\x03\x04", b"Essay {}", b"broken {"])
def test_a_file_without_importable_questions_is_refused(run, classroom, tmp_path, content):
    file = tmp_path / "file.gift"
    file.write_bytes(content)

    result = run(file, "--format", "gift", "--course", classroom.course.code, "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["items"], found["by_kind"]) == (0, {})
    assert found["errors"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Test)) == 1


@pytest.mark.parametrize("target", [["--test", "999999"], ["--course", "NOWHERE"]])
def test_an_unknown_target_is_refused(run, classroom, target):
    result = run(SAMPLES / "good.gift", "--format", "gift", *target, "--json")

    assert result.exit_code == 1
    assert target[1] in json.loads(result.stdout)["error"]
    assert count() == 4


def test_a_test_that_was_started_is_refused(run, classroom):
    start_attempt(classroom.test, classroom.enrolment)

    result = run(SAMPLES / "good.gift", "--format", "gift", "--test", classroom.activity.id)

    assert result.exit_code == 1
    assert result.stderr.strip()
    assert count() == 4


@pytest.mark.parametrize(
    "arguments",
    [[], [SAMPLES / "good.gift"], [SAMPLES / "good.gift", "--format", "qti"],
     ["missing.gift", "--format", "gift"]],
)  # fmt: skip
def test_wrong_usage_has_its_own_status(run, classroom, arguments):
    assert run(*arguments).exit_code == 2
