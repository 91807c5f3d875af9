"""Taking a plugin off the site and bringing it back: what is lost is said, kept, and restored."""

import io
import json
import zipfile
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import current_app
from packaging.version import Version

from core.courses.services import delete_activity
from core.db import db
from core.errors import Busy
from core.people.models import Grant
from core.plugin_engine import archive, archives, engine, lifecycle, migrations, removal
from core.plugin_engine.archive import (
    AlreadyInstalled,
    ArchiveNewer,
    ArchiveOfAnother,
    ArchiveUnreadable,
    RowsLeftBehind,
)
from core.plugin_engine.decisions import NotInstalled, UnknownPlugin
from core.plugin_engine.discovery import Problem
from core.plugin_engine.models import PluginFailure, PluginSetting
from core.plugin_engine.removal import (
    CodeIsThere,
    CodeUnread,
    NothingKnown,
    ReferredTo,
    StillEnabled,
    StillRequired,
)
from core.testing import database
from core.testing.factories import Factory
from tests.plugin_engine.moving_kit import (
    NOTHING,
    SHELF_TABLES,
    as_code,
    audited,
    left_by,
    newer,
    rows,
    take_out,
    told,
)

ITEMS = "SELECT id, box_id, owner_id, course_id, label, size FROM shelf.item ORDER BY id"


@pytest.fixture
def world(moving_app):
    """The shelf installed, with boxes and items that belong to people, places and courses."""
    with moving_app.app_context():
        lifecycle.install(engine(), ["shelf"])
        make = Factory()
        nation = make.institution("Nation")
        south = make.institution("South", nation, "province")
        user, course = make.user("Somebody"), make.course(nation)
        db.session.commit()
        with db.engine.begin() as connection:
            boxes = "INSERT INTO shelf.box (institution_id, inside_id) VALUES (:a, NULL), (:b, 1)"
            connection.execute(sa.text(boxes), {"a": south.id, "b": nation.id})
            items = (
                "INSERT INTO shelf.item (box_id, owner_id, course_id, label) VALUES"
                " (1, NULL, NULL, :odd), (2, :user, NULL, 'two'), (2, NULL, :course, '')"
            )
            odd = "tab\there, back\\slash, new\nline, ë, 'quote'"
            named = {"odd": odd, "user": user.id, "course": course.id}
            connection.execute(sa.text(items), named)
            connection.execute(sa.text("INSERT INTO shelf.sort (code, title) VALUES ('a', 'A')"))
        yield SimpleNamespace(make=make, nation=nation, south=south, user=user, course=course)
        db.session.remove()
        told()[0].clear()
        database.empty(db.engine)
        with db.engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA IF EXISTS shelf, rack CASCADE"))
            connection.execute(sa.text("DELETE FROM plugin_installation WHERE name <> 'x'"))
        engine().enablement.forget()


@pytest.fixture
def archived(world):
    """The shelf's archive, after it was uninstalled with it."""
    file = io.BytesIO()
    removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))
    file.seek(0)
    return file


# What would be lost


def test_dry_run_counts_what_would_be_lost_and_changes_nothing(world):
    before = rows(ITEMS)

    found = removal.removal(engine(), "shelf")

    assert {t.name: t.rows for t in found.tables} == {"box": 2, "item": 3, "sort": 1}
    assert all(table.bytes > 0 for table in found.tables)
    assert (found.version, found.refusals, found.rows) == ("1.0", (), 6)
    assert rows(ITEMS) == before


def test_what_is_not_installed_cannot_be_uninstalled(world):
    with pytest.raises(NotInstalled, match="rack"):
        removal.uninstall(engine(), "rack", keep=None)


def test_what_another_needs_is_not_uninstalled(world):
    lifecycle.install(engine(), ["rack"])

    with pytest.raises(StillRequired, match="Rack"):
        removal.uninstall(engine(), "shelf", keep=None)

    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")


def test_what_is_enabled_is_not_uninstalled(world):
    world.make.enabled("shelf", world.south)

    with pytest.raises(StillEnabled, match="South"):
        removal.uninstall(engine(), "shelf", keep=None)

    world.make.disabled("shelf", world.south)
    removal.uninstall(engine(), "shelf", keep=None)
    assert left_by("shelf") == NOTHING


