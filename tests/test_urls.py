"""Every address of the product in one table: who may call it, and whether it answers so.

A new route fails here until the table knows it. What a page shows is tested elsewhere.
"""

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from werkzeug.datastructures import FileStorage
from werkzeug.routing import Rule

from core import create_app
from core.cohorts.services import add_staff
from core.courses.services import add_activity
from core.courses.uploads import keep_upload
from core.db import READ_ENGINE, db
from core.institutions.models import Institution
from core.people.access import ADMIN
from core.people.models import Grant, User
from core.people.services import grant_role
from core.plugin_engine.contributions import PagePanel, Panel
from core.plugin_engine.discovery import BUNDLED
from core.plugin_engine.engine import engine
from core.plugin_engine.guard import access_of
from core.testing.fixtures import SETTINGS, Client

PUBLIC, SIGNED_IN = "public", "signed_in"
# Each plugin keeps its own table beside its tests.
TABLES = [
    importlib.import_module(f"plugins.{path.parent.name}.tests.access_table")
    for path in sorted(BUNDLED.glob("*/plugin.toml"))
]

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
    "plugins.apply": "plugins.manage",
    "plugins.catalogue": "plugins.manage",
    "plugins.cohort_settings": "cohorts.manage",
    "plugins.course_settings": "courses.author",
    "plugins.review": "plugins.manage",
    "plugins.settings_here": "plugins.manage",
    "plugins.site": "plugins.install",
    "plugins.site_settings": "plugins.install",
    "plugins.start": "plugins.manage",
    "static": PUBLIC,
}

ADMINS = {"institution_admin", ADMIN}
RUN = ADMINS | {"organiser"}
HELP = RUN | {"committee"}
STAFF = HELP | {"trainer"}

HOLDERS = {
    "cohorts.enrol": HELP,
    "cohorts.manage": RUN,
    "cohorts.view": STAFF,
    "courses.author": RUN,
    "courses.learn": STAFF | {"participant"},
    "courses.view": STAFF,
    "grants.manage": ADMINS,
    "institutions.manage": ADMINS,
    "institutions.view": STAFF,
    "people.contacts": HELP,
    "people.invite": HELP,
    "plugins.install": {ADMIN},
    "plugins.manage": ADMINS,
}

PLUGINS = {endpoint.partition(".")[0] for table in TABLES for endpoint in table.ENDPOINTS}
for table in TABLES:
    ENDPOINTS |= table.ENDPOINTS
    HOLDERS |= table.HOLDERS

# The outsider is an organiser too, of a neighbour: what names an institution, a course or a
# class is out of reach, the person's own lists are not.
ROLES = ("anonymous", "outsider", "participant", *sorted(STAFF))
SCOPES = {"cohort_code", "course_id", "institution_id"}

# Answers of core's pages that are neither a page nor a way to one, with the reason.
ANSWERS = {
    "people.link": 410,  # the token is invented
    "cohorts.roster_done": 410,  # nobody has imported a list
    "cohorts.roster_result": 410,  # same
}


@dataclass(frozen=True)
class Place:
    """A class, its course and everything that an address may name; `people`: role → user."""

    arguments: Mapping[str, Any]
    own_arguments: Mapping[str, Mapping[str, Any]]
    people: Mapping[str, User]

    def address(self, rule: Rule) -> str:
        known = {**self.arguments, **self.own_arguments.get(rule.endpoint, {})}
        missing = rule.arguments - known.keys()
        assert not missing, f"tell Place what {missing} of {rule.endpoint} is"
        built = rule.build({name: known[name] for name in rule.arguments}, append_unknown=False)
        assert built is not None, f"{rule} was not built"
        return built[1]


@pytest.fixture
def place(make, app):
    nation = make.institution("Nation", kind="national")
    office, neighbour = (make.institution(n, nation, "province") for n in ("Office", "Neighbour"))
    for plugin in engine().loaded:
        make.enabled(plugin, nation)
    course = make.course(office, pages=0)
    section = make.section(course)
    activity = make.page(section)
    upload = FileStorage(BytesIO(b"%PDF-1.7\n%%EOF\n"), filename="paper.pdf")
    file = add_activity(section, "file", "Paper", file=keep_upload(upload))
    cohort = make.cohort(course, office, code="OFFICE-1", publish=False)
    enrolment = make.enrolment(cohort)
    own: dict[str, Any] = {}
    for table in TABLES:
        own |= table.arguments(section, cohort, enrolment)
    course.status = cohort.status = "published"
    entry = add_staff(cohort, make.user(), "trainer", by=None)
    people = {role: make.staff(role, office) for role in sorted(STAFF - {ADMIN})}
    people |= {"participant": enrolment.user, "outsider": make.staff("organiser", neighbour)}
    people[ADMIN] = make.user()
    grant_role(people[ADMIN], ADMIN, nation, by=None)
    db.session.commit()
    return Place(
        people=people,
        arguments={
            "cohort_code": cohort.code,
            "course_id": course.id,
            "institution_id": office.id,
            "section_id": section.id,
            "activity_id": activity.id,
            "enrolment_id": enrolment.id,
            "staff_id": entry.id,
            "grant_id": db.session.query(Grant).filter_by(institution_id=office.id).first().id,
            "token": "invented",
            "ticket": "invented",
            "question_id": 1,
            "number": 1,
            "item": 1,
        },
        own_arguments={
            "static": {"filename": "bimtek.css"},
            "bootstrap.static": {"filename": "css/bootstrap.min.css"},
            "courses.file": {"activity_id": file.id},
            "cohorts.file": {"activity_id": file.id},
            "plugins.settings_here": {"plugin": "attendance"},
            "plugins.cohort_settings": {"plugin": "attendance"},
            "plugins.course_settings": {"plugin": "attendance"},
            "plugins.site_settings": {"plugin": "attendance"},
            **own,
        },
    )


