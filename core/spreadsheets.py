"""Reads CSV and XLSX files that people hand in, as lines of text cells.

Bytes in, text out: no database, no request, no file. Guards against files that are damaged,
hostile or of another kind. What a column means and what a value must look like is the caller's.
"""

import codecs
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal
from xml.parsers import expat

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from core.errors import DomainError

MAX_BYTES = 10 * 1024**2
MAX_UNPACKED_BYTES = 100 * 1024**2
MAX_ROWS = 20_000
MAX_LINE = 100_000
MAX_LINES = 10 * MAX_ROWS  # cells may hold line breaks
MAX_LINES_OF_CELL = 50
MAX_CELLS = 100 * MAX_ROWS
MAX_ELEMENTS = 5_000_000
MAX_LETTERS = 50_000_000
MAX_SHEETS = 50  # one a province
MAX_TEXT = 200
HEADER_WITHIN = 20

DELIMITERS = (",", ";", "\t", "|", ":")

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_CELL_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.IGNORECASE)
_INDEX = re.compile(r"[0-9]{1,9}")
_UNCERTAIN = 2**32 - 1  # beyond any shared text
_LIST_OF_PARTS = "_rels/workbook.xml.rels"  # in whatever folder
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

Range = tuple[tuple[int, int], tuple[int, int]]


class TableUnreadable(DomainError):
    """The file as a whole cannot be read; the message says why and what to do."""

    status = 400


@dataclass(frozen=True)
class TableLine:
    """`number` counts from 1 as an editor or Excel does.

    A line is `broken` when its quotation marks do not close; its cells are then a guess.
    """

    number: int
    cells: list[str]
    broken: bool = False

    @property
    def is_filled(self) -> bool:
        return any(map(str.strip, self.cells))


@dataclass(frozen=True)
class Table:
    """One way to read a file: a CSV parted at one delimiter, or one sheet of a workbook.

    `merged` holds the merged cells of a sheet, ((top, left), (bottom, right)) counted from 0.
    """

    read: Callable[[], Iterator[TableLine]]
    format: Literal["csv", "xlsx"]
    delimiter: str | None = None
    sheet: str | None = None
    merged: tuple[Range, ...] = ()

    def top(self) -> list[TableLine]:
        """The first lines that hold anything; a header is among them or nowhere."""
        return list(islice(self._filled(), HEADER_WITHIN))

    def lines(self) -> list[TableLine]:
        """All lines that hold anything."""
        filled = list(islice(self._filled(), MAX_ROWS + HEADER_WITHIN + 1))
        if len(filled) > MAX_ROWS + HEADER_WITHIN:
            raise too_many_rows()
        return filled

    def _filled(self) -> Iterator[TableLine]:
        return (line for line in self.read() if line.is_filled)


def tables_in(data: bytes, filename: str) -> Iterator[Table]:
    """The ways to read the file, the likeliest delimiter first.

    The kind of file is taken from its bytes; `filename` is only for messages.
    Raises `TableUnreadable`, also while the tables are read.
    """
    if is_workbook(data):
        yield from sheets(data, filename)
    else:
        text = decoded(data, filename)
        for delimiter in sorted(DELIMITERS, key=text[:MAX_LINE].count, reverse=True):
            yield csv_table(text, delimiter)


def is_workbook(data: bytes) -> bool:
    return data.startswith(_ZIP)


def one_line(value: str) -> str:
    """The text without invisible characters and line breaks, its blanks single."""
    return " ".join(unicodedata.normalize("NFC", visible(value)).split())


def visible(value: str) -> str:
    return _INVISIBLE.sub("", value)


def shown(value: str) -> str:
    """A value as a message or a table head shows it: one short line."""
    line = one_line(value[:MAX_TEXT])
    return line if len(line) <= 40 else line[:39] + "…"


def too_many_rows() -> TableUnreadable:
    return TableUnreadable(_("The list has more than 20,000 rows. Split it into several files."))


# What the file is


def _refuse_other_kinds(data: bytes, filename: str) -> None:
    if len(data) > MAX_BYTES:
        raise TableUnreadable(
            _("The list is larger than 10 MB. Split it, or remove pictures from it.")
        )
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start and not data.strip():
        raise TableUnreadable(_("The file “%(file)s” is empty.", file=shown(filename)))
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


def _other_kind(filename: str, kind: object) -> TableUnreadable:
    return TableUnreadable(
        _(
            "“%(file)s” seems to be %(kind)s. Save the list as XLSX or CSV and upload that file.",
            file=shown(filename),
            kind=kind,
        )
    )


def _protected(filename: str) -> TableUnreadable:
    return TableUnreadable(
        _(
            "“%(file)s” is protected by a password. Remove it in Excel and upload the file again.",
            file=shown(filename),
        )
    )


