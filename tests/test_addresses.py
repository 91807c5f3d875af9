"""Addresses that leave the site: the operator's word counts, not a request's."""

import pytest

from core.addresses import site_url
from core.config import settings


@pytest.mark.parametrize(
    ("site", "address"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/k/abc"),
        ("https://bimtek.example.id", "https://bimtek.example.id/k/abc"),
        ("https://example.id/lms", "https://example.id/lms/k/abc"),
    ],
)
def test_the_address_is_whole_without_a_request(app, monkeypatch, site, address):
    monkeypatch.setitem(app.config, "SITE_URL", site)

    assert site_url("people.link", token="abc") == address


def test_a_request_does_not_say_where_the_site_is(app):
    with app.test_request_context(base_url="https://evil.example/there"):
        assert site_url("people.link", token="abc") == "http://127.0.0.1:8000/k/abc"


def test_what_is_written_behind_the_question_mark_is_kept(app):
    address = site_url("people.sign_in", name="a&b")

    assert address == "http://127.0.0.1:8000/sign-in?name=a%26b"


def test_the_operator_names_the_address(monkeypatch, tmp_path):
    monkeypatch.setenv("BIMTEK_SITE_URL", "https://bimtek.example.id/")

    assert settings({"INSTANCE": tmp_path})["SITE_URL"] == "https://bimtek.example.id"


@pytest.mark.parametrize("address", ["bimtek.example.id", "ftp://bimtek.example.id"])
def test_an_address_without_http_is_refused_at_start(monkeypatch, tmp_path, address):
    monkeypatch.setenv("BIMTEK_SITE_URL", address)

    with pytest.raises(ValueError, match=address):
        settings({"INSTANCE": tmp_path})
