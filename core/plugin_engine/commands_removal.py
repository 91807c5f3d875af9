"""`bimtek plugins upgrade | uninstall | forget | export | restore`: the steps that move data."""

import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import click
from flask_babel import gettext as _
from flask_babel import ngettext

from core.commands import json_option, print_json, refuses
from core.errors import DomainError
from core.formatting import filesize
from core.plugin_engine import archive, lifecycle, removal
from core.plugin_engine.commands import plugins_group
from core.plugin_engine.engine import engine
from core.plugin_engine.lifecycle import Moved
from core.plugin_engine.removal import Keep, Removal

F = TypeVar("F", bound=Callable[..., Any])
new_file = click.Path(dir_okay=False, path_type=Path)


class FileExists(DomainError):
    def __init__(self, path: Path) -> None:
        super().__init__(_("%(path)s exists. Choose another name.", path=path))


class NoFolder(DomainError):
    def __init__(self, path: Path) -> None:
        super().__init__(_("There is no folder %(path)s.", path=path))


class NotKept(DomainError):
    def __init__(self, rows: int) -> None:
        super().__init__(
            ngettext(
                "%(num)d row would be lost. Name a file with --export FILE, or say "
                "--without-export.",
                "%(num)d rows would be lost. Name a file with --export FILE, or say "
                "--without-export.",
                rows,
            )
        )


