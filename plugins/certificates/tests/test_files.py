"""The files: made once by a job, whatever happens, with a QR code that leads to the answer."""

from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from core.api import StoredFile, bytes_of, db
from core.people.services import change_person
from plugins.certificates import queries, services
from plugins.certificates.jobs import make_pdf
from plugins.certificates.models import Certificate
from plugins.certificates.tests.conftest import all_certificates, qr_code


def issue(graduation):
    found = list(services.issue(graduation.cohort, by=None))
    db.session.commit()
    return found


def run(certificate):
    make_pdf.func.__wrapped__(certificate_id=certificate.id)
    db.session.commit()


def test_the_worker_makes_the_files_after_issuing(graduation, run_jobs):
    issue(graduation)
    assert {one.state for one in all_certificates()} == {"making"}

    run_jobs()

    first = all_certificates()[0]
    assert {one.state for one in all_certificates()} == {"ready"}
    assert first.file.name == "0001-KALSEL-07-2026-PP-XI-2026.pdf"
    assert first.file.media_type == "application/pdf"
    assert bytes_of(first.file).startswith(b"%PDF")


def test_a_lot_that_is_undone_makes_no_file(graduation, run_jobs):
    services.issue(graduation.cohort, by=None)
    db.session.rollback()

    run_jobs()

    assert all_certificates() == []


def test_the_code_on_the_paper_opens_the_public_page(graduation, client):
    certificate = issue(graduation)[1]
    run(certificate)

    address = qr_code(bytes_of(certificate.file))

    assert address == f"http://127.0.0.1:8000/certificates/v/{certificate.code}"
    answer = client.get(urlsplit(address).path)
    assert answer.status_code == 200
    assert "Hj. Siti Nur&#39;aini, S.Pd.I., M.M." in answer.text


def test_the_code_follows_the_address_of_the_site_not_of_a_request(graduation, app, monkeypatch):
    monkeypatch.setitem(app.config, "SITE_URL", "https://bimtek.example.id/lms")
    [certificate, *_rest] = issue(graduation)

    with app.test_request_context(base_url="http://evil.example"):
        address = certificate.check_url

    assert address == f"https://bimtek.example.id/lms/certificates/v/{certificate.code}"


def test_the_job_twice_makes_one_file(graduation):
    [certificate, *_rest] = issue(graduation)
    run(certificate)
    first = certificate.file_id

    run(certificate)

    assert certificate.file_id == first


def test_jobs_at_once_make_one_file(graduation, at_once):
    key = issue(graduation)[0].id

    def work():
        services.make_file(db.session.get(Certificate, key))

    at_once(work, work, work)

    [file] = db.session.scalars(sa.select(StoredFile))
    assert db.session.get(Certificate, key).file == file


def test_a_name_that_cannot_be_printed_is_noted_and_the_others_are_made(graduation, run_jobs):
    change_person(graduation.siti, by=None, full_name="Siti 李")
    issue(graduation)

    run_jobs()

    found = all_certificates()
    assert [one.state for one in found] == ["ready", "failed", "ready"]
    assert "李 (U+674E)" in found[1].failure
    figures = queries.figures_of(graduation.cohort)
    assert (figures.certified, figures.making, figures.failed) == (3, 0, 1)


def test_trying_again_makes_what_is_missing(graduation, run_jobs):
    certificates = issue(graduation)
    run_jobs()
    certificates[0].file_id, certificates[0].failure = None, "The store was away."

    tried = services.make_again(graduation.cohort)
    run_jobs()

    assert tried == 1
    assert all_certificates()[0].state == "ready"


def test_a_revoked_certificate_gets_no_file(graduation, run_jobs):
    certificates = issue(graduation)
    services.revoke(certificates[0], by=None, reason="Mistake")

    run_jobs()

    assert all_certificates()[0].file_id is None


def test_files_of_issued_certificates_are_made_where_the_plugin_is_disabled(
    graduation, make, run_jobs
):
    issue(graduation)
    make.disabled("certificates", graduation.institution)

    run_jobs()

    assert {one.state for one in all_certificates()} == {"ready"}


def test_a_certificate_that_is_gone_is_no_fault(app):
    make_pdf.func.__wrapped__(certificate_id=77)


@pytest.mark.parametrize(
    ("number", "name"),
    [("0001/A-1/PP/XI/2026", "0001-A-1-PP-XI-2026.pdf"), ("../../etc/passwd", "etc-passwd.pdf"),
     (r"1\2:3*?", "1-2-3.pdf")],
)  # fmt: skip
def test_the_number_becomes_a_name_of_a_file(graduation, number, name):
    [certificate, *_rest] = issue(graduation)
    certificate.number = number

    assert services.file_name(certificate) == name
