"""`bimtek monitoring …`: the figures on the operator's console, and as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _

from core.api import (
    Cohort,
    Course,
    DomainError,
    Institution,
    csv_text,
    db,
    json_option,
    print_json,
    refuses,
    xlsx_bytes,
)
from plugins.monitoring.figures import Figures, Question, figures_of
from plugins.monitoring.selection import GROUPS, By, Selection
from plugins.monitoring.tables import as_json, shown, table

M = TypeVar("M", Cohort, Course, Institution)
monitoring = AppGroup("monitoring", help="Participants and results by region.")
file_path = click.Path(dir_okay=False, writable=True, path_type=Path)


@monitoring.command("report")
@click.option("--cohort", "cohort_code", help="Of this class, by its code.")
@click.option("--course", "course_code", help="Of all classes of this course.")
@click.option("--year", type=click.IntRange(1000, 9999), help="Of all classes that begin in it.")
@click.option("--institution", "institution_code", help="Only classes held there or below it.")
@click.option("--by", required=True, type=click.Choice(GROUPS), help="What a row stands for.")
@json_option
@click.option("--csv", "csv_file", type=file_path, help="Write the table to this file.")
@click.option("--xlsx", "xlsx_file", type=file_path, help="The same as a workbook.")
@refuses
def report(
    *,
    cohort_code: str | None,
    course_code: str | None,
    year: int | None,
    institution_code: str | None,
    by: By,
    as_json: bool,
    csv_file: Path | None,
    xlsx_file: Path | None,
) -> None:
    """Adds up participants and all metrics by province, regency or institution.

    Give exactly one of --cohort, --course and --year. Exit status 1: there is no such thing.
    """
    if len([given for given in (cohort_code, course_code, year) if given is not None]) != 1:
        raise click.UsageError("Give exactly one of --cohort, --course and --year.")
    selection = Selection(
        institution=_called(Institution, institution_code),
        cohort=_called(Cohort, cohort_code and cohort_code.upper()),
        course=_called(Course, course_code and course_code.upper()),
        year=year,
    )
    found = figures_of(Question(selection, by))
    _write(found, by, csv_file, xlsx_file)
    if as_json:
        _print_json(found)
    elif not (csv_file or xlsx_file):
        _print(found)


def _called(model: type[M], code: str | None) -> M | None:
    """What a code names; None where none is given. Raises DomainError for an unknown one."""
    if code is None:
        return None
    found = db.session.scalar(sa.select(model).filter_by(code=code))
    if found is None:
        raise DomainError(_("Nothing has the code %(code)s.", code=code))
    return found


def _write(found: Figures, by: By, csv_file: Path | None, xlsx_file: Path | None) -> None:
    """Files as the pages give them; a byte order mark tells Excel that CSV is UTF-8."""
    if csv_file:
        csv_file.write_text(csv_text(table(found, by)), encoding="utf-8-sig", newline="")
    if xlsx_file:
        xlsx_file.write_bytes(xlsx_bytes(table(found, by), sheet=_("Figures")))


def _print_json(found: Figures) -> None:
    print_json(as_json(found))


def _print(found: Figures) -> None:
    """Aligned columns, figures to the right."""
    lines: list[Sequence[Any]] = [["", "", *(str(metric.title) for metric in found.metrics)]]
    for row in (*found.rows, found.total):
        figures = [shown(row.figure(metric), metric) for metric in found.metrics]
        lines.append([row.code, row.name, *figures])
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for code, name, *figures in lines:
        left = f"{code:<{widths[0]}}  {name:<{widths[1]}}"
        right = "".join(
            f"  {cell:>{width}}" for cell, width in zip(figures, widths[2:], strict=True)
        )
        click.echo(f"{left}{right}".rstrip())
    for metric in found.failed:
        click.echo(_("%(metric)s could not be computed.", metric=metric.title), err=True)
