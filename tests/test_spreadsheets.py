import io
import zipfile
from datetime import datetime

import pytest
import xlsxwriter

from core import spreadsheets
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


# Workbooks made to exhaust memory or time

RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TOO_LARGE = "The workbook is far too large once unpacked. Keep only the list."
SPRAWLS = "The workbook has something far below or right of the list."
ONE_CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'


def related_part(identity, kind, target):
    return f'<Relationship Id="{identity}" Type="{RELATION}/{kind}" Target="{target}"/>'


def packed_workbook(sheets, *, texts="", styles="", names=None, targets=None, more=(), at="xl"):
    """A workbook written by hand, of the rows of each sheet; its parts lie in the folder `at`."""
    numbers = range(1, len(names or targets or sheets) + 1)
    names = names or [f"S{number}" for number in numbers]
    targets = targets or [f"worksheets/sheet{number}.xml" for number in numbers]
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in zip(numbers, names, strict=True)
    )
    related = "".join(
        related_part(f"rId{number}", "worksheet", target)
        for number, target in zip(numbers, targets, strict=True)
    ) + related_part("rIdT", "sharedStrings", "sharedStrings.xml")
    office = related_part("rId1", "officeDocument", f"{at}/workbook.xml")
    parts = {
        "xl/workbook.xml": "<workbook/>",
        "_rels/.rels": f"<Relationships>{office}</Relationships>",
        f"{at}/workbook.xml": f"<workbook><sheets>{listed}</sheets></workbook>",
        f"{at}/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        f"{at}/sharedStrings.xml": f"<sst>{texts}</sst>",
        f"{at}/styles.xml": f"<styleSheet>{styles}</styleSheet>",
    }
    for number, rows in enumerate(sheets, start=1):
        sheet = f"<worksheet><sheetData>{rows}</sheetData></worksheet>"
        parts[f"{at}/worksheets/sheet{number}.xml"] = sheet
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | dict(more)).items():
            archive.writestr(name, content)
    return packed.getvalue()


def shared(*references):
    return "".join(f'<row><c t="s"><v>{reference}</v></c></row>' for reference in references)


def text_of(letters):
    return f"<si><t>{'A' * letters}</t></si>"


def refusal(data):
    """Why the workbook is refused before anything of it is opened."""
    with pytest.raises(TableUnreadable) as refused:
        next(tables_in(data, "daftar"))
    return refused.value.message


@pytest.fixture
def small_budget(monkeypatch):
    """A guard that fails then costs little."""
    monkeypatch.setattr(spreadsheets, "MAX_LETTERS", 1000, raising=False)
    monkeypatch.setattr(spreadsheets, "MAX_CELLS", 100)


def test_a_long_text_shared_by_many_cells_is_refused():
    data = packed_workbook([shared(*[0] * 60)], texts=text_of(1_000_000))

    assert len(data) < 5000
    assert refusal(data) == TOO_LARGE


@pytest.mark.usefixtures("small_budget")
@pytest.mark.parametrize(
    "reference",
    ["0", "00", " 1", "+1", "1\n", "0<!-- -->1", "<![CDATA[0]]>", "0&#49;", "4294967296"],
)
def test_a_reference_written_oddly_counts_as_the_longest_text(reference):
    data = packed_workbook([shared(*[reference] * 10)], texts=text_of(99) + text_of(0))

    assert refusal(data) == TOO_LARGE


@pytest.mark.usefixtures("small_budget")
def test_a_part_that_only_pretends_to_hold_the_shared_texts_hides_nothing():
    pretended = {"xl/a.xml": "<sst><si><t/></si></sst>", "xl/z.xml": "<sst><si><t/></si></sst>"}

    data = packed_workbook([shared(*[0] * 10)], texts=text_of(99), more=pretended)

    assert refusal(data) == TOO_LARGE


@pytest.mark.usefixtures("small_budget")
def test_a_shared_text_within_another_is_called_damage():
    data = packed_workbook([shared(0)], texts="<si><si><t>a</t></si></si>")

    assert "is damaged" in refusal(data)


@pytest.mark.usefixtures("small_budget")
def test_texts_are_counted_one_by_one():
    texts = text_of(400) + text_of(1)

    data = packed_workbook([shared(0, *[1] * 50)], texts=texts)

    assert [cells[0] for _number, cells in cells_of(data)] == ["A" * 400, *["A"] * 50]


@pytest.mark.usefixtures("small_budget")
def test_texts_of_the_cells_themselves_are_counted():
    row = f'<row><c t="inlineStr"><is><t>{"A" * 500}</t></is></c></row>'

    assert refusal(packed_workbook([row * 2, row])) == TOO_LARGE


@pytest.mark.usefixtures("small_budget")
def test_a_long_date_format_of_many_styles_is_refused():
    long_format = f'<numFmts><numFmt numFmtId="200" formatCode="{"y" * 101}"/></numFmts>'
    styles = f"{long_format}<cellXfs>{'<xf/>' * 10}</cellXfs>"

    assert refusal(packed_workbook([ONE_CELL], styles=styles)) == TOO_LARGE


@pytest.mark.usefixtures("small_budget")
def test_all_sheets_share_one_budget_of_cells():
    far = '<row r="10"><c r="F10"><v>1</v></c></row>'

    assert next(tables_in(packed_workbook([far]), "daftar")).lines()
    assert refusal(packed_workbook([far, far])).startswith(SPRAWLS)


def test_a_workbook_of_more_sheets_than_provinces_is_refused():
    data = packed_workbook([ONE_CELL] * 51)

    assert refusal(data) == (
        "The workbook has more than 50 sheets. Keep only the sheet with the list."
    )
    assert len(list(tables_in(packed_workbook([ONE_CELL] * 50), "daftar"))) == 50


@pytest.mark.parametrize(
    "second", ["worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml", "worksheets/SHEET1.xml"]
)
def test_one_part_under_two_names_is_called_damage(second):
    data = packed_workbook([ONE_CELL], targets=["worksheets/sheet1.xml", second])

    assert "is damaged" in refusal(data)


def test_one_part_under_two_names_is_found_in_any_folder():
    targets = ["worksheets/sheet1.xml"] * 2

    assert "is damaged" in refusal(packed_workbook([ONE_CELL], targets=targets, at="other"))


def test_two_sheets_of_one_name_are_called_damage():
    assert "is damaged" in refusal(packed_workbook([ONE_CELL] * 2, names=["S", "S"]))


def test_two_sheets_of_one_relation_are_called_damage():
    listed = '<sheet name="A" r:id="rId1"/><sheet name="B" r:id="rId1"/>'
    book = f"<workbook><sheets>{listed}</sheets></workbook>"

    assert "is damaged" in refusal(packed_workbook([ONE_CELL], more={"xl/workbook.xml": book}))
