"""Who may call which address, as a table, and whether every route answers each role so.

A plugin keeps its table beside its tests, as a module with three names:

- `ENDPOINTS`: endpoint → "public", "signed_in", "webhook", or the permission that its view
  requires;
- `HOLDERS`: permission of the plugin → the roles that hold it;
- `arguments(section, cohort, enrolment)`: endpoint → what stands in its address; called once
  for a class that is not published yet, so it may add activities.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.routing import Rule

from core.cohorts.models import Cohort, Enrolment
from core.cohorts.services import add_staff
from core.courses.models import Section
from core.db import db
from core.institutions.models import Institution
from core.people.access import ADMIN
from core.people.models import Grant, User
from core.people.services import grant_role
from core.plugin_engine.guard import access_of
from core.testing.factories import Factory

PUBLIC, SIGNED_IN, WEBHOOK = "public", "signed_in", "webhook"
ADMINS = {"institution_admin", ADMIN}
RUN = ADMINS | {"organiser"}
HELP = RUN | {"committee"}
STAFF = HELP | {"trainer"}

CORE_HOLDERS: Mapping[str, set[str]] = {
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

# The outsider is an organiser too, of a neighbour: what names an institution, a course or a
# class is out of reach, the person's own lists are not.
ROLES = ("anonymous", "outsider", "participant", *sorted(STAFF))
SCOPES = {"cohort_code", "course_id", "institution_id"}


class Table(Protocol):
    """A module such as `plugins/quizzes/tests/access_table.py`."""

    ENDPOINTS: Mapping[str, str]
    HOLDERS: Mapping[str, set[str]]

    def arguments(
        self, section: Section, cohort: Cohort, enrolment: Enrolment
    ) -> Mapping[str, Mapping[str, Any]]: ...


@dataclass(frozen=True)
class Place:
    """A class, its course and everything that an address may name; `people`: role → user."""

    nation: Institution
    cohort: Cohort
    enrolment: Enrolment
    known: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]
    people: Mapping[str, User]

    def arguments(self, rule: Rule) -> dict[str, Any]:
        known = {**self.known, **self.own.get(rule.endpoint, {})}
        missing = rule.arguments - known.keys()
        assert not missing, (
            f"say in the table's arguments() what {sorted(missing)} of {rule.endpoint} is"
        )
        return {name: known[name] for name in rule.arguments}


def address(rule: Rule, arguments: Mapping[str, Any]) -> str:
    built = rule.build(arguments, append_unknown=False)
    assert built is not None, f"no address of {rule.endpoint} can be made from {arguments}"
    return str(built[1])


def new_place(make: Factory, nation: Institution, table: Table, mark: str = "Office") -> Place:
    """An office below `nation` with a class of its own; `mark` stands in all its names."""
    office, neighbour = (
        make.institution(name, nation, "province") for name in (mark, f"Beside {mark}")
    )
    course = make.course(office, pages=0, title=f"Course {mark}")
    section = make.section(course, f"Material {mark}")
    activity = make.page(section, f"Page {mark}")
    cohort = make.cohort(course, office, code=f"{mark}-1", title=f"Class {mark}", publish=False)
    enrolment = make.enrolment(cohort, make.user(f"Participant {mark}", institution=office))
    own = table.arguments(section, cohort, enrolment)
    course.status = cohort.status = "published"
    entry = add_staff(cohort, make.user(f"Lecturer {mark}"), "trainer", by=None)
    people = {role: make.staff(role, office, f"{role} {mark}") for role in sorted(STAFF - {ADMIN})}
    people |= {"participant": enrolment.user, "outsider": make.staff("organiser", neighbour)}
    people[ADMIN] = make.user()
    grant_role(people[ADMIN], ADMIN, nation, by=None)
    db.session.commit()
    known = {
        "cohort_code": cohort.code,
        "course_id": course.id,
        "institution_id": office.id,
        "section_id": section.id,
        "activity_id": activity.id,
        "enrolment_id": enrolment.id,
        "staff_id": entry.id,
        "grant_id": db.session.query(Grant).filter_by(institution_id=office.id).first().id,  # type: ignore[union-attr]
        "token": "invented",
        "ticket": "invented",
        "question_id": 1,
        "number": 1,
        "item": 1,
    }
    return Place(nation, cohort, enrolment, known, own, people)


def rules(app: Flask, owner: str = "") -> Iterator[Rule]:
    """The routes of a plugin, or those of core, by name."""
    loaded = app.extensions["bimtek"].loaded
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.endpoint):
        first = rule.endpoint.partition(".")[0]
        if first == owner or not (owner or first in loaded):
            yield rule


def access_found(app: Flask, owner: str = "") -> dict[str, str]:
    """Endpoint → the rule that its view declares, as the table names it."""
    found = {}
    for rule in rules(app, owner):
        access = access_of(rule.endpoint, app.view_functions[rule.endpoint])
        found[rule.endpoint] = access.permission or access.kind
    return found


def may(table: Table, role: str, rule: Rule) -> bool:
    """What the table says."""
    access = table.ENDPOINTS[rule.endpoint]
    holders = {**CORE_HOLDERS, **table.HOLDERS}.get(access, set())
    if access in {PUBLIC, WEBHOOK} or (access == SIGNED_IN and role != "anonymous"):
        return True
    if role == "outsider" and not rule.arguments & SCOPES:
        return "organiser" in holders
    return role in holders


def client_of(app: Flask, user: User | None) -> Any:
    """A client of its own in which the person, if any, has signed in; in English."""
    client = app.test_client()
    if user is not None:
        with client.session_transaction() as session:
            session.update(_user_id=user.fs_uniquifier, _fresh=True, language="en")
    return client


def asks_to_sign_in(answer: Any) -> bool:
    return bool(answer.status_code == 302 and urlsplit(answer.location).path == "/sign-in")


def is_refused(answer: Any, role: str) -> bool:
    return asks_to_sign_in(answer) if role == "anonymous" else bool(answer.status_code == 403)
