"""Participants reports in each layout that Zoom has exported, and reports of other kinds.

Every writer takes a list of stays: (name, e-mail, joined, left), times as the wall clock of the
report. The people are invented.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import xlsxwriter

from plugins.online_classes.report_writing import (
    FLAT_2020,
    Stay,
    csv_bytes,
    minutes_of,
    write_flat_2020,
    write_with_meeting,
)

NUMBER = 81234567890
TOPIC = "Bimtek Pustakawan, Angkatan 2"
START = datetime(2026, 11, 23, 8, 30)  # noqa: DTZ001 -- reports write no zone
END = START + timedelta(hours=3)
HOST = ("Panitia", "panitia@contoh.id")


def at(minutes: float) -> datetime:
    """So many minutes after the meeting began."""
    return START + timedelta(minutes=minutes)


STAYS: list[Stay] = [
    ("Panitia", "panitia@contoh.id", at(0), at(180)),
    ("siti (Siti Aminah)", "Siti@Contoh.id", at(1), at(90.25)),
    ("siti (Siti Aminah)", "Siti@Contoh.id", at(92), at(180)),
    ("Budi Santoso, S.Pd.", "", at(4), at(170)),
    ("6281234567890", "", at(10), at(20)),
]


def mdy(moment: datetime) -> str:
    return moment.strftime("%m/%d/%Y %I:%M:%S %p")


def flat_2020(stays: Sequence[Stay] = STAYS) -> bytes:
    return write_flat_2020(stays)


def flat_2021(stays: Sequence[Stay] = STAYS) -> bytes:
    """With all the columns that came later, and without the mark of UTF-8."""
    head = (*FLAT_2020, "Guest", "Recording Consent", "In Waiting Room")
    return _bare([head, *([*_stay(stay), "No", "Y", "No"] for stay in stays)])


def totals_2020(stays: Sequence[Stay] = STAYS) -> bytes:
    head = ("Name (Original Name)", "User Email", "Total Duration (Minutes)", "Guest")
    return csv_bytes([head, *_people(stays, "No")])


def totals_2023(stays: Sequence[Stay] = STAYS) -> bytes:
    head = ("Name (original name)", "Email", "Total duration (minutes)", "Guest")
    return _bare([head, *_people(stays, "No")])


def with_meeting_2021(stays: Sequence[Stay] = STAYS) -> bytes:
    """The meeting above, each of its lines and of the rows with a comma too many."""
    about = (
        "Meeting ID", "Topic", "Start Time", "End Time", "User Email", "Duration (Minutes)",
        "Participants", "",
    )  # fmt: skip
    values = ("812 3456 7890", TOPIC, mdy(START), mdy(END), HOST[1], 180, len(stays), "")
    rows = [[*_stay(stay), ""] for stay in stays]
    return csv_bytes([about, values, [""] * 7, FLAT_2020, *rows])


def with_meeting_2023(stays: Sequence[Stay] = STAYS) -> bytes:
    about = (
        "Topic", "ID", "Host name", "Host email", "Start time", "End time", "Participants",
        "Duration (minutes)",
    )  # fmt: skip
    values = (TOPIC, "812 3456 7890", *HOST, mdy(START), mdy(END), len(stays), 180)
    head = (
        "Name (original name)", "Email", "Join time", "Leave time", "Duration (minutes)",
        "Guest", "Recording disclaimer response", "In waiting room",
    )  # fmt: skip
    rows = [[*_stay(stay), "Yes", "OK", "No"] for stay in stays]
    return csv_bytes([about, values, (), head, *rows])


def one_table(stays: Sequence[Stay] = STAYS) -> bytes:
    """The meeting repeated on each row, with a host's e-mail and minutes of its own."""
    head = (
        "Topic", "Meeting ID", "User Name", "User Email", "Start Time", "End Time",
        "Duration (Minutes)", "Participants", "Name (Original Name)", "User Email", "Join Time",
        "Leave Time", "Duration (Minutes)", "Guest", "In Waiting Room",
    )  # fmt: skip
    about = (TOPIC, NUMBER, *HOST, mdy(START), mdy(END), 180, len(stays))
    return csv_bytes([head, *([*about, *_stay(stay), "No", "No"] for stay in stays)])


def indonesian(stays: Sequence[Stay] = STAYS) -> bytes:
    return write_with_meeting(NUMBER, TOPIC, START, END, stays, host=HOST[0])


def indonesian_totals(stays: Sequence[Stay] = STAYS) -> bytes:
    """With the slip that one such file had in its header."""
    head = ("Nama (nama asli)", "Email", "Total durasi (menit)s", "Tamu")
    return csv_bytes([head, *_people(stays, "Ya")])


