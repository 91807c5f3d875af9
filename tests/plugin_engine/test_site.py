"""The plugins of the whole site: who may touch them, each step by POST, and back again."""

import os
import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.db import db
from core.people.models import AuditEntry
from core.plugin_engine import archives, engine, lifecycle, removal
from core.plugin_engine.decisions import Choice, decide
from core.plugin_engine.models import PluginInstallation
from core.plugin_engine.site import comes_along
from core.testing.access import client_of
from core.testing.counting import count_queries
from core.testing.factories import Factory
from tests.plugin_engine.moving_kit import MOVING, NOTHING, left_by


@pytest.fixture
def nation(make):
    return make.institution("Nation")


@pytest.fixture
def admin(make, nation, as_user):
    """A client of the platform's admin, in English."""
    client = as_user(make.staff("platform_admin", nation, "Root"))
    client.post("/language", data={"locale": "en"})
    return client


@pytest.fixture
def extras(app, state):
    """The tiny plugin with tables of its own, installed; its archives are gone afterwards."""
    yield
    db.session.rollback()  # What the test has read would stand in the way.
    delete_archives()


def delete_archives():
    for one in archives.all_kept():
        archives._store().delete(f"{archives.FOLDER}/{one.name}")


def installed():
    return set(db.session.scalars(sa.select(PluginInstallation.name)))


def steps(plugin):
    query = sa.select(AuditEntry.action, AuditEntry.actor_id).filter_by(object_id=plugin)
    return db.session.execute(query.order_by(AuditEntry.id)).all()


PAGES = ("/plugins/site", "/plugins/site/good/install", "/plugins/site/good/remove",
         "/plugins/archives")  # fmt: skip
STEPS = ("/plugins/site/good/install", "/plugins/site/good/upgrade", "/plugins/upgrade",
         "/plugins/site/good/remove", "/plugins/site/good/export",
         "/plugins/archives/x.zip/download", "/plugins/archives/x.zip/delete",
         "/plugins/archives/x.zip/restore")  # fmt: skip


@pytest.mark.parametrize("role", ["institution_admin", "organiser", "committee", "trainer"])
def test_site_is_for_platform_admins_only(make, nation, as_user, role):
    client = as_user(make.staff(role, nation))

    answers = [client.get(path).status_code for path in PAGES]
    answers += [client.post(path).status_code for path in STEPS]

    assert answers == [403] * len(answers)


def test_platform_admin_of_a_part_of_the_tree_has_no_say_over_the_site(make, nation, as_user):
    client = as_user(make.staff("platform_admin", make.institution("South", nation)))

    answers = [client.get(path).status_code for path in PAGES]
    answers += [client.post(path).status_code for path in STEPS]

    assert answers == [403] * len(answers)


def test_nothing_is_done_by_looking(admin, extras):
    before = installed()

    answers = {path: admin.get(path).status_code for path in STEPS}

    assert set(answers.values()) <= {200, 404, 405}
    assert installed() == before


