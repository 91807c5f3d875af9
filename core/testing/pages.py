"""Every page of core, walked by everybody: what no plugin may take down.

`core_pages(app, make)` fills a small world and gives the walk; plugins' tests use it as well.
A page of core whose address holds a word that is not known here fails the walk: teach it.
"""

import contextvars
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from core.cohorts import kept_files
from core.cohorts.models import Cohort, Enrolment
from core.cohorts.roster import RosterOutcome
from core.courses.models import Course
from core.courses.services import add_activity
from core.courses.uploads import keep_made
from core.db import db, now
from core.institutions.models import Institution
from core.people.access import ADMIN
from core.people.models import Grant
from core.people.services import issue_access
from core.plugin_engine import engine
from core.testing.factories import Factory

STRANGER = "stranger"
PEOPLE = (STRANGER, "participant", "organiser", "admin")
NO_PLUGIN = "no_such_plugin"
Point: TypeAlias = Mapping[str, Any]  # argument of an address → value


@dataclass(frozen=True)
class Answer:
    """How a page answered; `error` is set where it raised instead."""

    status: int
    location: str = ""
    error: str = ""


@dataclass(frozen=True)
class CorePages:
    """`paths` of core's pages in a world; `people`: who → the mark of a session, "" for none."""

    paths: tuple[str, ...]
    people: Mapping[str, str]
    institution_id: int

    def answers(
        self, app: Flask, people: Collection[str] = PEOPLE
    ) -> dict[tuple[str, str], Answer]:
        """(who, path) → answer, each in a request of its own."""
        return {
            (who, path): _answer(client, path)
            for who, mark in self.people.items()
            if who in people
            for client in [_client(app, mark)]
            for path in self.paths
        }


def core_pages(app: Flask, make: Factory, plugins: Iterable[str] | None = None) -> CorePages:
    """The walk through a new world in which `plugins`, or all that are installed, are enabled."""
    nation = make.institution("Nation")
    for plugin in _installed() if plugins is None else plugins:
        make.enabled(plugin, nation)
    cohort, enrolment = _class(make, nation)
    organiser, admin = make.staff("organiser", nation), make.staff(ADMIN, nation)
    [handout] = issue_access([make.user()], by=None)
    outcome = json.dumps(asdict(RosterOutcome((), {}, ()))).encode()
    further = {
        "token": handout.token,
        "ticket": kept_files.keep("result", outcome, user=organiser, cohort=cohort),
        "grant_id": db.session.query(Grant.id).filter_by(user_id=organiser.id).scalar(),
    }
    draft = _draft(make, nation)
    points = [*_points(cohort.course, cohort, enrolment, further), *_points(draft)]
    marks = {
        "participant": enrolment.user.fs_uniquifier,
        "organiser": organiser.fs_uniquifier,
        "admin": admin.fs_uniquifier,
    }
    db.session.commit()
    return CorePages(tuple(_paths(app, points)), {STRANGER: "", **marks}, nation.id)


def _installed() -> list[str]:
    installed = engine().enablement.snapshot().installed
    return [name for name in engine().loaded if name in installed]


def _class(make: Factory, host: Institution) -> tuple[Cohort, Enrolment]:
    """A class that runs today with an activity of every kind, and one who takes part."""
    course = make.course(host)
    _add_every_kind(course, host)
    today = now().date()
    cohort = make.cohort(
        course,
        starts_on=today - timedelta(days=1),
        ends_on=today + timedelta(days=30),
        enrolment_policy="key",
        enrolment_key="key-of-the-walk",
    )
    return cohort, make.enrolment(cohort)


def _draft(make: Factory, owner: Institution) -> Course:
    course = make.course(owner, pages=0)
    make.section(course)
    _add_every_kind(course, owner)
    return course


def _add_every_kind(course: Course, owner: Institution) -> None:
    for kind in engine().available_kinds(owner):
        file = keep_made(b"A text.", "text.txt") if kind.name == "file" else None
        add_activity(course.sections[0], kind.name, f"A {kind.name}", body="Text.", file=file)


def _points(
    course: Course,
    cohort: Cohort | None = None,
    enrolment: Enrolment | None = None,
    further: Point | None = None,
) -> Iterator[Point]:
    """What addresses can name together: each activity, with its course, class and institution."""
    shared: dict[str, Any] = {"institution_id": course.institution_id, "course_id": course.id}
    if cohort and enrolment:
        shared |= {"cohort_code": cohort.code, "enrolment_id": enrolment.id, **(further or {})}
    for plugin in (*engine().loaded, NO_PLUGIN):
        yield shared | {"plugin": plugin}
    for activity in course.activities:
        yield shared | {"section_id": activity.section_id, "activity_id": activity.id}


def _paths(app: Flask, points: Collection[Point]) -> Iterator[str]:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if not _is_core_page(rule):
            continue
        for arguments in _fitting(rule, points):
            path = adapter.build(rule.endpoint, arguments)
            yield path
            yield from (f"{path}?{query}" for query in _queries(rule.endpoint))


def _is_core_page(rule: Rule) -> bool:
    owner = rule.endpoint.partition(".")[0]
    static = rule.endpoint.rpartition(".")[2] == "static"
    return "GET" in (rule.methods or ()) and not static and owner not in engine().loaded


def _fitting(rule: Rule, points: Iterable[Point]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for point in points:
        arguments = {name: point.get(name) for name in sorted(rule.arguments)}
        if None not in arguments.values() and arguments not in found:
            found.append(arguments)
    if not found:
        raise LookupError(f"core.testing.pages knows no value for an address like {rule.rule}")
    return found


def _queries(endpoint: str) -> list[str]:
    """Further states of a page that its address does not tell."""
    if endpoint == "courses.new_activity":
        return [f"kind={name}" for name in engine().kinds]
    return {"courses.edit": ["publishing=1"], "cohorts.participants": ["state=withdrawn"]}.get(
        endpoint, []
    )


def _client(app: Flask, mark: str) -> FlaskClient:
    client = app.test_client()
    if mark:
        with client.session_transaction() as session:
            session.update(_user_id=mark, _fresh=True, language="en")
    return client


def _answer(client: FlaskClient, path: str) -> Answer:
    """Outside the test's own app context, as in real life."""
    try:
        response = contextvars.Context().run(client.get, path)
    except Exception as error:
        return Answer(500, error=f"{type(error).__name__}: {error}")
    return Answer(response.status_code, response.headers.get("Location", ""))
