"""`bimtek regions …`: search, and regions of institutions, for the operator's console."""

from dataclasses import asdict

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _

from core.api import DomainError, Institution, db, json_option, print_json, refuses
from plugins.regions import gazetteer, queries
from plugins.regions.services import set_region

regions = AppGroup("regions", help="Regions, and where institutions lie.")


@regions.command("find")
@click.argument("text")
@json_option
@refuses
def find(*, text: str, as_json: bool) -> None:
    """Shows the provinces, regencies and cities that TEXT, a name or a code, fits.

    Exit status 1: none fits.
    """
    found = gazetteer.find(text)
    if not found:
        raise DomainError(_("No province, regency or city fits “%(words)s”.", words=text))
    if as_json:
        print_json({"regions": [asdict(one) for one in found]})
        return
    for one in found:
        click.echo(f"{one.code:<6} {one.path}")


@regions.command("set")
@click.argument("institution_code")
@click.argument("code")
@refuses
def set_one(*, institution_code: str, code: str) -> None:
    """Sets the region of the institution INSTITUTION_CODE to CODE, such as 63 or 63.03."""
    institution = db.session.scalar(sa.select(Institution).filter_by(code=institution_code))
    if institution is None:
        raise DomainError(_("There is no institution %(code)s.", code=institution_code))
    set_region(institution, code, by=None)
    db.session.commit()
    place = gazetteer.region_or_bare(code).path
    click.echo(_("%(name)s: %(region)s", name=institution.name, region=place))


@regions.command("fill")
@click.option("--dry-run", is_flag=True, help="Only count; write nothing.")
@json_option
@refuses
def fill(*, dry_run: bool, as_json: bool) -> None:
    """Gives offices whose own code is that of a region this region, where they have none."""
    offices = queries.unplaced_offices()
    if not dry_run:
        for office in offices:
            set_region(office, office.code, by=None)
        db.session.commit()
    if as_json:
        print_json({"offices": [office.code for office in offices], "written": not dry_run})
    elif dry_run:
        click.echo(_("%(count)s offices can get a region. Nothing was written.",
                     count=len(offices)))  # fmt: skip
    else:
        click.echo(_("%(count)s offices got a region.", count=len(offices)))
