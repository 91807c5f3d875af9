"""The pages and saves that are measured: those that many people do at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console

from core import create_app
from core.cohorts.models import ActivityProgress
from core.db import READ_ENGINE, db
from core.demo import load_demo
from core.demo.story import RUNNING

SETTINGS = {
    "TESTING": True,
    "SECRET_KEY": "bench",
    "WTF_CSRF_ENABLED": False,
    "RATELIMIT_ENABLED": False,
}
Read = Callable[[], bytes]


@dataclass(frozen=True)
class Scene:
    """Who visits what, in any app on the database that the demo was loaded into."""

    participant: str
    trainer: str
    course: str
    activity_id: int

    @property
    def page(self) -> str:
        return f"{self.course}/activities/{self.activity_id}"

    def reads(self, app: Flask) -> Mapping[str, Read]:
        participant, trainer = client(app, self.participant), client(app, self.trainer)
        return {
            "participant: home": read(participant, "/home"),
            "participant: course": read(participant, self.course),
            "participant: a page": read(participant, self.page),
            "anybody: sign in": read(app.test_client(), "/sign-in"),
            "trainer: the class": read(trainer, f"{self.course}/manage"),
        }

    def writes(self, app: Flask) -> Mapping[str, Callable[[], object]]:
        participant = client(app, self.participant)

        def first_time() -> object:
            """Undoes the save, so that each round does the same work."""
            with app.app_context():
                db.session.execute(
                    db.delete(ActivityProgress).where(
                        ActivityProgress.activity_id == self.activity_id
                    )
                )
                db.session.commit()
            return participant.post(f"{self.page}/done")

        return {
            "participant: page read": lambda: participant.post(f"{self.page}/done"),
            "the same, first time": first_time,
        }


def app_on(url: str, instance: Path, **settings: Any) -> Flask:
    return create_app({**SETTINGS, "DATABASE_URL": url, "INSTANCE": instance, **settings})


def close(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
    app.extensions[READ_ENGINE].dispose()


def load(app: Flask) -> Scene:
    """Loads the demo into the app's database."""
    with app.app_context():
        demo = load_demo(Console(stderr=True))
        cohort = demo.cohort(RUNNING)
        assert cohort is not None  # noqa: S101 -- the demo has just made it
        return Scene(
            participant=demo.enrolments(RUNNING)[0].user.fs_uniquifier,
            trainer=demo.staff["trainer1"].fs_uniquifier,
            course=f"/classes/{cohort.code}",
            activity_id=next(a.id for a in cohort.course.activities if a.kind == "page"),
        )


def client(app: Flask, uniquifier: str) -> FlaskClient:
    """A client in which the person has signed in."""
    found: FlaskClient = app.test_client()
    with found.session_transaction() as session:
        session["_user_id"] = uniquifier
        session["_fresh"] = True
    return found


def read(visitor: FlaskClient, path: str) -> Read:
    def get() -> bytes:
        response = visitor.get(path)
        assert response.status_code == 200, f"{path}: {response.status}"  # noqa: S101 -- ours
        return response.data

    return get
