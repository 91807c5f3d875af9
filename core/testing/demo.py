"""The demo for tests: told once a test process, at one moment; each test gets a copy of its own.

A file of tests about the demo makes the fixture `app` of it:

    @pytest.fixture
    def app(demo_app):
        return demo_app
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from core import create_app
from core.db import READ_ENGINE, db
from core.plugin_engine import engine
from core.testing import database
from core.testing.fixtures import SETTINGS, Client, Clock

# A class of the demo always runs today; at this hour its first session has begun in every zone.
MOMENT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """An app on `copy`, a database that is made anew from `story`, which holds the demo."""

    app: Flask
    server: str
    copy: str
    story: str

    def close(self) -> None:
        """Nothing of the app is connected any more."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        self.app.extensions[READ_ENGINE].dispose()


@pytest.fixture(scope="session")
def demo_told(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The demo, loaded as an operator loads it."""
    instance: Path = tmp_path_factory.mktemp("demo")
    name = f"demo_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with database.clone(server, instance, name) as url:
        app = create_app({**SETTINGS, "DATABASE_URL": url, "INSTANCE": instance})
        app.test_client_class = Client
        with pytest.MonkeyPatch.context() as patch, app.app_context():
            Clock(patch).set(MOMENT)
            done = app.test_cli_runner().invoke(args=["demo", "load", "--json"])
        assert done.exit_code == 0, done.output
        copy = database.name_of(url)
        told = Told(app, server, copy, f"{copy}_story")
        told.close()
        with database.copied(server, told.copy, told.story):
            yield told
            told.close()


@pytest.fixture
def demo_app(demo_told: Told, clock: Clock) -> Iterator[Flask]:
    """The app on a fresh copy of the demo, inside its context, at MOMENT."""
    clock.set(MOMENT)
    database.copy(demo_told.server, demo_told.story, demo_told.copy)
    with demo_told.app.app_context():
        engine().enablement.forget()
        yield demo_told.app
        engine().book.forget()
    demo_told.close()
