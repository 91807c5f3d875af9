"""`bimtek quizzes …`: tests from files, for the operator's console."""

from pathlib import Path

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _

from core.api import Course, DomainError, add_activity, db, json_option, print_json, refuses
from plugins.quizzes import queries
from plugins.quizzes.facts import KIND
from plugins.quizzes.importing import Reading, import_questions, read_gift
from plugins.quizzes.models import Test

quizzes = AppGroup("quizzes", help="Tests and their questions.")


@quizzes.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "file_format", required=True, type=click.Choice(["gift"]))
@click.option("--test", "activity_id", type=int, help="Add to the test of this activity.")
@click.option("--course", "code", help="Add a new, optional test at the end of this course.")
@click.option("--dry-run", is_flag=True, help="Check the file; write nothing.")
@json_option
@click.pass_context
@refuses
def import_file(
    context: click.Context,
    *,
    file: Path,
    file_format: str,
    activity_id: int | None,
    code: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Reads questions from FILE into a test; without --test or --course it only checks FILE.

    Exit status 1: the file cannot be read or holds nothing that can be imported.
    """
    reading = read_gift(file.read_bytes())
    target = _target(activity_id, code, file) if reading.drafts else None
    if target:
        import_questions(target, reading, by=None)
    written = target is not None and not dry_run
    db.session.commit() if written else db.session.rollback()
    print_json(reading.summary()) if as_json else _say(reading, written=written)
    context.exit(0 if reading.drafts else 1)


def _target(activity_id: int | None, code: str | None, file: Path) -> Test | None:
    """The test to write to; None where only a check is wanted. Raises DomainError."""
    course = _course(code) if code else None
    if activity_id is None:
        return _new_test(course, file.stem) if course else None
    found = queries.test_of_activity(activity_id)
    if found is None or (course and found.activity.section.course_id != course.id):
        raise DomainError(_("There is no test %(number)s.", number=activity_id))
    return found


def _course(code: str) -> Course:
    found = db.session.scalar(sa.select(Course).filter_by(code=code.upper()))
    if found is None:
        raise DomainError(_("There is no course %(code)s.", code=code))
    return found


def _new_test(course: Course, title: str) -> Test | None:
    """Optional, so that nobody's completion waits for it unless an author says so."""
    if not course.sections:
        raise DomainError(_("The course %(code)s has no material yet.", code=course.code))
    activity = add_activity(course.sections[-1], KIND, title, required=False)
    return queries.test_of_activity(activity.id)


def _say(reading: Reading, *, written: bool) -> None:
    for fault in reading.faults:
        click.echo(fault.message, err=True)
    for kind, count in reading.by_kind.items():
        click.echo(f"{kind:<12} {count}")
    if written:
        click.echo(_("%(count)s questions were imported.", count=len(reading.drafts)))
    else:
        click.echo(_("%(count)s questions can be imported. Nothing was written.",
                     count=len(reading.drafts)))  # fmt: skip
