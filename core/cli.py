"""The program `bimtek`: one group of commands on Flask's; plugins add their own groups.

`--json` prints one JSON object and nothing else. Exit status: 0 done, 1 refused, 2 usage.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from flask import Flask, current_app
from flask.cli import AppGroup, FlaskGroup
from flask_babel import gettext as _
from granian.constants import Interfaces
from granian.server import Server as Granian
from rich.console import Console

from core import embedded, supervisor
from core.addresses import site_url
from core.cohorts.queries import by_code
from core.cohorts.roster import import_roster, outcome_words
from core.commands import json_option, print_json, refuses
from core.config import instance_folder
from core.db import db
from core.demo import Demo, demo_is_loaded, load_demo, logins
from core.errors import DomainError
from core.institutions.queries import root
from core.institutions.services import create_institution
from core.jobs import run_worker, waiting_jobs
from core.people.access import ADMIN
from core.people.services import grant_role, issue_access, register_person
from core.plugin_engine import (
    commands_removal,  # noqa: F401 -- adds its commands to the group
    lifecycle,
    migrations,
)
from core.plugin_engine.commands import plugins_group
from core.plugin_engine.decisions import NotInstalled, UnknownPlugin
from core.plugin_engine.engine import engine
from core.plugin_engine.manifest import Manifest

THREADS = 4  # per web process; more only wait for the interpreter
CONNECTIONS = 1000  # per web process; phones keep theirs open between two pages

# Running


def ensure_database() -> embedded.Server | None:
    """Starts the embedded PostgreSQL unless `DATABASE_URL` names another one."""
    if os.environ.get("DATABASE_URL"):
        return None
    try:
        server = embedded.start(instance_folder())
    except embedded.EmbeddedError as error:
        raise click.ClickException(str(error)) from error
    if server.notice:
        click.echo(server.notice, err=True)
    os.environ["DATABASE_URL"] = server.url
    return server


def _app() -> Flask:
    from core import create_app  # noqa: PLC0415 -- core's factory adds these commands

    ensure_database()
    return create_app()


def _prepare() -> None:
    """Everything `serve` needs before its first request; harmless when repeated."""
    app = current_app
    fresh = not _has_tables()
    _say_failed(lifecycle.upgrade_installed(engine()).failed)
    if fresh:
        _install_all()
    if fresh and app.config["LOAD_DEMO"]:
        click.echo(_("First start: loading the demo…"))
        load_demo(Console(stderr=True))
    elif not demo_is_loaded() and root() is None:
        click.echo(_("No data yet. Run: bimtek people create-admin --help"))


def _install_all() -> None:
    """Every plugin at the first start; afterwards the operator decides, as for one taken out."""
    failed = {}
    for name in engine().loaded:
        try:
            lifecycle.install(engine(), [name])
        except DomainError as error:
            failed[name] = error
    _say_failed(failed)


def _say_failed(failed: Mapping[str, DomainError]) -> None:
    for name, error in failed.items():
        click.echo(f"{name}: {error.message}", err=True)


def _has_tables() -> bool:
    return sa.inspect(db.engine).has_table("user")


@click.command("serve")
@click.option("--port", envvar="PORT", default=8000, show_default=True, type=int)
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)
@click.pass_context
def serve(context: click.Context, port: int, host: str) -> None:
    """Web, worker and database together, for one machine. Ctrl-C stops all of it."""
    try:
        supervisor.assert_port_free(host, port)
    except supervisor.PortInUse as error:
        raise click.ClickException(str(error)) from error
    os.environ.setdefault("BIMTEK_SITE_URL", f"http://{host}:{port}")
    server = ensure_database()
    app = _app()
    with app.app_context():
        _prepare()
        people = logins() if demo_is_loaded() else []
        db.session.remove()
        db.engine.dispose()
    click.echo(f"\n  Bimtek: http://{host}:{port}\n")
    for role, name, password in people:
        click.echo(f"  {role:<22} {name:<26} {password}")
    if people:
        click.echo("\n  CONTOH – invented people, for looking around only.\n")
    command = [sys.executable, "-m", "core"]
    children = {
        "web": [*command, "web", "--port", str(port), "--host", host],
        "worker": [*command, "worker"],
    }
    environment = dict(os.environ) | {"BIMTEK_DEMO": "1" if people else ""}
    status = supervisor.run(children, env=environment)
    if server:
        server.stop()
    context.exit(status)


@click.command("web")
@click.option("--port", envvar="PORT", default=8000, show_default=True, type=int)
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)
@click.option("--workers", envvar="WEB_WORKERS", default=1, show_default=True, type=int)
def web(port: int, host: str, workers: int) -> None:
    """The web server alone (granian)."""
    ensure_database()
    with _app().app_context():
        ready = _has_tables()
        db.engine.dispose()
    if not ready:
        raise click.ClickException(_("The database is empty. Run: bimtek db upgrade"))
    Granian(
        "core:create_app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        websockets=False,
        log_enabled=True,
        log_access=False,
    ).serve()


@click.command("worker")
def worker() -> None:
    """Works on background jobs until it is stopped. Any number may run."""
    run_worker(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("jobs")
@json_option
def jobs(as_json: bool) -> None:
    """Counts jobs by plugin: waiting, held until the plugin acts again, failed."""
    rows = waiting_jobs()
    if as_json:
        print_json({"jobs": rows})
        return
    for row in rows:
        click.echo(
            f"{row['plugin']:<24} {row['waiting']} waiting, {row['held']} held, "
            f"{row['failed']} failed"
        )


# Database and demo

db_group = AppGroup("db", help="The schema of the database.")


@db_group.command("upgrade")
@refuses
def db_upgrade() -> None:
    """Brings core and every installed plugin to the newest schema; 1 if one cannot follow."""
    failed = lifecycle.upgrade_installed(engine()).failed
    _say_failed(failed)
    if failed:
        sys.exit(1)
    click.echo(_("The database is up to date."))


@db_group.command("current")
@json_option
def db_current(as_json: bool) -> None:
    """Shows the revision of core and of each installed plugin."""
    with db.engine.connect() as connection:
        found = {"core": migrations.current(connection)}
        for name in engine().enablement.snapshot().installed:
            if manifest := engine().loaded.get(name):
                found[name] = migrations.current(connection, manifest)
    if as_json:
        print_json(found)
        return
    for name, revision in found.items():
        click.echo(f"{name:<24} {revision or '-'}")


class TablesDiffer(DomainError):
    def __init__(self, command: str) -> None:
        super().__init__(
            _("The tables are not what the migrations make. Run: %(command)s",
              command=command)
        )  # fmt: skip


@db_group.command("revision", hidden=True)
@click.argument("message")
@click.option("--plugin", help="For this plugin; otherwise for core.")
@refuses
def db_revision(message: str, plugin: str | None) -> None:
    """For developers: writes a migration from the difference between models and database."""
    manifest = _loaded(plugin) if plugin else None
    with db.engine.connect() as connection:
        _refuse_other_tables(connection, manifest)
        if manifest:
            connection.execute(sa.schema.CreateSchema(manifest.name, if_not_exists=True))
            (manifest.path / "migrations").mkdir(exist_ok=True)
        migrations.revision(connection, manifest, message)
        # A schema that stays would keep the plugin from being installed.
        connection.rollback()


def _refuse_other_tables(connection: sa.Connection, manifest: Manifest | None) -> None:
    if migrations.current(connection, manifest) == migrations.head(connection, manifest):
        return
    if manifest is None:
        raise TablesDiffer("bimtek db upgrade")
    if not lifecycle.installed_as(connection, manifest.name)[0]:
        raise NotInstalled(manifest.name)
    raise TablesDiffer(f"bimtek plugins upgrade {manifest.name}")


def _loaded(name: str) -> Manifest:
    if name not in engine().loaded:
        raise UnknownPlugin(name, engine())
    return engine().loaded[name]


demo_group = AppGroup("demo", help="Invented data to look around in.")


@demo_group.command("load")
@json_option
@refuses
def demo_load(as_json: bool) -> None:
    """Loads the demo into an empty installation; refused over anybody's data."""
    demo: Demo = load_demo(Console(stderr=True, quiet=as_json))
    if as_json:
        print_json(demo.summary())
        return
    for role, name, password in logins():
        click.echo(f"{role:<22} {name:<26} {password}")


