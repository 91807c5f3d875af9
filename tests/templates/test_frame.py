"""The frame of every page: header, theme, messages, aside, footer, error page."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from flask import flash, render_template

Render = Callable[..., str]

SITI = SimpleNamespace(is_authenticated=True, full_name="Hj. Siti Nur’aini, S.Pd.I.")
PLAIN = '{% extends "base.html" %}{% block content %}x{% endblock %}'
ASIDE = PLAIN + "{% block aside %}y{% endblock %}"
FOCUS = '{% extends "focus.html" %}{% block content %}x{% endblock %}'


class Nobody:
    """A person whom the page must not ask for."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"asked the database for {name}")


def no_list() -> list[object]:
    raise AssertionError("asked the database for the navigation")


def test_navigation_marks_where_the_reader_is(render: Render) -> None:
    entries = [
        SimpleNamespace(label="Home", url="/h", active=False),
        SimpleNamespace(label="Classes", url="/c", active=True),
    ]

    html = render(PLAIN, nav=lambda: entries)

    assert '<a href="/h">Home</a><a href="/c" aria-current="page">Classes</a>' in html


def test_role_stands_under_the_name(render: Render) -> None:
    html = render(PLAIN, current_user=SITI, role_line=lambda: "Committee · Banjar")

    assert "<b>Hj. Siti Nur’aini, S.Pd.I.</b><br>" in html
    assert '<span class="soft">Committee · Banjar</span>' in html


def test_stranger_finds_the_way_in(render: Render) -> None:
    assert 'class="who" href="/sign_in"' in render(PLAIN)


def test_focus_page_has_no_navigation_and_no_second_way_in(render: Render) -> None:
    html = render(FOCUS, nav=no_list)

    assert "mainnav" not in html
    assert 'class="who"' not in html
    assert 'class="page narrow"' in html


@pytest.mark.parametrize(
    ("theme", "media"),
    [
        ("light", []),
        ("dark", ["screen"]),
        ("auto", ["screen and (prefers-color-scheme:dark)"]),
    ],
)
def test_dark_values_are_linked_for_whom_they_are(
    render: Render, theme: str, media: list[str]
) -> None:
    html = render(PLAIN, theme=theme)

    assert re.findall(r'dark\.css" media="(.*?)"', html) == media


def test_aside_stands_beside_the_content_only_where_there_is_one(render: Render) -> None:
    assert "<aside" not in render(PLAIN)
    assert '<aside class="stack">y</aside>' in render(ASIDE)


@pytest.mark.parametrize(
    ("category", "tint", "role"),
    [
        ("ok", "ok", "status"),
        ("info", "now", "status"),
        ("warn", "warn", "status"),
        ("error", "bad", "alert"),
    ],
)
def test_message_takes_tint_and_role_of_its_category(
    render: Render, category: str, tint: str, role: str
) -> None:
    flash("Saved & sent", category)

    html = render(PLAIN)

    assert f'<div class="notice {tint}" role="{role}">' in html
    assert "<div>Saved &amp; sent</div>" in html


def test_footer_offers_the_other_language_and_comes_back_here(render: Render) -> None:
    html = render(PLAIN, locale="id")

    assert '<span lang="id" aria-current="true">Bahasa Indonesia</span>' in html
    assert re.findall(r'<button[^>]*value="(\w+)"', html) == ["en"]
    assert 'name="next" value="/here?page=2"' in html


def test_error_page_says_one_thing_and_asks_nobody(render: Render) -> None:
    html = render_template(
        "errors/error.html",
        code=500,
        title="Something went wrong",
        text="Your change was not saved.",
        action_url="/",
        action_label="Home",
        current_user=Nobody(),
        nav=no_list,
        role_line=no_list,
    )

    assert "<h1>Something went wrong</h1>" in html
    assert html.count("btn-primary") == 1


class Inline(HTMLParser):
    """Collects what a strict content policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += sorted(n for n in names if n == "style" or n.startswith("on"))


@pytest.mark.parametrize("source", [PLAIN, ASIDE, FOCUS])
def test_frame_carries_nothing_inline(render: Render, source: str) -> None:
    page = Inline()

    page.feed(render(source, theme="auto", current_user=SITI))

    assert page.found == []
