"""An app of its own whose plugins are the tiny ones beside this file, good and bad."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import create_app
from core.db import READ_ENGINE, db
from core.plugin_engine import Engine, engine, lifecycle
from core.plugin_engine.models import PluginInstallation
from core.testing import database
from core.testing.factories import Factory
from core.testing.fixtures import SETTINGS, Client
from tests.plugin_engine.moving_kit import MOVING

TINY = Path(__file__).parent / "plugins"
MakeApp = Callable[..., Flask]


@pytest.fixture(scope="session")
def database_url(server: str, instance: Path) -> Iterator[str]:
    with database.clone(server, instance, "tiny") as url:
        yield url


@pytest.fixture(scope="session")
def make_app(instance: Path) -> Iterator[MakeApp]:
    """`make_app(url, folder)`: an app with the plugins of `folder` and no others."""
    made = []

    def build(url: str, folder: Path | str = "", **settings: Any) -> Flask:
        given = {"PLUGIN_FOLDERS": str(folder), "BUNDLED_PLUGINS": False, **settings}
        app = create_app({**SETTINGS, "DATABASE_URL": url, "INSTANCE": instance, **given})
        app.test_client_class = Client
        made.append(app)
        return app

    yield build
    for app in made:
        with app.app_context():
            db.engine.dispose()
        app.extensions[READ_ENGINE].dispose()


@pytest.fixture(scope="session")
def whole_app(database_url: str, make_app: MakeApp) -> Flask:
    """`good` and `friend` are installed; `extras` as well where a test asks for its `state`."""
    app = make_app(database_url, TINY)
    with app.app_context():
        lifecycle.install(engine(), ["good", "friend", "extras"])
        hide("extras")
    return app


def hide(plugin: str) -> None:
    """The plugin counts as not installed; its tables stay for the next who asks for it."""
    with db.engine.begin() as connection:
        connection.execute(sa.delete(PluginInstallation).filter_by(name=plugin))
    engine().enablement.forget()


@pytest.fixture
def fresh_url(server: str, instance: Path) -> Iterator[str]:
    """A database of its own, in which no tiny plugin is installed."""
    with database.clone(server, instance, "fresh") as url:
        yield url


@pytest.fixture
def fresh_app(fresh_url: str, make_app: MakeApp) -> Iterator[MakeApp]:
    """Makes an app on the fresh database and closes its connections in the end."""
    made = []

    def make(folder: Path | str) -> Flask:
        app = make_app(fresh_url, folder)
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        app.extensions[READ_ENGINE].dispose()


@pytest.fixture(scope="module")
def moving_app(
    request: pytest.FixtureRequest, server: str, instance: Path, make_app: MakeApp
) -> Iterator[Flask]:
    """An app with the shelf and the rack, on a database that one file of tests has for itself."""
    label = request.module.__name__.rpartition(".")[2]
    with database.clone(server, instance, label) as url:
        app = make_app(url, MOVING)
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def found(app: Flask) -> Engine:
    return engine()


@pytest.fixture
def faults(app: Flask) -> Iterator[set[str]]:
    """Where the good plugin is to fail; nowhere after the test."""
    told: set[str] = sys.modules["plugins.good.faults"].FAULTS
    engine().book.forget()
    yield told
    told.clear()


@pytest.fixture
def write_plugin(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plugin into its own folder; `files`: name → content, `more` ends its manifest."""

    def write(
        name: str, hooks: str = "", more: str = "", root: str = "plugins", **files: str
    ) -> Path:
        folder = tmp_path / root / name
        (folder / "migrations").mkdir(parents=True)
        manifest = f'name = "{name}"\nversion = "1.0"\ntitle = "{name}"\nrequires_core = ">=0.1"\n'
        (folder / "plugin.toml").write_text(manifest + more)
        (folder / "hooks.py").write_text(hooks)
        for file, content in files.items():
            (folder / file).write_text(content)
        return folder

    return write


@pytest.fixture
def state(whole_app: Flask) -> Iterator[SimpleNamespace]:
    """What the tiny plugin is told and what it has heard."""
    with whole_app.app_context():
        with db.engine.begin() as connection:
            lifecycle.record(connection, engine().loaded["extras"])
        engine().enablement.forget()
    found = sys.modules["plugins.extras.state"]
    yield SimpleNamespace(tell=found.STATE, heard=found.HEARD)
    found.STATE.clear()
    found.HEARD.clear()
    with whole_app.app_context():
        lifecycle.install(engine(), ["extras"])  # Where the test has removed it.
        hide("extras")


@pytest.fixture
def place(state: SimpleNamespace, make: Factory) -> SimpleNamespace:
    """A class of the nation's course, held by an office, with the plugin `extras` everywhere."""
    nation = make.institution("Nation")
    office = make.institution("Office", nation, "province")
    make.enabled("extras", nation)
    cohort = make.cohort(make.course(nation), office, code="OFFICE-1")
    db.session.commit()
    return SimpleNamespace(
        nation=nation,
        office=office,
        cohort=cohort,
        page=cohort.course.activities[0],
        admin=make.staff("institution_admin", office),
        organiser=make.staff("organiser", nation),
    )


@pytest.fixture
def as_before(app: Flask) -> Iterator[None]:
    """What is installed is as it was when the test ends."""
    rows = db.session.execute(sa.select(PluginInstallation.__table__)).mappings()
    before = [dict(row) for row in rows]
    yield
    db.session.rollback()
    db.session.execute(sa.delete(PluginInstallation))
    db.session.execute(sa.insert(PluginInstallation), before)
    db.session.commit()
    engine().enablement.forget()
