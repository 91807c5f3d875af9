"""What fails while the site runs is counted for all processes, named, and shown as a house page."""

import logging
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import g

from core.db import db, now
from core.jobs import enqueue, job, queue
from core.plugin_engine import engine
from core.plugin_engine.doctor import examine
from core.plugin_engine.failures import drop_old_failures, place_of, recent_failures
from core.plugin_engine.models import PluginFailure
from core.plugin_engine.slots import slot

PANEL = "a panel of cohort_panels"


@pytest.fixture
def place(make):
    nation = make.institution("Nation")
    make.enabled("good", nation)
    cohort = make.cohort(make.course(nation))
    organiser = make.staff("organiser", nation)
    db.session.commit()
    return SimpleNamespace(nation=nation, cohort=cohort, organiser=organiser)


@pytest.fixture
def page(place, as_user):
    client = as_user(place.organiser)
    return lambda: client.get(f"/classes/{place.cohort.code}/manage")


@pytest.fixture(autouse=True)
def one_second(app, monkeypatch):
    """However long a test takes, all that it does happens within the same second."""
    engine().book.forget()
    monkeypatch.setattr("core.plugin_engine.failures.AGAIN_SECONDS", 3600)


@pytest.fixture
def in_production(app, monkeypatch):
    """Errors become pages, as they do outside of tests."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)


def rows():
    found = db.session.scalars(sa.select(PluginFailure).order_by(PluginFailure.part)).all()
    return [(row.plugin, row.part, row.count, row.error) for row in found]


def test_first_failure_is_written_at_once_with_its_place(page, faults):
    faults.add("panel")

    assert page().status_code == 200

    assert rows() == [("good", PANEL, 1, "RuntimeError faults.py:8")]


def test_further_failures_are_added_up_and_written_together(page, faults, found):
    faults.add("panel")
    for _time in range(4):
        page()

    found.book.write(everything=True)

    assert [row[2] for row in rows()] == [4]


def test_failures_of_a_day_add_up_over_processes(page, faults, found):
    faults.add("panel")
    page()
    found.book.forget()  # As another process, which knows nothing of the first.
    page()

    assert [row[2] for row in rows()] == [2]


def test_message_of_the_error_is_never_kept(place, found):
    try:
        raise ValueError("Siti Nur'aini, 081234567890")
    except ValueError as error:
        found.failed("good", "part", error)
    found.book.write(everything=True)

    assert rows() == [("good", "part", 1, "ValueError")]


def test_failure_in_a_request_that_is_rolled_back_is_kept(app, place, faults, found):
    faults.add("collect")
    cohort_id = place.cohort.id
    with app.test_request_context(method="POST"):
        g.writes = True
        cohort = db.session.get(type(place.cohort), cohort_id)
        cohort.title = "Changed"
        db.session.flush()  # The request holds a lock now.
        slot("cohort_panels", cohort.host, cohort=cohort, user=None)
        found.book.write()
        db.session.rollback()

    assert [row[:3] for row in rows()] == [("good", "cohort_panels", 1)]


def test_counting_waits_for_nobody_and_tries_again(page, faults, found, app):
    faults.add("panel")
    page()
    with db.engine.connect() as other:
        other.execute(sa.text("LOCK plugin_failure IN ACCESS EXCLUSIVE MODE"))
        found.failed("good", PANEL, RuntimeError())
        found.book.write(everything=True)
        other.rollback()
    found.book.write(everything=True)

    assert [row[2] for row in rows()] == [2]


def test_counting_survives_a_database_that_is_away(app, make_app, caplog):
    lost = make_app("postgresql+psycopg://nobody@127.0.0.1:1/nothing", "")

    with lost.app_context():
        lost.extensions["bimtek"].failed("good", "part", RuntimeError())

    assert "could not be written: OperationalError" in caplog.text


@pytest.fixture
def tries(found, monkeypatch):
    """How often a write was tried; the test says whether the database is there."""
    state = SimpleNamespace(number=0, is_there=False)

    def written(_writer, _rows):
        state.number += 1
        return state.is_there

    monkeypatch.setattr("core.plugin_engine.failures._written", written)
    monkeypatch.setattr("core.plugin_engine.failures.AGAIN_SECONDS", 0)
    return state


def test_failed_write_is_not_tried_again_by_the_next_requests(found, tries, monkeypatch):
    for number in range(5):
        found.book.note("good", f"part {number}", RuntimeError(), None)
        found.book.write()
    assert tries.number == 1

    monkeypatch.setattr(found.book, "_paused_until", 0)
    tries.is_there = True
    for _time in range(3):
        found.book.write()

    assert tries.number == 2


def test_write_holds_no_other_request_up(found, tries, monkeypatch):
    def written(_writer, _rows):
        found.book.note("good", "another", RuntimeError(), None)
        found.book.write()  # As another request, while this one waits for the database.
        return True

    monkeypatch.setattr("core.plugin_engine.failures._written", written)
    found.book.note("good", "part", RuntimeError(), None)
    found.book.write()

    monkeypatch.undo()
    found.book.write(everything=True)
    assert [row[1] for row in rows()] == ["another"]


def test_part_that_was_quiet_for_long_is_forgotten(found, tries, monkeypatch):
    tries.is_there = True
    found.book.note("good", "part", RuntimeError(), None)
    found.book.write()

    monkeypatch.setattr("core.plugin_engine.failures.FORGOTTEN_SECONDS", 0)
    found.book.note("good", "another", RuntimeError(), None)
    found.book.write()

    assert found.book._entries == {}


def test_log_is_not_flooded(page, faults, caplog):
    faults.add("panel")

    for _time in range(4):
        page()

    told = [record for record in caplog.records if "plugin good failed" in record.getMessage()]
    assert len(told) == 1
    assert told[0].exc_info


def test_failures_of_many_threads_are_all_counted(app, found):
    def fail():
        for _time in range(50):
            found.book.note("good", "part", RuntimeError(), None)

    threads = [threading.Thread(target=fail) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.book.write(everything=True)

    assert [row[2] for row in rows()] == [200]


def test_failures_of_late_are_listed_by_part(app, clock):
    today = now()
    for days, part, count in ((0, "one", 2), (3, "one", 5), (1, "two", 9), (40, "two", 100)):
        at = today - timedelta(days=days)
        db.session.add(
            PluginFailure(
                plugin="good", part=part, day=at.date(), count=count, error=f"E{days}", last_at=at
            )
        )
    db.session.commit()

    found = [(f.part, f.count, f.error) for f in recent_failures()]

    assert found == [("two", 9, "E1"), ("one", 7, "E0")]


def test_old_failures_are_dropped(app):
    for days in (89, 91):
        at = now() - timedelta(days=days)
        db.session.add(PluginFailure(plugin="good", part=str(days), day=at.date(), last_at=at))
    db.session.commit()

    with app.app_context():
        drop_old_failures.func.__wrapped__()
        db.session.commit()

    assert [row[1] for row in rows()] == ["89"]


def test_doctor_notes_recent_failures_without_calling_them_problems(page, faults, app):
    faults.add("panel")
    page()

    [note] = examine(engine()).notes

    assert note.plugin == "good"
    assert "RuntimeError faults.py:8" in note.message


# Pages of a plugin


@pytest.fixture
def failing_view(app, monkeypatch, in_production):
    """A page of the plugin that does what the test says."""

    def install(act):
        rule = app.view_functions["good.notes"]

        def view(cohort_code):
            act()

        view.__dict__.update(rule.__dict__)
        monkeypatch.setitem(app.view_functions, "good.notes", view)

    return install


def breaks_sql():
    db.session.execute(sa.text("SELECT no_such_column"))


@pytest.mark.parametrize("act", [lambda: 1 / 0, breaks_sql])
def test_failing_page_of_a_plugin_says_which_feature_and_leads_back(
    place, as_user, failing_view, act
):
    failing_view(act)

    page = as_user(place.organiser).get(f"/good/classes/{place.cohort.code}/notes/")

    assert page.status_code == 500
    assert "“Baik” gagal" in page.text
    assert f'href="/classes/{place.cohort.code}"' in page.text
    assert "Traceback" not in page.text
    assert "Error" not in page.text
    assert [row[:3] for row in rows()] == [("good", "page good.notes", 1)]


def test_failing_page_answers_json_with_json(place, as_user, failing_view):
    failing_view(lambda: 1 / 0)
    path = f"/good/classes/{place.cohort.code}/notes/"

    answer = as_user(place.organiser).get(path, headers={"Accept": "application/json"})

    assert answer.status_code == 500
    assert "“Baik” gagal" in answer.json["error"]


def test_failing_page_of_core_is_nobodys_failure(place, client, app, monkeypatch, in_production):
    def view():
        raise RuntimeError

    view.bimtek_access = app.view_functions["people.help"].bimtek_access
    monkeypatch.setitem(app.view_functions, "people.help", view)

    assert client.get("/help").status_code == 500
    assert rows() == []


# Jobs


@pytest.fixture
def broken_job():
    @job("good.breaks")
    def breaks():
        raise RuntimeError

    yield breaks
    del queue.tasks["good.breaks"]


def test_failing_job_counts_for_its_plugin(app, broken_job, run_jobs, caplog):
    caplog.set_level(logging.CRITICAL, "procrastinate")
    enqueue(broken_job)

    run_jobs()

    assert [row[:3] for row in rows()] == [("good", "job good.breaks", 1)]


def test_place_of_a_missing_template_is_its_name(app):
    from jinja2 import TemplateNotFound  # noqa: PLC0415 -- for this test alone

    assert place_of(TemplateNotFound("good/gone.html"), None) == "TemplateNotFound good/gone.html"
    assert place_of(TemplateNotFound("hello world"), None) == "TemplateNotFound"
