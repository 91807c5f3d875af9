"""Reads a list of people, CSV or XLSX as organisers hand it in, into checked rows.

Bytes in, values out: no database, no request, no file. Who is already known and who gets an
account is decided by the import, not here.
"""

import codecs
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from types import MappingProxyType
from typing import Literal
from xml.parsers import expat

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from lokal.phone import normalize_phone
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from core.errors import DomainError
from core.people.names import split_titles

MAX_BYTES = 10 * 1024**2
MAX_UNPACKED_BYTES = 100 * 1024**2
MAX_ROWS = 20_000
MAX_LINE = 100_000
MAX_LINES = 10 * MAX_ROWS  # cells may hold line breaks
MAX_TEXT = 200
MAX_CELLS = 100 * MAX_ROWS
MAX_ELEMENTS = 5_000_000
HEADER_WITHIN = 20

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

_DELIMITERS = (",", ";", "\t", "|", ":")
# A list of one column has no delimiter; "Siti, S.Pd." is then one cell.
_NO_DELIMITER = "\x1f"

_NOTHING_WRITTEN = frozenset((
    "", "-", "--", "–", "—", ".", "0", "n/a", "#n/a", "null", "none", "nihil", "tidak ada",
    "belum ada",
))  # fmt: skip
_WORDS = re.compile(r"[^\W_]+")
_IN_BRACKETS = re.compile(r"\([^)]*\)")
_CELL_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,2}", re.IGNORECASE)
_NIK = re.compile(r"[0-9]{16}|[0-9](?:[.,][0-9]+)?E\+15", re.IGNORECASE)
_ROUNDED_NIP = re.compile(r"[0-9]{15}000")
_NIP_LABEL = re.compile(r"nip\b[\s.:]*", re.IGNORECASE)
_NIP_SEPARATORS = re.compile(r"[\s.\-]")
_PHONE_LABEL = re.compile(r"\(?\b(?:hp|wa|telp|tlp|tel|whatsapp)\b\)?[.:]*", re.IGNORECASE)
_DASHES = dict.fromkeys(range(0x2010, 0x2016), "-")
_SEVERAL = re.compile(r"\s*(?:[/;,|&\r\n]|\s(?:atau|dan)\s)\s*", re.IGNORECASE)

_CONTROLS = "".join(map(chr, (*range(1, 9), *range(14, 32))))  # a stray one may be pasted
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = {
    b"%PDF": _l("a PDF document"),
    b"{\\rtf": _l("a text document (RTF)"),
    b"\x89PNG": _l("a picture"),
    b"\xff\xd8\xff": _l("a picture"),
    b"GIF8": _l("a picture"),
    b"Rar!": _l("a packed archive"),
    b"7z\xbc\xaf": _l("a packed archive"),
    b"\x1f\x8b": _l("a packed archive"),
}
_WEB_PAGE = (b"<!doctype", b"<html", b"<head", b"<meta", b"<style", b"<table", b"<?xml")
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, ValueError,
)  # fmt: skip
_ZIP_MEMBERS = {
    "word/document.xml": _l("a Word document"),
    "ppt/presentation.xml": _l("a PowerPoint presentation"),
    "xl/workbook.bin": _l("a binary Excel workbook (.xlsb)"),
    "content.xml": _l("a LibreOffice document"),
}


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
class _Line:
    number: int
    cells: list[str]


@dataclass(frozen=True)
class _Header:
    line: _Line
    columns: dict[str, int]

    @property
    def score(self) -> tuple[int, int]:
        return len(self.columns), len(self.line.cells)


