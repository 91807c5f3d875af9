"""pytest fixtures: `app`, `client`, `as_user`, `make`, `clock`; each test begins with no data."""

import contextvars
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any, cast

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient

from core import create_app
from core.db import READ_ENGINE, db, now
from core.jobs import run_worker
from core.limits import limiter
from core.people.models import User
from core.plugin_engine import engine
from core.testing import database
from core.testing.factories import Factory

SETTINGS: dict[str, Any] = {
    "TESTING": True,
    # `make alone` shows that core does its work without any plugin.
    "BUNDLED_PLUGINS": os.environ.get("TEST_WITHOUT_PLUGINS") != "1",
    "SECRET_KEY": "for tests only",
    "WTF_CSRF_ENABLED": False,
    "RATELIMIT_ENABLED": False,
    # The real cost takes a tenth of a second on purpose.
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {"argon2__time_cost": 1, "argon2__memory_cost": 64},
}


class Client(FlaskClient):
    """A client whose requests do not see the test's own app context, as in real life."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if has_app_context():
            db.session.commit()
        response = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context():
            db.session.expire_all()
        return response


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="session")
def server() -> str:
    """The PostgreSQL that all test processes of this checkout share."""
    return database.server_url(Path(os.environ.get("TEST_INSTANCE", "instance/tests")).resolve())


@pytest.fixture(scope="session")
def database_url(server: str, instance: Path) -> Iterator[str]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with database.clone(server, instance, worker) as url:
        yield url


@pytest.fixture(scope="session")
def whole_app(database_url: str, instance: Path) -> Iterator[Flask]:
    app = create_app({**SETTINGS, "DATABASE_URL": database_url, "INSTANCE": instance})
    app.test_client_class = Client
    yield app
    with app.app_context():
        db.engine.dispose()
    app.extensions[READ_ENGINE].dispose()


@pytest.fixture
def app(whole_app: Flask) -> Iterator[Flask]:
    """The app inside its context; what the test writes is taken out after it."""
    with whole_app.app_context():
        engine().enablement.forget()
        yield whole_app
        engine().book.forget()
        db.session.remove()
        database.empty(db.engine)


@pytest.fixture
def client(app: Flask) -> Client:
    return app.test_client()  # type: ignore[return-value]


@pytest.fixture
def make(app: Flask) -> Factory:
    return Factory()


@pytest.fixture
def at_once(app: Flask) -> Callable[..., list[Any]]:
    """Runs each in a thread and a transaction of its own, all at the same moment."""

    def run(*works: Callable[[], Any]) -> list[Any]:
        together = Barrier(len(works))

        def begin(work: Callable[[], Any]) -> Any:
            with app.app_context():
                together.wait()
                found = work()
                db.session.commit()
                return found

        db.session.commit()
        with ThreadPoolExecutor(len(works)) as pool:
            found = list(pool.map(begin, works))
        db.session.expire_all()
        return found

    return run


@pytest.fixture
def many_at_once(at_once: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """The same with one function, called with the number of its thread."""

    def run(work: Callable[[int], Any], count: int = 6) -> list[Any]:
        return at_once(*(partial(work, number) for number in range(count)))

    return run


@pytest.fixture
def limited_app(app: Flask, database_url: str, instance: Path) -> Iterator[Flask]:
    """An app of its own whose limits count; the suite's other requests are not limited."""
    settings = {**SETTINGS, "RATELIMIT_ENABLED": True}
    limited = create_app({**settings, "DATABASE_URL": database_url, "INSTANCE": instance})
    limited.test_client_class = Client
    yield limited
    limiter.reset()
    limiter.enabled = False
    with limited.app_context():
        db.engine.dispose()
    limited.extensions[READ_ENGINE].dispose()


class Clock:
    """The server's time; it stands still once it is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def set(self, moment: datetime) -> datetime:
        self._monkeypatch.setattr("core.db._clock", lambda: moment)
        return moment

    def forward(self, **delta: float) -> datetime:
        """By `minutes=30`, `seconds=5` …"""
        return self.set(now() + timedelta(**delta))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def run_jobs(app: Flask) -> Callable[[], None]:
    """Works on all jobs that are due by the database's clock, as `bimtek worker` does."""

    def work() -> None:
        db.session.commit()
        # In a thread of its own: beside a browser this one has an event loop already.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(run_worker, app, wait=False).result()
        db.session.expire_all()

    return work


@pytest.fixture
def as_user(app: Flask) -> Callable[[User], Client]:
    """A client of its own in which the person has signed in."""

    def sign_in(user: User) -> Client:
        client: Any = app.test_client()
        db.session.commit()
        with client.session_transaction() as session:
            session["_user_id"] = user.fs_uniquifier
            session["_fresh"] = True
            session["language"] = "id"
        return cast(Client, client)

    return sign_in
