"""The answer to a stranger: right, small, without cookies, and silent about everything else."""

import pytest
from flask import url_for

from core.api import db
from plugins.certificates import services
from plugins.certificates.checking import check, masked
from plugins.certificates.models import Certificate, NumberSeries
from plugins.certificates.tests.conftest import ISSUED

NUMBER = "0002/KALSEL-07-2026/PP/XI/2026"
SECRETS = ("55000109", "siti@contoh", "19700101", "P-10")


@pytest.fixture
def certificate(graduation):
    found = services.issue(graduation.cohort, by=None)[1]
    db.session.commit()
    return found


def by_code(client, certificate):
    return client.get(f"/certificates/v/{certificate.code}")


def by_number(client, number=NUMBER):
    return client.get("/certificates/verify", query_string={"q": number})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Hj. Siti Nur'aini, S.Pd.I., M.M.", "Si** Nu******"),
        ("Sukarno", "Su*****"),
        ("Ni’matul", "Ni******"),
        ("H. M. Arsyad Al-Banjari", "** Ar**** Al********"),
        ("Yohanes B. Kogoya", "Yo***** ** Ko****"),
        ("Ali", "Al*"),
        ("Bo", "B*"),
        ("Prof. Dr. Ir. Sri Wahyuni, M.Hum., Ph.D.", "Sr* Wa*****"),
        ("I Gusti Ayu Made", "* Gu*** Ay* Ma**"),
        ("A", "*"),
        ("Ketut (B)", "Ke*** ***"),
    ],
)
def test_a_masked_name_keeps_two_letters_a_word_and_no_title(name, shown):
    assert masked(name) == shown


def test_by_code_the_whole_answer_is_shown(certificate, client):
    answer = by_code(client, certificate)

    assert answer.status_code == 200
    for words in ("Hj. Siti Nur&#39;aini, S.Pd.I., M.M.", "Bimtek Contoh", "Bimtek Kalsel",
                  "23–24 November 2026", "16 ", NUMBER, "Perpustakaan Contoh",
                  "27 November 2026"):  # fmt: skip
        assert words in answer.text
    assert 'class="notice ok' in answer.text


@pytest.mark.parametrize("typed", [NUMBER, f"  {NUMBER.lower()} ", NUMBER.replace("/", " / ")])
def test_by_number_the_name_is_masked(certificate, client, typed):
    answer = by_number(client, typed)

    assert answer.status_code == 200
    assert "Si** Nu******" in answer.text
    assert "Nur&#39;aini" not in answer.text
    assert certificate.code not in answer.text


@pytest.mark.parametrize("spell", [str, str.lower, lambda code: code.replace("-", " ")])
def test_the_form_takes_a_code_however_it_is_typed(certificate, client, spell):
    answer = by_number(client, spell(certificate.code))

    assert answer.status_code == 200
    assert "Nur&#39;aini" in answer.text


def test_the_form_takes_the_address_from_the_paper(certificate, client):
    assert "Nur&#39;aini" in by_number(client, certificate.check_url).text


def test_neither_way_tells_more_than_the_paper(certificate, client):
    shown = by_code(client, certificate).text + by_number(client).text

    assert [secret for secret in SECRETS if secret in shown] == []


def test_a_revoked_certificate_says_so_first(graduation, certificate, client, clock):
    clock.forward(days=5)
    services.revoke(certificate, by=None, reason="Gelar keliru")
    new = services.issue_anew(certificate, by=None)

    answer = by_code(client, certificate)

    assert answer.status_code == 200
    assert 'class="notice bad' in answer.text
    assert 'class="notice ok' not in answer.text
    assert "2 Desember 2026" in answer.text
    assert "Gelar keliru" in answer.text
    assert new.number in answer.text


def test_by_number_the_reason_is_not_told(certificate, client):
    services.revoke(certificate, by=None, reason="Namanya Siti Aminah")

    answer = by_number(client)

    assert 'class="notice bad' in answer.text
    assert "Aminah" not in answer.text


