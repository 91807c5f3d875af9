"""What surrounds every page: logs, headers, limits, and an error page without a database."""

import contextvars
import logging
import re

import pytest
import sqlalchemy as sa

from core import wiring
from core.db import READ_ENGINE, db
from core.people.models import User
from core.people.services import set_password
from core.testing.counting import count_queries
from core.wiring import MaskingFormatter


def logged(error: Exception) -> str:
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed for 0812-5500-0109", (), None)
    try:
        raise error
    except Exception as raised:
        record.exc_info = (type(raised), raised, raised.__traceback__)
    return MaskingFormatter("%(message)s").format(record)


def said(form: str, error: Exception) -> str:
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, form, (error,), None)
    return MaskingFormatter("%(message)s").format(record)


def chained(error: Exception) -> Exception:
    later = LookupError("afterwards")
    later.__cause__ = error
    return later


def test_contacts_reach_no_log_not_even_in_a_traceback():
    text = logged(ValueError("Key (email)=(siti@contoh.id) 197001012000031001 +6281255000109"))

    for secret in ("siti@", "0812", "81255000109", "197001012000031001"):
        assert secret not in text


def failure_of(statement: str, **values) -> sa.exc.DBAPIError:
    with pytest.raises(sa.exc.DBAPIError) as caught, db.session.begin_nested():
        db.session.execute(sa.text(statement), values)
    return caught.value


ADD = (
    'INSERT INTO "user" (full_name, name_key, email, fs_uniquifier, active)'
    " VALUES (:name, 'x', :email, :unique, {active})"
)


@pytest.mark.parametrize("name", ["Rahasia Sekali", "Rahasia\nSekali", "Rahasia\nHINT: Sekali"])
def test_rows_that_postgresql_names_reach_no_log(make, name):
    make.user("Siti", email="siti@contoh.id")
    values = {"name": name, "email": "siti@contoh.id", "unique": name}

    for statement in (ADD.format(active="true"), ADD.format(active="NULL")):
        error = failure_of(statement, **values)
        assert "DETAIL" in str(error)
        for text in (
            logged(error),
            logged(RuntimeError(error)),
            said("%s", error),
            said("%r", error),
        ):
            assert "DETAIL: …" in text
            assert not {"Rahasia", "Sekali", "siti@"} & set(re.findall(r"[\w@]+", text))
            assert "UniqueViolation" in text or "NotNullViolation" in text


def test_value_of_a_wrong_kind_reaches_no_log(app):
    error = failure_of("SELECT CAST(:name AS bigint)", name='Rahasia "Sekali"')

    assert "Rahasia" in str(error)
    assert "Rahasia" not in logged(error)
    assert "Sekali" not in logged(error)


def test_what_follows_the_values_of_a_row_is_still_logged(make):
    text = logged(chained(failure_of("SELECT CAST('x' AS bigint)")))

    assert text.endswith("LookupError: afterwards")


def test_failing_statement_does_not_show_its_values(make):
    make.user("Siti", email="siti@contoh.id")

    with pytest.raises(sa.exc.IntegrityError) as caught, db.session.begin_nested():
        db.session.execute(
            sa.insert(User).values(
                full_name="Rahasia", name_key="x", email="siti@contoh.id", fs_uniquifier="x"
            )
        )

    assert "Rahasia" not in str(caught.value)


@pytest.mark.parametrize("path", ["/home", "/help", "/nowhere", "/sign-in"])
def test_error_page_stands_without_the_database(app, make, as_user, monkeypatch, path):
    client = as_user(make.user("Siti"))
    broken = sa.create_engine("postgresql+psycopg://nobody@/nothing?host=/nowhere")
    monkeypatch.setitem(app.extensions, READ_ENGINE, broken)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    page = client.get(path)

    assert page.status_code in {200, 404, 500}
    assert "<h1" in page.text
    assert "Traceback" not in page.text


@pytest.mark.parametrize("path", ["/sign-in", "/help", "/nowhere", "/static/bimtek.css"])
def test_safe_headers_are_on_every_answer(client, path):
    with client.get(path) as answer:
        headers = answer.headers

    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_cookies_are_http_only_and_lax(make, client):
    set_password(make.user("Siti", email="siti@contoh.id"), "perahu biru di hulu")
    answer = client.post(
        "/sign-in", data={"name": "siti@contoh.id", "password": "perahu biru di hulu"}
    )

    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def tries(app, path, count, **data):
    """The answers to one person's `count` posts."""
    client = app.test_client()
    return [
        contextvars.Context().run(client.post, path, data=data).status_code for _n in range(count)
    ]


def test_guessing_a_password_is_slowed_down_for_that_name_alone(limited_app):
    mine = tries(limited_app, "/sign-in", 12, name="siti@contoh.id", password="guess")
    other = tries(limited_app, "/sign-in", 1, name="other@contoh.id", password="guess")

    assert mine == [200] * 10 + [429] * 2
    assert other == [200]


# Static files

KEPT = "public, max-age=31536000, immutable"
ASSETS = [("bimtek.css", ""), ("icons.svg", ""), ("css/bootstrap.min.css", "bootstrap")]


def address_of(app, path, owner):
    with app.test_request_context():
        return wiring.asset(path, owner)


@pytest.mark.parametrize(("path", "owner"), ASSETS)
def test_static_file_is_kept_for_a_year_under_the_address_of_its_content(app, client, path, owner):
    answer = client.get(address_of(app, path, owner), buffered=True)

    assert answer.headers["Cache-Control"] == KEPT
    assert "Expires" not in answer.headers


@pytest.mark.parametrize("version", ["", "?v=", "?v=0123456789", "?v=%00"])
def test_static_file_under_another_address_is_kept_for_minutes(client, version):
    answer = client.get(f"/static/bimtek.css{version}", buffered=True)

    assert "immutable" not in answer.headers["Cache-Control"]
    assert answer.cache_control.max_age is None or answer.cache_control.max_age <= 300


def test_file_that_changed_is_not_kept_under_the_old_address(app, client, tmp_path, monkeypatch):
    file = tmp_path / "style.css"
    file.write_text("a{}")
    monkeypatch.setattr(app, "static_folder", str(tmp_path))
    address = address_of(app, "style.css", "")

    before = client.get(address, buffered=True).headers["Cache-Control"]
    file.write_text("b{}")
    after = client.get(address, buffered=True)

    assert before == KEPT
    assert after.text == "b{}"
    assert after.cache_control.max_age == 300


def test_part_of_a_file_and_a_file_that_is_not_there_are_not_kept(app, client):
    address = address_of(app, "bimtek.css", "")

    part = client.get(address, headers={"Range": "bytes=0-9"}, buffered=True)
    gone = client.get("/static/gone.css?v=0123456789", buffered=True)

    assert part.status_code == 206
    assert part.cache_control.max_age == 300
    assert gone.headers["Cache-Control"] == "private, no-store"


def test_file_that_is_known_already_keeps_what_was_said_of_it(app, client):
    address = address_of(app, "bimtek.css", "")
    tag = client.get(address, buffered=True).headers["ETag"]

    again = client.get(address, headers={"If-None-Match": tag}, buffered=True)

    assert again.status_code == 304
    assert "Cache-Control" not in again.headers


@pytest.mark.parametrize(("path", "owner"), ASSETS)
def test_static_file_needs_no_query_and_no_session(app, make, as_user, path, owner):
    person = as_user(make.user())
    address = address_of(app, path, owner)
    person.get("/static/bimtek.css", buffered=True)

    with count_queries(app) as statements:
        answer = person.get(address, buffered=True)

    assert statements == []
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