def test_what_tables_of_others_refer_to_is_not_dropped(world):
    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS rack"))
        table = "CREATE TABLE rack.rail (box_id bigint REFERENCES shelf.box (id))"
        connection.execute(sa.text(table))

    with pytest.raises(ReferredTo, match=r"rack\.rail"):
        removal.uninstall(engine(), "shelf", keep=None)


# Uninstalling


def test_uninstalling_leaves_nothing_but_the_log(world):
    world.make.enabled("shelf", world.south)
    world.make.disabled("shelf", world.south)
    db.session.add(PluginSetting(plugin="shelf", institution_id=world.south.id, values={"a": 1}))
    db.session.add(PluginFailure(plugin="shelf", part="x", day=sa.func.current_date()))
    db.session.add(Grant(user=world.user, role="shelf.keeper", institution=world.south))
    db.session.add(Grant(user=world.user, role="shelfish", institution=world.south))
    db.session.commit()

    found = removal.uninstall(engine(), "shelf", keep=None)

    assert (found.decisions, found.settings, found.grants) == (1, 1, 1)
    assert left_by("shelf") == NOTHING
    for table in ("plugin_decision", "plugin_setting", "plugin_failure", "plugin_record"):
        assert rows(f"SELECT plugin FROM {table} WHERE plugin = 'shelf'") == []
    assert rows('SELECT role FROM "grant"') == [("shelfish",)]
    assert audited("shelf")[-1] == "plugin.uninstall"
    assert "shelf" not in engine().enablement.snapshot().installed


def test_waiting_jobs_go_and_those_of_others_stay(world):
    with db.engine.begin() as connection:
        for task in ("shelf.tidy", "shelfish.tidy"):
            new = "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', :task)"
            connection.execute(sa.text(new), {"task": task})

    found = removal.uninstall(engine(), "shelf", keep=None)

    assert found.jobs == 1
    assert rows("SELECT task_name FROM procrastinate_jobs") == [("shelfish.tidy",)]


def test_activities_stay_in_their_courses_and_are_counted(world, fresh_app):
    section = world.course.sections[0]
    page = world.make.page(section)
    page.kind = "shelf.task"
    db.session.commit()

    assert removal.uninstall(engine(), "shelf", keep=None).activities == 1
    assert [a.kind for a in world.course.activities].count("shelf.task") == 1
    delete_activity(page, by=None)


def test_nothing_is_dropped_when_the_archive_cannot_be_kept(world):
    def full(_file):
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        removal.uninstall(engine(), "shelf", keep=full)

    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")
    assert len(rows(ITEMS)) == 3


def test_installing_again_begins_with_empty_tables(world):
    removal.uninstall(engine(), "shelf", keep=None)

    assert lifecycle.install(engine(), ["shelf"]) == ["shelf"]
    assert rows(ITEMS) == []


# Forgetting


def test_plugin_whose_code_is_gone_can_be_forgotten_although_it_is_enabled(world, monkeypatch):
    world.make.enabled("shelf", world.south)
    for known in (engine().loaded, engine().manifests):
        monkeypatch.delitem(known, "shelf")
    file = io.BytesIO()

    found = removal.forget(engine(), "shelf", keep=lambda made: file.write(made.read()))

    assert (found.rows, found.decisions) == (6, 1)
    assert left_by("shelf") == NOTHING
    assert audited("shelf")[-1] == "plugin.forget"
    assert archive.read_index(file).rows == 6


def test_plugin_that_is_there_is_not_forgotten(world):
    with pytest.raises(CodeIsThere):
        removal.forget(engine(), "shelf", keep=None)


def test_plugin_is_not_forgotten_in_safe_mode(world, monkeypatch):
    monkeypatch.setitem(current_app.config, "SAFE_MODE", True)
    for known in (engine().loaded, engine().manifests):
        monkeypatch.delitem(known, "shelf")

    with pytest.raises(CodeUnread):
        removal.forget(engine(), "shelf", keep=None)


def test_plugin_whose_manifest_cannot_be_read_is_not_forgotten(world, monkeypatch):
    for known in (engine().loaded, engine().manifests):
        monkeypatch.delitem(known, "shelf")
    monkeypatch.setattr(engine(), "problems", [Problem("shelf", "unknown key 'nmae'")])

    with pytest.raises(CodeUnread):
        removal.forget(engine(), "shelf", keep=None)


