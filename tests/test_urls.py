"""Every address of core in one table: who may call it, and whether it answers so.

A new route fails here until the table knows it. What a page shows is tested elsewhere.
"""

import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from werkzeug.datastructures import FileStorage
from werkzeug.routing import Rule

from core import create_app
from core.courses.services import add_activity
from core.courses.uploads import keep_upload
from core.db import READ_ENGINE, db
from core.institutions.models import Institution
from core.people.access import ADMIN
from core.people.services import grant_role
from core.plugin_engine.contributions import PagePanel, Panel
from core.plugin_engine.discovery import BUNDLED
from core.plugin_engine.engine import engine
from core.testing.access import (
    CORE_HOLDERS,
    PUBLIC,
    ROLES,
    SIGNED_IN,
    access_found,
    address,
    asks_to_sign_in,
    client_of,
    is_refused,
    may,
    new_place,
    rules,
)
from core.testing.fixtures import SETTINGS, Client

PLUGINS = [path.parent.name for path in sorted(BUNDLED.glob("*/plugin.toml"))]

ENDPOINTS = {
    "bootstrap.static": PUBLIC,
    "cohorts.access": "people.invite",
    "cohorts.activity": "courses.learn",
    "cohorts.add_known_staff": "cohorts.manage",
    "cohorts.change_enrolment": "cohorts.enrol",
    "cohorts.change_participant": "people.contacts",
    "cohorts.enrol_known": "cohorts.enrol",
    "cohorts.enrol_new": "cohorts.enrol",
    "cohorts.enrol_person": "cohorts.enrol",
    "cohorts.file": "courses.learn",
    "cohorts.import_roster": "cohorts.enrol",
    "cohorts.join": SIGNED_IN,
    "cohorts.learn": "courses.learn",
    "cohorts.listing": SIGNED_IN,
    "cohorts.manage": "cohorts.view",
    "cohorts.mark_done": "courses.learn",
    "cohorts.new": "cohorts.manage",
    "cohorts.new_staff": "cohorts.manage",
    "cohorts.override": "cohorts.enrol",
    "cohorts.participant": "cohorts.view",
    "cohorts.participants": "cohorts.view",
    "cohorts.publish": "cohorts.manage",
    "cohorts.remove_staff": "cohorts.manage",
    "cohorts.return_participant": "cohorts.enrol",
    "cohorts.roster": "cohorts.enrol",
    "cohorts.roster_done": "cohorts.enrol",
    "cohorts.roster_result": "cohorts.enrol",
    "cohorts.roster_template": "cohorts.enrol",
    "cohorts.schedule_activity": "cohorts.manage",
    "cohorts.settings": "cohorts.manage",
    "cohorts.staff": "cohorts.manage",
    "cohorts.timetable": "cohorts.view",
    "cohorts.withdraw": "cohorts.manage",
    "cohorts.withdraw_participant": "cohorts.enrol",
    "courses.delete_activity": "courses.author",
    "courses.delete_section": "courses.author",
    "courses.edit": "courses.view",
    "courses.edit_activity": "courses.author",
    "courses.edit_section": "courses.author",
    "courses.file": "courses.view",
    "courses.listing": "courses.view",
    "courses.move_activity": "courses.author",
    "courses.move_section": "courses.author",
    "courses.new": "courses.author",
    "courses.new_activity": "courses.author",
    "courses.new_section": "courses.author",
    "courses.preview": "courses.view",
    "courses.preview_activity": "courses.view",
    "courses.publish": "courses.author",
    "courses.settings": "courses.author",
    "courses.withdraw": "courses.author",
    "institutions.edit": "institutions.manage",
    "institutions.listing": "institutions.view",
    "institutions.new": "institutions.manage",
    "institutions.roles": "grants.manage",
    "institutions.show": "institutions.view",
    "institutions.take": "grants.manage",
    "people.change_password": SIGNED_IN,
    "people.health": PUBLIC,
    "people.help": PUBLIC,
    "people.home": SIGNED_IN,
    "people.link": PUBLIC,
    "people.more": SIGNED_IN,
    "people.new_password": SIGNED_IN,
    "people.profile": SIGNED_IN,
    "people.set_language": PUBLIC,
    "people.sign_in": PUBLIC,
    "people.sign_in_with_code": PUBLIC,
    "people.sign_out": PUBLIC,
    "people.start": PUBLIC,
    "people.use_link": PUBLIC,
    "people.which_name": PUBLIC,
    "plugins.about": "plugins.manage",
    "plugins.apply": "plugins.manage",
    "plugins.archive_delete": "plugins.install",
    "plugins.archive_download": "plugins.install",
    "plugins.archive_list": "plugins.install",
    "plugins.archive_restore": "plugins.install",
    "plugins.catalogue": "plugins.manage",
    "plugins.cohort_settings": "cohorts.manage",
    "plugins.course_settings": "courses.author",
    "plugins.export": "plugins.install",
    "plugins.install": "plugins.install",
    "plugins.remove": "plugins.install",
    "plugins.review": "plugins.manage",
    "plugins.settings_here": "plugins.manage",
    "plugins.site": "plugins.install",
    "plugins.site_settings": "plugins.install",
    "plugins.start": "plugins.manage",
    "plugins.upgrade": "plugins.install",
    "plugins.upgrade_all": "plugins.install",
    "static": PUBLIC,
}

