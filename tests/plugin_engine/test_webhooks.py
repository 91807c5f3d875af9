"""Views for other systems: by POST, without session or token, while the plugin is installed."""

import pytest

from core.plugin_engine.guard import MOST_WEBHOOK_BYTES
from tests.plugin_engine.moving_kit import take_out

INTAKE = "/extras/intake"


@pytest.fixture
def checked(app, monkeypatch):
    """Forms need their token, as in real life."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)


def test_other_system_sends_without_token(place, client, checked):
    taken = client.post(INTAKE, data=b'{"event": 1}', content_type="application/json")
    form = client.post(INTAKE, data={"event": "1"})

    assert taken.json == {"who": False, "session": {}, "bytes": 12, "form": {}}
    assert (form.json["bytes"], form.json["form"]) == (7, {"event": "1"})


def test_every_other_view_still_asks_for_the_token(place, client, checked):
    assert "POSTED" not in client.post("/extras/post").text


def test_browser_that_was_made_to_send_acts_for_nobody(place, as_user, checked):
    client = as_user(place.organiser)
    client.set_cookie("remember_token", f"{place.organiser.fs_uniquifier}|forged")
    headers = {"Origin": "https://elsewhere.example", "Referer": "https://elsewhere.example/"}

    answer = client.post(INTAKE, data={}, headers=headers)

    assert answer.json["who"] is False
    assert answer.json["session"] == {}
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert client.get("/home").status_code == 200


def test_answer_is_kept_by_nobody(place, client):
    assert "no-store" in client.post(INTAKE).headers["Cache-Control"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_answered(place, client, method):
    assert client.open(INTAKE, method=method).status_code == 405


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x"])  # fmt: skip
def test_large_body_is_refused(place, client, kind):
    whole = client.post(INTAKE, data=b"a" * MOST_WEBHOOK_BYTES, content_type="text/plain")
    large = client.post(INTAKE, data=b"a" * (MOST_WEBHOOK_BYTES + 1), content_type=kind)

    assert whole.json["bytes"] == MOST_WEBHOOK_BYTES
    assert large.status_code == 413
    assert large.is_json


def test_body_without_length_is_limited_too(place, client):
    body = b"a" * (MOST_WEBHOOK_BYTES + 1)
    headers = {"Transfer-Encoding": "chunked"}

    answer = client.post(INTAKE, data=body, headers=headers,
                         environ_overrides={"wsgi.input_terminated": True})  # fmt: skip

    assert answer.status_code == 413


def test_webhook_is_there_while_the_plugin_is_installed(place, make, client):
    make.disabled("extras", place.nation)
    disabled = client.post(INTAKE)
    take_out("extras")
    gone = [client.open(INTAKE, method=method).status_code for method in ("POST", "GET")]

    assert disabled.status_code == 200
    assert gone == [404, 404]


def test_fault_of_a_webhook_is_a_short_answer_without_its_reason(place, client, app, monkeypatch):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    answer = client.post(INTAKE, data=b"fail")

    assert answer.status_code == 500
    assert answer.is_json
    assert "RuntimeError" not in answer.text
