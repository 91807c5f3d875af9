"""Rules of certificates: issuing, revoking, issuing anew, making the file.

Numbers come from a row that is locked until the transaction ends: a lot that is undone gives its
numbers back, and two lots at once never share one.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core.api import (
    Cohort,
    DomainError,
    Enrolment,
    Institution,
    User,
    audit,
    db,
    enqueue,
    keep_made,
    now,
)
from plugins.certificates import queries
from plugins.certificates.jobs import make_pdf
from plugins.certificates.lots import Lot
from plugins.certificates.models import Certificate, NumberSeries
from plugins.certificates.numbering import new_code
from plugins.certificates.pdf import Unprintable, render


class NumberTaken(DomainError):
    def __init__(self, number: str) -> None:
        super().__init__(
            _(
                "A number such as %(number)s was given before, under another pattern. Change the "
                "pattern of the numbers.",
                number=number,
            )
        )


class SignerMissing(DomainError):
    def __init__(self, issuer: Institution) -> None:
        super().__init__(
            _(
                "%(issuer)s has no signer of its own, so it cannot issue certificates. An admin of "
                "the institution sets the signer under Plugins > Certificates > Settings.",
                issuer=issuer.name,
            )
        )


class NotPublished(DomainError):
    def __init__(self, cohort: Cohort) -> None:
        if cohort.status == "cancelled":
            text = _("The class was cancelled, so it issues no certificates.")
        else:
            text = _("The class is a draft. Publish it before you issue certificates.")
        super().__init__(text)


class NotEntitled(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _("There is nothing to issue: a valid one exists, or the class is not completed.")
        )


class ReasonMissing(DomainError):
    def __init__(self) -> None:
        super().__init__(_("Write the reason: it is kept with the certificate."))


# Issuing


def lot_of(cohort: Cohort, *, at: datetime | None = None, sample: bool | None = None) -> Lot:
    """What would be issued now, or at another time; the date is that of the class's own zone."""
    return Lot(cohort, (at or now()).astimezone(ZoneInfo(cohort.timezone)).date(), sample)


def obstacle(lot: Lot) -> DomainError | None:
    """Why nothing can be issued, whoever waits."""
    if lot.cohort.status != "published":
        return NotPublished(lot.cohort)
    return None if lot.settings["signer"] else SignerMissing(lot.cohort.organiser)


def issue(
    cohort: Cohort, *, by: User | None, at: datetime | None = None, sample: bool | None = None
) -> Sequence[Certificate]:
    """Issues to all who have completed the class and never had a certificate, in order of name.

    All or none. A second time finds nobody and gives an empty list. Raises NumberTaken,
    SignerMissing, NotPublished.
    """
    _hold(Enrolment.cohort_id == cohort.id)
    return _issue(cohort, queries.waiting(cohort), by, at, sample)


def issue_anew(
    revoked: Certificate, *, by: User | None, at: datetime | None = None, sample: bool | None = None
) -> Certificate:
    """One in place of a revoked one, with the data of today. Raises NotEntitled and as `issue`."""
    _hold(Enrolment.id == revoked.enrolment_id)
    enrolment = queries.still_entitled(revoked)
    if enrolment is None:
        raise NotEntitled
    [certificate] = _issue(enrolment.cohort, [enrolment], by, at, sample)
    return certificate


def _hold(where: sa.ColumnElement[bool]) -> None:
    """Locks enrolments, in a statement of its own: what comes after sees what others have done."""
    rows = sa.select(Enrolment.id).where(where).order_by(Enrolment.id)
    db.session.execute(rows.with_for_update(key_share=True)).all()


def _issue(
    cohort: Cohort,
    enrolments: Sequence[Enrolment],
    by: User | None,
    at: datetime | None,
    sample: bool | None,
) -> Sequence[Certificate]:
    if not enrolments:
        return []
    at = at or now()
    lot = lot_of(cohort, at=at, sample=sample)
    if refused := obstacle(lot):
        raise refused
    series = _held_series(cohort.organiser, lot.day.year)
    certificates = [
        _certificate(lot, series, sequence, enrolment, at=at, by=by)
        for sequence, enrolment in enumerate(enrolments, start=series.last + 1)
    ]
    series.last += len(certificates)
    _add(certificates)
    for certificate in certificates:
        enqueue(make_pdf, certificate_id=certificate.id)
    first, last = certificates[0].number, certificates[-1].number
    audit("certificates.issue", cohort, actor=by, institution=cohort.organiser,
          first=first, last=last, count=len(certificates))  # fmt: skip
    return certificates


def _certificate(
    lot: Lot,
    series: NumberSeries,
    sequence: int,
    enrolment: Enrolment,
    *,
    at: datetime,
    by: User | None,
) -> Certificate:
    return Certificate(
        enrolment_id=enrolment.id,
        issuer_id=series.institution_id,
        series_id=series.id,
        sequence=sequence,
        number=lot.number(sequence),
        code=new_code(),
        printed=lot.printed(enrolment.user, sequence).to_json(),
        issued_at=at,
        issued_by_id=by.id if by else None,
    )


def _held_series(institution: Institution, year: int) -> NumberSeries:
    """The series, made when it is the first time, and locked until the transaction ends."""
    key = {"institution_id": institution.id, "year": year}
    new = insert(NumberSeries).values(**key)
    db.session.execute(new.on_conflict_do_nothing(index_elements=list(key)))
    query = sa.select(NumberSeries).filter_by(**key).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _add(certificates: Sequence[Certificate]) -> None:
    try:
        with db.session.begin_nested():
            db.session.add_all(certificates)
    except IntegrityError as error:
        if "uq_certificate_number" in str(error.orig):
            raise NumberTaken(certificates[0].number) from error
        raise


# Revoking


def revoke(
    certificate: Certificate, *, by: User | None, reason: str, at: datetime | None = None
) -> None:
    """Makes it invalid for good; twice is once. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    _hold_certificate(certificate)
    if certificate.revoked_at is not None:
        return
    certificate.revoked_at, certificate.reason = at or now(), reason.strip()
    certificate.revoked_by_id = by.id if by else None
    institution = certificate.enrolment.cohort.organiser
    audit("certificates.revoke", certificate, actor=by, institution=institution)


def _hold_certificate(certificate: Certificate) -> None:
    """Locks its row until the transaction ends, and reads it afresh."""
    query = sa.select(Certificate).filter_by(id=certificate.id).with_for_update()
    db.session.scalars(query.execution_options(populate_existing=True)).one()


# The file


def make_file(certificate: Certificate) -> None:
    """Prints and keeps it, unless that was done. What cannot be printed is noted, not raised."""
    _hold_certificate(certificate)
    if certificate.file_id is not None or certificate.revoked_at is not None:
        return
    try:
        made = render(certificate.content, verify_url=certificate.check_url)
    except Unprintable as fault:
        certificate.failure = fault.message
        return
    certificate.file = keep_made(made, file_name(certificate))
    certificate.failure = ""


def file_name(certificate: Certificate) -> str:
    """After the number: 0123-KALSEL-07-2026-PP-XI-2026.pdf."""
    stem = re.sub(r"[^\w.-]+", "-", certificate.number).strip(".-")
    return f"CONTOH-{stem}.pdf" if certificate.content.sample else f"{stem}.pdf"


def make_again(cohort: Cohort) -> int:
    """Tries once more to make the files that are not there; gives how many."""
    unmade = queries.unmade_in(cohort)
    for certificate in unmade:
        certificate.failure = ""
        enqueue(make_pdf, certificate_id=certificate.id)
    return len(unmade)
