"""Reference data: written once, followed at upgrades, and never over what a person changed."""

from importlib import import_module

import pytest
import sqlalchemy as sa

from core.db import db
from core.plugin_engine import engine, lifecycle, records
from core.plugin_engine.contributions import Record, RecordRef
from core.plugin_engine.lifecycle import StepFailed
from core.plugin_engine.records import Applied, record_id
from tests.plugin_engine.moving_kit import MOVING, NOTHING, left_by, rows, told

ALL = "SELECT code, title, place, above_id FROM shelf.sort ORDER BY id"


@pytest.fixture(scope="module")
def shelf_app(moving_app):
    with moving_app.app_context():
        lifecycle.install(engine(), ["shelf"])
    return moving_app


@pytest.fixture
def shelf(shelf_app):
    """An app with an empty shelf; nothing of the test stays."""
    with shelf_app.app_context():
        yield import_module("plugins.shelf.models")
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(sa.text("TRUNCATE shelf.sort, plugin_record CASCADE"))


def sort(shelf, name, demo=False, **values):
    return Record(name, shelf.Sort, {"code": name, "title": name.title(), **values}, demo)


def apply(*found, demo=False):
    with db.engine.begin() as connection:
        return records.apply(connection, "shelf", found, demo=demo)


def change(statement):
    with db.engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_records_are_written_under_their_names(shelf):
    done = apply(sort(shelf, "big"), sort(shelf, "small", place=2, above_id=RecordRef("big")))

    [(big,)] = rows("SELECT id FROM shelf.sort WHERE code = 'big'")
    assert done == Applied(created=2)
    assert rows(ALL) == [("big", "Big", None, None), ("small", "Small", 2, big)]
    assert record_id("shelf", "big") == big
    assert record_id("shelf", "huge") is None
    assert record_id("rack", "big") is None


def test_writing_twice_is_once(shelf):
    apply(sort(shelf, "big"))

    assert apply(sort(shelf, "big")) == Applied(kept=1)
    assert len(rows(ALL)) == 1


def test_what_nobody_changed_follows_the_new_version(shelf):
    apply(sort(shelf, "big", title="Big"))

    assert apply(sort(shelf, "big", title="Large", place=7)) == Applied(updated=1)
    assert rows(ALL) == [("big", "Large", 7, None)]


def test_field_that_a_person_changed_stays_and_the_others_follow(shelf):
    apply(sort(shelf, "big", title="Big", place=1))
    change("UPDATE shelf.sort SET title = 'Besar'")

    apply(sort(shelf, "big", title="Large", place=2))
    apply(sort(shelf, "big", title="Larger", place=3))

    assert rows(ALL) == [("big", "Besar", 3, None)]


def test_row_that_a_person_deleted_stays_away(shelf):
    apply(sort(shelf, "big"))
    change("DELETE FROM shelf.sort")

    assert apply(sort(shelf, "big")) == Applied(kept=1)
    assert rows(ALL) == []


def test_row_that_a_person_made_is_not_touched(shelf):
    change("INSERT INTO shelf.sort (code, title) VALUES ('big', 'My own')")

    assert apply(sort(shelf, "big"), sort(shelf, "small")) == Applied(created=1, refused=1)
    assert rows(ALL) == [("big", "My own", None, None), ("small", "Small", None, None)]


def test_record_that_the_new_version_no_longer_has_stays(shelf):
    apply(sort(shelf, "big"), sort(shelf, "small"))

    apply(sort(shelf, "small"))

    assert len(rows(ALL)) == 2


def test_demo_records_come_only_with_the_demo(shelf):
    assert apply(sort(shelf, "sample", demo=True)) == Applied()
    assert apply(sort(shelf, "sample", demo=True), demo=True) == Applied(created=1)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (lambda m: [sort(m, "big"), sort(m, "big")], "stands twice"),
        (lambda m: [sort(m, "Big Box")], "not a possible name"),
        (lambda m: [sort(m, "big", colour="red")], "no column colour"),
        (lambda m: [sort(m, "big", above_id=RecordRef("huge"))], "not above it"),
        (
            lambda m: [Record("x", import_module("core.people.models").User, {"full_name": "X"})],
            "not for a table of 'shelf'",
        ),
    ],
)
def test_wrong_records_are_refused_before_anything_stays(shelf, found, said):
    with pytest.raises(records.WrongRecord, match=said):
        apply(*found(shelf))

    assert rows(ALL) == []


def test_wrong_record_undoes_the_installation(fresh_app):
    with fresh_app(MOVING).app_context():
        state, _heard = told()
        state["records"] = [Record("Bad Name", object, {})]

        with pytest.raises(StepFailed, match="not a possible name"):
            lifecycle.install(engine(), ["shelf"])

        state.clear()
        assert left_by("shelf") == NOTHING