def italian(stays: Sequence[Stay] = STAYS) -> bytes:
    head = (
        "Nome (nome originale)", "E-mail", "Ora di ingresso", "Ora di uscita", "Durata (minuti)",
        "Guest", "In sala d'attesa",
    )  # fmt: skip
    rows = [[*_stay(stay, "%d/%m/%Y %H:%M:%S"), "Sì", "No"] for stay in stays]
    return csv_bytes([head, *rows])


def japanese(stays: Sequence[Stay] = STAYS) -> bytes:
    """To the minute only, as the one such file was."""
    head = ("名前 (元の名前)", "ユーザーメール", "参加時刻", "退出時刻", "所要時間（分）")
    return csv_bytes([head, *(_stay(stay, "%Y/%-m/%-d %-H:%M") for stay in stays)])


LAYOUTS: dict[str, Callable[[Sequence[Stay]], bytes]] = {
    writer.__name__: writer
    for writer in (
        flat_2020, flat_2021, totals_2020, totals_2023, with_meeting_2021, with_meeting_2023,
        one_table, indonesian, indonesian_totals, italian, japanese,
    )
}  # fmt: skip


# Saved again by Excel


def with_semicolons(report: bytes) -> bytes:
    """As Excel set to Indonesian saves CSV."""
    return _saved(report, ";").encode("utf-8-sig")


def with_tabs(report: bytes) -> bytes:
    """As Excel saves "Unicode text"."""
    return _saved(report, "\t").encode("utf-16")


def workbook(report: bytes, *, read_date: str = "") -> bytes:
    """The report as XLSX; `read_date` is the order in which Excel took texts for dates."""
    return _packed([[_cell(cell, read_date) for cell in cells] for cells in rows_of(report)])


def folded_workbook(report: bytes) -> bytes:
    """Each line in its first cell, as Excel opens commas where it expects semicolons."""
    return _packed([[line] for line in report.decode("utf-8-sig").splitlines()])


def folded_csv(report: bytes) -> bytes:
    return csv_bytes([[line] for line in report.decode("utf-8-sig").splitlines()])


def _packed(rows: Iterable[Sequence[object]]) -> bytes:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"default_date_format": "dd/mm/yyyy hh:mm:ss"}) as book:
        sheet = book.add_worksheet("participants")
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return packed.getvalue()


def _cell(text: str, read_date: str) -> object:
    if text.isdecimal() and len(text) < 12:
        return int(text)
    if read_date:
        try:
            return datetime.strptime(text, f"{read_date} %I:%M:%S %p")  # noqa: DTZ007 -- no zone
        except ValueError:
            pass
    return text


def rows_of(report: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(report.decode("utf-8-sig"), newline="")))


def _saved(report: bytes, delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows_of(report))
    return text.getvalue()


# Other reports of Zoom


def poll_report(*, titled: bool = True) -> bytes:
    head = ("#", "User Name", "User Email", "Submitted Date/Time", "")
    answer = (1, "Siti", "siti@contoh.id", "Nov 23, 2026 09:30:11", "Jelas?", "Ya;Sangat")
    if not titled:
        return csv_bytes([head, answer])
    title = ("Poll Report", "Report Generated:", "Nov 24, 2026")
    return csv_bytes([title, ("Topic", "Meeting ID"), (TOPIC, NUMBER), head, answer])


def registration_report() -> bytes:
    head = (
        "First Name", "Last Name", "Email", "Instansi", "Registration Time", "Approval Status",
    )  # fmt: skip
    person = ("Siti", "Aminah", "siti@contoh.id", "Desa", "Nov 20, 2026 09:30:11", "approved")
    return csv_bytes([head, person])


def webinar_report() -> bytes:
    head = (
        "Attended", "User Name (Original Name)", "First Name", "Last Name", "Email",
        "Registration Time", "Approval Status", "Join Time", "Leave Time",
        "Time in Session (minutes)", "Is Guest", "Country/Region Name",
    )  # fmt: skip
    absent = ("No", "Budi", "Budi", "", "b@contoh.id", mdy(START), "approved", "--", "--", "--")
    return csv_bytes([("Attendee Report",), ("Attendee Details",), head, absent])


def _stay(stay: Stay, form: str = "%m/%d/%Y %I:%M:%S %p") -> list[object]:
    name, email, joined, left = stay
    return [name, email, joined.strftime(form), left.strftime(form), minutes_of(joined, left)]


def _people(stays: Sequence[Stay], guest: str) -> list[tuple[object, ...]]:
    """One line a person, the minutes of all the stays added up."""

    def who(stay: Stay) -> tuple[str, str]:
        return stay[0], stay[1]

    return [
        (*person, sum(minutes_of(joined, left) for _name, _email, joined, left in theirs), guest)
        for person, theirs in groupby(stays, who)
    ]


def _bare(rows: Iterable[Sequence[object]]) -> bytes:
    return csv_bytes(rows).decode("utf-8-sig").replace("\r\n", "\n").encode()
