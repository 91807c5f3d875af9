"""`bimtek certificates …`: checking, issuing and taking out, for the operator's console."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _

from core.api import (
    Cohort,
    DomainError,
    bytes_of,
    csv_text,
    db,
    json_option,
    print_json,
    refuses,
)
from plugins.certificates import checking, queries, services
from plugins.certificates.models import Certificate

INDEX = "index.csv"
HEAD = ("number", "name", "participant", "issued_on", "file", "state", "reason")

certificates = AppGroup("certificates", help="Numbered certificates of completed classes.")
cohort_option = click.option("--cohort", "cohort_code", required=True, help="Code of the class.")


def _cohort(code: str) -> Cohort:
    found = db.session.scalar(sa.select(Cohort).filter_by(code=code.upper()))
    if found is None:
        raise DomainError(_("There is no cohort %(code)s.", code=code))
    return found


@certificates.command("verify")
@click.argument("code")
@json_option
@click.pass_context
@refuses
def verify(context: click.Context, code: str, as_json: bool) -> None:
    """Checks a certificate by its code or number, which several institutions may have given.

    Exit status 1: there is none, or one was revoked.
    """
    answers = checking.check(code)
    if as_json:
        print_json({"certificates": [_facts(found) for found in answers]})
    elif not answers:
        click.echo(_("There is no such certificate. A code looks like 7KQ2-M4XD-9PTA."))
    else:
        click.echo("\n".join(map(_sentence, answers)))
    context.exit(0 if answers and all(found.state == "valid" for found in answers) else 1)


def _sentence(found: checking.Found) -> str:
    content = found.content
    told = {"number": content.number, "issuer": content.issuer, "name": content.name}
    if found.certificate.revoked_at:
        since = found.certificate.revoked_at.date().isoformat()
        return _(
            "%(number)s of %(issuer)s, %(name)s: revoked since %(since)s.", since=since, **told
        )
    return _("%(number)s of %(issuer)s, %(name)s: valid.", **told)


def _facts(found: checking.Found) -> dict[str, Any]:
    revoked_at = found.certificate.revoked_at
    return {
        "state": found.state,
        "number": found.certificate.number,
        "code": found.certificate.code,
        "revoked_at": revoked_at.isoformat() if revoked_at else None,
        "replaced_by": found.replaced_by or None,
        "printed": found.certificate.printed,
    }


@certificates.command("issue")
@cohort_option
@click.option("--dry-run", is_flag=True, help="Show what would be issued; write nothing.")
@json_option
@refuses
def issue(cohort_code: str, dry_run: bool, as_json: bool) -> None:
    """Issues to everybody who has completed the class and never had a certificate."""
    issued = services.issue(_cohort(cohort_code), by=None)
    rows = [{"number": one.number, "name": one.printed["name"]} for one in issued]
    db.session.rollback() if dry_run else db.session.commit()
    if as_json:
        print_json({"issued": rows, "dry_run": dry_run})
        return
    for row in rows:
        click.echo(f"{row['number']}  {row['name']}")
    if dry_run:
        click.echo(_("%(count)s certificates can be issued. Nothing was written.",
                     count=len(rows)))  # fmt: skip
    else:
        click.echo(_("%(count)s certificates were issued.", count=len(rows)))


@certificates.command("export")
@cohort_option
@click.option("--out", "folder", required=True, help="Folder for the files; made if missing.",
              type=click.Path(file_okay=False, path_type=Path))  # fmt: skip
@json_option
@refuses
def export(cohort_code: str, folder: Path, as_json: bool) -> None:
    """Writes the files of a class, named by number, and a list of them.

    Files that are not made yet are made at once. Nothing is written where a file of the same
    name and another content lies in the folder; only a list of our own is replaced.
    """
    cohort = _cohort(cohort_code)
    for certificate in queries.unmade_in(cohort):
        services.make_file(certificate)
    db.session.commit()
    found = queries.certificates_in(cohort)
    ready = [one for one in found if one.state == "ready"]
    _refuse_foreign(folder, ready)
    folder.mkdir(parents=True, exist_ok=True)
    for certificate in ready:
        (folder / services.file_name(certificate)).write_bytes(_bytes(certificate))
    (folder / INDEX).write_text("\ufeff" + csv_text(_rows(found)), encoding="utf-8")
    failed = {one.number: one.failure for one in found if one.state == "failed"}
    if as_json:
        print_json({"folder": str(folder), "files": len(ready), "failed": failed})
        return
    for number, failure in failed.items():
        click.echo(f"{number}: {failure}", err=True)
    click.echo(_("%(count)s files were written to %(folder)s.", count=len(ready), folder=folder))


def _bytes(certificate: Certificate) -> bytes:
    assert certificate.file is not None  # noqa: S101 -- only ready ones are asked for
    try:
        return bytes_of(certificate.file)
    except FileNotFoundError as error:
        text = _("The file of %(number)s is gone from the store.", number=certificate.number)
        raise DomainError(text) from error


def _rows(found: Sequence[Certificate]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [HEAD]
    for one in found:
        name = services.file_name(one) if one.state == "ready" else ""
        printed, person = one.printed, one.enrolment.user.number
        rows.append((one.number, printed["name"], person, printed["issued_on"], name, one.state,
                     one.reason or one.failure))  # fmt: skip
    return rows


def _refuse_foreign(folder: Path, ready: Sequence[Certificate]) -> None:
    index = folder / INDEX
    if index.exists() and not index.read_bytes().startswith(_head()):
        raise Foreign(index)
    for certificate in ready:
        path = folder / services.file_name(certificate)
        if path.exists() and path.read_bytes() != _bytes(certificate):
            raise Foreign(path)


def _head() -> bytes:
    return ("\ufeff" + csv_text([HEAD])).encode().rstrip()


class Foreign(DomainError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            _("%(path)s is another file. Move it away, or choose another folder.", path=path)
        )
