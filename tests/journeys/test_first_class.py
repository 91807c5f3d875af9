"""The product's first journey: from a roster to scores, each person on the own screen."""

import pytest
from playwright.sync_api import Page

from core.cohorts.services import add_staff
from core.courses.services import add_activity, publish_course
from core.db import db
from core.people.services import set_password
from core.testing.live import assert_fits, sign_in

pytestmark = pytest.mark.journey

SECRET = "perahu biru di hulu"
FIRST_LOAD = 100_000  # bytes that a participant's page may weigh, without media
ROSTER = "Nama Lengkap;Instansi;No HP\nNi'matul, S.I.Pust.;Perpustakaan Sukamaju;0812-5500-0109\n"
GIFT = """
::SATU:: Langkah pertama sebelum menyusun daftar pengadaan adalah ... {
  =mengenali pemustaka dan kebutuhannya
  ~meminta katalog harga
  ~menghitung sisa ruang rak
}

::DUA:: Izin orang tua diperlukan untuk mengunggah foto anak. {TRUE}
"""


def weigh(page: Page) -> list[int]:
    """A list that fills with the bytes of all that comes over the line."""
    found: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: found.append(event["encodedDataLength"]))
    return found


@pytest.fixture
def prepared(make):
    """A course with a page and an empty post-test; a draft class; organiser and trainer."""
    nation = make.institution("Perpustakaan Nasional")
    office = make.institution("Dinas Provinsi", nation, "province")
    make.institution("Perpustakaan Sukamaju", office)
    make.enabled("quizzes", nation)
    course = make.course(nation, pages=0, code="BTP", title="Bimtek Tenaga Perpustakaan")
    section = make.section(course, "Analisis kebutuhan informasi pemustaka untuk pengadaan bahan")
    page = make.page(section, "Mengenali pemustaka", body="## Tiga jenis\n\nBacalah.", minutes=2)
    test = add_activity(section, "quizzes.test", "Tes akhir")
    cohort = make.cohort(course, host=office, code="SUKA-2026", publish=False)
    organiser = make.staff("organiser", nation, "Bagus Prakoso")
    trainer = make.user("Hasan Basri")
    add_staff(cohort, trainer, "trainer", by=organiser)
    for person in (organiser, trainer):
        set_password(person, SECRET)
    db.session.commit()
    return {"course": course, "page": page, "test": test, "cohort": cohort,
            "organiser": organiser, "trainer": trainer}  # fmt: skip


def submit(page: Page, action: str) -> None:
    """Presses the button of the form that goes to `action`."""
    page.click(f'form[action="{action}"] button')


def test_from_roster_to_scores(live_server, screen, prepared, tmp_path):
    cohort, test, course = prepared["cohort"], prepared["test"], prepared["course"]
    class_path = f"/classes/{cohort.code}"
    test_path = f"/quizzes/courses/{course.id}/tests/{test.id}"
    laptop, phone, tablet = screen(1440), screen(360), screen(820)

    # The organiser fills the test, publishes the course, takes in the roster, publishes the class.
    sign_in(laptop, prepared["organiser"].number, SECRET)
    laptop.goto(f"{test_path}/import")
    laptop.fill("textarea", GIFT)
    laptop.click("main form .btn-primary")
    laptop.click("main form .btn-primary")
    laptop.goto(f"/courses/{course.id}")
    submit(laptop, f"/courses/{course.id}/publish")
    roster = tmp_path / "peserta.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    laptop.goto(f"{class_path}/roster")
    laptop.set_input_files("input[type=file]", roster)
    laptop.click("form.card .btn-primary")
    laptop.click("main .btn-primary")
    assert "Ni'matul" in laptop.inner_text("main")
    laptop.goto(f"{class_path}/manage")
    submit(laptop, f"{class_path}/publish")
    laptop.goto(f"{class_path}/access")
    laptop.click("main form .btn-primary")
    link = laptop.locator(".slip", has_text="Ni'matul").locator(".text-break").inner_text()
    assert link.startswith(f"{live_server}/k/")

    # The participant opens the link on a phone, sets a password, reads, takes the test.
    phone.goto(link)
    assert_fits(phone)
    phone.click("main .btn-primary")
    phone.fill("#password", SECRET)
    phone.click("form.card .btn-primary")
    phone.wait_for_url("**/home")
    assert "SUKA-2026" in phone.inner_text("main")
    phone.click("main .btn-primary")
    assert "Tiga jenis" in phone.inner_text("main")
    assert_fits(phone)
    phone.click("main form .btn-primary")
    phone.goto(f"/quizzes{class_path}/tests/{test.id}")
    phone.click("main .btn-primary")
    for number in (1, 2):
        item = phone.locator(f'form[data-item="{number}"]')
        right = item.get_by_text("mengenali pemustaka").or_(item.get_by_text("Benar", exact=True))
        right.first.click()
        item.locator(".btn-primary").click()
    phone.click("#submit .btn-primary")
    assert "100" in phone.inner_text("main")

    # The trainer sees the score.
    sign_in(tablet, prepared["trainer"].number, SECRET)
    tablet.goto(f"/quizzes{class_path}/scores")
    row = tablet.locator("tr", has_text="Ni'matul")
    assert "100" in row.inner_text()
    assert "0812" not in tablet.content()


@pytest.mark.parametrize("path", ["/home", "/classes/SUKA-2026"])
def test_first_load_of_a_participant_is_light_and_asks_no_other_host(screen, prepared, make, path):
    cohort = prepared["cohort"]
    db.session.delete(prepared["test"])
    db.session.flush()
    db.session.expire_all()
    publish_course(prepared["course"], by=None)
    make.page(prepared["course"].sections[0], "Lembar kerja")
    cohort.status = "published"
    person = make.enrolment(cohort).user
    set_password(person, SECRET)
    db.session.commit()
    page = screen(360)
    weight = weigh(page)
    sign_in(page, person.number, SECRET)

    page.goto(path)
    page.wait_for_load_state("networkidle")

    # Everything since the very first page of the empty cache: sign-in, home, and this one.
    assert 5_000 < sum(weight) < FIRST_LOAD