def test_plugin_that_another_needs_is_not_forgotten(world, monkeypatch):
    lifecycle.install(engine(), ["rack"])
    for known in (engine().loaded, engine().manifests):
        monkeypatch.delitem(known, "shelf")

    with pytest.raises(StillRequired, match="Rack"):
        removal.forget(engine(), "shelf", keep=None)


@pytest.mark.parametrize("name", ["never_seen", "public", "pg_catalog", "../etc", "", "a" * 300])
def test_what_nobody_knows_is_not_forgotten(world, name):
    with pytest.raises(NothingKnown):
        removal.forget(engine(), name, keep=None)

    assert rows("SELECT count(*) FROM institution") == [(2,)]


# While others work


@pytest.mark.parametrize("table", ["plugin_setting", "grant"])
def test_nothing_is_set_or_granted_between_the_archive_and_the_drop(world, table):
    written = {
        "plugin_setting": "(plugin) VALUES ('shelf')",
        "grant": "(role, user_id, institution_id) VALUES ('shelf.x', :user, :place)",
    }
    named = {"user": world.user.id, "place": world.south.id}

    def write(_file):
        with db.engine.begin() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            other.execute(sa.text(f'SELECT count(*) FROM "{table}"'))
            other.execute(sa.text(f'INSERT INTO "{table}" {written[table]}'), named)

    with pytest.raises(Busy):
        removal.uninstall(engine(), "shelf", keep=write)

    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")


@pytest.mark.parametrize("table", ["shelf.item", "plugin_decision", "plugin_setting", '"grant"'])
def test_export_waits_for_no_table_for_long(world, monkeypatch, table):
    monkeypatch.setattr(migrations, "TABLES_WAIT", "50ms")
    kept = []
    with db.engine.begin() as other:
        other.execute(sa.text(f"LOCK {table} IN ACCESS EXCLUSIVE MODE"))

        with pytest.raises(Busy):
            removal.export(engine(), "shelf", kept.append)

    assert kept == []


# Restoring


def test_archive_brings_everything_back_as_it_was(world):
    before = rows(ITEMS)
    world.make.enabled("shelf", world.nation)
    world.make.disabled("shelf", world.south)
    world.make.disabled("shelf", world.nation)
    db.session.add(PluginSetting(plugin="shelf", institution_id=world.south.id, values={"a": 1}))
    db.session.add(Grant(user=world.user, role="shelf.keeper", institution=world.south))
    db.session.commit()
    decisions = "SELECT institution_id, enabled, locked FROM plugin_decision ORDER BY 1"
    decided, file = rows(decisions), io.BytesIO()
    removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))

    found = archive.restore(engine(), file)

    assert (found.version, found.rows, found.lost) == ("1.0", 6, ())
    assert rows(ITEMS) == before
    assert rows(decisions) == decided
    assert rows("SELECT plugin, values FROM plugin_setting") == [("shelf", {"a": 1})]
    assert rows('SELECT role FROM "grant"') == [("shelf.keeper",)]
    assert left_by("shelf") == (1, SHELF_TABLES, "1.0")
    assert audited("shelf")[-1] == "plugin.restore"


def test_new_rows_get_new_ids_after_a_restore(world, archived):
    archive.restore(engine(), archived)

    with db.engine.begin() as connection:
        new = "INSERT INTO shelf.item (box_id, label) VALUES (1, 'new') RETURNING id"
        assert connection.scalar(sa.text(new)) == 4


def test_references_hold_again_after_a_restore(world, archived):
    archive.restore(engine(), archived)

    with db.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text("INSERT INTO shelf.item (box_id, label) VALUES (99, 'x')"))


def test_archive_of_an_older_version_is_migrated_on(world, archived, tmp_path):
    _state, heard = told()
    heard.clear()

    with newer(tmp_path):
        found = archive.restore(engine(), archived)

        assert (found.archived, found.version) == ("1.0", "2.0")
        assert left_by("shelf")[1:] == (sorted([*SHELF_TABLES, "log"]), "2.0")
        assert rows("SELECT DISTINCT note FROM shelf.item") == [("",)]
        assert [word for word, since, _tables in heard if since == "1.0"] == ["before", "after"]


