"""Writes participants reports as Zoom exports them, for the demo and for trying things out.

Two layouts only: the flat one of 2020, and the one with the meeting above. Real reports come
from Zoom; these are read by `report.py` like those.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

# Name as Zoom shows it, e-mail or "", joined, left.
Stay = tuple[str, str, datetime, datetime]

FLAT_2020 = ("Name (Original Name)", "User Email", "Join Time", "Leave Time", "Duration (Minutes)")
# Header of the meeting, header of its participants, the words for yes and no.
WITH_MEETING = {
    "id": (
        (
            "Topik", "ID", "Nama host", "Waktu mulai", "Waktu berakhir", "Peserta",
            "Total menit peserta",
        ),
        (
            "Nama (nama asli)", "Email", "Waktu bergabung", "Waktu keluar", "Durasi (menit)",
            "Tamu", "Respons penafian rekaman", "Di ruang tunggu",
        ),
        ("Ya", "Tidak"),
    ),
    "en": (
        (
            "Topic", "ID", "Host name", "Start time", "End time", "Participants",
            "Total participant minutes",
        ),
        (
            "Name (original name)", "Email", "Join time", "Leave time", "Duration (minutes)",
            "Guest", "Recording disclaimer response", "In waiting room",
        ),
        ("Yes", "No"),
    ),
}  # fmt: skip


def write_flat_2020(rows: Iterable[Stay], *, zone_name: str = "Asia/Jakarta") -> bytes:
    """Participants alone; aware times become the wall clock of the zone, which is not written."""
    return csv_bytes([FLAT_2020, *(_stay(stay, zone_name) for stay in rows)])


def write_with_meeting(
    number: int,
    topic: str,
    start: datetime,
    end: datetime,
    rows: Iterable[Stay],
    *,
    language: str = "id",
    host: str = "",
    zone_name: str = "Asia/Jakarta",
) -> bytes:
    """The meeting, a blank line, its participants; `language` is a key of `WITH_MEETING`."""
    meeting, participants, (yes, no) = WITH_MEETING[language]
    stays = list(rows)
    lines = [(*_stay(stay, zone_name), yes, "OK", no) for stay in stays]
    about = (
        topic, grouped(number), host, _moment(start, zone_name), _moment(end, zone_name),
        len({(name, email) for name, email, _joined, _left in stays}),
        sum(minutes_of(joined, left) for _name, _email, joined, left in stays),
    )  # fmt: skip
    return csv_bytes([meeting, about, (), participants, *lines])


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with its mark, lines ended as on Windows."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def grouped(number: int) -> str:
    """A meeting number as Zoom writes it: "812 3456 7890"."""
    digits = str(number)
    return f"{digits[:3]} {digits[3:-4]} {digits[-4:]}"


def _stay(stay: Stay, zone_name: str) -> tuple[str, str, str, str, int]:
    name, email, joined, left = stay
    times = _moment(joined, zone_name), _moment(left, zone_name)
    return name, email, *times, minutes_of(joined, left)


def _moment(moment: datetime, zone_name: str) -> str:
    local = moment.astimezone(ZoneInfo(zone_name)) if moment.tzinfo else moment
    return local.strftime("%m/%d/%Y %I:%M:%S %p")


def minutes_of(joined: datetime, left: datetime) -> int:
    """Zoom rounds each stay up."""
    return math.ceil((left - joined).total_seconds() / 60)
