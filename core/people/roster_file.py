"""Reads a list of people, CSV or XLSX as organisers hand it in, into checked rows.

Bytes in, values out: no database, no request, no file. Who is already known and who gets an
account is decided by the import, not here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Literal

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from lokal.phone import normalize_phone

from core.errors import DomainError
from core.people.names import split_titles
from core.spreadsheets import (
    DELIMITERS,
    HEADER_WITHIN,
    MAX_BYTES,
    MAX_LINE,
    MAX_ROWS,
    MAX_TEXT,
    Table,
    TableLine,
    TableUnreadable,
    csv_table,
    decoded,
    is_workbook,
    one_line,
    sheets,
    shown,
    too_many_rows,
    visible,
)

__all__ = [
    "MAX_BYTES",
    "MAX_ROWS",
    "Note",
    "Problem",
    "RosterFile",
    "RosterFileError",
    "RosterRow",
    "csv_safe",
    "read_roster",
]

# Words of a header -> field. Headers are compared by `_header_key`.
_HEADERS = {
    "full_name": (
        "nama", "nama gelar", "nama tanpa gelar", "nama pegawai", "nama pengelola",
        "nama pustakawan", "name", "full name", "fullname", "participant name",
    ),
    "first_name": ("firstname", "first name", "given name", "nama depan"),
    "last_name": ("lastname", "last name", "surname", "family name", "nama belakang"),
    "title_before": ("gelar depan", "gelar di depan", "title before"),
    "title_after": ("gelar belakang", "gelar di belakang", "gelar", "title after"),
    "email": (
        "surel", "email", "e mail", "alamat email", "alamat e mail", "alamat surel",
        "email address", "e mail address",
    ),
    "phone": (
        "hp", "wa", "hp wa", "wa hp", "telp", "tlp", "telpon", "telepon", "telp hp", "hp telp",
        "telepon hp", "telepon wa", "telp wa", "hp whatsapp", "ponsel", "telepon seluler",
        "handphone", "whatsapp", "kontak", "phone", "phone1", "phone number", "mobile",
        "mobile phone", "mobile number", "telephone", "whatsapp number",
    ),
    "nip": ("nip", "nip nik", "nik nip", "nip nipppk", "nip nippk", "nip pppk"),
    "institution": (
        "instansi", "nama instansi", "unit kerja", "unit organisasi", "satuan kerja", "satker",
        "instansi unit kerja", "perpustakaan", "nama perpustakaan", "lembaga", "nama lembaga",
        "sekolah", "nama sekolah", "opd", "skpd", "institution", "department", "organization",
        "organisation", "library", "school",
    ),
    "regency": (
        "kab kota", "kota kab", "kabupaten kota", "kota kabupaten", "kabupaten", "kab", "kota",
        "nama kab kota", "regency", "regency city", "city",
    ),
    "province": ("provinsi", "propinsi", "prov", "province"),
    "position": ("jabatan", "position", "job title"),
    "number": (
        "nomor peserta", "no peserta", "id peserta", "kode peserta", "nomor registrasi",
        "number", "participant number",
    ),
}  # fmt: skip
_FIELD_OF = {words: name for name, synonyms in _HEADERS.items() for words in synonyms}
_FILLERS = frozenset((
    "no", "nomor", "nomer", "peserta", "lengkap", "asal", "aktif", "anda", "dan", "dengan",
    "beserta", "and", "your", "profile", "field",
))  # fmt: skip
_ROW_NUMBERS = frozenset(("", "no", "nomor", "nomer", "no urut", "nomor urut"))

# A list of one column has no delimiter; "Siti, S.Pd." is then one cell.
_NO_DELIMITER = "\x1f"

_NOTHING_WRITTEN = frozenset((
    "", "-", "--", "–", "—", ".", "0", "n/a", "#n/a", "null", "none", "nihil", "tidak ada",
    "belum ada",
))  # fmt: skip
_WORDS = re.compile(r"[^\W_]+")
_IN_BRACKETS = re.compile(r"\([^)]*\)")
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,2}", re.IGNORECASE)
_NIK = re.compile(r"[0-9]{16}|[0-9](?:[.,][0-9]+)?E\+15", re.IGNORECASE)
_ROUNDED_NIP = re.compile(r"[0-9]{15}000")
_NIP_LABEL = re.compile(r"nip\b[\s.:]*", re.IGNORECASE)
_NIP_SEPARATORS = re.compile(r"[\s.\-]")
_PHONE_LABEL = re.compile(r"\(?\b(?:hp|wa|telp|tlp|tel|whatsapp)\b\)?[.:]*", re.IGNORECASE)
_DASHES = dict.fromkeys(range(0x2010, 0x2016), "-")
_SEVERAL = re.compile(r"\s*(?:[/;,|&\r\n]|\s(?:atau|dan)\s)\s*", re.IGNORECASE)


class RosterFileError(DomainError):
    """The file as a whole cannot be used; the message says why and what to do."""

    status = 400


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be used. `field` is a field of `RosterRow`, or "row" for all of it."""

    field: str
    message: str