def test_archive_of_a_newer_version_is_refused(world, tmp_path):
    file = io.BytesIO()
    with newer(tmp_path):
        lifecycle.upgrade(engine(), ["shelf"])
        removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))

    with pytest.raises(ArchiveNewer, match=r"2\.0"):
        archive.restore(engine(), file)

    assert left_by("shelf") == NOTHING


def test_archive_is_not_restored_over_an_installed_plugin(world, archived):
    lifecycle.install(engine(), ["shelf"])

    with pytest.raises(AlreadyInstalled):
        archive.restore(engine(), archived)


def test_archive_of_an_unknown_plugin_is_refused(world, archived, monkeypatch):
    monkeypatch.delitem(engine().loaded, "shelf")

    with pytest.raises(UnknownPlugin):
        archive.restore(engine(), archived)


def test_what_is_required_is_installed_along(world):
    lifecycle.install(engine(), ["rack"])
    file = io.BytesIO()
    removal.uninstall(engine(), "rack", keep=lambda made: file.write(made.read()))
    removal.uninstall(engine(), "shelf", keep=None)

    archive.restore(engine(), file)

    assert (left_by("rack")[2], left_by("shelf")[2]) == ("1.0", "1.0")


def test_links_come_back_with_what_they_link(fresh_app, write_plugin):
    folder = write_plugin("crate")
    write_plugin("holder", more='[requires]\ncrate = ""\n')
    write_plugin("companion")
    for linked in ("crate", "holder"):
        links = f'auto_install = true\n[requires]\ncompanion = ""\n{linked} = ""\n'
        write_plugin(f"{linked}_link", more=links)
    with fresh_app(folder.parent).app_context():
        lifecycle.install(engine(), ["holder", "companion"])
        file = io.BytesIO()
        take_out("holder_link", "crate_link")
        removal.uninstall(engine(), "holder", keep=lambda made: file.write(made.read()))
        take_out("crate")

        archive.restore(engine(), file)

        names = ("crate", "crate_link", "holder", "holder_link")
        assert [left_by(name)[2] for name in names] == ["1.0"] * 4


def test_waiting_jobs_come_back_but_those_of_the_clock(world):
    new = sa.text(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at)"
        " VALUES (:queue, 'shelf.tidy', :lock, CAST(:args AS jsonb), '2099-01-01 08:00+00')"
    )
    jobs = "SELECT queue_name, task_name, queueing_lock, args, scheduled_at FROM procrastinate_jobs"
    with db.engine.begin() as connection:
        for queue, lock, args in (
            ("shelf", "of 7", '{"box": 7}'), ("-held", None, '{"institution": 1}'),
            ("shelf", None, '{"timestamp": 5}'),
        ):  # fmt: skip
            connection.execute(new, {"queue": queue, "lock": lock, "args": args})
    before = rows(f"{jobs} WHERE args->'timestamp' IS NULL ORDER BY id")
    file = io.BytesIO()
    removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))
    assert rows(jobs) == []

    archive.restore(engine(), file)

    assert rows(f"{jobs} ORDER BY id") == [("shelf", *job[1:]) for job in before]


def test_faulty_link_does_not_keep_an_archive_from_coming_back(fresh_app, write_plugin):
    folder = write_plugin("chest")
    write_plugin("lid")
    link = write_plugin("hinge", more='auto_install = true\n[requires]\nchest = ""\nlid = ""\n')
    with fresh_app(folder.parent).app_context():
        lifecycle.install(engine(), ["chest", "lid"])
        file = io.BytesIO()
        take_out("hinge")
        removal.uninstall(engine(), "chest", keep=lambda made: file.write(made.read()))
    (link / "migrations" / "0001_first.py").write_text(
        'revision = "0001"\ndown_revision = None\ndef upgrade():\n    1 / 0\n'
    )

    with fresh_app(folder.parent).app_context():
        found = archive.restore(engine(), file)

        assert [left_by(name)[2] for name in ("chest", "hinge")] == ["1.0", None]
        [failed] = found.failed_links
        assert "hinge" in failed.message


SETTINGS = "SELECT plugin, institution_id, values FROM plugin_setting ORDER BY plugin, 2"


