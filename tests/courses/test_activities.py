"""Materials and activities through the forms of the editor, hostile input included."""

import threading

import pytest
import sqlalchemy as sa

from core.cohorts.services import record_progress
from core.courses.models import Activity, Section
from core.courses.services import add_activity, reasons_not_to_publish
from core.db import db
from core.markdown import LONGEST


def titled(title):
    return db.session.scalars(sa.select(Activity).filter_by(title=title)).all()


def new_page(written, **fields):
    return {"title": "New page", "section_id": written.one.id, "body": "Text.", **fields}


@pytest.fixture
def editor(as_user, author):
    return as_user(author)


@pytest.fixture
def add(editor, written):
    """Sends the form of a new activity of a kind into the first material."""
    section_id = written.one.id
    address = f"{written.url}/activities/new?section={section_id}&kind="

    def send(kind, client=editor, **fields):
        data = {"title": "New", "section_id": section_id, "required": "y", **fields}
        return client.post(address + kind, data=data)

    return send


# Materials


def test_new_material_stands_at_the_end(editor, written):
    answer = editor.post(
        f"{written.url}/sections/new", data={"title": " Third ", "lesson_hours": "4"}
    )

    last = written.course.sections[-1]
    assert (last.title, last.lesson_hours, last.numbered) == ("Third", 4, False)
    assert answer.location.endswith(f"{written.url}#section-{last.id}")


def test_material_sent_twice_is_made_once(editor, written):
    for _n in range(2):
        editor.post(f"{written.url}/sections/new", data={"title": "Third", "numbered": "y"})

    assert [s.title for s in written.course.sections] == ["Needs", "Media", "Third"]


def test_material_is_changed(editor, written):
    editor.post(
        f"{written.url}/sections/{written.two.id}", data={"title": "Final test", "lesson_hours": ""}
    )

    assert (written.two.title, written.two.numbered) == ("Final test", False)


def test_material_with_activities_is_not_deleted(editor, written):
    address = f"{written.url}/sections/{written.two.id}/delete"

    page = editor.get(address).text
    answer = editor.post(address)

    assert f'action="{address}"' not in page
    assert "<button" not in page.partition("<main")[2].partition("</main>")[0]
    assert answer.status_code == 409
    assert db.session.get(Section, written.two.id)


def test_empty_material_is_deleted_after_a_question(make, editor, written):
    empty = make.section(written.course, "Empty")
    address = f"{written.url}/sections/{empty.id}/delete"

    asked = editor.get(address)
    still_there = db.session.get(Section, empty.id) is not None
    editor.post(address)

    assert (asked.status_code, still_there) == (200, True)
    assert [s.title for s in written.course.sections] == ["Needs", "Media"]


# Order


def test_move_returns_to_the_moved_thing(editor, written, layout):
    answer = editor.post(f"{written.url}/activities/{written.a.id}/move", data={"step": "1"})

    assert answer.location == f"{written.url}#activity-{written.a.id}"
    assert layout()[:2] == ["Start/Page b", "Start/Page a"]


def test_move_pressed_twice_moves_once(editor, written, layout):
    pressed = {"step": "1", "place": f"{written.one.id}:1:Start"}

    for _n in range(2):
        editor.post(f"{written.url}/activities/{written.a.id}/move", data=pressed)

    assert layout()[:3] == ["Start/Page b", "Start/Page a", "Steps/Page c"]


def test_move_of_a_material_pressed_twice_moves_once(make, editor, written):
    make.section(written.course, "Third")

    for _n in range(2):
        editor.post(
            f"{written.url}/sections/{written.one.id}/move", data={"step": "1", "place": "1"}
        )

    db.session.expire_all()
    assert [s.title for s in written.course.sections] == ["Media", "Needs", "Third"]


def test_buttons_say_what_they_move(make, editor, written):
    written.a.title = "“Start” & <go>"

    page = editor.get(written.url).text

    assert "““Start” &amp; &lt;go&gt;”" in page
    assert "<go>" not in page


def test_first_and_last_have_no_button_that_does_nothing(editor, written):
    page = editor.get(written.url).text

    rows = [row.partition("</li>")[0] for row in page.split('<li id="activity-')[1:]]
    steps = [[step for step in ("-1", "1") if f'value="{step}"' in row] for row in rows]
    assert steps == [["1"], ["-1", "1"], ["-1", "1"], ["-1"]]


# New activities


def test_kinds_of_the_institution_are_offered(editor, written, board):
    page = editor.get(f"{written.url}/activities/new?section={written.one.id}").text

    for kind in ("page", "file", "link", board.name):
        assert f"kind={kind}" in page


