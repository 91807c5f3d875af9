import csv
import io
import os
import subprocess
import sys
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from core.people.roster_file import MAX_ROWS, RosterFileError, csv_safe, read_roster

MORNING = datetime(2026, 11, 23, 8, 30)  # noqa: DTZ001 -- a cell of Excel knows no zone


def xlsx(*sheets, then=None):
    """A workbook of the given sheets, each a list of rows; `then` may do more to it."""
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"default_date_format": "dd/mm/yyyy"})
    for rows in sheets:
        sheet = book.add_worksheet()
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    if then:
        then(book)
    book.close()
    return packed.getvalue()


def with_part(workbook, name, edit):
    """The workbook with one of its parts edited as text."""
    edited = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(workbook))
    with source, zipfile.ZipFile(edited, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            content = source.read(part)
            target.writestr(part, edit(content.decode()) if part == name else content)
    return edited.getvalue()


def read(text, filename="daftar.csv"):
    return read_roster(text.encode(), filename)


def only_row(text):
    (row,) = read(text).rows
    return row


def value_of(header, value):
    return only_row(f"Nama;{header}\nSukarno;{value}\n")


def problems_of(row):
    return [(problem.field, problem.message) for problem in row.problems]


def refusal(data, filename="daftar.xlsx"):
    with pytest.raises(RosterFileError) as refused:
        read_roster(data, filename)
    return refused.value.message


# What is read


def test_a_usual_indonesian_list_is_read_completely():
    file = read(
        "No.;Nama & Gelar;NIP/NIK;Instansi;Kab./Kota;Provinsi;Jabatan;No. HP/WA;Surel\n"
        "1;Hj. Siti Nur'aini, S.Pd.I., M.M.;19850315 201001 2 001;Perpustakaan Desa;Kab. Bantul;"
        "DI Yogyakarta;Pengelola;0812-3456-7890;Siti.Nuraini@Contoh.Web.ID\n"
    )

    (row,) = file.rows
    assert (row.title_before, row.full_name, row.title_after) == (
        "Hj.",
        "Siti Nur'aini",
        "S.Pd.I., M.M.",
    )
    assert row.nip == "198503152010012001"
    assert (row.institution, row.regency) == ("Perpustakaan Desa", "Kab. Bantul")
    assert (row.province, row.position) == ("DI Yogyakarta", "Pengelola")
    assert (row.phone, row.email) == ("+6281234567890", "siti.nuraini@contoh.web.id")
    assert row.line == 2
    assert row.problems == ()
    assert [note.field for note in row.notes] == ["full_name"]
    assert (file.format, file.delimiter, file.sheet) == ("csv", ";", None)
    assert file.unknown_columns == ()


def test_a_moodle_list_joins_first_and_last_name():
    file = read(
        "username,firstname,lastname,email,phone1,city,profile_field_nip,cohort1\n"
        "bt-007,Yohanes B.,Kogoya,yohanes@contoh.id,081234567890,Wamena,,A\n"
        "bt-008,Sukarno,-,sukarno@contoh.id,,,,A\n"
    )

    assert [row.full_name for row in file.rows] == ["Yohanes B. Kogoya", "Sukarno"]
    assert [row.number for row in file.rows] == [None, None]
    assert file.columns["full_name"] == "firstname + lastname"
    assert file.columns["regency"] == "city"
    assert file.columns["nip"] == "profile_field_nip"
    assert file.unknown_columns == ("username", "cohort1")


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("NAMA LENGKAP (beserta gelar)", "full_name"),
        ("Nama Peserta*", "full_name"),
        ("Full name", "full_name"),
        ("E-mail", "email"),
        ("Alamat Email Aktif", "email"),
        ("Nomor HP (WA)", "phone"),
        ("No. Telp/HP", "phone"),
        ("nomor ponsel", "phone"),
        ("Asal Instansi", "institution"),
        ("Unit Kerja", "institution"),
        ("Nama Perpustakaan", "institution"),
        ("KABUPATEN / KOTA", "regency"),
        ("Propinsi", "province"),
        ("Nomor Peserta", "number"),
        ("Gelar Belakang", "title_after"),
    ],
)
def test_headers_are_understood_as_people_write_them(header, field):
    file = read(f"Nama depan\t{header}\nSukarno\tx\n")

    assert file.columns[field] == header


def test_unknown_columns_are_named_and_row_numbers_are_not():
    file = read("No,Nama,NIK,Ukuran Kaos,\n1,Sukarno,3204,XL,\n")

    assert file.unknown_columns == ("NIK", "Ukuran Kaos")