def _broken(filename: str) -> TableUnreadable:
    return TableUnreadable(
        _(
            "“%(file)s” is damaged and cannot be read. Open it in Excel, save it again as XLSX"
            " and upload that file.",
            file=shown(filename),
        )
    )


# CSV


def decoded(data: bytes, filename: str) -> str:
    _refuse_other_kinds(data, filename)
    with_bom = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16" if with_bom else "utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and sum(map(text.count, _CONTROLS)) <= 10:
            return text
    raise TableUnreadable(
        _(
            "“%(file)s” is not a list that can be read. Save the list as XLSX or as CSV (UTF-8).",
            file=shown(filename),
        )
    )


def csv_table(text: str, delimiter: str) -> Table:
    return Table(lambda: _csv_lines(text, delimiter), "csv", delimiter=delimiter)


def _csv_lines(text: str, delimiter: str) -> Iterator[TableLine]:
    """An unclosed quotation mark spoils its own line and does not swallow the rest unseen."""
    source = _lines_of(text)
    ahead = deque(islice(source, 1))
    number = 1
    while ahead:
        cells, count = _record(ahead, source, delimiter)
        plain = ahead[0].rstrip("\r\n").split(delimiter)
        yield TableLine(number, plain if cells is None else cells, broken=cells is None)
        number += count
        for _line in range(count):
            ahead.popleft()
        ahead.extend(islice(source, 0 if ahead else 1))


def _record(
    ahead: deque[str], source: Iterator[str], delimiter: str
) -> tuple[list[str] | None, int]:
    """The cells of what begins with the first line ahead, and how many lines it takes."""
    cells = _cells([ahead[0]], delimiter)
    if cells is not None:
        return cells, 1
    quotes = ahead[0].count('"')
    for count in range(2, MAX_LINES_OF_CELL + 1):
        if len(ahead) < count:
            ahead.extend(islice(source, 1))
        if len(ahead) < count:
            break
        quotes += ahead[count - 1].count('"')
        if quotes % 2 == 0:
            cells = _cells(list(islice(ahead, count)), delimiter)
            return cells, 1 if cells is None else count
    return None, 1


def _cells(lines: list[str], delimiter: str) -> list[str] | None:
    try:
        records = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def _lines_of(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if number > MAX_LINES:
            raise too_many_rows()
        if len(line) > MAX_LINE:
            raise TableUnreadable(
                _("Line %(line)s is too long for a list of people. Check the file.", line=number)
            )
        yield line


# XLSX


def sheets(data: bytes, filename: str) -> Iterator[Table]:
    """The visible sheets of a workbook, each opened when it is asked for."""
    _refuse_other_kinds(data, filename)
    packed = _checked_xlsx(data, filename)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(packed))
        for meta in book.sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet and meta.visible == SheetVisibleEnum.Visible:
                yield _sheet_table(book.get_sheet_by_name(meta.name), filename)
    except CalamineError:
        raise _broken(filename) from None


def _sheet_table(sheet: CalamineSheet, filename: str) -> Table:
    rows = _sheet_rows(sheet, filename)
    return Table(
        lambda: _sheet_lines(rows),
        "xlsx",
        sheet=sheet.name,
        merged=tuple(sheet.merged_cell_ranges or ()),
    )


def _sheet_rows(sheet: CalamineSheet, filename: str) -> Sequence[Sequence[object]]:
    """calamine meets a date far before all time with a panic, which is no Exception."""
    try:
        return sheet.to_python(skip_empty_area=False)
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":
            raise
        raise _broken(filename) from None


def _sheet_lines(rows: Sequence[Sequence[object]]) -> Iterator[TableLine]:
    for number, cells in enumerate(rows, start=1):
        yield TableLine(number, [_cell_text(cell) for cell in cells])


def _cell_text(value: object) -> str:
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime):
        return _moment_text(value)
    return str(value)


def _number_text(value: float) -> str:
    """Excel keeps 15 digits: a longer number is shown shortened, never with made-up zeros."""
    if abs(value) >= 1e15:
        return f"{value:.2E}".replace(".", ",")
    return str(int(value)) if value.is_integer() else str(value)


def _moment_text(value: datetime) -> str:
    """Excel keeps moments as fractions of a day, a hair beside the second that was meant."""
    second = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    return second.isoformat(" ", "seconds" if second.second else "minutes")


def _checked_xlsx(data: bytes, filename: str) -> bytes:
    """The XML parts packed anew, so that what is read is what was measured here."""
    checked, extent = io.BytesIO(), _Extent()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(checked, "w") as target:
            _refuse_other_archives(packed, filename)
            for part in packed.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    content = packed.read(part)
                    extent.part(part.filename, content)
                    target.writestr(part.filename, content)
            extent.refuse_repetition()
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


