"""The ranks and levels of education that the plugin brings, each under a name that stays.

Ranks of civil servants with their grades, the grades of contract employees (PPPK), and education
from primary school to doctorate. Whether an entry is offered is the site's to say.
"""

from collections.abc import Iterator, Sequence

from core.api import Record
from plugins.particulars.models import EDUCATION, RANK, Entry

SERVANTS = (
    ("I/a", "Juru Muda"),
    ("I/b", "Juru Muda Tingkat I"),
    ("I/c", "Juru"),
    ("I/d", "Juru Tingkat I"),
    ("II/a", "Pengatur Muda"),
    ("II/b", "Pengatur Muda Tingkat I"),
    ("II/c", "Pengatur"),
    ("II/d", "Pengatur Tingkat I"),
    ("III/a", "Penata Muda"),
    ("III/b", "Penata Muda Tingkat I"),
    ("III/c", "Penata"),
    ("III/d", "Penata Tingkat I"),
    ("IV/a", "Pembina"),
    ("IV/b", "Pembina Tingkat I"),
    ("IV/c", "Pembina Utama Muda"),
    ("IV/d", "Pembina Utama Madya"),
    ("IV/e", "Pembina Utama"),
)
CONTRACT = (
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX",
    "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII",
)  # fmt: skip
LEVELS = (
    ("SD", "Sekolah Dasar"),
    ("SMP", "Sekolah Menengah Pertama"),
    ("SMA", "Sekolah Menengah Atas atau Kejuruan"),
    ("D1", "Diploma Satu"),
    ("D2", "Diploma Dua"),
    ("D3", "Diploma Tiga"),
    ("D4", "Diploma Empat atau Sarjana Terapan"),
    ("S1", "Sarjana"),
    ("S2", "Magister"),
    ("S3", "Doktor"),
)


def records() -> Iterator[Record]:
    """Lowest first; the gap between civil servants and PPPK leaves room."""
    contract = [(f"PPPK {grade}", "") for grade in CONTRACT]
    yield from _numbered(RANK, SERVANTS, 1)
    yield from _numbered(RANK, contract, 101)
    yield from _numbered(EDUCATION, LEVELS, 1)


def _numbered(kind: str, found: Sequence[tuple[str, str]], first: int) -> Iterator[Record]:
    for position, (code, title) in enumerate(found, start=first):
        name = f"{kind}.{code.lower().replace('/', '-').replace(' ', '-')}"
        values = {"kind": kind, "code": code, "title": title, "position": position}
        yield Record(name, Entry, values)