def test_kind_of_a_disabled_plugin_is_neither_offered_nor_added(editor, written, board, add):
    board.enable(False)

    page = editor.get(f"{written.url}/activities/new").text
    answer = add(board.name)

    assert board.name not in page
    assert answer.status_code == 404
    assert titled("New") == []


def test_course_without_a_material_asks_for_one_first(make, editor, office):
    course = make.course(office, pages=0)

    answer = editor.get(f"/courses/{course.id}/activities/new")

    assert answer.location.endswith(f"/courses/{course.id}/sections/new")


def test_new_page_joins_its_part(add, written, layout):
    answer = add("page", part="Start", body="One\r\ntwo", minutes="8")

    [page] = titled("New")
    assert layout()[:3] == ["Start/Page a", "Start/Page b", "Start/New"]
    assert (page.body, page.minutes, page.required) == ("One\ntwo", 8, True)
    assert answer.location == f"{written.url}#activity-{page.id}"


def test_box_that_is_not_ticked_makes_it_optional(editor, written):
    editor.post(
        f"{written.url}/activities/{written.a.id}",
        data={"title": "Page a", "section_id": written.one.id, "part": "Start", "body": "Text."},
    )

    assert not written.a.required


def test_form_sent_twice_adds_one_activity(add):
    answers = {add("page", body="Text.").location for _n in range(2)}

    assert len(titled("New")) == len(answers) == 1