@dataclass(frozen=True)
class Note:
    """What was changed or left out on reading a row that can be used."""

    field: str
    message: str


@dataclass(frozen=True)
class RosterRow:
    line: int
    full_name: str
    title_before: str = ""
    title_after: str = ""
    email: str | None = None
    phone: str | None = None
    nip: str | None = None
    institution: str = ""
    regency: str = ""
    province: str = ""
    position: str = ""
    number: str | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class RosterFile:
    """`columns` tells from which header each field was read; `unknown_columns` were not read."""

    columns: Mapping[str, str]
    rows: tuple[RosterRow, ...]
    unknown_columns: tuple[str, ...]
    format: Literal["csv", "xlsx"]
    delimiter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class _Header:
    line: TableLine
    columns: dict[str, int]

    @property
    def score(self) -> tuple[int, int]:
        return len(self.columns), len(self.line.cells)


@dataclass(frozen=True)
class _Findings:
    """Collects what the checks of one row have to say."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def problem(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))

    def note(self, name: str, message: str) -> None:
        self.notes.append(Note(name, message))


def read_roster(data: bytes, filename: str) -> RosterFile:
    """Read the whole list; what is wrong with one row is told in that row.

    The kind of file is taken from its bytes; `filename` is only for messages.
    Raises `RosterFileError` when the file as a whole cannot be used.
    """
    try:
        table, header = (_sheet if is_workbook(data) else _csv)(data, filename)
        lines = _below(table.lines(), header)
    except TableUnreadable as unreadable:
        raise RosterFileError(unreadable.message) from None
    _repeat_merged(lines, table, header)
    rows = tuple(_rows(lines, header))
    if not rows:
        raise RosterFileError(_("The list has column names but no people below them."))
    return RosterFile(
        columns=_columns_as_written(header),
        rows=rows,
        unknown_columns=_unknown_columns(header),
        format=table.format,
        delimiter=None if table.delimiter == _NO_DELIMITER else table.delimiter,
        sheet=table.sheet,
    )


def csv_safe(value: str) -> str:
    """The value as it may stand in a CSV file that Excel opens: never taken for a formula.

    Indonesian telephone numbers stay usable: +62812… is written 0812….
    """
    if re.fullmatch(r"\+62[0-9]{7,12}", value):
        return "0" + value[3:]
    if value[:1] in ("\t", "\r", "\n") or value.lstrip()[:1] in tuple("=+-@＝＋－＠"):
        return "'" + value
    return value


# Where the list is


def _csv(data: bytes, filename: str) -> tuple[Table, _Header]:
    """The delimiter with which most columns are recognised; counting marks would be fooled."""
    text = decoded(data, filename)
    readings = [csv_table(text, delimiter) for delimiter in DELIMITERS]
    found = [(header, table) for table in readings if (header := _header_among(table.top()))]
    if not found:
        likeliest = max(DELIMITERS, key=text[:MAX_LINE].count)
        raise _no_name_column(csv_table(text, likeliest).lines())
    header, table = max(found, key=lambda pair: pair[0].score)
    if len(header.line.cells) == 1:
        table = csv_table(text, _NO_DELIMITER)
    return table, header


def _sheet(data: bytes, filename: str) -> tuple[Table, _Header]:
    seen: list[TableLine] = []
    for table in sheets(data, filename):
        top = table.top()
        if header := _header_among(top):
            return table, header
        seen = seen or top
    raise _no_name_column(seen)


def _repeat_merged(lines: list[TableLine], table: Table, header: _Header) -> None:
    """A regency or institution merged over several people counts for each of them."""
    shared = {header.columns.get(name) for name in ("institution", "regency", "province")}
    cells_of = {line.number: line.cells for line in lines}
    for (top, left), (bottom, _right) in table.merged:
        if left in shared and top + 1 in cells_of:
            _fill_down(cells_of, left, top + 1, bottom + 1)


def _fill_down(cells_of: dict[int, list[str]], column: int, first: int, last: int) -> None:
    for number in range(first + 1, last + 1):
        if number not in cells_of or cells_of[number][column]:
            return
        cells_of[number][column] = cells_of[first][column]


# Header and lines


def _header_among(lines: list[TableLine]) -> _Header | None:
    """Titles may stand above the header; of several candidates the fullest one is it."""
    headers = [header for line in lines if (header := _header_of(line))]
    return max(headers, key=lambda header: len(header.columns), default=None)


def _header_of(line: TableLine) -> _Header | None:
    columns: dict[str, int] = {}
    for index, cell in enumerate(line.cells):
        if name := _field_of(cell):
            columns.setdefault(name, index)
    if "full_name" in columns:
        columns = {k: v for k, v in columns.items() if k not in ("first_name", "last_name")}
    return _Header(line, columns) if columns.keys() & {"full_name", "first_name"} else None


def _field_of(cell: str) -> str | None:
    key = _header_key(cell)
    essential = " ".join(word for word in key.split() if word not in _FILLERS)
    return _FIELD_OF.get(key) or _FIELD_OF.get(essential)


def _header_key(cell: str) -> str:
    """The words of a header: "No. HP/WA (aktif)" -> "no hp wa"."""
    text = cell[:MAX_TEXT].casefold()
    return " ".join(_WORDS.findall(_IN_BRACKETS.sub(" ", text)) or _WORDS.findall(text))


def _below(lines: list[TableLine], header: _Header) -> list[TableLine]:
    """A broken quotation mark may hide the rest of the list, so it is refused."""
    for line in lines:
        if line.broken:
            raise RosterFileError(
                _("Line %(line)s cannot be read. Check its quotation marks.", line=line.number)
            )
    return [
        line
        for line in lines
        if line.number > header.line.number and not _belongs_to_header(line, header)
    ]


def _belongs_to_header(line: TableLine, header: _Header) -> bool:
    """Whether it is the header repeated on a new page, or the row (1) (2) (3) under it."""
    filled = [cell.strip(" ()") for cell in line.cells if cell.strip()]
    numbers = [str(number) for number in range(1, len(filled) + 1)]
    return line.cells == header.line.cells or filled == numbers


def _columns_as_written(header: _Header) -> Mapping[str, str]:
    written = {name: shown(header.line.cells[index]) for name, index in header.columns.items()}
    parts = [written.pop(name) for name in ("first_name", "last_name") if name in written]
    if parts:
        written["full_name"] = " + ".join(parts)
    return MappingProxyType(written)


def _unknown_columns(header: _Header) -> tuple[str, ...]:
    read = set(header.columns.values())
    return tuple(
        shown(cell)
        for index, cell in enumerate(header.line.cells)
        if index not in read and _header_key(cell) not in _ROW_NUMBERS
    )


def _no_name_column(lines: list[TableLine]) -> RosterFileError:
    if not lines:
        return RosterFileError(_("The list is empty."))
    fullest = max(lines[:HEADER_WITHIN], key=lambda line: sum(map(bool, line.cells)))
    found = filter(None, map(shown, fullest.cells))
    return RosterFileError(
        _(
            "No column with names was found. Columns found: %(found)s."
            " Only the names are required: give their column the header “Nama”.",
            found=", ".join(islice(found, 12)),
        )
    )


# Rows


def _rows(lines: list[TableLine], header: _Header) -> Iterator[RosterRow]:
    width = len(header.line.cells)
    filled = 0
    for line in lines:
        values = _values(line.cells, header.columns)
        if not any(values.values()):
            continue
        filled += 1
        if filled > MAX_ROWS:
            raise RosterFileError(too_many_rows().message)
        is_shifted = any(map(str.strip, line.cells[width:]))
        yield _shifted_row(line, values) if is_shifted else _row(line.number, values)


def _values(cells: list[str], columns: Mapping[str, int]) -> dict[str, str]:
    """Field -> what is written for it, with Moodle's two name columns joined to one."""
    values = {name: _value(cells, columns.get(name)) for name in _HEADERS}
    joined = f"{values.pop('first_name')} {values.pop('last_name')}".strip()
    return values | {"full_name": values["full_name"] or joined}