def test_the_first_of_two_columns_for_one_field_is_read():
    file = read("Nama,Email,E-mail\nSukarno,satu@contoh.id,dua@contoh.id\n")

    assert file.rows[0].email == "satu@contoh.id"
    assert file.unknown_columns == ("E-mail",)


def test_a_header_may_span_lines_and_people_keep_their_line():
    file = read('"Nama\nLengkap","No.\nHP"\nSukarno,081234567890\n')

    assert file.columns == {"full_name": "Nama Lengkap", "phone": "No. HP"}
    assert file.rows[0].line == 4


def test_titles_above_the_header_and_numbers_under_it_are_passed_over():
    file = read(
        "DAFTAR PESERTA BIMTEK, ANGKATAN II;;\nTempat: Bantul;;\n;;\n"
        "No;Nama;Jabatan\n(1);(2);(3)\n1;Sukarno;Kepala\n;;\nNo;Nama;Jabatan\n2;Ni'matul;Staf\n3;;\n"
    )

    assert [(row.line, row.full_name) for row in file.rows] == [(6, "Sukarno"), (9, "Ni'matul")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":"])
def test_the_delimiter_is_found_by_the_header(delimiter):
    header = delimiter.join(("Nama", "Instansi", "Jabatan"))
    person = delimiter.join(('"Siti, S.Pd.; M.M. | x:y\tz"', "Dinas", "Staf"))

    file = read(f"{header}\n{person}\n")

    assert file.delimiter == delimiter
    assert file.rows[0].position == "Staf"


def test_a_list_of_names_alone_needs_no_delimiter():
    file = read("Nama\nSiti Aminah, S.Pd., M.M.\nSukarno\n")

    assert [row.full_name for row in file.rows] == ["Siti Aminah", "Sukarno"]
    assert file.rows[0].title_after == "S.Pd., M.M."
    assert file.delimiter is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_usual_encodings_are_read(encoding):
    data = "Nama;Instansi\r\nNi’matul;Café Baca\r\n".encode(encoding)

    file = read_roster(data, "daftar.csv")

    assert (file.rows[0].full_name, file.rows[0].institution) == ("Ni’matul", "Café Baca")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_numbers_count_quoted_line_breaks_and_blank_lines(newline):
    lines = ["Nama,Instansi", '"Siti","Dinas', 'Perpustakaan"', "", "Sukarno,Desa"]

    file = read(newline.join(lines))

    assert [(row.line, row.full_name) for row in file.rows] == [(2, "Siti"), (5, "Sukarno")]
    assert file.rows[0].institution == "Dinas Perpustakaan"


# Workbooks


def test_a_workbook_is_read_from_its_first_sheet_with_names():
    data = xlsx(
        [["Petunjuk pengisian"]],
        [["DAFTAR PESERTA"], [], ["No", "Nama", "NIP", "Tgl Lahir"], [1, "Sukarno", "", 2]],
    )

    file = read_roster(data, "daftar.xlsx")

    assert (file.format, file.delimiter, file.sheet) == ("xlsx", None, "Sheet2")
    assert [(row.line, row.full_name) for row in file.rows] == [(4, "Sukarno")]
    assert file.unknown_columns == ("Tgl Lahir",)


def test_a_hidden_sheet_is_not_read():
    def hide(book):
        book.worksheets()[1].activate()
        book.worksheets()[1].set_first_sheet()
        book.worksheets()[0].hide()

    data = xlsx([["Nama"], ["Lama"]], [["Nama"], ["Baru"]], then=hide)

    assert [row.full_name for row in read_roster(data, "a.xlsx").rows] == ["Baru"]


def test_numbers_of_a_workbook_lose_nothing():
    data = xlsx(
        [
            ["Nama", "No HP", "NIP", "Nomor Peserta", "Jabatan", "Instansi"],
            ["Siti", 81234567890, "098503152010012001", 17, 2.5, date(2026, 11, 23)],
            ["Budi", 6281234567890, "", "0017", True, MORNING],
        ]
    )

    siti, budi = read_roster(data, "a.xlsx").rows

    assert (siti.phone, budi.phone) == ("+6281234567890", "+6281234567890")
    assert siti.nip == "098503152010012001"
    assert (siti.number, budi.number) == ("17", "0017")
    assert (siti.position, budi.position) == ("2.5", "True")
    assert (siti.institution, budi.institution) == ("2026-11-23", "2026-11-23 08:30")
    assert siti.problems == budi.problems == ()


