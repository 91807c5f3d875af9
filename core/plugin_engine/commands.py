"""`bimtek plugins …`: what is there, what is wrong with it, and every step of its life."""

import sys
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _
from flask_babel import ngettext

from core.commands import json_option, print_json, refuses
from core.db import db
from core.errors import DomainError
from core.institutions.models import Institution
from core.institutions.queries import root
from core.plugin_engine import lifecycle
from core.plugin_engine.authoring import Kind, Wish, write_plugin
from core.plugin_engine.discovery import Problem
from core.plugin_engine.doctor import examine, problems_now
from core.plugin_engine.engine import Engine, engine
from core.plugin_engine.secret_settings import seal_all_anew
from core.sealing import Unreadable

plugins_group = AppGroup("plugins", help="What is installed, and who has it enabled.")


def plugin_states(found: Engine) -> list[dict[str, Any]]:
    """One row a plugin: name, version, state, problems."""
    snapshot = found.enablement.snapshot()
    problems = problems_now(found)
    names = sorted({*found.manifests, *snapshot.installed, *(p.plugin for p in problems)})
    return [
        {
            "name": name,
            "version": str(found.manifests[name].version) if name in found.manifests else None,
            "installed": snapshot.installed.get(name),
            "loaded": name in found.loaded,
            "enabled_somewhere": snapshot.anywhere(name),
            "problems": [p.sentence for p in problems if p.plugin == name],
        }
        for name in names
    ]


@plugins_group.command("list")
@json_option
def plugins_list(as_json: bool) -> None:
    """Every plugin that is present or installed, and what is wrong with it."""
    rows = plugin_states(engine())
    if as_json:
        print_json({"plugins": rows})
        return
    heads = (_("Plugin"), _("Version"), _("Installed"), _("Enabled"))
    lines = [heads, *(_line_of(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
    for row in rows:
        for problem in row["problems"]:
            click.echo(f"{row['name']}: {problem}")


def _line_of(row: dict[str, Any]) -> tuple[str, ...]:
    enabled = _("yes") if row["enabled_somewhere"] else _("no")
    return row["name"], row["version"] or "-", row["installed"] or "-", enabled


@plugins_group.command("doctor")
@json_option
def plugins_doctor(as_json: bool) -> None:
    """Names every problem with its plugin, file and next step; exit status 1 if there is one.

    Notes, such as failures of the last days, leave the exit status alone.
    """
    found = examine(engine())
    if as_json:
        print_json({
            "problems": [_as_json(problem) for problem in found.problems],
            "notes": [_as_json(note) for note in found.notes],
        })  # fmt: skip
    else:
        for problem in found.problems:
            click.echo(f"{problem.plugin}: {problem.sentence}")
        for note in found.notes:
            click.echo(_("Note: %(plugin)s: %(text)s", plugin=note.plugin, text=note.sentence))
        click.echo(_("%(count)s problems found.", count=len(found.problems)))
    sys.exit(1 if found.problems else 0)


def _as_json(problem: Problem) -> dict[str, Any]:
    return {
        "plugin": problem.plugin,
        "message": problem.message,
        "path": str(problem.path or ""),
        "line": problem.line,
        "step": problem.step,
    }


@plugins_group.command("install")
@click.argument("names", nargs=-1, required=True)
@json_option
@refuses
def plugins_install(names: tuple[str, ...], as_json: bool) -> None:
    """Installs plugins and what they require, in one transaction."""
    new = lifecycle.install(engine(), names)
    if as_json:
        print_json({"installed": new})
    else:
        click.echo(_("Installed: %(names)s", names=", ".join(new) or "-"))


def institution_named(code: str | None) -> Institution:
    """By code or id; without one the root. Raises DomainError."""
    if code is None:
        found = root()
    else:
        found = db.session.scalar(sa.select(Institution).filter_by(code=code))
    if found is None and code and code.isdigit():
        found = db.session.get(Institution, int(code))
    if found is None:
        raise DomainError(_("There is no institution %(code)s.", code=code or ""))
    return found


def _decide(name: str, code: str | None, as_json: bool, enabled: bool) -> None:
    institution = institution_named(code)
    change = lifecycle.enable if enabled else lifecycle.disable
    change(engine(), name, institution, by=None)
    db.session.commit()
    if as_json:
        print_json({"plugin": name, "institution": institution.name, "enabled": enabled})
    elif enabled:
        click.echo(_("%(name)s is enabled for %(place)s and everything below it.",
                     name=name, place=institution.name))  # fmt: skip
    else:
        click.echo(_("%(name)s is disabled for %(place)s. Its data is kept.",
                     name=name, place=institution.name))  # fmt: skip


institution_option = click.option(
    "--institution", "code", help="Code or id of the institution; without it the root."
)


@plugins_group.command("enable")
@click.argument("name")
@institution_option
@json_option
@refuses
def plugins_enable(name: str, code: str | None, as_json: bool) -> None:
    """Enables a plugin, and what it requires, for an institution and those below it."""
    _decide(name, code, as_json, True)


@plugins_group.command("disable")
@click.argument("name")
@institution_option
@json_option
@refuses
def plugins_disable(name: str, code: str | None, as_json: bool) -> None:
    """Disables a plugin for an institution and those below it; data is kept."""
    _decide(name, code, as_json, False)


@plugins_group.command("reencrypt")
@json_option
def plugins_reencrypt(as_json: bool) -> None:
    """Encrypts every secret of the settings with the present SECRET_KEY; exit status 1 if one
    cannot be read."""
    found = seal_all_anew()
    db.session.commit()
    if as_json:
        print_json({"reencrypted": found.done, "unreadable": found.unreadable})
    else:
        click.echo(ngettext("%(num)d secret was encrypted with the present key.",
                            "%(num)d secrets were encrypted with the present key.",
                            found.done))  # fmt: skip
        for name in found.unreadable:
            click.echo(Unreadable(name).message, err=True)
    sys.exit(1 if found.unreadable else 0)


@plugins_group.command("new")
@click.argument("name")
@click.option("--title", default="", help="In English; otherwise made from the name.")
@click.option("--title-id", default="", help="In Indonesian; otherwise as in English.")
@click.option(
    "--kind", "kind", flag_value="kind", default="kind", help="A kind of activity (usual)."
)
@click.option(
    "--panel", "kind", flag_value="panel", help="A panel on the pages of a class instead."
)
@click.option("--into", type=click.Path(path_type=Path), help="Folder that it is written into.")
@click.option("--package", is_flag=True, help="A repository of its own that makes a wheel.")
@refuses
def plugins_new(  # noqa: PLR0917 -- click passes them by name
    name: str, title: str, title_id: str, kind: Kind, into: Path | None, package: bool
) -> None:
    """Writes a complete small plugin to grow; see docs/plugins/tutorial.md."""
    wish = Wish(name, title.strip(), title_id.strip(), kind, into, package)
    folder = write_plugin(wish, engine().manifests)
    click.echo(_("Written: %(folder)s. Its README.md says what is next.", folder=folder))