HOLDERS: Mapping[str, set[str]] = {}  # all of them are core's
TABLE = sys.modules[__name__]


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    """Endpoint → what stands in its address; the course holds what every plugin adds to it."""
    for name in PLUGINS:
        table = importlib.import_module(f"plugins.{name}.tests.access_table")
        table.arguments(section, cohort, enrolment)
    upload = FileStorage(BytesIO(b"%PDF-1.7\n%%EOF\n"), filename="paper.pdf")
    file = add_activity(section, "file", "Paper", file=keep_upload(upload))
    return {
        "static": {"filename": "bimtek.css"},
        "bootstrap.static": {"filename": "css/bootstrap.min.css"},
        "courses.file": {"activity_id": file.id},
        "cohorts.file": {"activity_id": file.id},
        "plugins.about": {"plugin": "attendance"},
        "plugins.archive_download": {"name": "no-archive.zip"},
        "plugins.archive_delete": {"name": "no-archive.zip"},
        "plugins.archive_restore": {"name": "no-archive.zip"},
        "plugins.export": {"plugin": "attendance"},
        "plugins.install": {"plugin": "attendance"},
        "plugins.remove": {"plugin": "attendance"},
        "plugins.upgrade": {"plugin": "attendance"},
        "plugins.settings_here": {"plugin": "attendance"},
        "plugins.cohort_settings": {"plugin": "attendance"},
        "plugins.course_settings": {"plugin": "attendance"},
        "plugins.site_settings": {"plugin": "attendance"},
    }


# Answers of core's pages that are neither a page nor a way to one, with the reason.
ANSWERS = {
    "people.link": 410,  # the token is invented
    "cohorts.roster_done": 410,  # nobody has imported a list
    "cohorts.roster_result": 410,  # same
}


@pytest.fixture
def place(make, app):
    nation = make.institution("Nation", kind="national")
    for plugin in engine().loaded:
        make.enabled(plugin, nation)
    return new_place(make, nation, TABLE)


# The same without any plugin whose settings the address could name. A plugin whose code is gone
# keeps its page, and the one that forgets it.
WITHOUT_PLUGINS = {
    **ANSWERS,
    "plugins.install": 404,
    "plugins.cohort_settings": 404,
    "plugins.course_settings": 404,
    "plugins.settings_here": 404,
    "plugins.site_settings": 404,
}


def is_answered(answer: Any, rule: Rule, answers: Mapping[str, int] = ANSWERS) -> bool:
    """A page, a way to one, or what the table of answers says."""
    if asks_to_sign_in(answer):
        return ENDPOINTS[rule.endpoint] == PUBLIC
    expected = answers.get(rule.endpoint)
    return answer.status_code == expected if expected else answer.status_code < 400


def test_table_knows_every_route_and_its_rule(app):
    assert access_found(app) == ENDPOINTS


def test_table_knows_who_holds_each_permission():
    assert {access for access in ENDPOINTS.values() if "." in access} <= CORE_HOLDERS.keys()


@pytest.mark.parametrize("role", ROLES)
def test_each_route_answers_each_role_as_the_table_says(app, place, role):
    client = client_of(app, place.people.get(role))
    wrong = []
    for rule in rules(app):
        for method in sorted(rule.methods & {"GET", "POST"}):
            allowed = may(TABLE, role, rule)
            if allowed and method == "POST":
                continue  # What a form does is tested with the form.
            url = address(rule, place.arguments(rule))
            answer = client.open(url, method=method, buffered=True)
            right = is_answered(answer, rule) if allowed else is_refused(answer, role)
            if not right:
                wrong.append((method, rule.endpoint, answer.status_code, answer.location))
    assert wrong == []