def test_a_nip_that_excel_kept_as_a_number_is_told_and_not_guessed():
    data = xlsx([["Nama", "NIP"], ["Siti", 198503152010012001]])

    (row,) = read_roster(data, "a.xlsx").rows

    assert row.nip is None
    ((field, message),) = problems_of(row)
    assert field == "nip"
    assert message.startswith("1,99E+17 was shortened by Excel")


def test_a_regency_merged_over_several_people_counts_for_each():
    def merge(book):
        book.worksheets()[0].merge_range(1, 1, 3, 1, "Kab. Bantul")

    data = xlsx(
        [["Nama", "Kab/Kota"], ["Siti"], ["Budi"], ["Dewi"], ["Sri", "Kota Yogyakarta"]],
        then=merge,
    )

    regencies = [row.regency for row in read_roster(data, "a.xlsx").rows]

    assert regencies == ["Kab. Bantul"] * 3 + ["Kota Yogyakarta"]


def test_a_merged_name_is_not_repeated():
    def merge(book):
        book.worksheets()[0].merge_range(1, 0, 2, 0, "Siti")

    data = xlsx([["Nama", "Jabatan"], ["", "Staf"], ["", "Guru"]], then=merge)

    siti, below = read_roster(data, "a.xlsx").rows

    assert siti.full_name == "Siti"
    assert problems_of(below) == [("full_name", "The name is missing.")]


def test_the_kind_of_file_is_taken_from_its_bytes_not_its_name():
    assert read("Nama\nSukarno\n", "daftar.xlsx").format == "csv"
    assert read_roster(xlsx([["Nama"], ["Sukarno"]]), "daftar.csv").format == "xlsx"


# Values


@pytest.mark.parametrize(
    "written",
    [
        "081234567890",
        "81234567890",
        "6281234567890",
        "+62 812-3456-7890",
        "0062 812 3456 7890",
        "'0812.3456.7890",
        '"=""081234567890"""',
        "\u202a+62 812‑3456‑7890\u202c",
        "WA: 0812 3456 7890",
        "0812 3456 7890 (WA)",
    ],
)
def test_a_phone_is_stored_in_its_international_form(written):
    row = value_of("No HP", written)

    assert row.phone == "+6281234567890"
    assert row.problems == row.notes == ()


@pytest.mark.parametrize("between", [" / ", "/", ", ", "\n", " atau "])
def test_the_first_of_several_phones_is_kept_with_a_note(between):
    row = value_of("HP", f'"0812-3456-7890{between}0813-1111-2222"')

    assert row.phone == "+6281234567890"
    assert [(note.field, note.message) for note in row.notes] == [
        ("phone", "Only the first of several was kept: 0812-3456-7890.")
    ]


@pytest.mark.parametrize("written", ["0812", "O812-3456-7890", "12345678", "Bu Siti", "8,12E+10"])
def test_a_phone_that_cannot_be_dialled_is_a_problem_that_shows_it(written):
    row = value_of("HP", written)

    assert row.phone is None
    ((field, message),) = problems_of(row)
    assert field == "phone"
    assert written in message


@pytest.mark.parametrize(
    "written",
    [
        "198503152010012001",
        "19850315 201001 2 001",
        "NIP. 19850315.201001.2.001",
        "'198503152010012001",
    ],
)
def test_a_nip_is_kept_as_eighteen_digits(written):
    assert value_of("NIP", written).nip == "198503152010012001"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("1,97E+17", "shortened by Excel"),
        ("1.97E+17", "shortened by Excel"),
        ("2E+17", "shortened by Excel"),
        ("198503152010012000", "shortened by Excel"),
        ("19850315201001200", "18 digits"),
        ("131 234 567", "18 digits"),
        ("S.Pd.", "18 digits"),
    ],
)
def test_a_nip_that_cannot_be_right_is_a_problem_that_shows_it(written, told):
    row = value_of("NIP", written)

    assert row.nip is None
    ((field, message),) = problems_of(row)
    assert field == "nip"
    assert written in message
    assert told in message


@pytest.mark.parametrize("nik", ["3204010101850001", "3204 0101 0185 0001", "3,20E+15"])
def test_a_nik_is_not_kept_and_not_repeated(nik):
    row = value_of("NIP/NIK", nik)

    assert nik not in repr(row)
    assert (row.nip, row.problems) == (None, ())
    assert [note.field for note in row.notes] == ["nip"]