@dataclass(frozen=True)
class _Table:
    lines: list[_Line]
    header: _Header
    format: Literal["csv", "xlsx"]
    delimiter: str | None = None
    sheet: str | None = None


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
    if len(data) > MAX_BYTES:
        raise RosterFileError(
            _("The list is larger than 10 MB. Split it, or remove pictures from it.")
        )
    _refuse_other_kinds(data, filename)
    table = (_xlsx_table if data.startswith(_ZIP) else _csv_table)(data, filename)
    rows = tuple(_rows(table))
    if not rows:
        raise RosterFileError(_("The list has column names but no people below them."))
    return RosterFile(
        columns=_columns_as_written(table.header),
        rows=rows,
        unknown_columns=_unknown_columns(table.header),
        format=table.format,
        delimiter=table.delimiter,
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


# What the file is


def _refuse_other_kinds(data: bytes, filename: str) -> None:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start and not data.strip():
        raise RosterFileError(_("The file “%(file)s” is empty.", file=_shown(filename)))
    if data.startswith(_OLE):
        _refuse_old_excel(data, filename)
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise _other_kind(filename, kind)
    if start[:16].lower().startswith(_WEB_PAGE):
        raise _other_kind(filename, _l("a web page saved as a spreadsheet"))


def _refuse_old_excel(data: bytes, filename: str) -> None:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _protected(filename)
    raise _other_kind(filename, _l("an old Excel file (.xls)"))


def _other_kind(filename: str, kind: object) -> RosterFileError:
    return RosterFileError(
        _(
            "“%(file)s” seems to be %(kind)s. Save the list as XLSX or CSV and upload that file.",
            file=_shown(filename),
            kind=kind,
        )
    )


def _protected(filename: str) -> RosterFileError:
    return RosterFileError(
        _(
            "“%(file)s” is protected by a password. Remove it in Excel and upload the file again.",
            file=_shown(filename),
        )
    )


def _broken(filename: str) -> RosterFileError:
    return RosterFileError(
        _(
            "“%(file)s” is damaged and cannot be read. Open it in Excel, save it again as XLSX"
            " and upload that file.",
            file=_shown(filename),
        )
    )


# CSV


def _csv_table(data: bytes, filename: str) -> _Table:
    text = _decoded(data, filename)
    header, delimiter = _delimiter_of(text)
    lines = _filled_lines(_csv_lines(text, delimiter))
    if header is None:
        raise _no_name_column(lines)
    shown = None if delimiter == _NO_DELIMITER else delimiter
    return _Table(_below(lines, header), header, "csv", delimiter=shown)


def _decoded(data: bytes, filename: str) -> str:
    with_bom = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16" if with_bom else "utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and sum(map(text.count, _CONTROLS)) <= 10:
            return text
    raise RosterFileError(
        _(
            "“%(file)s” is not a list that can be read. Save the list as XLSX or as CSV (UTF-8).",
            file=_shown(filename),
        )
    )


def _delimiter_of(text: str) -> tuple[_Header | None, str]:
    """The delimiter with which most columns are recognised; counting marks would be fooled."""
    found = [(_header_with(text, delimiter), delimiter) for delimiter in _DELIMITERS]
    readable = [(header, delimiter) for header, delimiter in found if header]
    if not readable:
        return None, max(_DELIMITERS, key=text[:MAX_LINE].count)
    header, delimiter = max(readable, key=lambda pair: pair[0].score)
    return header, delimiter if len(header.line.cells) > 1 else _NO_DELIMITER


def _header_with(text: str, delimiter: str) -> _Header | None:
    lines = (line for line in _csv_lines(text, delimiter) if _is_filled(line))
    try:
        return _header_among(list(islice(lines, HEADER_WITHIN)))
    except RosterFileError:
        return None


def _csv_lines(text: str, delimiter: str) -> Iterator[_Line]:
    # strict: an unclosed quotation mark would otherwise swallow the rest of the list unseen.
    reader = csv.reader(_lines_of(text), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield _Line(number, next(reader))
        except StopIteration:
            return
        except csv.Error:
            raise RosterFileError(
                _("Line %(line)s cannot be read. Check its quotation marks.", line=number)
            ) from None


def _lines_of(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if number > MAX_LINES:
            raise _too_many_rows()
        if len(line) > MAX_LINE:
            raise RosterFileError(
                _("Line %(line)s is too long for a list of people. Check the file.", line=number)
            )
        yield line


# XLSX


def _xlsx_table(data: bytes, filename: str) -> _Table:
    seen: list[_Line] = []
    for sheet in _sheets(data, filename):
        lines = filter(_is_filled, _sheet_lines(sheet))
        top = list(islice(lines, HEADER_WITHIN))
        if header := _header_among(top):
            below = _below(_filled_lines(chain(top, lines)), header)
            _repeat_merged(below, sheet, header)
            return _Table(below, header, "xlsx", sheet=sheet.name)
        seen = seen or top
    raise _no_name_column(seen)


def _sheets(data: bytes, filename: str) -> Iterator[CalamineSheet]:
    packed = _checked_xlsx(data, filename)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(packed))
        for meta in book.sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet and meta.visible == SheetVisibleEnum.Visible:
                yield book.get_sheet_by_name(meta.name)
    except CalamineError:
        raise _broken(filename) from None


def _checked_xlsx(data: bytes, filename: str) -> bytes:
    """The XML parts packed anew, so that what is read is what was measured here."""
    checked = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(checked, "w") as target:
            _refuse_other_archives(packed, filename)
            for part in packed.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    content = packed.read(part)
                    _measure(content)
                    target.writestr(part.filename, content)
    except _DAMAGE:
        raise _broken(filename) from None
    return checked.getvalue()


def _refuse_other_archives(packed: zipfile.ZipFile, filename: str) -> None:
    parts = packed.infolist()
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        kinds = (kind for member, kind in _ZIP_MEMBERS.items() if member in names)
        raise _other_kind(filename, next(kinds, _l("a packed archive (ZIP)")))
    if any(part.flag_bits & 1 for part in parts):
        raise _protected(filename)
    if len(names) < len(parts) or any(
        part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts
    ):
        raise _broken(filename)
    if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise _too_large()


def _too_large() -> RosterFileError:
    return RosterFileError(_("The workbook is far too large once unpacked. Keep only the list."))


class _Extent:
    """How far the cells of a part reach from A1, counted as calamine counts them.

    calamine asks for the memory of that whole rectangle, and for what a part merely announces; a
    file of 5 kB could so end the process. Every part is measured, since calamine reads a sheet
    under any name and root.
    """

    def __init__(self) -> None:
        self.row = self.column = self.bottom = self.right = self.elements = 0
        self.at = (0, 0)

    def element(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise _too_large()
        match tag.rpartition(":")[2]:
            case "row":
                self.row = int(attributes.get("r", self.row + 1))
                self.column = 0
            case "c":
                self._cell(attributes.get("r"))
            case "v" | "is":
                self._filled()
            case "sst":
                for count in ("count", "uniqueCount"):
                    _refuse_sprawl(int(attributes.get(count, "0")))

    def _cell(self, reference: str | None) -> None:
        self.at = _reference(reference) if reference else (self.row, self.column + 1)
        self.column = self.at[1]

    def _filled(self) -> None:
        self.bottom = max(self.bottom, self.at[0])
        self.right = max(self.right, self.at[1])
        _refuse_sprawl(self.bottom * self.right)


def _measure(xml: bytes) -> None:
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = _Extent().element
    parser.Parse(xml, True)


def _refuse_sprawl(cells: int) -> None:
    if cells > MAX_CELLS:
        raise RosterFileError(
            _(
                "The workbook has something far below or right of the list."
                " Delete the rows and columns that do not belong to it and save it again."
            )
        )


def _reference(text: str) -> tuple[int, int]:
    """Row and column of a cell reference: "C7" -> (7, 3)."""
    reference = _CELL_REFERENCE.fullmatch(text)
    if not reference:
        raise ValueError("not a cell reference")
    letters, digits = reference.groups()
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(digits), column


def _sheet_lines(sheet: CalamineSheet) -> Iterator[_Line]:
    for number, cells in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        yield _Line(number, [_cell_text(cell) for cell in cells])


def _cell_text(value: object) -> str:
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return str(value)


def _number_text(value: float) -> str:
    """Excel keeps 15 digits: a longer number is shown shortened, never with made-up zeros."""
    if abs(value) >= 1e15:
        return f"{value:.2E}".replace(".", ",")
    return str(int(value)) if value.is_integer() else str(value)


def _repeat_merged(lines: list[_Line], sheet: CalamineSheet, header: _Header) -> None:
    """A regency or institution merged over several people counts for each of them."""
    shared = {header.columns.get(name) for name in ("institution", "regency", "province")}
    cells_of = {line.number: line.cells for line in lines}
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        if left in shared and top + 1 in cells_of:
            _fill_down(cells_of, left, top + 1, bottom + 1)


def _fill_down(cells_of: dict[int, list[str]], column: int, first: int, last: int) -> None:
    for number in range(first + 1, last + 1):
        if number not in cells_of or cells_of[number][column]:
            return
        cells_of[number][column] = cells_of[first][column]


# Header and lines


def _filled_lines(lines: Iterable[_Line]) -> list[_Line]:
    filled = list(islice(filter(_is_filled, lines), MAX_ROWS + HEADER_WITHIN + 1))
    if len(filled) > MAX_ROWS + HEADER_WITHIN:
        raise _too_many_rows()
    return filled


def _is_filled(line: _Line) -> bool:
    return any(map(str.strip, line.cells))


def _too_many_rows() -> RosterFileError:
    return RosterFileError(_("The list has more than 20,000 rows. Split it into several files."))


def _header_among(lines: list[_Line]) -> _Header | None:
    """Titles may stand above the header; of several candidates the fullest one is it."""
    headers = [header for line in lines if (header := _header_of(line))]
    return max(headers, key=lambda header: len(header.columns), default=None)


def _header_of(line: _Line) -> _Header | None:
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


def _below(lines: list[_Line], header: _Header) -> list[_Line]:
    return [
        line
        for line in lines
        if line.number > header.line.number and not _belongs_to_header(line, header)
    ]


def _belongs_to_header(line: _Line, header: _Header) -> bool:
    """Whether it is the header repeated on a new page, or the row (1) (2) (3) under it."""
    filled = [cell.strip(" ()") for cell in line.cells if cell.strip()]
    numbers = [str(number) for number in range(1, len(filled) + 1)]
    return line.cells == header.line.cells or filled == numbers


def _columns_as_written(header: _Header) -> Mapping[str, str]:
    written = {name: _shown(header.line.cells[index]) for name, index in header.columns.items()}
    parts = [written.pop(name) for name in ("first_name", "last_name") if name in written]
    if parts:
        written["full_name"] = " + ".join(parts)
    return MappingProxyType(written)


def _unknown_columns(header: _Header) -> tuple[str, ...]:
    read = set(header.columns.values())
    return tuple(
        _shown(cell)
        for index, cell in enumerate(header.line.cells)
        if index not in read and _header_key(cell) not in _ROW_NUMBERS
    )


def _no_name_column(lines: list[_Line]) -> RosterFileError:
    if not lines:
        return RosterFileError(_("The list is empty."))
    fullest = max(lines[:HEADER_WITHIN], key=lambda line: sum(map(bool, line.cells)))
    found = filter(None, map(_shown, fullest.cells))
    return RosterFileError(
        _(
            "No column with names was found. Columns found: %(found)s."
            " Only the names are required: give their column the header “Nama”.",
            found=", ".join(islice(found, 12)),
        )
    )


# Rows


def _rows(table: _Table) -> Iterator[RosterRow]:
    width = len(table.header.line.cells)
    filled = 0
    for line in table.lines:
        values = _values(line.cells, table.header.columns)
        if not any(values.values()):
            continue
        filled += 1
        if filled > MAX_ROWS:
            raise _too_many_rows()
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
    value = _INVISIBLE.sub("", cells[index]).strip()
    return "" if value.casefold() in _NOTHING_WRITTEN else value


def _shifted_row(line: _Line, values: Mapping[str, str]) -> RosterRow:
    message = _(
        "The row has more cells than the header. Put a name that contains a comma between"
        " quotation marks, or upload the list as XLSX."
    )
    name = _shown(values["full_name"])
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
        found.problem(name, _("“%(value)s” is too long.", value=_shown(value)))
        return ""
    if name in ("email", "phone"):
        return value
    return _one_line(value)


def _one_line(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split())


def _shown(value: str) -> str:
    """A value as a message or a table head shows it: one short line."""
    line = _one_line(_INVISIBLE.sub("", value[:MAX_TEXT]))
    return line if len(line) <= 40 else line[:39] + "…"


def _name(written: str, found: _Findings) -> tuple[str, str, str]:
    if written and not any(map(str.isalpha, written)):
        found.problem("full_name", _("“%(name)s” is not a name.", name=_shown(written)))
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
        found.problem("email", _("“%(value)s” is not an e-mail address.", value=_shown(value)))
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
        message = _("“%(value)s” is not an Indonesian phone number.", value=_shown(value))
        found.problem("phone", message)
    return number


def _first_of_several(name: str, value: str, found: _Findings) -> str:
    entries = list(filter(None, _SEVERAL.split(value)))
    if len(entries) > 1:
        found.note(
            name, _("Only the first of several was kept: %(value)s.", value=_shown(entries[0]))
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
        found.problem("nip", _("NIP “%(value)s” does not have 18 digits.", value=_shown(value)))
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
            value=_shown(value),
        )
        found.problem(name, message)
    return bool(shortened)


def _bare(value: str) -> str:
    """The number without the marks that make Excel take it as text: '0812 and ="0812"."""
    return value.translate(_DASHES).strip(" ='\"")
