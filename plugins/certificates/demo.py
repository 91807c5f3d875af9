"""The demo's certificates: a whole class of 2020, one of them revoked and replaced.

The signer is invented and marked; every certificate says CONTOH. The files are made by the worker
after the start.
"""

from datetime import UTC, datetime

from core.api import Demo, change_settings
from plugins.certificates.services import issue, issue_anew, revoke

FINISHED = "DKI-2020"
ISSUED = datetime(2020, 12, 1, 3, 0, tzinfo=UTC)
CORRECTED = datetime(2020, 12, 8, 2, 30, tzinfo=UTC)
SETTINGS = {
    "signer": "Dr. Wiryawan Adinata, M.Si. (CONTOH)",
    "signer_position": "Kepala Pusat Pembinaan Pustakawan",
    "place": "Jakarta",
    "unit": "PP",
}


def finish(demo: Demo) -> None:
    change_settings("certificates", demo.top, SETTINGS, by=None)
    cohort = demo.cohort(FINISHED)
    if cohort is None:
        return
    by = demo.staff["organiser"]
    mistaken = next(one for one in demo.enrolments(FINISHED) if one.user.title_before)
    title, mistaken.user.title_before = mistaken.user.title_before, ""
    issued = issue(cohort, by=by, at=ISSUED, sample=True)
    mistaken.user.title_before = title
    for certificate in issued:
        if certificate.enrolment_id == mistaken.id:
            revoke(certificate, by=by, at=CORRECTED, reason="Gelar tertinggal")
            issue_anew(certificate, by=by, at=CORRECTED, sample=True)