def test_what_was_set_since_stays_and_is_counted(world):
    for place in (world.south, world.nation):
        db.session.add(PluginSetting(plugin="shelf", institution_id=place.id, values={"a": 1}))
    db.session.add(Grant(user=world.user, role="shelf.keeper", institution=world.south))
    db.session.commit()
    file = io.BytesIO()
    removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))
    db.session.add(PluginSetting(plugin="shelf", institution_id=world.south.id, values={"a": 2}))
    db.session.commit()

    found = archive.restore(engine(), file)

    assert found.kept_out == {"plugin_setting": 1}
    assert "(1)" in found.kept_out_sentence
    north, south = world.nation.id, world.south.id
    assert rows(SETTINGS) == [("shelf", north, {"a": 1}), ("shelf", south, {"a": 2})]
    assert rows('SELECT role FROM "grant"') == [("shelf.keeper",)]


def test_rows_whose_numbers_others_have_come_back_under_new_ones(world):
    setting = PluginSetting(plugin="shelf", institution_id=world.south.id, values={"a": 1})
    db.session.add(setting)
    db.session.commit()
    number, file = setting.id, io.BytesIO()
    removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))
    with db.engine.begin() as connection:
        others = PluginSetting.__table__.insert().values(id=number, plugin="other", values={})
        connection.execute(others)

    found = archive.restore(engine(), file)

    assert found.kept_out == {}
    assert rows(SETTINGS) == [("other", None, {}), ("shelf", world.south.id, {"a": 1})]


def test_archive_of_a_nonsense_version_can_be_restored(world):
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE plugin_installation SET version = 'newest'"))
    file = io.BytesIO()
    removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))

    found = archive.restore(engine(), file)

    assert (found.archived, found.version, found.rows) == ("0", "1.0", 6)


# What the rows belonged to is gone


def test_rows_of_a_deleted_place_stay_away_with_what_lay_inside(world, archived):
    with db.engine.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM institution WHERE id = :id"), {"id": world.south.id}
        )

    found = archive.restore(engine(), archived)

    # Box 2 lay inside box 1, so it and its items would have gone with it.
    assert {one.table: one.rows for one in found.lost} == {"shelf.box": 2, "shelf.item": 3}
    assert rows(ITEMS) == []


def test_reference_to_a_deleted_person_is_emptied(world, archived):
    with db.engine.begin() as connection:
        connection.execute(sa.text('DELETE FROM "user" WHERE id = :id'), {"id": world.user.id})

    found = archive.restore(engine(), archived)

    assert found.lost == ()
    assert {owner for _id, _box, owner, *_rest in rows(ITEMS)} == {None}


def test_rows_that_may_not_lose_what_they_refer_to_refuse_the_restore(world, archived):
    with db.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM course WHERE id = :id"), {"id": world.course.id})

    with pytest.raises(RowsLeftBehind, match=r"1 .*shelf\.item.*course"):
        archive.restore(engine(), archived)

    assert left_by("shelf") == NOTHING


def test_refused_restore_on_a_page_waits_for_nobody(world, archived, moving_app):
    """Its sentence needs the reader's language, which stands in a table that others wait for."""
    with db.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM course WHERE id = :id"), {"id": world.course.id})

    answer = restored_on_the_page(world, archived, moving_app)

    assert "shelf.item" in answer.text


def test_page_says_what_stayed_as_it_was_found(world, moving_app):
    db.session.add(PluginSetting(plugin="shelf", values={"a": 1}))
    db.session.commit()
    file = io.BytesIO()
    removal.uninstall(engine(), "shelf", keep=lambda made: file.write(made.read()))
    file.seek(0)
    db.session.add(PluginSetting(plugin="shelf", values={"a": 2}))

    answer = restored_on_the_page(world, file, moving_app)

    assert "pengaturan (1)" in answer.text


def restored_on_the_page(world, file, app):
    admin = world.make.staff("platform_admin", world.nation)
    archives.keeper("shelf", "1.0")(file)
    [kept] = archives.all_kept()
    client = app.test_client()
    db.session.commit()
    with client.session_transaction() as session:
        session.update(_user_id=admin.fs_uniquifier, _fresh=True)
    answer = client.post(f"/plugins/archives/{kept.name}/restore", follow_redirects=True)
    archives.delete(kept, by=admin)
    db.session.commit()
    return answer


