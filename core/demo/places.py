"""The institutions of the demo: the national library, 38 provincial offices, the regencies used.

Offices and places are real; the libraries below them are invented.
"""

from core.institutions.models import Institution
from core.institutions.services import create_institution

WITA = {"51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"}
WIT = {"81", "82", "91", "92", "93", "94", "95", "96"}
PROVINCES = {
    "11": "Aceh", "12": "Sumatera Utara", "13": "Sumatera Barat", "14": "Riau", "15": "Jambi",
    "16": "Sumatera Selatan", "17": "Bengkulu", "18": "Lampung",
    "19": "Kepulauan Bangka Belitung", "21": "Kepulauan Riau", "31": "DKI Jakarta",
    "32": "Jawa Barat", "33": "Jawa Tengah", "34": "DI Yogyakarta", "35": "Jawa Timur",
    "36": "Banten", "51": "Bali", "52": "Nusa Tenggara Barat", "53": "Nusa Tenggara Timur",
    "61": "Kalimantan Barat", "62": "Kalimantan Tengah", "63": "Kalimantan Selatan",
    "64": "Kalimantan Timur", "65": "Kalimantan Utara", "71": "Sulawesi Utara",
    "72": "Sulawesi Tengah", "73": "Sulawesi Selatan", "74": "Sulawesi Tenggara",
    "75": "Gorontalo", "76": "Sulawesi Barat", "81": "Maluku", "82": "Maluku Utara",
    "91": "Papua", "92": "Papua Barat", "93": "Papua Selatan", "94": "Papua Tengah",
    "95": "Papua Pegunungan", "96": "Papua Barat Daya",
}  # fmt: skip
REGENCIES = {
    "31": (
        ("31.01", "Kabupaten Kepulauan Seribu", ()),
        ("31.71", "Kota Jakarta Pusat", ("Jakpus",)),
        ("31.72", "Kota Jakarta Utara", ("Jakut",)),
        ("31.73", "Kota Jakarta Barat", ("Jakbar",)),
        ("31.74", "Kota Jakarta Selatan", ("Jaksel",)),
        ("31.75", "Kota Jakarta Timur", ("Jaktim",)),
    ),
    "63": (
        ("63.01", "Kabupaten Tanah Laut", ("Tala",)),
        ("63.02", "Kabupaten Kotabaru", ()),
        ("63.03", "Kabupaten Banjar", ()),
        ("63.04", "Kabupaten Barito Kuala", ("Batola",)),
        ("63.05", "Kabupaten Tapin", ()),
        ("63.06", "Kabupaten Hulu Sungai Selatan", ("HSS",)),
        ("63.07", "Kabupaten Hulu Sungai Tengah", ("HST",)),
        ("63.08", "Kabupaten Hulu Sungai Utara", ("HSU",)),
        ("63.09", "Kabupaten Tabalong", ()),
        ("63.10", "Kabupaten Tanah Bumbu", ("Tanbu",)),
        ("63.11", "Kabupaten Balangan", ()),
        ("63.71", "Kota Banjarmasin", ()),
        ("63.72", "Kota Banjarbaru", ()),
    ),
}
SHORT = {"31": "Dispusip DKI Jakarta", "63": "Dispersip Kalimantan Selatan"}
VILLAGES = (
    "Sukamaju", "Mekar Sari", "Sidomulyo", "Karang Tengah", "Cahaya Baru", "Sumber Rejo",
    "Harapan Jaya", "Tirta Mulya",
)  # fmt: skip
AGENCIES = (
    "Perpustakaan Badan Penelitian Pangan (CONTOH)",
    "Perpustakaan Balai Diklat Kelautan (CONTOH)",
    "Perpustakaan Kementerian Tata Air (CONTOH)",
    "Perpustakaan Lembaga Arsip Ilmu (CONTOH)",
)


def zone_of(province: str) -> str:
    if province in WIT:
        return "Asia/Jayapura"
    return "Asia/Makassar" if province in WITA else "Asia/Jakarta"


def national_library() -> Institution:
    return create_institution(
        "Perpustakaan Nasional",
        kind="national",
        parent=None,
        code="NASIONAL",
        aliases=("Perpusnas",),
    )


def provincial_offices(top: Institution) -> dict[str, Institution]:
    return {
        code: create_institution(
            f"Dinas Perpustakaan dan Kearsipan Provinsi {name}",
            kind="province",
            parent=top,
            code=code,
            short_name=SHORT.get(code, f"Dinas Perpustakaan {name}"),
            timezone=zone_of(code),
            aliases=(f"Provinsi {name}", name, SHORT.get(code, "")),
        )
        for code, name in PROVINCES.items()
    }


def regency_offices(office: Institution) -> dict[str, Institution]:
    """Offices of regencies and cities, known by their full, bare and local names."""
    return {
        code: create_institution(
            f"Dinas Perpustakaan dan Kearsipan {name}",
            kind="regency",
            parent=office,
            code=code,
            short_name=name,
            aliases=(name, name.partition(" ")[2], *local),
        )
        for code, name, local in REGENCIES[office.code or ""]
    }


def libraries(office: Institution, count: int) -> list[Institution]:
    """Invented libraries below a regency office."""
    place = office.short_name.partition(" ")[2]
    return [
        create_institution(f"Perpustakaan {village}", kind="library", parent=office,
                           short_name=f"Perpustakaan {village}, {place}")
        for village in VILLAGES[:count]
    ]  # fmt: skip


def agencies(top: Institution) -> list[Institution]:
    """Central offices that merely sit in a province: below the nation, in no regency."""
    return [create_institution(name, kind="agency", parent=top) for name in AGENCIES]