def _value(cells: list[str], index: int | None) -> str:
    if index is None or index >= len(cells):
        return ""
    value = visible(cells[index]).strip()
    return "" if value.casefold() in _NOTHING_WRITTEN else value


def _shifted_row(line: TableLine, values: Mapping[str, str]) -> RosterRow:
    message = _(
        "The row has more cells than the header. Put a name that contains a comma between"
        " quotation marks, or upload the list as XLSX."
    )
    name = shown(values["full_name"])
    return RosterRow(line.number, full_name=name, problems=(Problem("row", message),))


def _row(line: int, values: Mapping[str, str]) -> RosterRow:
    found = _Findings()
    text = {name: _text(name, value, found) for name, value in values.items()}
    if not values["full_name"]:
        found.problem("full_name", _("The name is missing."))
    before, name, after = _name(text["full_name"], found)
    return RosterRow(
        line=line,
        full_name=name,
        title_before=text["title_before"] or before,
        title_after=text["title_after"] or after,
        email=_email(text["email"], found),
        phone=_phone(text["phone"], found),
        nip=_nip(text["nip"], found),
        institution=text["institution"],
        regency=text["regency"],
        province=text["province"],
        position=text["position"],
        number=_number(text["number"], found),
        problems=tuple(found.problems),
        notes=tuple(found.notes),
    )


