"""The demo's people have invented ranks and letters, its classes a decree, its courses an audience.

Some are left out on purpose: the committee of a class sees what is missing.
"""

from datetime import date, timedelta

from core.api import Cohort, Demo, Enrolment
from plugins.particulars import queries
from plugins.particulars.models import EDUCATION, RANK, Entry
from plugins.particulars.services import set_audience, set_basis, set_letter, set_person

CLASSES = ("DKI-2020", "BJM-2021", "BTP-2026")
COURSES = {
    "BTP-2020": (
        "Pengelola perpustakaan umum dan desa",
        "Laptop atau ponsel dengan koneksi internet.",
    ),
    "SPP-2021": (
        "Kepala dan pengelola perpustakaan desa",
        "Membawa data koleksi dan rencana kerja perpustakaan.",
    ),
}
UNITS = ("Bidang Pembinaan", "Seksi Layanan", "Bidang Pengolahan Bahan", "Sekretariat", "")
USUAL_RANKS = ("II/c", "II/d", "III/a", "III/b", "III/c", "III/d", "IV/a", "PPPK VII", "PPPK IX")
USUAL_EDUCATION = ("SMA", "D2", "D3", "S1", "S1", "S2")


def load(demo: Demo) -> None:
    ranks, levels = _usual(RANK, USUAL_RANKS), _usual(EDUCATION, USUAL_EDUCATION)
    for code, (target, needs) in COURSES.items():
        if course := demo.course(code):
            set_audience(course, target=target, needs=needs, by=None)
    for number, code in enumerate(CLASSES, start=1):
        if cohort := demo.cohort(code):
            _class(demo, cohort, number)
            for at, enrolment in enumerate(demo.enrolments(code), start=1):
                _participant(demo, enrolment, at, ranks, levels)


def _usual(kind: str, codes: tuple[str, ...]) -> list[Entry]:
    known = {one.code: one for one in queries.entries(kind)}
    return [known[code] for code in codes if code in known]


def _class(demo: Demo, cohort: Cohort, number: int) -> None:
    day = cohort.starts_on - timedelta(days=30)
    text = f"CONTOH-{number:03d}/SK/BIMTEK/{day.year}"
    set_basis(cohort, number=text, dated_on=day, by=None)


def _participant(
    demo: Demo, enrolment: Enrolment, at: int, ranks: list[Entry], levels: list[Entry]
) -> None:
    """Nine of ten have told the rank, four of five the letter."""
    if ranks and levels and at % 10:
        set_person(
            enrolment.user,
            rank_id=demo.random.choice(ranks).id,
            education_id=demo.random.choice(levels).id,
            work_unit=demo.random.choice(UNITS),
            by=None,
        )
    if at % 5:
        day: date = enrolment.cohort.starts_on - timedelta(days=demo.random.randint(3, 12))
        text = f"CONTOH-{at:03d}/ST/{day.month:02d}/{day.year}"
        set_letter(enrolment, number=text, dated_on=day, by=None)
