"""The staff's pages of a class: who has one and who waits, issuing, revoking, the files."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from core.api import (
    Cohort,
    DomainError,
    Enrolment,
    User,
    can,
    db,
    one_line,
    plugin_is_active,
    requires,
    send_stored_file,
)
from plugins.certificates import queries, services
from plugins.certificates.blueprint import pages
from plugins.certificates.forms import RevokeForm
from plugins.certificates.models import Certificate

A_PAGE = 50
LISTED = 10  # of those who have not completed, where they are not the subject of the page
OF_CLASS = "/classes/<cohort_code>"
ONE = f"{OF_CLASS}/<int:certificate_id>"


def _here() -> Cohort:
    cohort: Cohort = g.scope
    return cohort


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _certificate(certificate_id: int) -> Certificate:
    return queries.certificate_in(_here(), certificate_id) or abort(404)


def _may_issue() -> bool:
    """A certificate is its issuer's: the host's permission is not enough."""
    return can(current_user, "certificates.issue", _here().organiser)


def _by_issuer(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Used below `@requires`, which would let the host's staff pass as well."""

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        return view(**arguments) if _may_issue() else abort(403)

    return guarded


def _page(template: str, **context: Any) -> str:
    return render_template(
        f"certificates/{template}.html", cohort=_here(), may_issue=_may_issue(), **context
    )


def _back() -> ResponseReturnValue:
    return redirect(url_for("certificates.of_class", cohort_code=_here().code))


@pages.get(OF_CLASS)
@requires("certificates.view")
def of_class(cohort_code: str) -> ResponseReturnValue:
    """What is to be done first, then every certificate of the class."""
    cohort = _here()
    search = one_line(request.args.get("q", ""))[:100]
    after = request.args.get("after", 0, type=int)
    found = queries.certificates_in(
        cohort, search=search, after=min(max(after, 0), 2**63 - 1), limit=A_PAGE + 1
    )
    return _page(
        "of_class",
        figures=queries.figures_of(cohort),
        to_decide=queries.to_decide(cohort),
        unmade=queries.unmade_in(cohort),
        certificates=found[:A_PAGE],
        instead=queries.replacements(found[:A_PAGE]),
        more=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
        search=search,
        **_unfinished(LISTED),
    )


def _unfinished(limit: int, after: Enrolment | None = None) -> Mapping[str, Any]:
    """Some of those who have not completed, why, and who was the last if there are more."""
    found = queries.unfinished(_here(), after=after, limit=limit + 1)
    shown: Sequence[Enrolment] = found[:limit]
    return {
        "unfinished": shown,
        "missing": queries.missing_of(_here(), shown),
        "more_unfinished": shown[-1].id if len(found) > limit else None,
    }


@pages.get(f"{OF_CLASS}/unfinished")
@requires("certificates.view")
def unfinished(cohort_code: str) -> ResponseReturnValue:
    """Everybody who has not completed the class, and what is missing."""
    last = request.args.get("after", 0, type=int)
    after = queries.enrolment_in(_here(), last) if 0 < last < 2**63 else None
    return _page("unfinished", **_unfinished(A_PAGE, after))


# Issuing


@pages.route(f"{OF_CLASS}/issue", methods=["GET", "POST"])
@requires("certificates.issue")
@_by_issuer
def issue(cohort_code: str) -> ResponseReturnValue:
    """Shows what would be printed; the button issues to everybody who waits."""
    if request.method != "POST":
        return _review(queries.waiting(_here()))
    try:
        issued = services.issue(_here(), by=_me())
    except DomainError as refused:
        return _refused(refused)
    db.session.commit()
    if not issued:
        flash(_("Nobody waits for a certificate."), "warn")
    else:
        flash(
            ngettext(
                "%(num)d certificate was issued. Its file is being made.",
                "%(num)d certificates were issued. Their files are being made.",
                len(issued),
            ),
            "ok",
        )
    return _back()


@pages.route(f"{ONE}/anew", methods=["GET", "POST"])
@requires("certificates.issue")
@_by_issuer
def issue_anew(cohort_code: str, certificate_id: int) -> ResponseReturnValue:
    """One in place of a revoked one, with today's data."""
    revoked = _certificate(certificate_id)
    if request.method != "POST":
        found = queries.still_entitled(revoked)
        return _review([found] if found else [], instead_of=revoked)
    try:
        issued = services.issue_anew(revoked, by=_me())
    except DomainError as refused:
        return _refused(refused)
    number = issued.number
    db.session.commit()
    flash(_("%(number)s was issued. Its file is being made.", number=number), "ok")
    return _back()


def _refused(refused: DomainError) -> ResponseReturnValue:
    db.session.rollback()
    flash(refused.message, "error")
    return _back()


def _review(
    enrolments: Sequence[Enrolment], instead_of: Certificate | None = None
) -> ResponseReturnValue:
    """Numbers, signer, date and the first certificate as it would be printed."""
    if not enrolments:
        flash(_("Nobody waits for a certificate."), "warn")
        return _back()
    cohort = _here()
    lot = services.lot_of(cohort)
    first = queries.last_number(cohort.organiser, lot.day.year) + 1
    return _page(
        "review",
        lot=lot,
        enrolments=enrolments,
        printed=lot.printed(enrolments[0].user, first),
        last=lot.number(first + len(enrolments) - 1),
        instead_of=instead_of,
        obstacle=services.obstacle(lot),
        settings_url=_settings_url(cohort),
        **({} if instead_of else _unfinished(LISTED)),
    )


def _settings_url(cohort: Cohort) -> str:
    """Where the signer is set, for who may do it."""
    organiser = cohort.organiser
    may = can(current_user, "plugins.manage", organiser)
    if not (may and plugin_is_active("certificates", organiser)):
        return ""
    return url_for("plugins.settings_here", institution_id=organiser.id, plugin="certificates")


# One certificate


@pages.route(f"{ONE}/revoke", methods=["GET", "POST"])
@requires("certificates.issue")
@_by_issuer
def revoke(cohort_code: str, certificate_id: int) -> ResponseReturnValue:
    """Asks for the reason and says what is lost; then offers to issue a new one."""
    certificate, form = _certificate(certificate_id), RevokeForm()
    if certificate.revoked_at is not None:
        return _back()
    if not form.validate_on_submit():
        return _page("revoke", certificate=certificate, form=form)
    services.revoke(certificate, by=_me(), reason=form.reason.data)
    db.session.commit()
    flash(_("%(number)s was revoked.", number=certificate.number), "ok")
    if queries.still_entitled(certificate) is None:
        return _back()
    anew = url_for(
        "certificates.issue_anew", cohort_code=_here().code, certificate_id=certificate.id
    )
    return redirect(anew)


@pages.post(f"{OF_CLASS}/files")
@requires("certificates.issue")
@_by_issuer
def make_again(cohort_code: str) -> ResponseReturnValue:
    """Tries again to make the files that are missing."""
    services.make_again(_here())
    db.session.commit()
    flash(_("The files are being made."), "ok")
    return _back()


@pages.get(f"{ONE}.pdf")
@requires("certificates.view")
def file(cohort_code: str, certificate_id: int) -> ResponseReturnValue:
    certificate = _certificate(certificate_id)
    if certificate.file is None:
        flash(_("The file is still being made. Try again in a minute."), "warn")
        return _back()
    return send_stored_file(certificate.file)
