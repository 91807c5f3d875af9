"""What the tests of courses share: an office, its author, a course, and a plugin's kind."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from core.db import db
from core.institutions.models import Institution
from core.people.models import User
from core.plugin_engine import engine
from core.plugin_engine.contributions import ActivityKind
from core.plugin_engine.enablement import bump_epoch
from core.plugin_engine.models import PluginDecision, PluginInstallation
from core.testing.factories import Factory

BOARD = "talk.board"


@pytest.fixture
def office(make: Factory) -> Institution:
    return make.institution("Office", make.institution("Nation"), "province")


@pytest.fixture
def author(make: Factory, office: Institution) -> User:
    return make.staff("organiser", office, "Author")


@pytest.fixture
def written(make: Factory, office: Institution) -> SimpleNamespace:
    """A draft: material 1 with parts 1A (a, b) and 1B (c), material 2 with d."""
    course = make.course(office, pages=0, code="BTP", title="Training")
    one, two = make.section(course, "Needs", lesson_hours=8), make.section(course, "Media")
    return SimpleNamespace(
        course=course,
        url=f"/courses/{course.id}",
        one=one,
        two=two,
        a=make.page(one, "Page a", part="Start"),
        b=make.page(one, "Page b", part="Start"),
        c=make.page(one, "Page c", part="Steps"),
        d=make.page(two, "Page d"),
    )


@pytest.fixture
def layout(written: SimpleNamespace) -> Callable[[], list[str]]:
    """The course as it is stored: `["Start/Page a", …, "|", "Page d"]`."""

    def read() -> list[str]:
        db.session.commit()
        materials = [
            [f"{a.part}/{a.title}" if a.part else a.title for a in section.activities]
            for section in written.course.sections
        ]
        for section in written.course.sections:
            places = [a.position for a in section.activities]
            assert places == list(range(1, len(places) + 1))
        return [line for material in materials for line in ["|", *material]][1:]

    return read


@pytest.fixture
def board(office: Institution, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A plugin's kind, active for the office until `enable(False)`; `fails` makes it faulty."""
    told = SimpleNamespace(name=BOARD, fails=False, calls=[])

    def say(what: object) -> str:
        if told.fails:
            raise RuntimeError("the plugin has a fault")
        return f"/talk/{what}"

    def facts(activities: list) -> dict[int, str]:
        told.calls.append(len(activities))
        return {activity.id: say("facts") for activity in activities}

    kind = ActivityKind(
        BOARD,
        "Board",
        "talk",
        view=lambda activity, cohort: say(f"{activity.id}/{cohort.code if cohort else 'preview'}"),
        edit=lambda activity: say(f"{activity.id}/edit"),
        facts=facts,
        ready=lambda activity: say("ready").removeprefix("/talk/ready"),
    )
    monkeypatch.setitem(engine().kinds, BOARD, kind)
    monkeypatch.setitem(
        engine().loaded, "talk", SimpleNamespace(name="talk", requires={}, auto_install=False)
    )
    decision = PluginDecision(institution_id=office.id, plugin="talk", enabled=True)
    db.session.add_all([PluginInstallation(name="talk", version="1"), decision])

    def enable(enabled: bool) -> None:
        decision.enabled = enabled
        bump_epoch()
        db.session.commit()
        engine().enablement.forget()

    told.enable = enable
    enable(True)
    yield told
    db.session.rollback()
    db.session.delete(db.session.get(PluginInstallation, "talk"))
    db.session.commit()
