"""Thirty plugins made for measuring: what do plugins cost a page that they add nothing to?

Idle ones bring pages, rights, a menu entry, settings, a kind and a figure, and implement hooks of
other pages. Busy ones also answer every hook of the measured pages, with nothing.
"""

from pathlib import Path

from flask import Flask

from core.db import db
from core.institutions.queries import root
from core.plugin_engine import engine, lifecycle

COUNT = 30

MANIFEST = """\
name = "{name}"
version = "1.0"
title = "{name}"
requires_core = ">=0.1"
"""

HOOKS = """\
import sqlalchemy as sa
from flask import Blueprint
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Optional

from core.api import (
    ActivityKind, MenuEntry, Metric, Permission, Settings, hookimpl, requires, signed_in,
)

pages = Blueprint("{name}", __name__, template_folder="templates")


@pages.get("/{name}/")
@requires("{name}.see")
def start():
    return "start"


@pages.get("/{name}/classes/<cohort_code>/")
@signed_in
def of_class(cohort_code):
    return "class"


class SettingsForm(FlaskForm):
    word = StringField("Word", [Optional()], default="none")


@hookimpl
def blueprints():
    return [pages]


@hookimpl
def permissions():
    return [
        Permission("{name}.see", "See", ("institution_admin",)),
        Permission("{name}.take", "Take", ("participant",)),
    ]


@hookimpl
def menu_entries():
    return [MenuEntry("{name}", "{name}.start", "{name}.see")]


@hookimpl
def settings():
    return [Settings(SettingsForm)]


@hookimpl
def activity_kinds():
    return [ActivityKind("{name}.task", "Task", "file", view=lambda activity, cohort: "/")]


@hookimpl
def metrics():
    nobody = sa.select(sa.literal(1), sa.literal(1)).where(sa.false())
    return [Metric("{name}.figure", "Figure", "Counts.", measure=lambda enrolments: nobody)]


@hookimpl
def institution_panels(institution, user):
    return []


@hookimpl
def course_panels(course):
    return []


@hookimpl
def enrolment_panels(enrolment, user):
    return []


@hookimpl
def may_delete_activity(activity):
    return None


@hookimpl
def activity_scheduled(scheduled):
    return None
"""

ANSWERS = """\


@hookimpl
def home_panels(user):
    return []


@hookimpl
def cohort_panels(cohort, user):
    return []


@hookimpl
def participant_panels(enrolment):
    return []


@hookimpl
def completion_requirements(cohort, enrolments):
    return []
"""


def write(folder: Path, kind: str) -> Path:
    """Thirty plugins named `idle_01` … or `busy_01` … in `folder`."""
    for number in range(1, COUNT + 1):
        name = f"{kind}_{number:02}"
        (folder / name / "migrations").mkdir(parents=True)
        (folder / name / "plugin.toml").write_text(MANIFEST.replace("{name}", name))
        hooks = HOOKS + (ANSWERS if kind == "busy" else "")
        (folder / name / "hooks.py").write_text(hooks.replace("{name}", name))
    return folder


def enable(app: Flask) -> None:
    """Installs all that the app has loaded and enables it for the root and all below."""
    with app.app_context():
        names = list(engine().loaded)
        assert len(names) == COUNT, engine().problems  # noqa: S101 -- we wrote them ourselves
        lifecycle.install(engine(), names)
        top = root()
        assert top is not None  # noqa: S101 -- the demo has made it
        for name in names:
            lifecycle.enable(engine(), name, top, by=None)
        db.session.commit()