def _text(name: str, value: str, found: _Findings) -> str:
    """One line of text; e-mails and phones keep their line breaks, which part several of them."""
    if len(value) > MAX_TEXT:
        found.problem(name, _("“%(value)s” is too long.", value=shown(value)))
        return ""
    if name in ("email", "phone"):
        return value
    return one_line(value)


def _name(written: str, found: _Findings) -> tuple[str, str, str]:
    if written and not any(map(str.isalpha, written)):
        found.problem("full_name", _("“%(name)s” is not a name.", name=shown(written)))
    before, name, after = split_titles(written)
    if titles := ", ".join(filter(None, (before, after))):
        message = _("Name: “%(name)s”. Titles set apart: “%(titles)s”.", name=name, titles=titles)
        found.note("full_name", message)
    return before, name, after


def _email(value: str, found: _Findings) -> str | None:
    first = _first_of_several("email", value, found)
    if not first:
        return None
    try:
        checked = validate_email(first, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        found.problem("email", _("“%(value)s” is not an e-mail address.", value=shown(value)))
        return None
    return checked.normalized.lower()


def _phone(value: str, found: _Findings) -> str | None:
    if _is_shortened("phone", value, found):
        return None
    first = _first_of_several("phone", value, found)
    if not first:
        return None
    dialled = _PHONE_LABEL.sub("", _bare(first)).strip()
    number = normalize_phone("+" + dialled[2:] if dialled.startswith("00") else dialled)
    if not number:
        message = _("“%(value)s” is not an Indonesian phone number.", value=shown(value))
        found.problem("phone", message)
    return number


def _first_of_several(name: str, value: str, found: _Findings) -> str:
    entries = list(filter(None, _SEVERAL.split(value)))
    if len(entries) > 1:
        found.note(
            name, _("Only the first of several was kept: %(value)s.", value=shown(entries[0]))
        )
    return entries[0] if entries else ""


def _nip(value: str, found: _Findings) -> str | None:
    number = _NIP_LABEL.sub("", _bare(value))
    digits = _NIP_SEPARATORS.sub("", number)
    if _NIK.fullmatch(digits) or _NIK.fullmatch(number):
        found.note("nip", _("A number of 16 digits (NIK) was left out: it is not needed."))
        return None
    if not value or _is_shortened("nip", value, found):
        return None
    if not re.fullmatch(r"[0-9]{18}", digits):
        found.problem("nip", _("NIP “%(value)s” does not have 18 digits.", value=shown(value)))
        return None
    return digits


def _number(value: str, found: _Findings) -> str | None:
    return None if _is_shortened("number", value, found) else _bare(value) or None


def _is_shortened(name: str, value: str, found: _Findings) -> bool:
    """Whether Excel kept 15 digits of a longer number; a NIP saved so ends in 000."""
    number = _bare(value)
    shortened = _SHORTENED.fullmatch(number) or (name == "nip" and _ROUNDED_NIP.fullmatch(number))
    if shortened:
        message = _(
            "%(value)s was shortened by Excel: digits are lost."
            " Format the column as text and enter it again.",
            value=shown(value),
        )
        found.problem(name, message)
    return bool(shortened)


def _bare(value: str) -> str:
    """The number without the marks that make Excel take it as text: '0812 and ="0812"."""
    return value.translate(_DASHES).strip(" ='\"")
