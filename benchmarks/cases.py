"""The pages and saves that are measured: those that many people do at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from rich.console import Console

from core import create_app
from core.cohorts.models import ActivityProgress
from core.db import READ_ENGINE, db
from core.demo import load_demo
from core.demo.story import RUNNING
from core.people.models import User

SETTINGS = {
    "TESTING": True,
    "SECRET_KEY": "bench",
    "WTF_CSRF_ENABLED": False,
    "RATELIMIT_ENABLED": False,
}


@dataclass
class Bench:
    close: Callable[[], None]
    reads: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    writes: dict[str, Callable[[], object]] = field(default_factory=dict)


def _client(app: Any, user: User) -> FlaskClient:
    client: FlaskClient = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = user.fs_uniquifier
        session["_fresh"] = True
    return client


def prepare(url: str, instance: Path) -> Bench:
    """The demo in the database at `url`, and a participant and a trainer who are signed in."""
    app = create_app({**SETTINGS, "DATABASE_URL": url, "INSTANCE": instance})
    with app.app_context():
        demo = load_demo(Console(stderr=True))
        cohort = demo.cohort(RUNNING)
        assert cohort is not None  # noqa: S101 -- the demo has just made it
        first = next(a for a in cohort.course.activities if a.kind == "page")
        participant = _client(app, demo.enrolments(RUNNING)[0].user)
        trainer = _client(app, demo.staff["trainer1"])
        base = f"/classes/{cohort.code}"
        done = f"{base}/activities/{first.id}/done"

    def forget() -> object:
        """Undoes the save, so that each round does the same work; part of no figure."""
        with app.app_context():
            db.session.execute(
                db.delete(ActivityProgress).where(ActivityProgress.activity_id == first.id)
            )
            db.session.commit()
        return participant.post(done)

    def close() -> None:
        with app.app_context():
            db.engine.dispose()
        app.extensions[READ_ENGINE].dispose()

    def read(client: FlaskClient, path: str) -> Callable[[], bytes]:
        return lambda: client.get(path).data

    return Bench(
        close=close,
        reads={
            "participant: home": read(participant, "/home"),
            "participant: course": read(participant, base),
            "participant: a page": read(participant, f"{base}/activities/{first.id}"),
            "anybody: sign in": read(app.test_client(), "/sign-in"),
            "trainer: the class": read(trainer, f"{base}/manage"),
        },
        writes={
            "participant: page read": lambda: participant.post(done),
            "the same, first time": forget,
        },
    )
