"""Bimtek's core: users, institutions, courses, cohorts, and the engine that runs plugins.

`create_app` reads as a table of contents; nothing happens at import.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Flask
from packaging.version import Version


def core_version() -> Version:
    try:
        return Version(version("bimtek"))
    except PackageNotFoundError:
        return Version("0")


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """The WSGI application. `overrides` replace settings from the environment."""
    from core import wiring  # noqa: PLC0415 -- plugins may import core without making an app
    from core.config import bundled, settings  # noqa: PLC0415 -- same

    app = Flask("core", template_folder=str(bundled("templates")))
    app.config.update(settings(overrides))
    wiring.init_logging(app)
    wiring.init_storage(app)
    wiring.init_texts(app)
    wiring.init_people(app)
    wiring.init_safety(app)
    wiring.init_pages(app)
    wiring.init_plugins(app, core_version())
    wiring.init_commands(app)
    return app