def test_a_nik_typed_as_a_number_is_recognised_in_a_workbook():
    data = xlsx([["Nama", "NIP/NIK"], ["Siti", 3204010101850001]])

    (row,) = read_roster(data, "a.xlsx").rows

    assert (row.nip, row.problems) == (None, ())
    assert [note.field for note in row.notes] == ["nip"]


@pytest.mark.parametrize(
    "written", ["siti", "siti@", "siti@contoh", "siti @contoh.id", "sîti@contoh.id"]
)
def test_a_wrong_e_mail_is_a_problem_that_shows_it(written):
    row = value_of("Email", written)

    assert row.email is None
    assert problems_of(row) == [("email", f"“{written}” is not an e-mail address.")]


def test_the_first_of_several_e_mails_is_kept_with_a_note():
    row = value_of("Email", '"a-dan-b@contoh.id; c@contoh.id"')

    assert row.email == "a-dan-b@contoh.id"
    assert [note.field for note in row.notes] == ["email"]


@pytest.mark.parametrize("nothing", ["", "-", "–", "tidak ada", "N/A", "\u200b"])
def test_a_cell_that_says_there_is_nothing_is_empty(nothing):
    file = read(f"Nama;NIP;HP;Email;Instansi\nSukarno;{nothing};{nothing};{nothing};{nothing}\n")

    (row,) = file.rows
    assert (row.nip, row.phone, row.email, row.institution) == (None, None, None, "")
    assert row.problems == ()


def test_titles_of_their_own_columns_win_over_those_in_the_name():
    row = only_row('Gelar depan,Nama,Gelar belakang\nDr.,"Drs. Budi, S.H.",M.H.\n')

    assert (row.title_before, row.full_name, row.title_after) == ("Dr.", "Budi", "M.H.")


@pytest.mark.parametrize(
    ("name", "told"), [("", "The name is missing."), ("123", "“123” is not a name.")]
)
def test_a_row_without_a_name_is_a_problem(name, told):
    row = only_row(f"Nama;Instansi\n{name};Perpustakaan Desa\n")

    assert problems_of(row) == [("full_name", told)]


def test_a_name_with_an_unquoted_comma_is_not_read_into_the_next_column():
    file = read("Nama,Jabatan\nSiti, S.Pd.,Guru\nBudi,Staf,\n")

    siti, budi = file.rows
    assert [problem.field for problem in siti.problems] == ["row"]
    assert siti.position == ""
    assert (budi.position, budi.problems) == ("Staf", ())


def test_a_value_far_too_long_is_a_problem_and_shown_short():
    row = only_row(f"Nama,Instansi\n{'Sri ' * 100},Desa\n")

    ((field, message),) = problems_of(row)
    assert field == "full_name"
    assert row.full_name == ""
    assert len(message) < 80


def test_all_problems_of_a_row_are_told_together():
    row = only_row("Nama,NIP,HP,Email\n,12,34,56\n")

    assert [problem.field for problem in row.problems] == ["full_name", "email", "phone", "nip"]


def test_invisible_characters_are_removed():
    assert only_row("Nama\nSu\u200bkar\x02no\u202c\n").full_name == "Sukarno"


# Files that cannot be used


def test_columns_found_and_the_one_needed_are_named_when_names_are_missing():
    message = refusal(b"No;NIP;Email\n1;198503152010012001;siti@contoh.id\n", "daftar.csv")

    assert "Columns found: No, NIP, Email." in message
    assert "“Nama”" in message


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b" \r\n\n", "is empty"),
        (b";;;\n;;;\n", "is empty"),
        (b"Nama;NIP\n", "no people below"),
        (b"Nama;NIP\n;\n-;-\n", "no people below"),
        (b"Sukarno\n", "Columns found: Sukarno"),
        (b"Nama\nSi\0ti\n", "is not a list"),
        ("Nama\nSiti\n".encode("utf-16-le"), "is not a list"),
        (bytes(range(1, 32)) * 4, "is not a list"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\n<html><table><tr><td>Nama", "a web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel file (.xls)"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "protected by a password",
        ),
        (b"PK\x03\x04 and nothing more", "is damaged"),
        (b'Nama,NIP\nSiti,1\n"Budi,2\n' + b"Sri,3\n" * 50, "Line 3 cannot be read"),
        (b"Nama\n" + b"a" * 9_000_000, "Line 2 is too long"),
        (b"a" * 9_000_000, "Line 1 is too long"),
        (b"Nama\n" + b"," * 9_000_000, "Line 2 is too long"),
        (b"Nama\n" + b"\n" * 9_000_000, "20,000 rows"),
        (b"Nama\n" + b"Siti\n" * (MAX_ROWS + 1), "20,000 rows"),
        (b"a" * (10 * 1024**2 + 1), "larger than 10 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "a file",
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(data, told):
    assert told in refusal(data)


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ("word/document.xml", "a Word document"),
        ("content.xml", "a LibreOffice document"),
        ("xl/workbook.bin", ".xlsb"),
        ("foto.jpg", "a packed archive (ZIP)"),
    ],
)
def test_another_packed_file_is_recognised(member, told):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, "x")

    assert told in refusal(packed.getvalue())