def _too_large() -> TableUnreadable:
    return TableUnreadable(_("The workbook is far too large once unpacked. Keep only the list."))


class _Extent:
    """How much calamine would make of a workbook, counted as it counts.

    It asks for the memory of the whole rectangle from A1 to the farthest cell, and for what a part
    merely announces; it writes a shared text out for each cell that refers to it, and reads a part
    once for each sheet that names it. A file of 5 kB could so end the process. All parts share one
    budget, whatever their names, since calamine reads a sheet under any name and root.
    """

    def __init__(self) -> None:
        self.elements = self.letters = self.area = 0
        self.styles = self.longest_format = 0
        self.sheets = 0
        self.named: set[tuple[str, str]] = set()
        self.uses = array("L")
        self.texts: list[list[int]] = []

    def part(self, name: str, xml: bytes) -> None:
        self.lists_parts = name.replace("\\", "/").lower().endswith(_LIST_OF_PARTS)
        self.row = self.column = self.bottom = self.right = 0
        self.at = (0, 0)
        self.is_shared = self.in_text = False
        self.pieces: list[str] | None = None
        self.texts.append([])
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(xml, True)
        self.area += self.bottom * self.right

    def refuse_repetition(self) -> None:
        """Once all parts are counted: what is written out for each cell or style that uses it."""
        texts = max(self.letters + self._letters_used(texts) for texts in self.texts)
        if max(texts, self.styles * self.longest_format) > MAX_LETTERS:
            raise _too_large()

    def _letters_used(self, texts: Sequence[int]) -> int:
        """A reference that is not certain counts as the longest text."""
        known, longest = len(texts), max(texts, default=0)
        return sum(texts[use] if use < known else longest for use in self.uses)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise _too_large()
        match tag.rpartition(":")[2]:
            case "row":
                self.row = int(attributes.get("r", self.row + 1))
                self.column = 0
            case "c":
                self._cell(attributes.get("r"))
                self.is_shared = attributes.get("t") == "s"
            case "v":
                self._filled()
                self.pieces = [] if self.is_shared else None
            case "is":
                self._filled()
            case "si":
                self._shared_text()
            case other:
                self._about_the_book(other, attributes)

    def _end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "v" if self.is_shared:
                # calamine takes the first stretch of text only, and 0 where that is no number.
                certain = self.pieces and len(self.pieces) == 1 and _INDEX.fullmatch(self.pieces[0])
                self.uses.append(int(certain[0]) if certain else _UNCERTAIN)
                self.pieces = None
            case "si":
                self.in_text = False

    def _text(self, text: str) -> None:
        self.letters += len(text)
        if self.in_text:
            self.texts[-1][-1] += len(text)
        elif self.pieces is not None:
            self.pieces.append(text)

    def _cell(self, reference: str | None) -> None:
        self.at = _reference(reference) if reference else (self.row, self.column + 1)
        self.column = self.at[1]

    def _filled(self) -> None:
        self.bottom = max(self.bottom, self.at[0])
        self.right = max(self.right, self.at[1])
        _refuse_sprawl(self.area + self.bottom * self.right)

    def _shared_text(self) -> None:
        if self.in_text:
            raise ValueError("a shared text within another")
        self.in_text = True
        self.texts[-1].append(0)

    def _about_the_book(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "sst":
                for count in ("count", "uniqueCount"):
                    _refuse_sprawl(int(attributes.get(count, "0")))
            case "sheet":
                self._sheet(attributes)
            case "Relationship" if self.lists_parts:
                target = attributes.get("Target", "").replace("\\", "/").lower()
                self._only_once("part", "/".join(target.split("/")[-2:]))
            case "numFmt":
                self.longest_format = max(
                    self.longest_format, len(attributes.get("formatCode", ""))
                )
            case "xf":
                self.styles += 1

    def _sheet(self, attributes: dict[str, str]) -> None:
        self.sheets += 1
        if self.sheets > MAX_SHEETS:
            raise TableUnreadable(
                _("The workbook has more than 50 sheets. Keep only the sheet with the list.")
            )
        self._only_once("name", attributes.get("name", ""))
        for attribute, value in attributes.items():
            if attribute.endswith(":id"):
                self._only_once("id", value)

    def _only_once(self, kind: str, value: str) -> None:
        if (kind, value) in self.named:
            raise ValueError(f"the {kind} {value} is there twice")
        self.named.add((kind, value))


def _refuse_sprawl(cells: int) -> None:
    if cells > MAX_CELLS:
        raise TableUnreadable(
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
