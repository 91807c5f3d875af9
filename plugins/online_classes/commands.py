"""`bimtek online-classes …`: participants reports from files, for the operator's console."""

from pathlib import Path

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _

from core.api import (
    Cohort,
    DomainError,
    db,
    json_option,
    plugin_is_active,
    print_json,
    refuses,
)
from plugins.online_classes.importing import ImportOutcome
from plugins.online_classes.importing import import_report as take_in
from plugins.online_classes.queries import LiveClass, session_at
from plugins.online_classes.report_checks import (
    ReportRefused,
    covered,
    follows_clock,
    likeliest_zone,
    read_for,
    zones_of,
)

CLEARLY_MORE = 30

online_classes = AppGroup("online-classes", help="Live classes and what Zoom reported of them.")


@online_classes.command("import-report")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--cohort", "code", required=True, help="Code of the class.")
@click.option("--session", "number", required=True, type=int, help="1 is the first session.")
@click.option("--zone", help="Clock of the report, such as Asia/Makassar; else that of the class.")
@click.option("--confirmed", is_flag=True,
              help="It is the right report, though it tells neither time nor meeting.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would happen; write nothing.")
@json_option
@refuses
def import_report(
    *,
    file: Path,
    code: str,
    number: int,
    zone: str | None,
    confirmed: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Imports the participants report of Zoom for a session of a class.

    Names that no e-mail tells wait on the page of the session. Exit status 1: the report cannot
    be read, or is one of another meeting.
    """
    live, data = _session(code, number), file.read_bytes()
    outcome = take_in(
        data,
        file.name,
        live,
        zone=zone or _own_zone(live, data, file.name),
        by=None,
        confirmed=confirmed,
        dry_run=dry_run,
    )
    db.session.rollback() if dry_run else db.session.commit()
    print_json(outcome.summary()) if as_json else _say(outcome, written=not dry_run)


def _own_zone(live: LiveClass, data: bytes, name: str) -> str:
    """That of the class. Raises ReportRefused where another one fits the session clearly better."""
    report, own = read_for(live, data, name), live.cohort.timezone
    best, most = likeliest_zone(live, report, [zone for zone, _label in zones_of(live.cohort)])
    minutes = covered(live, report, own)
    if follows_clock(report) and most - minutes >= CLEARLY_MORE:
        raise ReportRefused(
            _("By the clock of the class (%(own)s) the report covers %(minutes)s minutes of the "
              "session, by %(best)s %(most)s. Say which one it is with --zone.",
              own=own, minutes=minutes, best=best, most=most)
        )  # fmt: skip
    return own


def _session(code: str, number: int) -> LiveClass:
    cohort = db.session.scalar(sa.select(Cohort).filter_by(code=code.strip().upper()))
    if cohort is None:
        raise DomainError(_("There is no cohort %(code)s.", code=code))
    if not plugin_is_active("online_classes", cohort.host):
        raise DomainError(_("Online classes are disabled at %(host)s.", host=cohort.host.name))
    found = session_at(cohort, number)
    if found is None:
        raise DomainError(
            _("The class %(code)s has no live class number %(number)s with a time.",
              code=cohort.code, number=number)
        )  # fmt: skip
    return found


def _say(outcome: ImportOutcome, *, written: bool) -> None:
    for fault in outcome.faults:
        click.echo(fault.message, err=True)
    for person in outcome.people:
        click.echo(f"{person.participant or '-':<10} {person.minutes:>5}  {person.name}")
    click.echo(
        _("%(rows)s rows, %(new)s new; %(matched)s people matched, %(open)s to decide.",
          rows=outcome.rows, new=outcome.new_rows, matched=outcome.count("matched"),
          open=outcome.count("open"))
    )  # fmt: skip
    if not written:
        click.echo(_("Nothing was written."))