def test_the_message_names_the_file():
    assert refusal(b"%PDF-1.7", "daftar peserta.xlsx").startswith("“daftar peserta.xlsx” seems")


def test_a_workbook_with_too_many_rows_is_refused():
    data = xlsx([["Nama"], *([["Siti"]] * (MAX_ROWS + 1))])

    assert "20,000 rows" in refusal(data)


def test_a_full_list_is_accepted():
    assert len(read("Nama\n" + "Siti\n" * MAX_ROWS).rows) == MAX_ROWS


def test_a_workbook_that_unpacks_to_far_more_than_it_weighs_is_refused():
    packed = io.BytesIO(xlsx([["Nama"], ["Siti"]]))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x.xml", bytes(100 * 1024**2))

    assert len(packed.getvalue()) < 200_000
    assert "far too large once unpacked" in refusal(packed.getvalue())


def test_a_workbook_cut_short_is_called_damaged():
    data = xlsx([["Nama"], ["Siti"]])

    assert "is damaged" in refusal(data[: len(data) // 2])


def test_a_workbook_with_broken_parts_is_called_damaged():
    data = xlsx([["Nama"], ["Siti"]])

    cut = with_part(data, "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) // 2])
    no_texts = with_part(data, "xl/sharedStrings.xml", lambda xml: "<sst/>")

    assert "is damaged" in refusal(cut)
    assert "is damaged" in refusal(no_texts)


FAR_CELL = '<c r="XFD1048576" t="str"><v>x</v></c></row></sheetData>'
HOSTILE = {
    "far cell": ("sheet1.xml", "</row></sheetData>", FAR_CELL),
    "cells without end": (
        "sheet1.xml",
        "</row></sheetData>",
        "<c/>" * 5_000_001 + "</row></sheetData>",
    ),
    "announced texts": ("sharedStrings.xml", 'uniqueCount="', 'uniqueCount="9999999999'),
}


READ_AND_TELL = """
import pathlib, sys
from core.people.roster_file import RosterFileError, read_roster
try:
    read_roster(pathlib.Path(sys.argv[1]).read_bytes(), "a.xlsx")
except RosterFileError as refused:
    print("refused", refused)
"""


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_workbook_made_to_exhaust_memory_is_refused_before_it_is_opened(kind, tmp_path):
    name, old, new = HOSTILE[kind]
    part = f"xl/worksheets/{name}" if name == "sheet1.xml" else f"xl/{name}"
    data = with_part(xlsx([["Nama"], ["Siti"]]), part, lambda xml: xml.replace(old, new))
    (tmp_path / "hostile.xlsx").write_bytes(data)

    # In a process of its own: a guard that fails would end the whole test run.
    done = subprocess.run(
        [sys.executable, "-c", READ_AND_TELL, str(tmp_path / "hostile.xlsx")],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )

    assert done.stdout.startswith("refused The workbook"), done.stderr


def test_an_empty_formatted_cell_far_below_does_no_harm():
    def far_below(book):
        book.worksheets()[0].write_blank(1_048_575, 9, None, book.add_format({"bold": True}))

    data = xlsx([["Nama"], ["Siti"]], then=far_below)

    assert [row.full_name for row in read_roster(data, "a.xlsx").rows] == ["Siti"]


# Writing back


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1+1", "'  =1+1"),
        ("+62812345 =1", "'+62812345 =1"),
        ("+6281234567890", "081234567890"),
        ("Sukarno", "Sukarno"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_no_value_becomes_a_formula(value, safe):
    assert csv_safe(value) == safe


def test_a_phone_written_back_is_read_the_same():
    phone = value_of("HP", "0812-3456-7890").phone
    written = io.StringIO()
    csv.writer(written).writerows([["Nama", "HP"], ["Sukarno", csv_safe(phone)]])

    assert read(written.getvalue()).rows[0].phone == phone
