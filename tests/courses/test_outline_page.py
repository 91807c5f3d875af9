"""The outline that a participant reads: each state in words, times with their zone."""

from datetime import UTC, datetime

import pytest
from flask import render_template_string

from core.cohorts.standing import Standing
from core.courses.outline import outline
from core.db import db

SOURCE = """{% import "courses/_outline.html" as course_parts %}
{{ course_parts.outline(materials, standing, urls, facts, "Asia/Makassar", "Asia/Jakarta") }}"""
MORNING = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


@pytest.fixture
def read(app, written):
    """The rendered row of page a, standing as given."""

    def render(state, url="/there", fact="", **fields):
        activity = written.a
        db.session.commit()
        with app.test_request_context(headers={"Accept-Language": "en"}):
            page = render_template_string(
                SOURCE,
                materials=outline(written.course),
                standing={activity.id: Standing(activity, state, **fields)},
                urls={activity.id: url},
                facts={activity.id: fact},
            )
        return page.partition(f'id="activity-{activity.id}"')[2].partition("</li>")[0]

    return render


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("done", "Done"),
        ("started", "In progress"),
        ("failed", "Not passed yet"),
        ("not_open", "Not open yet"),
        ("closed", "Closed"),
        ("unavailable", "Not available"),
    ],
)
def test_state_is_said_in_words(read, state, words):
    assert f"</svg>{words}</span>" in read(state)


def test_open_activity_has_a_link_and_no_state(read):
    row = read("open", fact="Reading, 8 minutes")

    assert 'href="/there"' in row
    assert 'class="state' not in row
    assert "Reading, 8 minutes · required" in row


@pytest.mark.parametrize("state", ["not_open", "unavailable"])
def test_what_cannot_be_opened_has_no_link(read, state):
    assert "<a " not in read(state)


def test_opening_time_is_shown_in_both_zones(read):
    row = read("not_open", opens_at=MORNING)

    assert "opens 24 Nov 2026 08:00 WITA (07:00 WIB)" in row


def test_session_shows_its_day_and_hours(read):
    row = read("open", starts_at=MORNING, ends_at=NOON)

    assert "24 Nov 2026 08:00–12:00 WITA (07:00–11:00 WIB)" in row


def test_end_is_shown_while_it_matters(read):
    assert "until 24 Nov 2026 12:00 WITA" in read("open", closes_at=NOON)
    assert "closed 24 Nov 2026 12:00 WITA" in read("closed", closes_at=NOON)
    assert "24 Nov" not in read("done", closes_at=NOON)


@pytest.mark.parametrize(
    ("required", "words"), [(True, "cannot be completed"), (False, "does not hold back")]
)
def test_unavailable_says_whether_it_holds_back_completion(read, written, required, words):
    written.a.required = required

    assert words in read("unavailable")


def test_material_counts_what_is_done(app, written):
    standing = {a.id: Standing(a, "open") for a in written.course.activities}
    standing[written.a.id] = Standing(written.a, "done", score=80.0)
    db.session.commit()

    with app.test_request_context(headers={"Accept-Language": "en"}):
        page = render_template_string(
            SOURCE, materials=outline(written.course), standing=standing, urls={}, facts={}
        )

    assert "8 JP · 1 of 3 done" in page
    assert "score 80" in page
    assert [page.count(f'<span class="call">{part}</span>') for part in ("1A", "1B")] == [1, 1]
