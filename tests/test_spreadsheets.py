import io
from datetime import datetime

import pytest
import xlsxwriter

from core.spreadsheets import TableUnreadable, one_line, shown, tables_in


def workbook(rows):
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet("Daftar")
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return packed.getvalue()


def workbook_of_date(number):
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed) as book:
        date = book.add_format({"num_format": "dd/mm/yyyy"})
        book.add_worksheet().write_number(0, 0, number, date)
    return packed.getvalue()


def cells_of(data):
    """The cells of the likeliest way to read the file."""
    table = next(tables_in(data, "daftar"))
    return [(line.number, line.cells) for line in table.lines()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":"])
def test_the_commonest_delimiter_comes_first(delimiter):
    line = delimiter.join(["Nama", "Instansi", "Jabatan"])

    assert cells_of(f"{line}\n".encode()) == [(1, ["Nama", "Instansi", "Jabatan"])]


def test_blank_lines_are_passed_over_and_counted():
    assert cells_of(b"\na,b\n,\n\nc,d\n") == [(2, ["a", "b"]), (5, ["c", "d"])]


@pytest.mark.parametrize(
    ("line", "cells", "broken"),
    [
        ('"a, b",c', ["a, b", "c"], False),
        ('"a\n""b""\nc",d', ['a\n"b"\nc', "d"], False),
        ('a "b" c,d', ['a "b" c', "d"], False),
        ('a "b,c', ['a "b', "c"], False),
        ('"a" b,c', ['"a" b', "c"], True),
        ('"a,b', ['"a', "b"], True),
    ],
)
def test_an_unclosed_quotation_mark_spoils_its_own_line_only(line, cells, broken):
    table = next(tables_in(f"x,y\n{line}\n{'Siti,Budi' * 3}\n".encode(), "daftar.csv"))

    before, found, after = table.lines()

    assert (before.cells, before.broken) == (["x", "y"], False)
    assert (found.number, found.cells, found.broken) == (2, cells, broken)
    assert (after.number, after.broken) == (3 + line.count("\n"), False)


def test_a_quotation_of_too_many_lines_is_broken():
    first, *rest = next(tables_in(b'a,"b' + b"\nx,y" * 100 + b'"\n', "daftar.csv")).lines()

    assert first.broken
    assert len(rest) == 100


def test_a_moment_of_a_workbook_keeps_its_seconds_where_it_has_any():
    rows = [[datetime(2026, 11, 23, 8, 30, 14), datetime(2026, 11, 23, 8, 30)]]  # noqa: DTZ001

    assert cells_of(workbook(rows)) == [(1, ["2026-11-23 08:30:14", "2026-11-23 08:30"])]


@pytest.mark.parametrize(
    ("number", "cell"), [(6281234567890, "6281234567890"), (1e300, "1,00E+300")]
)
def test_a_long_number_formatted_as_a_date_stays_a_number(number, cell):
    assert cells_of(workbook_of_date(number)) == [(1, [cell])]


def test_a_date_before_all_time_is_called_damage():
    with pytest.raises(TableUnreadable, match="is damaged"):
        cells_of(workbook_of_date(-1e300))


def test_a_text_is_shown_in_one_short_line():
    assert one_line(" Siti\r\n\tAmi\u200bnah ") == "Siti Aminah"
    assert shown("Siti\n" * 100) == "Siti " * 7 + "Siti…"
