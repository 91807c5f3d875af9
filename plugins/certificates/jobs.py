"""Making the files of certificates, after they were issued and outside the request."""

from core.api import db, job
from plugins.certificates.models import Certificate


@job("certificates.make_pdf")
def make_pdf(certificate_id: int) -> None:
    """Makes the file of a certificate, once.

    Where the plugin was disabled meanwhile it is made all the same: its number is given and
    strangers can check it, so its owner must be able to have it.
    """
    from plugins.certificates import services  # noqa: PLC0415 -- services enqueue this job

    certificate = db.session.get(Certificate, certificate_id)
    if certificate is not None:
        services.make_file(certificate)