# The pages that none of the readers below can open, with the reason.
UNOPENED = {
    "cohorts.roster_done",  # nobody has imported a list
    "people.which_name",  # nobody has given a secret that fits two names
    "plugins.review",  # nothing was changed
}
PLACES = ("top", "end", "aside")


def marks(page: str) -> list[tuple[str, PagePanel]]:
    """A panel of some plugin in each place of a page; it tells where it stands and for whom."""

    def told_at(place: str) -> Any:
        return lambda thing, user: Panel(
            "told.html", {"page": page, "place": place, "thing": thing, "user": user}
        )

    plugin = next(iter(engine().loaded))
    return [(plugin, PagePanel(page, told_at(place), place)) for place in PLACES]


@pytest.fixture
def marked_pages(app, monkeypatch):
    """The pages of core, each with a panel in each place."""
    told = DictLoader({"told.html": "[{{ page }} {{ place }} {{ thing.code }} {{ user.number }}]"})
    monkeypatch.setattr(app, "jinja_loader", ChoiceLoader([told, app.jinja_loader]))
    found = engine()
    monkeypatch.setattr(found, "page_panels", {page: marks(page) for page in found.pages})
    return found.pages


@pytest.mark.skipif(not PLUGINS, reason="a panel needs a plugin")
def test_panels_of_a_plugin_show_on_every_page_of_core(app, place, marked_pages, make):
    of_two = make.user()
    for office in db.session.query(Institution).filter_by(kind="province"):
        grant_role(of_two, "institution_admin", office, by=None)
    db.session.commit()
    readers = [place.people[ADMIN], place.people["participant"], None, of_two]
    shown = {}
    for rule in rules(app):
        if rule.endpoint in marked_pages and "GET" in rule.methods:
            pages = (
                client_of(app, reader).get(address(rule, place.arguments(rule))).text
                for reader in readers
            )
            found = [re.findall(rf"\[{rule.endpoint} (\w+) ", page) for page in pages]
            shown[rule.endpoint] = next(filter(None, found), [])

    assert {page for page, places in shown.items() if not places} == UNOPENED
    assert all(places == list(PLACES) for page, places in shown.items() if page not in UNOPENED)


@pytest.mark.skipif(not PLUGINS, reason="a panel needs a plugin")
def test_panel_hears_what_the_page_is_about_and_who_reads(app, place, marked_pages):
    admin = place.people[ADMIN]
    of_class = client_of(app, admin).get("/classes/OFFICE-1/participants").text
    of_nothing = client_of(app, admin).get("/help").text
    of_nobody = client_of(app, None).get("/sign-in").text

    assert f"[cohorts.participants end OFFICE-1 {admin.number}]" in of_class
    assert f"[people.help end  {admin.number}]" in of_nothing
    assert "[people.sign_in end  ]" in of_nobody


@pytest.mark.skipif(not PLUGINS, reason="a panel needs a plugin")
def test_page_that_says_what_went_wrong_has_no_panels(app, place, marked_pages):
    admin = client_of(app, place.people[ADMIN])

    answers = [admin.get("/classes/GONE/participants"), client_of(app, None).get("/k/invented")]

    assert [answer.status_code for answer in answers] == [404, 410]
    assert "[cohorts" not in answers[0].text


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_bundled_plugin_keeps_the_contract(plugin):
    """Its addresses are tested there."""
    tests = importlib.import_module(f"plugins.{plugin}.tests.test_contract")

    assert tests.TestContract.plugin == plugin


@pytest.fixture
def app_without_plugins(app: Flask) -> Iterator[Flask]:
    """Core alone on the same data, as if the folder of plugins had been deleted."""
    settings = {key: app.config[key] for key in ("DATABASE_URL", "INSTANCE")}
    bare = create_app({**SETTINGS, **settings, "BUNDLED_PLUGINS": False, "PLUGIN_FOLDERS": ""})
    bare.test_client_class = Client
    yield bare
    with bare.app_context():
        db.engine.dispose()
    bare.extensions[READ_ENGINE].dispose()


@pytest.mark.parametrize("role", ["participant", ADMIN])
def test_every_core_page_answers_without_any_plugin(app_without_plugins, place, role):
    client = client_of(app_without_plugins, place.people[role])
    wrong = []
    for rule in rules(app_without_plugins):
        if "GET" in rule.methods and may(TABLE, role, rule):
            answer = client.get(address(rule, place.arguments(rule)), buffered=True)
            if not is_answered(answer, rule, WITHOUT_PLUGINS):
                wrong.append((rule.endpoint, answer.status_code, answer.location))

    assert app_without_plugins.extensions["bimtek"].manifests == {}
    assert wrong == []
