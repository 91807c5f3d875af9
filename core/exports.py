"""Tables as files that a spreadsheet opens: CSV and XLSX, with cells that run nothing."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from flask import Response

from core.files import content_disposition, export_name

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST = 60
LONGEST = 32_767  # letters that a cell of a spreadsheet holds


def safe_cell(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _word(value: Any) -> str:
    """Figures as a spreadsheet here reads them, whatever language the reader has chosen."""
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        plain = f"{round(Decimal(str(value)), 2):f}"
        return (plain.rstrip("0").rstrip(".") if "." in plain else plain).replace(".", ",")
    return safe_cell(str(value))


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Semicolons, since the comma is the decimal sign here."""
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([_word(value) for value in row] for row in rows)
    return text.getvalue()


def csv_answer(rows: Iterable[Sequence[Any]], name: str) -> Response:
    """A table to download as `name`.csv; with the mark at its head Excel reads it as UTF-8."""
    return _attached("\ufeff" + csv_text(rows), "text/csv; charset=utf-8", f"{name}.csv")


def xlsx_bytes(rows: Iterable[Sequence[Any]], *, sheet: str) -> bytes:
    """One sheet; the first row is its head, figures stay figures."""
    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True, "strings_to_formulas": False,
                                    "strings_to_urls": False}) as book:  # fmt: skip
        page = book.add_worksheet(sheet[:31])
        bold = book.add_format({"bold": True})
        widths: dict[int, int] = {}
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                _write(page, at, column, value, None if at else bold)
                widths[column] = min(max(widths.get(column, 8), len(str(value)) + 2), WIDEST)
        for column, width in widths.items():
            page.set_column(column, column, width)
        page.freeze_panes(1, 0)
    return kept.getvalue()


def _write(page: Any, row: int, column: int, value: Any, style: Any) -> None:
    if value is None:
        page.write_blank(row, column, None, style)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        page.write_number(row, column, float(value), style)
    else:
        page.write_string(row, column, _shortened(str(value)), style)


def _shortened(text: str) -> str:
    """What does not fit is cut where the reader sees it."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def xlsx_answer(rows: Iterable[Sequence[Any]], name: str, *, sheet: str) -> Response:
    """The same table as `name`.xlsx."""
    return _attached(xlsx_bytes(rows, sheet=sheet), XLSX, f"{name}.xlsx")


def _attached(data: str | bytes, kind: str, name: str) -> Response:
    response = Response(data, content_type=kind)
    shown = content_disposition(export_name(name), inline=False)
    response.headers["Content-Disposition"] = shown
    return response
