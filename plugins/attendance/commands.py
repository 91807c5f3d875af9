"""`bimtek attendance …`: presence of a class, for the operator's console."""

from collections.abc import Sequence
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _

from core.api import (
    Cohort,
    DomainError,
    ScheduledActivity,
    db,
    json_option,
    participants,
    print_json,
    refuses,
    sessions_of,
)
from plugins.attendance import queries

attendance = AppGroup("attendance", help="Presence in the sessions of classes.")


@attendance.command("list")
@click.option("--cohort", "code", required=True, help="Code of the class.")
@click.option("--session", "number", type=click.IntRange(min=1), help="Only session N, by person.")
@json_option
@refuses
def list_presence(*, code: str, number: int | None, as_json: bool) -> None:
    """Shows the sessions of a class in figures, or the people of one session.

    Exit status 1: there is no such class or session.
    """
    cohort = db.session.scalar(sa.select(Cohort).filter_by(code=code.upper()))
    if cohort is None:
        raise DomainError(_("There is no class %(code)s.", code=code))
    sessions = sessions_of(cohort)
    if number is None:
        _show(_figures(cohort, sessions), "sessions", as_json=as_json)
        return
    if number > len(sessions):
        raise DomainError(_("The class %(code)s has no session %(number)s.",
                            code=cohort.code, number=number))  # fmt: skip
    _show(_people(cohort, sessions[number - 1]), "people", as_json=as_json)


def _figures(cohort: Cohort, sessions: Sequence[ScheduledActivity]) -> list[dict[str, Any]]:
    return [
        {
            "number": one.number,
            "starts_at": one.planned.starts_at.isoformat() if one.planned.starts_at else "",
            "ends_at": one.planned.ends_at.isoformat() if one.planned.ends_at else "",
            **{str(name): count for name, count in one.counts.items()},
            "title": one.title,
        }
        for one in queries.in_figures(cohort, sessions)
    ]


def _people(cohort: Cohort, session: ScheduledActivity) -> list[dict[str, Any]]:
    presence = queries.presence_of(session)
    return [
        {
            "number": one.user.number,
            "verdict": presence[one.id].verdict,
            "minutes": presence[one.id].seconds // 60,
            "share": round(presence[one.id].share, 2),
            "marked": presence[one.id].marked,
            "name": one.user.display_name,
        }
        for one in participants(cohort, limit=None)
    ]


def _show(rows: list[dict[str, Any]], name: str, *, as_json: bool) -> None:
    """JSON, or a line each with tabs between."""
    if as_json:
        print_json({name: rows})
        return
    for row in rows[:1]:
        click.echo("\t".join(row))
    for row in rows:
        click.echo("\t".join(str(value) for value in row.values()))
