"""pytest fixtures for journeys in a real browser: `live_server`, `browser`, `open_page`, `screen`.

A journey is marked `journey` and is skipped where there is no Chromium.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

from core.db import db
from core.people.models import User

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def live_server(app: Flask) -> Iterator[str]:
    """The address of the app on a free port; it sees what the test has committed."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium for one file of tests; beyond it Playwright's event loop would be in the way."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: journeys need one")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def open_page(app: Flask, live_server: str, browser: Any) -> Iterator[Callable[..., Any]]:
    """`open_page(user)`: a page of a phone on which the person has signed in.

    It fails the test at its end when the browser reported an error of the page's own script.
    """
    contexts: list[Any] = []
    errors: list[str] = []

    def open_one(user: User, **options: Any) -> Any:
        db.session.commit()
        context = browser.new_context(base_url=live_server, viewport=PHONE, **options)
        context.add_cookies([{**_session_of(app, user), "url": live_server}])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not errors, errors


@pytest.fixture
def screen(live_server: str, browser: Any) -> Iterator[Callable[[int], Any]]:
    """`screen(360)`: a page so wide, on a device of its own on which nobody has signed in.

    It fails the test at its end when the browser reported an error or asked another host.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_one(width: int) -> Any:
        context = browser.new_context(
            base_url=live_server,
            viewport={"width": width, "height": 800},
            locale="id-ID",
            has_touch=width < 600,
        )
        contexts.append(context)
        _watch(context, urlsplit(live_server).netloc, complaints)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints, complaints


def _watch(context: Any, own_host: str, complaints: list[str]) -> None:
    def asked(request: Any) -> None:
        if urlsplit(request.url).netloc != own_host:
            complaints.append(request.url)

    def said(message: Any) -> None:
        if message.type == "error":
            complaints.append(message.text)

    context.on("request", asked)
    context.on("console", said)
    context.on("weberror", lambda failed: complaints.append(str(failed.error)))


def sign_in(page: Any, name: str, password: str) -> None:
    page.goto("/sign-in")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("form.card .btn-primary")
    page.wait_for_url("**/home")


def assert_fits(page: Any) -> None:
    """Nothing of the page lies beside the screen."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def _session_of(app: Flask, user: User) -> dict[str, str]:
    """The cookie that signing in would have set."""
    session = {"_user_id": user.fs_uniquifier, "_fresh": True, "language": "id"}
    serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return {"name": str(app.config["SESSION_COOKIE_NAME"]), "value": serializer.dumps(session)}
