"""Tables as files: figures stay figures, and no cell is taken for a formula."""

from decimal import Decimal

import pytest
from flask_babel import force_locale
from python_calamine import CalamineWorkbook

from core.exports import csv_answer, csv_text, safe_cell, xlsx_answer, xlsx_bytes

ROWS = [["Name", "Score"], ["Ni'matul", Decimal("1234.5")], ["=1+1", None], ["Sukarno", -3]]


@pytest.mark.parametrize("text", ["=1+1", "+62812", "-3", "@cmd", "\t=1", "  =1"])
def test_text_that_looks_like_a_formula_is_marked(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Ni'matul", "H. M. Arsyad", "", "a=1"])
def test_other_text_stays(text):
    assert safe_cell(text) == text


@pytest.mark.parametrize("language", ["id", "en"])
def test_csv_uses_the_signs_that_a_spreadsheet_here_reads(app, language):
    with app.test_request_context(), force_locale(language):
        lines = csv_text([*ROWS, ["Ten", 10.0], ["Third", 100 / 3]]).splitlines()

    assert lines == [
        "Name;Score", "Ni'matul;1234,5", "'=1+1;", "Sukarno;-3", "Ten;10", "Third;33,33",
    ]  # fmt: skip


def test_xlsx_keeps_figures_as_figures_and_text_as_text(tmp_path):
    file = tmp_path / "table.xlsx"
    file.write_bytes(xlsx_bytes(ROWS, sheet="A name that is longer than thirty-one letters"))

    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()

    assert rows == [["Name", "Score"], ["Ni'matul", 1234.5], ["=1+1", ""], ["Sukarno", -3.0]]


def test_text_that_no_cell_can_hold_ends_with_a_sign(tmp_path):
    file = tmp_path / "table.xlsx"
    file.write_bytes(xlsx_bytes([["Note"], ["x" * 32_767], ["x" * 32_768]], sheet="Notes"))

    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()

    assert rows == [["Note"], ["x" * 32_767], ["x" * 32_766 + "…"]]


def test_answers_are_attachments_that_a_demo_marks(app, monkeypatch):
    monkeypatch.setitem(app.config, "DEMO", True)
    with app.test_request_context():
        csv, xlsx = csv_answer(ROWS, "table"), xlsx_answer(ROWS, "table", sheet="Table")

    assert csv.headers["Content-Disposition"] == "attachment; filename=CONTOH-table.csv"
    assert csv.data.startswith(b"\xef\xbb\xbf")
    assert "CONTOH-table.xlsx" in xlsx.headers["Content-Disposition"]
