"""Jobs of plugins: held where the plugin does not act, and once for each place where it begins."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from core.db import db
from core.institutions.models import Institution
from core.jobs import enqueue, job, queue, waiting_jobs
from core.people.audit import audit
from core.people.models import AuditEntry
from core.plugin_engine import engine
from core.plugin_engine.decisions import Choice, decide
from core.plugin_engine.engine import acting_below
from core.plugin_engine.models import PluginInstallation

FAILING = set()


@job("good.note")
def note(text: str) -> None:
    audit(f"tests.{text}", None, actor=None)


@job("good.digest", cron="0 3 * * *", each="institution")
def digest(institution: Institution) -> None:
    if institution.short_name in FAILING:
        raise RuntimeError("on purpose")
    audit(f"tests.{institution.short_name}", institution, actor=None)


@job("good.nightly", cron="0 4 * * *")
def nightly() -> None:
    audit("tests.nightly", None, actor=None)


@job("gone.note")
def of_a_plugin_that_is_gone() -> None:
    raise AssertionError("nobody has loaded the plugin")


@pytest.fixture
def tree(make):
    """A nation with two provinces and a library below the first."""
    nation = make.institution("Nation")
    south = make.institution("South", nation, "province")
    north = make.institution("North", nation, "province")
    library = make.institution("Library", south)
    db.session.commit()
    return SimpleNamespace(nation=nation, south=south, north=north, library=library)


@pytest.fixture(autouse=True)
def no_failures():
    yield
    FAILING.clear()


def change(institution, enabled):
    decide(engine(), institution, [Choice("good", enabled)], by=None)
    db.session.commit()


def done():
    query = sa.select(AuditEntry.action).where(AuditEntry.action.startswith("tests."))
    return sorted(action.removeprefix("tests.") for action in db.session.scalars(query))


def counts():
    db.session.rollback()
    return {row["plugin"]: (row["waiting"], row["held"]) for row in waiting_jobs()}


def by_clock(task):
    """What Procrastinate does when the time has come."""
    enqueue(queue.tasks[task], timestamp=0)


def test_job_of_an_institution_runs_where_the_plugin_is_enabled(tree, run_jobs):
    change(tree.south, True)
    enqueue(note, institution=tree.library, text="done")

    run_jobs()

    assert done() == ["done"]


def test_job_is_held_while_the_plugin_is_disabled_and_runs_afterwards(tree, run_jobs):
    change(tree.south, True)
    enqueue(note, institution=tree.library, text="first")
    enqueue(note, institution=tree.north, text="elsewhere")
    change(tree.south, False)

    run_jobs()
    run_jobs()
    assert done() == []
    assert counts()["good"] == (0, 2)

    change(tree.south, True)
    run_jobs()
    run_jobs()
    assert done() == ["first"]
    assert counts()["good"] == (0, 1)


def test_job_that_was_held_often_has_all_its_attempts(tree, run_jobs):
    enqueue(note, institution=tree.north, text="patient")
    for _n in range(6):
        run_jobs()
        db.session.execute(sa.text("UPDATE procrastinate_jobs SET queue_name = 'good'"
                                   " WHERE task_name = 'good.note'"))  # fmt: skip
    change(tree.north, True)
    run_jobs()

    assert done() == ["patient"]


@pytest.mark.parametrize("lock", ["lock", "queueing_lock"])
def test_job_that_is_held_keeps_no_other_institution_from_its_lock(tree, run_jobs, lock):
    change(tree.south, True)
    for place in (tree.north, tree.south):
        enqueue(note, institution=place, text=place.short_name, **{lock: "tests"})

    run_jobs()
    run_jobs()

    assert done() == ["South"]
    assert counts()["good"] == (0, 1)


@pytest.fixture
def uninstalled(app):
    """While it lasts the good plugin is not installed."""

    @contextmanager
    def take_out():
        row = db.session.get(PluginInstallation, "good")
        kept = {"name": row.name, "version": row.version, "revision": row.revision}
        db.session.delete(row)
        db.session.commit()
        engine().enablement.forget()
        try:
            yield
        finally:
            db.session.add(PluginInstallation(**kept))
            db.session.commit()
            engine().enablement.forget()

    return take_out


def test_job_without_institution_follows_what_is_installed(tree, run_jobs, uninstalled):
    enqueue(note, text="done")
    with uninstalled():
        run_jobs()
        assert (done(), counts()["good"]) == ([], (0, 1))

    enqueue(queue.tasks["core.release_held"])
    run_jobs()
    run_jobs()

    assert done() == ["done"]


def test_job_of_a_plugin_that_is_not_loaded_here_stays_for_a_worker_that_has_it(
    app, run_jobs, monkeypatch, caplog
):
    monkeypatch.setitem(engine().manifests, "gone", engine().manifests["good"])
    enqueue(of_a_plugin_that_is_gone)

    run_jobs()

    assert counts()["gone"] == (1, 0)
    assert "1 jobs of gone wait" in caplog.text
    assert "bimtek plugins forget gone" in caplog.text


def test_job_by_the_clock_follows_what_is_installed_and_is_not_held(tree, run_jobs, uninstalled):
    by_clock("good.nightly")
    run_jobs()
    assert done() == ["nightly"]

    with uninstalled():
        by_clock("good.nightly")
        run_jobs()
    assert (done(), counts().get("good")) == (["nightly"], None)


def test_job_for_each_institution_runs_where_the_plugin_begins_to_act(tree, run_jobs):
    change(tree.nation, True)
    change(tree.south, False)
    change(tree.library, True)
    by_clock("good.digest.each")

    run_jobs()
    run_jobs()

    assert done() == ["Library", "Nation"]


def test_one_that_fails_stops_no_other_and_is_counted(tree, run_jobs):
    change(tree.south, True)
    change(tree.north, True)
    FAILING.add("North")
    before = engine().failures["good", "job good.digest"]
    by_clock("good.digest.each")

    run_jobs()
    run_jobs()

    assert done() == ["South"]
    assert counts()["good"] == (1, 0)
    assert engine().failures["good", "job good.digest"] == before + 1


def test_one_that_still_waits_is_not_doubled(tree, run_jobs, app):
    change(tree.south, True)
    FAILING.add("South")
    for _n in range(3):
        by_clock("good.digest.each")
        run_jobs()

    assert counts()["good"] == (1, 0)


def test_each_institution_is_in_the_care_of_one_job(tree):
    change(tree.nation, True)
    change(tree.south, False)
    change(tree.library, True)

    def names(institution):
        query = sa.select(Institution.short_name).where(acting_below("good", institution))
        return set(db.session.scalars(query))

    assert names(tree.nation) == {"Nation", "North"}
    assert names(tree.library) == {"Library"}


@pytest.mark.parametrize("name", ["note", "good.", "Good.note", "good.note.each", "-held.x"])
def test_job_with_a_wrong_name_is_refused(name):
    with pytest.raises(ValueError, match="must be named"):
        job(name)


def test_job_for_each_institution_needs_a_clock():
    with pytest.raises(ValueError, match="cron"):
        job("good.x", each="institution")


# Tidying up


def test_jobs_that_ended_long_ago_go_and_others_stay(tree, run_jobs):
    for days, status in [(31, "succeeded"), (31, "failed"), (29, "succeeded"), (31, "todo")]:
        number = enqueue(queue.tasks["gone.note"])
        ended = "UPDATE procrastinate_jobs SET status = :status WHERE id = :id"
        db.session.execute(sa.text(ended), {"status": status, "id": number})
        at = "UPDATE procrastinate_events SET at = now() - make_interval(days => :days)"
        db.session.execute(sa.text(f"{at} WHERE job_id = :id"), {"days": days, "id": number})
    by_clock("core.drop_old_jobs")

    run_jobs()

    kept = "SELECT CAST(status AS text) FROM procrastinate_jobs WHERE task_name = 'gone.note'"
    assert sorted(db.session.scalars(sa.text(kept))) == ["succeeded", "todo"]


def test_jobs_held_for_a_deleted_institution_go_and_others_stay(tree, run_jobs):
    gone = tree.library.id
    enqueue(note, institution=tree.library, text="library")
    enqueue(note, institution=tree.north, text="north")
    run_jobs()
    assert counts()["good"] == (0, 2)
    db.session.execute(sa.delete(Institution).filter_by(id=gone))
    by_clock("core.drop_stranded_jobs")

    run_jobs()

    left = "SELECT args->>'text' FROM procrastinate_jobs WHERE task_name = 'good.note'"
    assert list(db.session.scalars(sa.text(left))) == ["north"]
