"""What stands on the paper: read back from the file as a reader, a phone and an archive would."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import combinations

import pypdfium2
import pytest

from plugins.certificates.pdf import Printed, Unprintable, render
from plugins.certificates.tests.conftest import codes_on

URL = "https://bimtek.example.id/certificates/verify/7KQ2-M4XD-9PTA"
MATERIALS = (
    ("Pengantar analisis kebutuhan informasi", 5),
    ("Praktik analisis kebutuhan informasi", 8),
    ("Rencana tindak lanjut", 3),
)
PRINTED = Printed(
    name="Hj. Siti Nur'aini, S.Pd.I., M.M.",
    course="Bimbingan Teknis Tenaga Perpustakaan",
    cohort="Angkatan VII Tahun 2020",
    number="0123/KALSEL-07-2020/PP/XI/2020",
    starts_on=date(2020, 11, 23),
    ends_on=date(2020, 11, 24),
    lesson_hours=16,
    place="Daring",
    issuer="Perpustakaan Contoh Nasional",
    host="Dinas Perpustakaan Contoh",
    issued_on=date(2020, 11, 27),
    issued_at_place="Jakarta",
    signer="Dr. Ratna Contoh, M.Hum.",
    signer_position="Kepala Pusat Pendidikan dan Pelatihan",
    materials=MATERIALS,
)
LONG_NAME = (
    "Prof. Dr. Ir. Raden Haji Muhammad Abdurrahman Syarifuddin al-Banjari Kusumaningrat "
    "Notonegoro Prawirodirdjo Sastroamidjojo Tirtoadisoerjo Djojohadikoesoemo Poerbatjaraka, "
    "S.Pd.I., S.I.Pust., M.M., M.Hum."
)
FRAME_MM = 12


def opened(printed, url=URL):
    return pypdfium2.PdfDocument(render(printed, verify_url=url))


def words(page):
    return " ".join(page.get_textpage().get_text_range().split())


def boxes(page):
    """Left, bottom, right, top of every run of letters, in points."""
    textpage = page.get_textpage()
    return [textpage.get_rect(index) for index in range(textpage.count_rects())]


def overlap(one, other):
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width > 0.5 and height > 0.5


def assert_tidy(document):
    """Nothing lies on anything else, and nothing touches the frame."""
    for page in document:
        width, height = page.get_size()
        margin = FRAME_MM / 25.4 * 72
        found = boxes(page)
        assert min(box[0] for box in found) > margin
        assert min(box[1] for box in found) > margin
        assert max(box[2] for box in found) < width - margin
        assert max(box[3] for box in found) < height - margin
        assert [pair for pair in combinations(found, 2) if overlap(*pair)] == []


def test_the_first_page_says_who_what_when_and_by_whom():
    page = opened(PRINTED)[0]

    assert words(page) == (
        "Perpustakaan Contoh Nasional Nomor 0123/KALSEL-07-2020/PP/XI/2020 Sertifikat "
        "diberikan kepada Hj. Siti Nur'aini, S.Pd.I., M.M. telah mengikuti dan menyelesaikan "
        "Bimbingan Teknis Tenaga Perpustakaan Angkatan VII Tahun 2020 "
        "Waktu 23–24 November 2020 Tempat Daring Lama belajar 16 (enam belas) jam pelajaran "
        "Tuan rumah Dinas Perpustakaan Contoh "
        f"Periksa keaslian Pindai kode QR atau buka alamat ini: {URL} "
        "Diterbitkan secara elektronik, tanpa tanda tangan basah. Jakarta, 27 November 2020 "
        "Kepala Pusat Pendidikan dan Pelatihan Dr. Ratna Contoh, M.Hum."
    )


def test_the_second_page_lists_the_materials_and_their_sum():
    document = opened(PRINTED)

    assert len(document) == 2
    assert words(document[1]) == (
        "Daftar materi Hj. Siti Nur'aini, S.Pd.I., M.M. Bimbingan Teknis Tenaga Perpustakaan "
        "Nomor 0123/KALSEL-07-2020/PP/XI/2020 No. Materi Jam pelajaran "
        "1 Pengantar analisis kebutuhan informasi 5 2 Praktik analisis kebutuhan informasi 8 "
        "3 Rencana tindak lanjut 3 Jumlah 16"
    )


def test_without_materials_there_is_one_page():
    assert len(opened(replace(PRINTED, materials=()))) == 1


def test_without_place_and_signer_the_date_stands_alone():
    bare = replace(PRINTED, issued_at_place="", signer="", signer_position="")

    assert words(opened(bare)[0]).endswith("tanpa tanda tangan basah. 27 November 2020")


def test_the_pages_are_a4_across():
    document = opened(PRINTED)

    sizes = [tuple(round(points / 72 * 25.4) for points in page.get_size()) for page in document]

    assert sizes == [(297, 210), (297, 210)]


def test_the_words_follow_the_language_of_the_certificate():
    text = words(opened(replace(PRINTED, language="en"))[0])

    assert "Certificate awarded to Hj. Siti Nur'aini" in text
    assert "has attended and completed" in text
    assert "Date 23–24 November 2020 Place Daring Duration 16 lesson hours" in text


def test_a_certificate_of_attendance_does_not_say_completed():
    text = words(opened(replace(PRINTED, kind="attendance"))[0])

    assert "Sertifikat keikutsertaan" in text
    assert "telah mengikuti Bimbingan Teknis" in text


def test_a_host_that_is_the_issuer_is_not_named_twice():
    assert "Tuan rumah" not in words(opened(replace(PRINTED, host=""))[0])


def test_a_sample_says_so_on_both_pages():
    real, sample = opened(PRINTED), opened(replace(PRINTED, sample=True))

    assert ["CONTOH" in words(page) for page in real] == [False, False]
    assert ["CONTOH" in words(page) for page in sample] == [True, True]
    assert_tidy(sample)


def test_a_phone_reads_the_address_from_the_code():
    assert codes_on(opened(PRINTED)[0]) == [URL]


def test_a_long_address_is_still_read_and_stays_in_its_place():
    url = "https://belajar.perpustakaan.kabupaten-kepulauan-contoh.example.id" + URL[25:]

    document = opened(PRINTED, url)

    assert codes_on(document[0]) == [url]
    assert url in words(document[0])
    assert_tidy(document)


@pytest.mark.parametrize(
    "name",
    [
        "Sukarno",
        "H. M. Arsyad Al-Banjari",
        "Ni’matul Ḥusnā binti ʿAbdullāh",
        "Émile Ștefănescu-Đorđević",
        "I Gusti Ayu Made Puspitasari Dewi Wulandari, S.I.Pust.",
        "Yohanes B. Kogoya",
    ],
)
def test_a_name_is_printed_letter_for_letter(name):
    document = opened(replace(PRINTED, name=name))

    assert f"diberikan kepada {name} telah" in words(document[0])
    assert_tidy(document)


def test_accents_typed_apart_are_printed_as_one_letter():
    document = opened(replace(PRINTED, name="Rene\N{COMBINING ACUTE ACCENT} Ali"))

    assert "kepada René Ali telah" in words(document[0])


def test_marks_that_turn_the_writing_round_are_left_out():
    document = opened(replace(PRINTED, name="Ali \u202egnab\u200b\u0007\n Banjar"))

    assert "kepada Ali gnab Banjar telah" in words(document[0])


@pytest.mark.parametrize(
    "code",
    ["#panic()", "*bold* _x_ `raw`", "$ x $", r"\u{41} \ #\"", "= Head", "<a> @b // c"],
)
def test_what_looks_like_typst_code_is_printed_as_text(code):
    document = opened(replace(PRINTED, name=code, course=code, materials=((code, 1),)))

    assert f"kepada {code} telah mengikuti dan menyelesaikan {code} Angk" in words(document[0])
    assert f"1 {code} 1 Jumlah" in words(document[1])


def test_texts_of_two_hundred_letters_fit():
    fields = "name course cohort place issuer host signer signer_position".split()
    title = "Peningkatan layanan informasi dan pelibatan masyarakat di perpustakaan desa " * 2
    printed = replace(
        PRINTED,
        **dict.fromkeys(fields, LONG_NAME),
        number="0001/" + "KALSEL-07-2020/" * 6 + "2020",
        issued_at_place="Kabupaten Kepulauan Siau Tagulandang Biaro",
        ends_on=date(2021, 12, 30),
        lesson_hours=777,
        materials=((title, 2),) * 8,
        sample=True,
    )

    document = opened(printed)

    assert len(LONG_NAME) > 200
    assert len(document) == 2
    assert words(document[0]).count(LONG_NAME) == len(fields)
    assert_tidy(document)


def test_a_text_without_a_space_is_broken_rather_than_lost():
    printed = replace(PRINTED, name="W" * 200, course="Y" * 300, materials=(("Y" * 300, 1),))

    document = opened(printed)

    assert words(document[1]).count("W") == 200
    assert words(document[0]).count("Y") == 300
    assert words(document[1]).count("Y") == 300 + 300
    assert_tidy(document)


def test_twenty_materials_fit_on_one_page():
    document = opened(replace(PRINTED, materials=MATERIALS[:1] * 20))

    assert len(document) == 2
    assert_tidy(document)


def test_a_longer_list_goes_on_and_every_page_says_whose_it_is():
    document = opened(replace(PRINTED, materials=MATERIALS[:1] * 40, sample=True))

    assert len(document) == 3
    assert words(document[2]).startswith("Daftar materi Hj. Siti Nur'aini, S.Pd.I., M.M.")
    assert "CONTOH" in words(document[2])
    assert words(document[2]).endswith("Jumlah 200")
    assert_tidy(document)


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("ꦱꦫꦱ", ["ꦫ", "ꦱ"]),
        ("Ali علي", ["ع", "ل", "ي"]),
        ("Li 李", ["李"]),
        ("Budi 😀", ["😀"]),
        ("\ue000", ["\ue000"]),
    ],
)
def test_characters_that_the_font_lacks_are_named(text, characters):
    with pytest.raises(Unprintable) as refused:
        render(replace(PRINTED, name=text), verify_url=URL)

    assert refused.value.characters == characters
    assert f"U+{ord(characters[0]):04X}" in refused.value.message


def test_characters_are_named_wherever_they_stand():
    with pytest.raises(Unprintable) as refused:
        render(replace(PRINTED, signer="王", materials=(("李", 1),)), verify_url=URL)

    assert refused.value.characters == ["李", "王"]


def test_the_same_certificate_is_the_same_file_elsewhere():
    here = render(PRINTED, verify_url=URL)
    program = (
        "import json, sys; from plugins.certificates.pdf import Printed, render;"
        "sys.stdout.buffer.write(render(Printed.from_json(json.load(sys.stdin)),"
        "verify_url=sys.argv[1]))"
    )

    elsewhere = subprocess.run(
        [sys.executable, "-c", program, URL],
        input=json.dumps(PRINTED.to_json()).encode(),
        env=os.environ | {"TZ": "Asia/Jayapura", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1"},
        capture_output=True,
        check=True,
    ).stdout

    assert elsewhere == here


def test_the_file_bears_the_day_of_issue_and_the_marks_of_an_archive():
    content = render(PRINTED, verify_url=URL)

    metadata = pypdfium2.PdfDocument(content).get_metadata_dict()

    assert metadata["CreationDate"].startswith("D:20201127000000")
    assert metadata["Title"] == "Sertifikat 0123/KALSEL-07-2020/PP/XI/2020"
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content


def test_the_file_is_light():
    assert len(render(PRINTED, verify_url=URL)) < 100_000


def test_threads_print_side_by_side():
    names = [f"Peserta {number}" for number in range(12)]

    with ThreadPoolExecutor(4) as pool:
        files = list(
            pool.map(lambda name: render(replace(PRINTED, name=name), verify_url=URL), names)
        )

    assert files == [render(replace(PRINTED, name=name), verify_url=URL) for name in names]


def test_what_is_printed_survives_being_kept_as_json():
    kept = json.loads(json.dumps(PRINTED.to_json()))

    assert kept["starts_on"] == "2020-11-23"
    assert Printed.from_json(kept) == PRINTED