def test_form_sent_twice_at_the_same_time_adds_one_activity(as_user, author, add):
    clients = [as_user(author) for _n in range(4)]
    answers = []
    threads = [
        threading.Thread(target=lambda c=c: answers.append(add("page", c, body="Text.").location))
        for c in clients
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 4
    assert len(titled("New")) == len(set(answers)) == 1


@pytest.mark.parametrize("title", ["", "   ", "\u200b", "x" * 201])
def test_title_is_needed_and_bounded(add, title):
    answer = add("page", title=title)

    assert answer.status_code == 200
    assert 'id="title-error"' in answer.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 4


def test_text_that_is_too_long_is_refused_and_kept_in_the_form(add):
    text = "word " * 40_000

    answer = add("page", body=text)

    assert titled("New") == []
    assert 'id="body-error"' in answer.text
    assert text.strip() in answer.text


def test_text_of_the_greatest_length_is_kept_whatever_its_line_ends(add):
    add("page", body=("x" * 99 + "\r\n") * (LONGEST // 100))

    [page] = titled("New")
    assert len(page.body) == LONGEST


@pytest.mark.parametrize("minutes", ["-1", "1.5", "many", "10001", "9" * 5000])
def test_minutes_are_a_whole_number_within_reason(add, minutes):
    answer = add("page", minutes=minutes)

    assert titled("New") == []
    assert answer.text.count('class="err"') == 1


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "ftp://example.org/a",
        "//example.org/a",
        "https:///a",
        "https:\\\\example.org",
        "https://example.org\\@evil.example",
        "https://example.org@evil.example/",
        "https://[::1",
        "https://example.org:99999999/",
        "https://example.org/ space",
        "https://",
        "example.org",
        "",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_link_is_a_web_address_and_nothing_else(add, url):
    answer = add("link", url=url)

    assert titled("New") == []
    assert 'id="url-error"' in answer.text


def test_link_is_shown_as_a_link_and_never_as_markup(add, editor, written):
    add("link", url='https://example.org/?a="><script>', body="Read it.")

    [link] = titled("New")
    page = editor.get(f"{written.url}/activities/{link.id}/preview").text
    assert 'href="https://example.org/?a=&#34;&gt;&lt;script&gt;"' in page
    assert "Read it." in page


def test_section_of_another_course_cannot_be_chosen(make, add, office):
    other = make.course(office).sections[0]

    answer = add("page", section_id=other.id)

    assert 'id="section_id-error"' in answer.text
    assert titled("New") == []


def test_activity_of_a_plugin_is_written_on_the_plugins_page(add, written, board):
    answer = add(board.name, part="Steps")

    [activity] = titled("New")
    assert answer.location == f"/talk/{activity.id}/edit"
    assert (activity.kind, activity.part) == (board.name, "Steps")


def test_fault_of_the_plugin_leads_back_to_the_editor(add, written, board):
    board.fails = True

    answer = add(board.name)

    [activity] = titled("New")
    assert answer.location == f"{written.url}#activity-{activity.id}"


# Changed activities


def test_activity_is_taken_to_another_material(editor, written, layout):
    editor.post(
        f"{written.url}/activities/{written.a.id}",
        data={"title": "Page a", "section_id": written.two.id, "part": "", "body": "Text."},
    )

    assert layout() == ["Start/Page b", "Steps/Page c", "|", "Page d", "Page a"]


def test_form_shows_what_is_stored(editor, written):
    written.a.body = "</textarea><script>alert(1)</script>"

    page = editor.get(f"{written.url}/activities/{written.a.id}").text

    assert "&lt;/textarea&gt;" in page
    assert "<script>alert" not in page
    assert 'value="Page a"' in page


def test_activity_without_its_plugin_can_be_changed_moved_and_deleted(editor, written, board):
    talk = add_activity(written.one, board.name, "Talk", by=None)
    board.enable(False)
    address = f"{written.url}/activities/{talk.id}"

    page = editor.get(written.url).text
    editor.post(address, data={"title": "Talk", "section_id": written.one.id})
    optional = not talk.required
    editor.post(f"{address}/move", data={"step": "1"})
    moved = talk.section_id == written.two.id
    editor.post(f"{address}/delete")

    assert "#plug" in page
    assert (optional, moved) == (True, True)
    assert titled("Talk") == []


# Deleting


def test_question_before_deleting_says_what_is_lost(make, editor, written):
    written.a.body = "x" * 1234
    make.cohort(written.course, publish=False)

    page = editor.get(f"{written.url}/activities/{written.a.id}/delete").text

    assert "1.234" in page
    assert db.session.get(Activity, written.a.id)


def test_deleted_activity_leaves_no_gap(editor, written, layout):
    answer = editor.post(f"{written.url}/activities/{written.a.id}/delete")

    assert answer.location == f"{written.url}#section-{written.one.id}"
    assert layout() == ["Start/Page b", "Steps/Page c", "|", "Page d"]


def test_activity_on_which_people_worked_stays(make, editor, office):
    course = make.course(office)
    activity = course.activities[0]
    record_progress(make.enrolment(make.cohort(course)), activity, "started")
    address = f"/courses/{course.id}/activities/{activity.id}/delete"

    page = editor.get(address).text
    answer = editor.post(address, follow_redirects=True)

    assert "<button" not in page.partition("<main")[2].partition("</main>")[0]
    assert 'role="alert"' in answer.text
    assert db.session.get(Activity, activity.id)


# Preview


def test_preview_shows_the_course_as_a_participant_reads_it(editor, written):
    page = editor.get(f"{written.url}/preview").text

    assert f'href="{written.url}/activities/{written.a.id}/preview"' in page
    for locator in ("1A", "1B"):
        assert f'<span class="call">{locator}</span>' in page
    assert 'class="state' not in page.partition("<main")[2]


def test_preview_renders_markdown_without_what_would_harm(editor, written):
    written.a.body = "**bold** <script>alert(1)</script> [x](javascript:alert(1))"

    page = editor.get(f"{written.url}/activities/{written.a.id}/preview").text

    assert "<strong>bold</strong>" in page
    assert "<script>" not in page
    assert 'href="javascript' not in page


def test_author_is_told_that_a_plugin_was_removed_and_what_to_do(editor, written):
    talk = add_activity(written.one, "page", "Talk", by=None)
    talk.kind = "vanished.talk"
    address = f"{written.url}/activities/{talk.id}"

    pages = [editor.get(url).text for url in (written.url, address, f"{address}/preview")]

    assert ["telah dilepas dari situs ini" in page for page in pages] == [True] * 3
    assert not any("tidak aktif" in page for page in pages)


def test_activity_of_a_removed_plugin_holds_publication_up_while_it_is_required(written):
    talk = add_activity(written.one, "page", "Talk", by=None)
    talk.kind = "vanished.talk"

    required = reasons_not_to_publish(written.course)
    talk.required = False

    assert [reason for reason in required if "Talk" in reason] == [
        "“Talk”: pluginnya telah dilepas dari situs ini. Jadikan opsional atau hapus kegiatan ini."
    ]
    assert not any("Talk" in reason for reason in reasons_not_to_publish(written.course))


def test_preview_of_a_plugins_activity_is_the_plugins_own(editor, written, board):
    talk = add_activity(written.one, board.name, "Talk", by=None)

    answer = editor.get(f"{written.url}/activities/{talk.id}/preview")

    assert answer.location == f"/talk/{talk.id}/preview"


def test_preview_of_an_activity_without_its_plugin_says_so(editor, written, board):
    talk = add_activity(written.one, board.name, "Talk", by=None)
    board.enable(False)

    whole = editor.get(f"{written.url}/preview")
    alone = editor.get(f"{written.url}/activities/{talk.id}/preview")

    assert 'class="state off"' in whole.text
    assert 'class="notice warn"' in alone.text