def test_people_can_be_read_while_an_archive_is_put_back(world, archived, monkeypatch):
    seen = []
    take_over = archive._take_over

    def look(*given):
        with db.engine.begin() as reader:
            reader.execute(sa.text("SET LOCAL lock_timeout = '1s'"))
            seen.append(reader.scalar(sa.text('SELECT count(*) FROM "user"')))
        take_over(*given)

    monkeypatch.setattr(archive, "_take_over", look)

    archive.restore(engine(), archived)

    assert seen
    assert all(seen)


def test_archive_of_another_installation_is_refused(world, archived):
    with pytest.raises(ArchiveOfAnother):
        archive.restore(engine(), rewritten(archived, site="0" * 32))

    assert left_by("shelf") == NOTHING


# Files that are no archive


def rewritten(file, **changes):
    """The archive with another index, and other files where `tables` says so."""
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "archive.json":
                content = json.dumps(json.loads(content) | changes).encode()
            new.writestr(name, content)
    return made


def index_of(file):
    with zipfile.ZipFile(file) as opened:
        return json.loads(opened.read("archive.json"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"%PDF-1.7", b"\x00" * 5000])
def test_what_is_no_zip_is_refused(world, content):
    with pytest.raises(ArchiveUnreadable):
        archive.restore(engine(), io.BytesIO(content))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 99},
        {"plugin": "../shelf"},
        {"plugin": 7},
        {"version": "newest"},
        {"tables": "many"},
        {"tables": [{"name": "x"}]},
        {"tables": []},
        {"sequences": {'a"; DROP TABLE "user': 1}},
        {"sequences": {"box_id_seq": "many"}},
        {"kept": {"user": []}},
        {"jobs": [{"task": "shelf.tidy"}]},
        {
            "jobs": [
                {
                    "task": "core.release_held",
                    "priority": 0,
                    "lock": None,
                    "queueing_lock": None,
                    "args": {},
                    "at": None,
                }
            ]
        },
        {"kept": {"grant": [{"role": "platform_admin", "user_id": 1, "institution_id": 1}]}},
        {
            "kept": {
                "grant": [
                    {"plugin": "shelf", "role": "platform_admin", "user_id": 1, "institution_id": 1}
                ]
            }
        },
        {"kept": {"plugin_decision": [{"plugin": "rack", "enabled": True}]}},
        {"kept": {"plugin_decision": [{"plugin": "rack", "role": "shelf.x", "enabled": True}]}},
        {"kept": {"grant": [7]}},
        {"surprise": 1},
    ],
)
def test_wrong_index_is_refused_and_nothing_stays(world, archived, changes):
    with pytest.raises(ArchiveUnreadable):
        archive.restore(engine(), rewritten(archived, **changes))

    assert left_by("shelf") == NOTHING
    assert rows('SELECT count(*) FROM "grant"') == [(0,)]


def test_columns_that_the_plugin_does_not_have_are_refused(world, archived):
    tables = index_of(archived)["tables"]
    tables[0]["columns"][0] = "nonsense"

    with pytest.raises(ArchiveUnreadable, match=r"."):
        archive.restore(engine(), rewritten(archived, tables=tables))

    assert left_by("shelf") == NOTHING


@pytest.mark.parametrize("content", [b"", b"1\t2\n", b"9\t1\t\\N\t\\N\tforged\n", b"\xff\xfe"])
def test_changed_rows_are_refused(world, archived, content):
    made = io.BytesIO()
    with zipfile.ZipFile(archived) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == "tables/item.copy" else old.read(name))

    with pytest.raises(ArchiveUnreadable):
        archive.restore(engine(), made)

    assert left_by("shelf") == NOTHING


def test_cut_archives_are_refused(world, archived):
    whole = archived.getvalue()

    for length in range(0, len(whole), 97):
        with pytest.raises(ArchiveUnreadable):
            archive.restore(engine(), io.BytesIO(whole[:length]))

    assert left_by("shelf") == NOTHING


def test_older_code_restores_what_its_tables_know(world, archived):
    with as_code(version=Version("0.9")):
        assert archive.restore(engine(), archived).version == "0.9"
