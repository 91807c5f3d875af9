"""Jobs run when their change was committed, again when they fail, and never for a rollback."""

import json

import pytest
import sqlalchemy as sa

from core.db import db
from core.jobs import MAX_ATTEMPTS, enqueue, job, run_worker
from core.people.audit import audit
from core.people.models import AuditEntry


@job("tests.note")
def note(text: str) -> None:
    audit(f"tests.{text}", None, actor=None)


@job("tests.fail")
def fail() -> None:
    audit("tests.half", None, actor=None)
    raise RuntimeError("on purpose")


def actions() -> list[str]:
    query = sa.select(AuditEntry.action).where(AuditEntry.action.startswith("tests."))
    return list(db.session.scalars(query))


@pytest.fixture
def work(app):
    def run() -> None:
        db.session.commit()
        run_worker(app, wait=False)
        db.session.rollback()

    return run


def test_job_runs_after_commit(work):
    enqueue(note, text="done")

    work()

    assert actions() == ["tests.done"]


def test_job_of_a_rolled_back_change_never_runs(work):
    enqueue(note, text="lost")
    db.session.rollback()

    work()

    assert actions() == []


def test_failing_job_leaves_nothing_half_written_and_waits_for_another_try(work):
    enqueue(fail)

    work()

    status, attempts = db.session.execute(
        sa.text("SELECT status, attempts FROM procrastinate_jobs WHERE task_name = 'tests.fail'")
    ).one()
    assert actions() == []
    assert (status, attempts) == ("todo", 1)
    assert attempts < MAX_ATTEMPTS


def test_two_waiting_jobs_with_one_queueing_lock_are_refused(app):
    enqueue(note, text="one", queueing_lock="only")

    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        enqueue(note, text="two", queueing_lock="only")


def test_command_counts_what_waits_and_what_failed(app):
    enqueue(note, text="waits")
    db.session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'failed'"))
    enqueue(note, text="waits")
    db.session.commit()

    result = app.test_cli_runner().invoke(args=["jobs", "--json"])

    assert json.loads(result.output) == {
        "jobs": [{"plugin": "tests", "waiting": 1, "held": 0, "failed": 1}]
    }