def test_steps_ask_for_the_token_of_the_form(app, admin, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    before = installed()

    answers = {admin.post(path, data={"name": "good"}).location for path in STEPS}

    assert answers.isdisjoint({"/plugins/site", "/plugins/archives"})
    assert (installed(), archives.all_kept()) == (before, [])


def test_site_lists_every_plugin_with_its_state(admin, found, nation):
    decide(engine(), nation, [Choice("good", True)], by=None)

    page = admin.get("/plugins/site").text

    for name in {*found.manifests, *(problem.plugin for problem in found.problems)}:
        assert f'id="plugin-{name}"' in page
    assert "no_such_module" in page
    good = re.search(r'id="plugin-good".*?</li>', page, re.DOTALL)[0]
    assert "enabled at 1 institution and below" in good
    assert "/plugins/site/good/install" not in good


def test_site_needs_no_more_queries_for_more_decisions(app, admin, nation, make):
    decide(engine(), nation, [Choice("good", True)], by=None)
    db.session.commit()

    def queries():
        admin.get("/plugins/site")  # reads the new state of decisions
        with count_queries(app) as statements:
            admin.get("/plugins/site")
        return len(statements)

    before = queries()
    for number in range(4):
        place = make.institution(f"More {number}", nation)
        decide(engine(), place, [Choice("friend", True)], by=None)
    db.session.commit()

    assert queries() == before


@pytest.mark.parametrize("name", ["nothing", "broken", "..", "good;drop", "x" * 3000])
def test_step_of_an_unknown_or_faulty_plugin_changes_nothing(admin, name):
    before = installed()

    answers = [admin.post(f"/plugins/site/{name}/{step}", data={"name": name}).status_code
               for step in ("install", "upgrade", "remove", "export")]  # fmt: skip

    assert set(answers) <= {404, 302, 308, 405}
    assert installed() == before


def test_installing_shows_what_comes_along_and_is_recorded(admin, app):
    with db.engine.begin() as connection:
        connection.execute(sa.delete(PluginInstallation).filter_by(name="friend"))
        connection.execute(sa.text("DROP SCHEMA IF EXISTS friend CASCADE"))
    engine().enablement.forget()

    page = admin.get("/plugins/site/friend/install").text
    answer = admin.post("/plugins/site/friend/install")

    assert "Friend" in page
    assert answer.location == "/plugins/site"
    assert "friend" in installed()
    action, actor = steps("friend")[-1]
    assert action == "plugin.install"
    assert actor is not None


def part_of(page, name):
    return re.search(rf'id="plugin-{name}".*?</li>', page, re.DOTALL)[0]


def test_code_older_than_installed_is_shown_and_holds_no_other_up(admin, as_before, extras):
    said = {"good": "99.0", "extras": "0.0.1", "friend": "0.0.1"}
    for name, version in said.items():
        db.session.execute(
            sa.update(PluginInstallation).filter_by(name=name).values(version=version)
        )
    db.session.commit()
    engine().enablement.forget()

    page = admin.get("/plugins/site").text
    admin.post("/plugins/upgrade")

    assert "Older code than installed" in part_of(page, "good")
    assert "Put version 99.0 or a newer one back" in part_of(page, "good")
    assert "/plugins/site/good/upgrade" not in page
    assert "/plugins/site/friend/upgrade" in page
    assert [step for step, _actor in steps("extras")][-1] == "plugin.upgrade"
    assert db.session.get(PluginInstallation, "good").version == "99.0"


def test_installing_shows_the_links_that_come_along(found, monkeypatch):
    friend = replace(found.loaded["friend"], auto_install=True)
    monkeypatch.setitem(found.loaded, "friend", friend)
    there = found.enablement.snapshot()
    without = {n: v for n, v in there.installed.items() if n not in {"good", "friend"}}
    monkeypatch.setattr(found.enablement, "snapshot", lambda: replace(there, installed=without))

    assert [one.name for one in comes_along(found, "good")] == ["good", "friend"]


def test_installing_says_how_many_activities_wait_for_data_that_is_not_here(
    admin, make, nation, as_before
):
    for name in ("good", "friend"):
        db.session.execute(sa.delete(PluginInstallation).filter_by(name=name))
    section = make.section(make.course(nation))
    for kind in ("good.talk", "friend.talk", "goods.talk", "extras.talk"):
        make.page(section).kind = kind
    db.session.commit()
    engine().enablement.forget()

    alone = admin.get("/plugins/site/good/install").text
    together = admin.get("/plugins/site/friend/install").text
    for activity in section.activities:
        activity.kind = "goods.talk"
    db.session.commit()
    none = admin.get("/plugins/site/good/install").text

    assert "1 activity in courses was made with data that is not here" in alone
    assert "2 activities in courses were made with data that is not here" in together
    assert "data that is not here" not in none


def test_restoring_comes_before_installing_empty_and_the_archives_are_counted(admin, extras):
    admin.post("/plugins/site/extras/export")
    admin.post("/plugins/site/extras/remove", data={"name": "extras"})
    newest, older = archives.all_kept()

    page = admin.get("/plugins/site/extras/install").text
    row = part_of(admin.get("/plugins/site").text, "extras")

    for waits in (page, row):
        assert "It is the newest of 2." in waits
        assert 'href="/plugins/archives">All archives' in waits
        assert f"/plugins/archives/{newest.name}/restore" in waits
        assert older.name not in waits
    assert '<button class="btn btn-primary">Restore Extras' in page
    assert '<button class="btn btn-line">Install empty' in page
    assert page.count("btn-primary") == 1


# Removing and restoring


def test_removal_is_refused_while_enabled_or_needed(admin, nation):
    decide(engine(), nation, [Choice("good", True)], by=None)

    page = admin.get("/plugins/site/good/remove").text
    admin.post("/plugins/site/good/remove", data={"name": "good"})

    assert "needed by Friend" in page
    assert "is enabled for Nation" in page
    assert 'href="/plugins/site/friend/remove"' in page
    assert f'href="/institutions/{nation.id}/plugins/good"' in page
    assert 'id="name"' not in page
    assert "good" in installed()
    assert archives.all_kept() == []


@pytest.mark.parametrize("typed", ["", "extra", "EXTRAS", "extras; DROP", "x" * 5000])
def test_wrong_name_removes_nothing_and_says_so(admin, extras, typed):
    page = admin.post("/plugins/site/extras/remove", data={"name": typed})

    assert page.status_code == 200
    assert "This is not its name" in page.text
    assert "extras" in installed()
    assert archives.all_kept() == []


def test_removed_plugin_leaves_an_archive_and_comes_back_from_it(admin, extras, nation):
    db.session.execute(
        sa.text("INSERT INTO extras.motto (institution_id, text) VALUES (:id, 'Onward')"),
        {"id": nation.id},
    )
    page = admin.get("/plugins/site/extras/remove").text
    removed = admin.post("/plugins/site/extras/remove", data={"name": " extras "})

    assert re.search(r"<code>motto</code>.*?>1<", page, re.DOTALL)
    assert removed.location == "/plugins/site"
    assert "extras" not in installed()
    [kept] = archives.all_kept()
    assert (kept.plugin, kept.size > 0) == ("extras", True)
    back = f"/plugins/archives/{kept.name}/restore"
    named = r'>Restore<span class="visually-hidden"> Extras'
    assert re.search(named, part_of(admin.get("/plugins/site").text, "extras"))
    assert re.search(named, admin.get("/plugins/archives").text)
    for waits in (part_of(admin.get("/plugins/site").text, "extras"),
                  admin.get("/plugins/site/extras/install").text):  # fmt: skip
        assert "An archive of Extras of" in waits
        assert back in waits

    restored = admin.post(f"/plugins/archives/{kept.name}/restore")

    assert restored.location == "/plugins/site"
    assert db.session.scalar(sa.text("SELECT text FROM extras.motto")) == "Onward"
    assert [action for action, actor in steps("extras") if actor] == [
        "plugin.uninstall",
        "plugin.restore",
    ]
    assert back not in admin.get("/plugins/site").text


def test_archive_is_restored_after_those_of_what_it_needs(fresh_app):
    app = fresh_app(MOVING)
    with app.app_context():
        admin = Factory().staff("platform_admin", Factory().institution("Nation"))
        lifecycle.install(engine(), ["rack"])
        for name in ("rack", "shelf"):
            removal.uninstall(engine(), name, keep=archives.keeper(name, "1.0"))
        client = client_of(app, admin)
        kept = {one.plugin: one.name for one in archives.all_kept()}

        client.post(f"/plugins/archives/{kept['rack']}/restore")
        assert "Restore that first" in client.get("/plugins/archives").text
        assert (left_by("rack"), left_by("shelf")) == (NOTHING, NOTHING)

        for name in ("shelf", "rack"):
            client.post(f"/plugins/archives/{kept[name]}/restore")
        assert (left_by("rack")[2], left_by("shelf")[2]) == ("1.0", "1.0")
        delete_archives()


def test_archive_is_made_downloaded_and_deleted_and_all_is_recorded(admin, extras):
    admin.post("/plugins/site/extras/export")
    [kept] = archives.all_kept()

    file = admin.post(f"/plugins/archives/{kept.name}/download")
    listed = admin.get("/plugins/archives").text
    deleted = admin.post(f"/plugins/archives/{kept.name}/delete")

    assert file.data.startswith(b"PK")
    assert len(file.data) == kept.size
    assert kept.name in file.headers["Content-Disposition"]
    assert kept.name in listed
    assert deleted.location == "/plugins/archives"
    assert archives.all_kept() == []
    assert [action for action, actor in steps("extras") if actor] == [
        "plugin.export",
        "plugin.archive_download",
        "plugin.archive_delete",
    ]


def test_archive_of_an_installed_plugin_is_not_restored_over_it(admin, extras):
    admin.post("/plugins/site/extras/export")
    [kept] = archives.all_kept()

    answer = admin.post(f"/plugins/archives/{kept.name}/restore")

    assert answer.location == "/plugins/archives"
    assert "extras" in installed()


@pytest.mark.parametrize("name", ["x.zip", "..%2fkey", "%2e%2e", "good-1.0-x.zip", "a" * 999])
def test_file_that_is_no_archive_is_not_found(admin, name):
    answers = {
        admin.post(f"/plugins/archives/{name}/{step}").status_code
        for step in ("download", "delete")
    }

    assert answers <= {404, 308}


def test_plugin_whose_code_is_gone_is_forgotten(admin, nation):
    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA vanished"))
        connection.execute(sa.text("CREATE TABLE vanished.thing (id bigint PRIMARY KEY)"))
        connection.execute(sa.insert(PluginInstallation).values(name="vanished", version="1.5"))
    engine().enablement.forget()

    page = admin.get("/plugins/site").text
    shown = admin.get("/plugins/site/vanished/remove").text
    admin.post("/plugins/site/vanished/remove", data={"name": "vanished"})

    assert "/plugins/site/vanished/remove" in page
    assert "Its code is gone" in shown
    assert "vanished" not in installed()
    delete_archives()


def test_installed_plugin_whose_code_was_put_back_waits_for_the_restart(
    admin, app, as_before, monkeypatch, write_plugin
):
    folders = f"{app.config['PLUGIN_FOLDERS']}{os.pathsep}{write_plugin('vanished').parent}"
    monkeypatch.setitem(app.config, "PLUGIN_FOLDERS", folders)
    db.session.add(PluginInstallation(name="vanished", version="1.0"))
    db.session.commit()
    engine().enablement.forget()

    shown = part_of(admin.get("/plugins/site").text, "vanished")

    assert "New code found: vanished 1.0" in shown
    assert "Not loaded yet" in shown
    assert "gone" not in shown
    assert "/plugins/site/vanished/remove" not in shown