# People

people_group = AppGroup("people", help="Users and rosters.")


@people_group.command("create-admin")
@click.argument("name")
@click.option("--email", help="Signs in with it; otherwise with a participant number.")
@click.option("--institution", "institution_name", default="Perpustakaan Nasional",
              show_default=True, help="Name of the root institution, made if missing.")  # fmt: skip
@refuses
def create_admin(name: str, email: str | None, institution_name: str) -> None:
    """Makes the first person of a new installation and prints a one-time link."""
    if email:
        try:
            email = validate_email(email, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise DomainError(_("“%(text)s” is not an e-mail address.", text=email)) from error
    top = root() or create_institution(institution_name, kind="national", parent=None)
    user = register_person(name, email=email, institution=top)
    grant_role(user, ADMIN, top, by=None)
    [handout] = issue_access([user], by=None)
    db.session.commit()
    click.echo(f"{handout.sign_in_name}  {handout.printed_code}")
    click.echo(site_url("people.link", token=handout.token))


@people_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--cohort", "cohort_code", required=True, help="Code of the cohort.")
@click.option("--dry-run", is_flag=True, help="Show what would happen; write nothing.")
@click.option("--create-institutions", is_flag=True, help="Make institutions that are not found.")
@json_option
@refuses
def people_import(
    file: Path, cohort_code: str, dry_run: bool, create_institutions: bool, as_json: bool
) -> None:
    """Reads a list of participants (CSV or XLSX) into a cohort."""
    cohort = by_code(cohort_code)
    if cohort is None:
        raise DomainError(_("There is no cohort %(code)s.", code=cohort_code))
    outcome = import_roster(
        file.read_bytes(),
        file.name,
        cohort,
        by=None,
        create_institutions=create_institutions,
        dry_run=dry_run,
        progress=not as_json,
    )
    db.session.rollback() if dry_run else db.session.commit()
    if as_json:
        print_json(outcome.summary())
        return
    words = outcome_words()
    for row in outcome.rows:
        click.echo(f"{row.line:>6}  {row.shown_name}: {words[row.outcome]}. {row.message}")
    for name, word in words.items():
        click.echo(f"{word}: {outcome.count(name)}")


COMMANDS = (serve, web, worker, jobs, db_group, demo_group, plugins_group, people_group)


def add_commands(app: Flask) -> None:
    for command in COMMANDS:
        if command.name not in {"serve", "web"}:
            app.cli.add_command(command)


def main() -> None:
    """Entry point of the program."""
    group = FlaskGroup(
        name="bimtek",
        create_app=_app,
        add_default_commands=False,
        add_version_option=False,
        load_dotenv=False,
        set_debug_flag=False,
        help="Bimtek: training for libraries, from the roster to what people know afterwards.",
    )
    group.add_command(serve)
    group.add_command(web)
    group.main(prog_name="bimtek")


__all__ = ["add_commands", "ensure_database", "main"]
