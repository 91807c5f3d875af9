"""The second journey: from a roster and Zoom's report to the certificate and the province.

Everybody acts on the own screen by the words that stand there. Times are real, since the browser
has a clock of its own: the class ended five minutes ago.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from core.api import add_activity, change_settings, db, now, schedule
from core.people.services import set_password
from core.testing.live import assert_fits, sign_in
from plugins.certificates.tests.conftest import qr_code
from plugins.online_classes import queries as live_classes
from plugins.online_classes.addresses import read_address
from plugins.online_classes.report_writing import write_with_meeting
from plugins.online_classes.services import set_meeting
from plugins.quizzes.tests.conftest import add_test, single
from plugins.regions.api import set_region

pytestmark = pytest.mark.journey

SECRET = "perahu biru di hulu"
WITA = ZoneInfo("Asia/Makassar")
PLUGINS = ("quizzes", "regions", "attendance", "online_classes", "certificates", "monitoring")
OFFICE = "Dinas Perpustakaan Kalimantan Selatan"
VILLAGE, WARD = "Perpustakaan Desa Sukamaju", "Perpustakaan Kelurahan Mekar Sari"
NIMATUL = "Ni'matul, S.I.Pust."
ROSTER = f"""Nama Lengkap;Surel;Instansi
{NIMATUL};nimatul@contoh.id;{VILLAGE}
Muhammad Ridwan;;{WARD}
Siti Aminah;siti@contoh.id;{WARD}
"""
MEETING = 81234567890
QUESTIONS = [
    single("Langkah pertama pengadaan?", "Mengenali pemustaka", ("Meminta katalog harga",)),
    single("Sebelum mengunggah foto anak?", "Meminta izin orang tua", ("Memperkecil foto",)),
]
RIGHT = re.compile("Mengenali pemustaka|Meminta izin orang tua")
SIGNED = {"signer": "Dr. Contoh Adinata, M.Hum.", "place": "Jakarta", "unit": "PN"}


@pytest.fixture
def training(make, app, live_server, monkeypatch):
    """A published class of one live class of two hours, just over, and an open post-test."""
    monkeypatch.setitem(app.config, "SITE_URL", live_server)
    nation = make.institution("Perpustakaan Contoh Nasional")
    office = make.institution(OFFICE, nation, "province", timezone=WITA.key)
    for name in (VILLAGE, WARD):
        make.institution(name, office, timezone=WITA.key)
    for plugin in PLUGINS:
        make.enabled(plugin, nation)
    set_region(office, "63", by=None)
    change_settings("certificates", nation, SIGNED, by=None)
    course = make.course(nation, pages=0, title="Bimtek Tenaga Perpustakaan", lesson_hours=4)
    section = make.section(course, "Analisis kebutuhan informasi", lesson_hours=4)
    live = add_activity(section, "online_classes.live", "Hari pertama")
    test = add_test(course, "Tes akhir", QUESTIONS, role="post", pass_mark=70)
    make.published(course)
    ended = now().replace(microsecond=0) - timedelta(minutes=5)
    began = ended - timedelta(hours=2)
    cohort = make.cohort(
        course, office, code="KALSEL-01", title="Angkatan I",
        starts_on=began.astimezone(WITA).date(), ends_on=now().astimezone(WITA).date(),
    )  # fmt: skip
    schedule(cohort, live, by=None, starts_at=began, ends_at=ended)
    schedule(cohort, test.activity, by=None, opens_at=ended)
    organiser = make.staff("organiser", nation, "Bagus Prakoso")
    admin = make.staff("institution_admin", office, "Rahmi Utami")
    committee = make.cohort_staff(cohort, "committee", "Maya Lestari")
    meeting = live_classes.live_class(cohort, live)
    set_meeting(meeting, read_address(str(MEETING)), notes="", by=committee)
    for person in (organiser, admin, committee):
        set_password(person, SECRET)
    db.session.commit()
    return SimpleNamespace(
        began=began, ended=ended, organiser=organiser, admin=admin, committee=committee
    )


def zoom_report(began: datetime, ended: datetime) -> bytes:
    """As an account in Jakarta exports it; Siti and a stranger left after a quarter."""
    quarter = began + (ended - began) / 4
    stays = [
        ("Ni'matul", "nimatul@contoh.id", began, ended),
        ("Muhammad Ridwan_Perpus Mekar Sari", "", began, ended),
        ("Siti", "siti@contoh.id", began, quarter),
        ("Galaxy A15", "", began, quarter),
    ]
    return write_with_meeting(MEETING, "Bimtek Kalsel", began, ended, stays)


# What people do on a page


def follow(page: Page, words: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("link", name=words, exact=True).click()


def menu(page: Page, words: str) -> None:
    page.get_by_role("navigation", name="Menu utama").get_by_role("link", name=words).click()


def press(part: Page | Locator, words: str) -> None:
    part.get_by_role("button", name=words, exact=True).click()


def expect_title(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def expect_figure(page: Page, title: str, value: str) -> None:
    """A key figure at the head of a page."""
    pair = page.locator(".kpis > div", has=page.get_by_text(title, exact=True))
    expect(pair.get_by_role("definition")).to_have_text(value)


# The steps


def take_in(page: Page, roster: Path) -> str:
    """From the roster to the slips; gives the link of the first person."""
    follow(page, "Angkatan I")
    follow(page, "Peserta")
    page.get_by_label("Daftar peserta").set_input_files(roster)
    press(page, "Periksa daftar")
    press(page, "Simpan 3 orang")
    follow(page, "Berikan akses")
    press(page, "Buat tautan dan kode")
    slip = page.get_by_role("article").filter(has_text=NIMATUL)
    return slip.get_by_text("/k/").inner_text()


def place(page: Page, library: str, words: str, region: str) -> None:
    """Sets where a library lies, in its form."""
    menu(page, "Lembaga")
    follow(page, OFFICE)
    follow(page, library)
    follow(page, "Ubah")
    page.get_by_label("Cari wilayah").fill(words)
    press(page, "Simpan")
    expect(page.get_by_role("region", name="Wilayah", exact=True)).to_contain_text(region)


def import_report(page: Page, report: Path) -> None:
    """From the class to the page of names that wait for a decision."""
    follow(page, "Angkatan I")
    follow(page, "Semua kelas daring")
    follow(page, "Hari pertama")
    follow(page, "Impor laporan Zoom")
    page.get_by_label("Laporan peserta Zoom").set_input_files(report)
    press(page, "Periksa laporan")
    expect_title(page, "Belum ada yang disimpan")
    page.get_by_role("radio", name="WIB").check()
    press(page, "Impor")


def take_the_test(page: Page, link: str) -> None:
    """A participant comes in for the first time and goes where home leads."""
    page.goto(link)
    assert_fits(page)
    press(page, "Ya, ini saya")
    page.get_by_label("Kata sandi baru").fill(SECRET)
    press(page, "Simpan dan lanjut")
    expect_title(page, "Hari ini, Ni'matul")
    assert_fits(page)
    follow(page, "Lanjut")
    press(page, "Mulai kerjakan")
    for number in (1, 2):
        expect(page.get_by_role("heading", name=f"Soal {number} dari 2")).to_be_visible()
        assert_fits(page)
        page.get_by_role("radio", name=RIGHT).check()
        press(page, "Simpan, lanjut")
    press(page, "Kumpulkan")
    expect_title(page, "Hasil")
    expect(page.get_by_role("main")).to_contain_text("100 dari 100")
    assert_fits(page)


def issue(page: Page) -> None:
    menu(page, "Kelas")
    follow(page, "Angkatan I")
    follow(page, "Semua sertifikat")
    follow(page, "Terbitkan 1 sertifikat")
    expect_title(page, "Terbitkan 1 sertifikat?")
    expect(page.get_by_role("main")).to_contain_text(NIMATUL)
    press(page, "Terbitkan 1 sertifikat")
    expect_figure(page, "Bersertifikat", "1")


def download_certificate(page: Page) -> Path:
    page.goto("/home")
    assert_fits(page)
    with page.expect_download() as download:
        follow(page, re.compile("Unduh PDF"))
    return download.value.path()


def figures(page: Page, region: str) -> dict[str, str]:
    """A row of the table: title of the column → what stands there."""
    table = page.get_by_role("table", name="Angka per kabupaten/kota")
    expect(table).to_contain_text("Total")
    _place, *titles = table.get_by_role("columnheader").all_inner_texts()
    values = table.get_by_role("row", name=region).get_by_role("cell").all_inner_texts()
    return dict(zip(titles, values, strict=True))


def test_from_report_to_province(screen, training, run_jobs, tmp_path):
    organiser, committee, admin = screen(1440), screen(1440), screen(1440)
    phone, stranger = screen(360), screen(360)
    for page, person in ((organiser, training.organiser), (committee, training.committee),
                         (admin, training.admin)):  # fmt: skip
        sign_in(page, person.number, SECRET)
    roster, report = tmp_path / "peserta.csv", tmp_path / "participants.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    report.write_bytes(zoom_report(training.began, training.ended))

    # The organiser takes in the people; the province's admin says where their libraries lie.
    link = take_in(organiser, roster)
    place(admin, VILLAGE, "Kab. Banjar", "Kabupaten Banjar")
    place(admin, WARD, "Banjarbaru", "Kota Banjarbaru")

    # The committee imports Zoom's report: two are known by e-mail, two wait for a person.
    import_report(committee, report)
    expect_title(committee, "Laporan Zoom: 2 nama perlu diputuskan")
    press(committee.get_by_role("form", name="Galaxy A15"), "Bukan peserta")
    press(committee.get_by_role("form", name="Muhammad Ridwan_Perpus Mekar Sari"), "Cocokkan")
    expect_title(committee, "Laporan Zoom: semua sudah diputuskan")
    follow(committee, "Presensi sesi ini")
    expect_figure(committee, "Hadir", "2 dari 3")
    people = committee.get_by_role("main").get_by_role("listitem")
    expect(people.filter(has_text="Muhammad Ridwan")).to_contain_text("120 dari 120 menit (100%)")
    expect(people.filter(has_text="Siti Aminah")).to_contain_text("30 dari 120 menit (25%)")

    # A participant passes the post-test and has completed the class; the organiser issues.
    take_the_test(phone, link)
    issue(organiser)
    run_jobs()

    # The certificate is on the participant's home page, and its paper convinces a stranger.
    stranger.goto(qr_code(download_certificate(phone)))
    expect(stranger.get_by_text("Sah", exact=True)).to_be_visible()
    expect(stranger.get_by_role("article")).to_contain_text(NIMATUL)
    assert stranger.context.cookies() == []
    assert_fits(stranger)

    # The province sees all of it by regency, and the people behind a number.
    menu(admin, "Lainnya")
    follow(admin, "Pemantauan")
    expect_title(admin, "Angka per kabupaten/kota")
    assert figures(admin, "Kabupaten Banjar") == {
        "Peserta": "1", "Presensi": "100%", "Lulus": "100%", "Kenaikan nilai": "—",
        "Selesai": "100%", "Sertifikat": "1",
    }  # fmt: skip
    assert figures(admin, "Kota Banjarbaru") == {
        "Peserta": "2", "Presensi": "62,5%", "Lulus": "0%", "Kenaikan nilai": "—",
        "Selesai": "0%", "Sertifikat": "0",
    }  # fmt: skip
    assert figures(admin, "Total") == {
        "Peserta": "3", "Presensi": "75%", "Lulus": "33,33%", "Kenaikan nilai": "—",
        "Selesai": "33,33%", "Sertifikat": "1",
    }  # fmt: skip
    banjarbaru = admin.get_by_role("row", name="Kota Banjarbaru")
    banjarbaru.get_by_role("link", name="62,5%").click()
    expect_title(admin, "Presensi")
    people = admin.get_by_role("main").get_by_role("listitem")
    expect(people).to_have_text(
        [re.compile(f"Muhammad Ridwan.*{WARD}.*100%"), re.compile(f"Siti Aminah.*{WARD}.*25%")]
    )
