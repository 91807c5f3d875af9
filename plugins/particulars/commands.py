"""`bimtek particulars …`: the particulars of a class, for the operator's console."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _

from core.api import Cohort, DomainError, csv_text, db, json_option, print_json, refuses
from plugins.particulars import tables

particulars = AppGroup("particulars", help="Rank, education and letters of participants.")


@particulars.command("list")
@click.option("--cohort", "cohort_code", required=True, help="Code of the class.")
@json_option
@refuses
def list_class(*, cohort_code: str, as_json: bool) -> None:
    """Prints the particulars of a class as CSV, or as JSON. They are personal data."""
    cohort = db.session.scalar(sa.select(Cohort).filter_by(code=cohort_code.upper()))
    if cohort is None:
        raise DomainError(_("There is no cohort %(code)s.", code=cohort_code))
    found = tables.of_class(cohort)
    if as_json:
        print_json({"cohort": cohort.code, "participants": [tables.facts(row) for row in found]})
    else:
        click.echo(csv_text(tables.table(found)), nl=False)