@plugins_group.command("upgrade")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Core and every installed plugin.")
@json_option
@refuses
def plugins_upgrade(names: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Brings plugins to the version of their code; a downgrade is refused."""
    if everything == bool(names):
        raise click.UsageError("Name plugins, or say --all.")
    if everything:
        outcome = lifecycle.upgrade_installed(engine())
        moved, failed = list(outcome.moved), outcome.failed
    else:
        moved, failed = lifecycle.upgrade(engine(), names), {}
    _report(moved, {name: error.message for name, error in failed.items()}, as_json)
    if failed:
        sys.exit(1)


def _report(moved: list[Moved], failed: dict[str, str], as_json: bool) -> None:
    if as_json:
        steps = [{"name": m.name, "before": m.before, "after": m.after} for m in moved]
        print_json({"upgraded": steps, "failed": failed})
        return
    for step in moved:
        click.echo(f"{step.name}: {step.before or '-'} → {step.after}")
    for message in failed.values():
        click.echo(message, err=True)
    if not moved and not failed:
        click.echo(_("Everything is up to date."))


def removing(command: F) -> F:
    """The options of a command that takes a plugin's data away."""
    for option in (
        json_option,
        click.option("--without-export", is_flag=True, help="Lose the data for good."),
        click.option("--export", "file", type=new_file, help="Keep the data in this new file."),
        click.option("--dry-run", is_flag=True, help="Show what would be lost; change nothing."),
        click.argument("name"),
    ):
        command = option(command)
    return command


@plugins_group.command("uninstall")
@removing
@refuses
def plugins_uninstall(name: str, **options: Any) -> None:
    """Drops a plugin's tables and all that belongs to it; refused while required or enabled."""
    _remove(partial(removal.removal, engine(), name), removal.uninstall, name, **options)


@plugins_group.command("forget")
@removing
@refuses
def plugins_forget(name: str, **options: Any) -> None:
    """Cleans up after a plugin whose code is gone."""
    _remove(partial(removal.remains, engine(), name), removal.forget, name, **options)


def _remove(
    look: Callable[[], Removal],
    act: Callable[..., Removal],
    name: str,
    *,
    dry_run: bool,
    file: Path | None,
    without_export: bool,
    as_json: bool,
) -> None:
    if file and without_export:
        raise click.UsageError("Either --export FILE or --without-export.")
    found = look()
    if not dry_run:
        if found.rows and not file and not without_export and not found.refusals:
            raise NotKept(found.rows)
        found = act(engine(), name, keep=_into(file) if file else None)
    if as_json:
        print_json(_as_json(found, removed=not dry_run))
    else:
        _show(found, removed=not dry_run)
    if found.refusals:
        sys.exit(1)


def _as_json(found: Removal, *, removed: bool) -> dict[str, Any]:
    return {
        "plugin": found.name,
        "version": found.version,
        "removed": removed,
        "tables": {t.name: {"rows": t.rows, "bytes": t.bytes} for t in found.tables},
        "activities": found.activities,
        "grants": found.grants,
        "decisions": found.decisions,
        "settings": found.settings,
        "records": found.records,
        "jobs": found.jobs,
        "needed_by": list(found.needed_by.values()),
        "enabled_at": list(found.enabled_at.values()),
        "refused": [refusal.message for refusal in found.refusals],
    }


def _show(found: Removal, *, removed: bool) -> None:
    for table in found.tables:
        rows = ngettext("%(num)d row", "%(num)d rows", table.rows)
        click.echo(f"  {found.name}.{table.name:<32} {rows:>14}  {filesize(table.bytes):>10}")
    for label, count in (
        (_("activities in courses that can no longer be opened"), found.activities),
        (_("roles given to people"), found.grants),
        (_("decisions of institutions"), found.decisions),
        (_("settings"), found.settings),
        (_("waiting jobs"), found.jobs),
    ):
        if count:
            click.echo(f"  {count:>6} {label}")
    for refusal in found.refusals:
        click.echo(refusal.message, err=True)
    if removed:
        click.echo(_("%(name)s was taken off the site.", name=found.title))
    elif not found.refusals:
        click.echo(_("This would be lost. Nothing was changed."))


def _into(path: Path) -> Keep:
    """Keeps an archive in a new file that only its owner reads, whole or not at all."""
    if path.exists():
        raise FileExists(path)
    if not path.parent.is_dir():
        raise NoFolder(path.parent)

    def keep(file: IO[bytes]) -> None:
        draft = path.with_name(f"{path.name}.part")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            shutil.copyfileobj(file, target)
            target.flush()
            os.fsync(target.fileno())
        draft.rename(path)

    return keep


@plugins_group.command("export")
@click.argument("name")
@click.argument("file", type=new_file)
@json_option
@refuses
def plugins_export(name: str, file: Path, as_json: bool) -> None:
    """Writes the archive of an installed plugin; changes nothing."""
    index = removal.export(engine(), name, _into(file))
    if as_json:
        print_json({"plugin": name, "version": index.version, "rows": index.rows})
    else:
        click.echo(_("%(rows)s rows of %(name)s %(version)s are in %(file)s.",
                     rows=index.rows, name=name, version=index.version, file=file))  # fmt: skip


@plugins_group.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@refuses
def plugins_restore(file: Path, as_json: bool) -> None:
    """Installs a plugin with the data of its archive."""
    with file.open("rb") as opened:
        found = archive.restore(engine(), opened)
    lost = {one.table: one.rows for one in found.lost}
    if as_json:
        print_json({
            "plugin": found.name, "archived": found.archived, "version": found.version,
            "rows": found.rows, "lost": lost, "kept_out": dict(found.kept_out),
            "failed_links": [failed.message for failed in found.failed_links],
            "along": list(found.along),
        })  # fmt: skip
        return
    click.echo(_("%(name)s %(version)s is back with %(rows)s rows.",
                 name=found.name, version=found.version, rows=found.rows))  # fmt: skip
    for table, rows in lost.items():
        click.echo(ngettext(
            "%(num)d row of %(table)s did not come back: what it belonged to is gone.",
            "%(num)d rows of %(table)s did not come back: what they belonged to is gone.",
            rows, table=table,
        ))  # fmt: skip
    if found.kept_out:
        click.echo(found.kept_out_sentence)
    for failed in found.failed_links:
        click.echo(failed.message, err=True)
    if found.along:
        titles = ", ".join(found.along)
        click.echo(_("It needs %(titles)s, installed along and empty.", titles=titles))
