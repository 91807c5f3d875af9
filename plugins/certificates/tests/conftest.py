"""A class of two days of which three people have completed everything and one half."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp

from core.api import Cohort, Course, Enrolment, Institution, User, change_settings, db
from core.cohorts.services import record_progress
from core.testing.counting import count_queries
from plugins.certificates.models import Certificate, NumberSeries

ISSUED = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)  # 10.00 WITA
SIGNED = {
    "signer": "Dr. Contoh Adinata, M.Hum.",
    "signer_position": "Kepala Pusat",
    "place": "Jakarta",
    "unit": "PP",
}


@dataclass
class Graduation:
    institution: Institution
    office: Institution
    course: Course
    cohort: Cohort
    completed: list[Enrolment]  # in order of name
    unfinished: Enrolment
    organiser: User

    def url(self, path: str = "") -> str:
        return f"/certificates/classes/{self.cohort.code}{path}"

    def complete(self, enrolment: Enrolment) -> None:
        for activity in self.course.activities:
            record_progress(enrolment, activity, "done")

    @property
    def siti(self) -> User:
        return self.completed[1].user


def all_certificates():
    return db.session.scalars(sa.select(Certificate).order_by(Certificate.id)).all()


def numbers():
    return [one.number for one in all_certificates()]


def last_numbers():
    query = sa.select(NumberSeries.institution_id, NumberSeries.year, NumberSeries.last)
    return {(institution, year): last for institution, year, last in db.session.execute(query)}


def codes_on(page):
    """What a phone reads in the QR codes of a page."""
    picture = page.render(scale=150 / 72, grayscale=True)
    rows = memoryview(bytes(picture.buffer)).cast("B", (picture.height, picture.stride))
    return [code.text for code in zxingcpp.read_barcodes(rows)]


def qr_code(pdf):
    """The one on the first page of a file."""
    [code] = codes_on(pypdfium2.PdfDocument(pdf)[0])
    return code


@pytest.fixture
def graduation(make, clock):
    clock.set(ISSUED)
    institution = make.institution("Perpustakaan Contoh", code="PNRI")
    office = make.institution("Dinas Contoh", institution, "province", timezone="Asia/Makassar")
    make.enabled("certificates", institution)
    change_settings("certificates", institution, SIGNED, by=None)
    course = make.course(institution, pages=0, title="Bimtek Contoh", lesson_hours=16)
    for title in ("Analisis kebutuhan", "Media sosial"):
        make.page(make.section(course, title, lesson_hours=8), f"Bacaan {title}")
    make.published(course)
    cohort = make.cohort(course, office, code="KALSEL-07-2026", title="Bimtek Kalsel")
    people = [
        make.user("Ni'matul"),
        make.user("Siti Nur'aini", title_before="Hj.", title_after="S.Pd.I., M.M.",
                  phone="+6281255000109", email="siti@contoh.example", nip="197001012000012001"),
        make.user("Sukarno"),
    ]  # fmt: skip
    enrolments = [make.enrolment(cohort, person) for person in people]
    unfinished = make.enrolment(cohort, make.user("Wati"))
    organiser = make.staff("organiser", institution)
    found = Graduation(institution, office, course, cohort, enrolments, unfinished, organiser)
    for enrolment in enrolments:
        found.complete(enrolment)
    record_progress(unfinished, course.activities[0], "done")
    db.session.commit()
    return found


@pytest.fixture
def statements(app):
    """A list that fills with every statement sent to the database."""
    with count_queries(app) as found:
        yield found