def rules(app: Flask) -> Iterator[Rule]:
    yield from sorted(app.url_map.iter_rules(), key=lambda rule: rule.endpoint)


def may(role: str, rule: Rule) -> bool:
    """What the table says."""
    access = ENDPOINTS[rule.endpoint]
    if access == PUBLIC or (access == SIGNED_IN and role != "anonymous"):
        return True
    if role == "outsider" and not rule.arguments & SCOPES:
        return "organiser" in HOLDERS.get(access, ())
    return role in HOLDERS.get(access, ())


def client_of(app: Flask, user: User | None) -> Any:
    client = app.test_client()
    if user is not None:
        with client.session_transaction() as session:
            session.update(_user_id=user.fs_uniquifier, _fresh=True, language="en")
    return client


def asks_to_sign_in(answer: Any) -> bool:
    return answer.status_code == 302 and urlsplit(answer.location).path == "/sign-in"


def is_refused(answer: Any, role: str) -> bool:
    return asks_to_sign_in(answer) if role == "anonymous" else answer.status_code == 403


# The same where there is no plugin whose settings the address could name.
WITHOUT_PLUGINS = {
    **ANSWERS,
    "plugins.cohort_settings": 404,
    "plugins.course_settings": 404,
    "plugins.settings_here": 404,
    "plugins.site_settings": 404,
}


def is_answered(answer: Any, rule: Rule, role: str, answers: Mapping[str, int] = ANSWERS) -> bool:
    """A page, a way to one, or what the table of answers says; plugins' things are invented."""
    core = rule.endpoint.partition(".")[0] not in PLUGINS or rule.endpoint.endswith(".static")
    if asks_to_sign_in(answer):
        return ENDPOINTS[rule.endpoint] == PUBLIC
    if core:
        expected = answers.get(rule.endpoint)
        return answer.status_code == expected if expected else answer.status_code < 400
    return answer.status_code != 403 and answer.status_code < 500


def test_table_knows_every_route_and_its_rule(app):
    found = {}
    for rule in rules(app):
        access = access_of(rule.endpoint, app.view_functions[rule.endpoint])
        found[rule.endpoint] = access.permission or access.kind

    assert found == ENDPOINTS


def test_table_knows_who_holds_each_permission():
    assert {access for access in ENDPOINTS.values() if "." in access} == HOLDERS.keys()


@pytest.mark.parametrize("role", ROLES)
def test_each_route_answers_each_role_as_the_table_says(app, place, role):
    client = client_of(app, place.people.get(role))
    wrong = []
    for rule in rules(app):
        for method in sorted(rule.methods & {"GET", "POST"}):
            allowed = may(role, rule)
            if allowed and method == "POST":
                continue  # What a form does is tested with the form.
            answer = client.open(place.address(rule), method=method, buffered=True)
            right = is_answered(answer, rule, role) if allowed else is_refused(answer, role)
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


@pytest.mark.skipif(not TABLES, reason="a panel needs a plugin")
def test_panels_of_a_plugin_show_on_every_page_of_core(app, place, marked_pages, make):
    of_two = make.user()
    for office in db.session.query(Institution).filter_by(kind="province"):
        grant_role(of_two, "institution_admin", office, by=None)
    db.session.commit()
    readers = [place.people[ADMIN], place.people["participant"], None, of_two]
    shown = {}
    for rule in rules(app):
        if rule.endpoint in marked_pages and "GET" in rule.methods:
            pages = (client_of(app, reader).get(place.address(rule)).text for reader in readers)
            found = [re.findall(rf"\[{rule.endpoint} (\w+) ", page) for page in pages]
            shown[rule.endpoint] = next(filter(None, found), [])

    assert {page for page, places in shown.items() if not places} == UNOPENED
    assert all(places == list(PLACES) for page, places in shown.items() if page not in UNOPENED)


@pytest.mark.skipif(not TABLES, reason="a panel needs a plugin")
def test_panel_hears_what_the_page_is_about_and_who_reads(app, place, marked_pages):
    admin = place.people[ADMIN]
    of_class = client_of(app, admin).get("/classes/OFFICE-1/participants").text
    of_nothing = client_of(app, admin).get("/help").text
    of_nobody = client_of(app, None).get("/sign-in").text

    assert f"[cohorts.participants end OFFICE-1 {admin.number}]" in of_class
    assert f"[people.help end  {admin.number}]" in of_nothing
    assert "[people.sign_in end  ]" in of_nobody


@pytest.mark.skipif(not TABLES, reason="a panel needs a plugin")
def test_page_that_says_what_went_wrong_has_no_panels(app, place, marked_pages):
    admin = client_of(app, place.people[ADMIN])

    answers = [admin.get("/classes/GONE/participants"), client_of(app, None).get("/k/invented")]

    assert [answer.status_code for answer in answers] == [404, 410]
    assert "[cohorts" not in answers[0].text


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
        if "GET" in rule.methods and may(role, rule):
            answer = client.get(place.address(rule), buffered=True)
            if not is_answered(answer, rule, role, WITHOUT_PLUGINS):
                wrong.append((rule.endpoint, answer.status_code, answer.location))

    assert app_without_plugins.extensions["bimtek"].manifests == {}
    assert wrong == []