HOSTILE = [
    "x",
    "7KQ2-M4XD-9PTA",
    "7KQ2-M4XD-9PT",
    "' OR 1=1 --",
    "%25%27;DROP TABLE certificates.certificate;--",
    "𝟟KQ2-M4XD-9PTA",
    "ıIıI-ıIıI-ıIıI",
    "\u202e7KQ2-M4XD-9PTA",
    "ßßßßßßßßßßßß",
    "<script>alert(1)</script>",
    "7" * 5000,
    "%FF%FE",
    "{{ 7*7 }}",
]


@pytest.mark.parametrize("code", HOSTILE)
def test_what_is_no_certificate_is_not_found_and_says_how_a_code_looks(certificate, client, code):
    answers = [by_number(client, code)]
    if "/" not in code:
        answers.append(client.get(f"/certificates/v/{code}"))

    for answer in answers:
        assert answer.status_code == 404
        assert '<span class="text-nowrap">7KQ2-M4XD-9PTA</span>' in answer.text
        assert "<script>alert" not in answer.text
        assert len(answer.data) < 30_000


def test_a_wildcard_is_no_number(certificate):
    assert check("0002/%") == []
    assert check("____/KALSEL-07-2026/PP/XI/2026") == []


@pytest.fixture
def alike(graduation, certificate, make):
    """Seven libraries have given the same number after the first; one has revoked it."""
    for place in range(7):
        name = f"Perpustakaan {place}"
        library = make.institution(name, graduation.office)
        series = NumberSeries(institution_id=library.id, year=2026)
        db.session.add(series)
        db.session.flush()
        db.session.add(
            Certificate(
                enrolment_id=make.enrolment(graduation.cohort, make.user(f"Budi{place}")).id,
                issuer_id=library.id,
                series_id=series.id,
                sequence=1,
                number=NUMBER.lower(),
                code=f"X{place}",
                issued_at=ISSUED,
                revoked_at=ISSUED if place == 0 else None,
                reason="Rahasia" if place == 0 else "",
                printed={**certificate.printed, "name": f"Budi{place}", "issuer": name},
            )
        )
    db.session.commit()


def test_by_number_every_issuer_of_it_is_named_the_highest_first(certificate, alike, client):
    page = by_number(client).text

    told = [page.find(name) for name in
            ("Perpustakaan Contoh", *(f"Perpustakaan {place}" for place in range(4)))]  # fmt: skip
    assert told == sorted(told)
    assert told[0] > 0
    assert "Perpustakaan 4" not in page
    assert page.count("<article") == 5
    assert (page.count('class="notice ok'), page.count('class="notice bad')) == (4, 1)
    for secret in ("Budi", "Nur&#39;aini", "Rahasia"):
        assert secret not in page


def test_by_code_only_its_own_is_shown(certificate, alike, client):
    page = by_code(client, certificate).text

    assert page.count("<article") == 1
    assert "Perpustakaan 1" not in page


def test_without_a_question_the_page_asks_one(graduation, client):
    answer = client.get("/certificates/verify")

    assert answer.status_code == 200
    assert 'name="q"' in answer.text
    assert client.get("/certificates/verify?q=%20").status_code == 200


def test_the_pages_are_small_need_no_cookie_and_are_not_indexed(certificate, client):
    for answer in (by_code(client, certificate), by_number(client), by_number(client, "x")):
        assert len(answer.data) < 30_000
        assert "Set-Cookie" not in answer.headers
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert 'name="q"' in answer.text


def test_checking_goes_on_where_the_plugin_is_disabled(graduation, certificate, client, make):
    make.disabled("certificates", graduation.institution)

    assert by_code(client, certificate).status_code == 200
    assert by_number(client).status_code == 200


def test_an_answer_costs_one_query(certificate, client, statements):
    address = f"/certificates/v/{certificate.code}"
    del statements[:]

    client.get(address)
    by_number(client)

    assert len([one for one in statements if "certificates." in one]) == 2


def test_the_questions_of_one_address_are_limited(certificate, limited_app):
    client = limited_app.test_client()

    answers = [by_number(client).status_code for _number in range(31)]
    by_codes = [by_code(client, certificate).status_code for _number in range(121)]

    assert answers == [200] * 30 + [429]
    assert by_codes == [200] * 120 + [429]


def test_the_address_in_the_code_is_that_of_the_page(certificate, app):
    with app.test_request_context():
        assert certificate.check_url.endswith(
            url_for("certificates.by_code", code=certificate.code)
        )
