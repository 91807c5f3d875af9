"""Files of a course: taken in by the editor, sent to whoever may have them."""

from io import BytesIO

import pytest
import sqlalchemy as sa
from werkzeug.http import parse_options_header

from core.courses import uploads
from core.courses.models import Activity, StoredFile
from core.courses.services import add_activity
from core.db import db
from core.files import CHUNK

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 1000


def upload(name="Guide – Ni’matul.pdf", content=PDF):
    return (BytesIO(content), name)


@pytest.fixture
def editor(as_user, author):
    return as_user(author)


@pytest.fixture
def add(editor, written):
    def send(**fields):
        address = f"{written.url}/activities/new?kind=file"
        data = {"title": "Slides", "section_id": written.one.id, "required": "y", **fields}
        return editor.post(address, data=data)

    return send


@pytest.fixture
def kept(add, written):
    """A file of the course, and the address where authors get it."""
    add(upload=upload())
    activity = db.session.scalars(sa.select(Activity).filter_by(title="Slides")).one()
    return activity, f"{written.url}/files/{activity.id}"


def files():
    return db.session.scalars(sa.select(StoredFile)).all()


def test_uploaded_file_comes_back_whole_under_its_name(editor, kept):
    _activity, address = kept

    answer = editor.get(address)

    assert answer.data == PDF
    assert answer.content_length == len(PDF)
    assert answer.mimetype == "application/pdf"
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", "Guide – Ni’matul.pdf")


@pytest.mark.parametrize("query", ["", "?open=1"])
def test_file_cannot_act_as_a_page_of_the_site(editor, kept, query):
    headers = editor.get(kept[1] + query).headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].endswith("; sandbox")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-cache"


def test_pdf_opens_in_the_browser_when_asked(editor, kept):
    header = editor.get(f"{kept[1]}?open=1").headers["Content-Disposition"]

    assert header.startswith("inline")


def test_text_never_opens_in_the_browser(editor, add, written):
    add(upload=upload("notes.txt", b"plain words"))
    activity = written.one.activities[-1]

    answer = editor.get(f"{written.url}/files/{activity.id}?open=1")

    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_unchanged_file_is_not_sent_again(editor, kept):
    etag = editor.get(kept[1]).headers["ETag"]

    answer = editor.get(kept[1], headers={"If-None-Match": etag})

    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("0-99", 0, 100),
        (f"{CHUNK - 5}-{CHUNK + 5}", CHUNK - 5, CHUNK + 6),
        ("200000-", 200000, None),
    ],
)
def test_broken_download_goes_on_where_it_stopped(editor, kept, wanted, start, end):
    answer = editor.get(kept[1], headers={"Range": f"bytes={wanted}"})

    assert answer.status_code == 206
    assert answer.data == PDF[start:end]
    assert answer.content_length == len(PDF[start:end])


def test_part_that_no_file_has_is_refused(editor, kept):
    answer = editor.get(kept[1], headers={"Range": f"bytes={len(PDF)}-"})

    assert answer.status_code == 416


def test_head_tells_the_size_without_the_bytes(editor, kept):
    answer = editor.head(kept[1])

    assert (answer.content_length, answer.data) == (len(PDF), b"")


def test_file_that_the_store_lost_is_not_there(app, editor, kept):
    app.extensions["files"].delete(kept[0].file.key)

    assert editor.get(kept[1]).status_code == 404


def test_activity_without_a_file_has_none_to_send(editor, written):
    assert editor.get(f"{written.url}/files/{written.a.id}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<!doctype html><script>alert(1)</script>"),
        ("image.svg", b"<svg onload='alert(1)'/>"),
        ("guide.pdf", b"<html>not a pdf"),
        ("guide.pdf.exe", b"MZ"),
        ("empty.pdf", b""),
        ("..", b"words"),
    ],
)
def test_file_of_a_refused_kind_is_said_at_the_field(add, name, content):
    answer = add(upload=upload(name, content))

    assert answer.status_code == 200
    assert 'id="upload-error"' in answer.text
    assert 'value="Slides"' in answer.text
    assert files() == []


def test_file_is_needed(add):
    answer = add()

    assert 'id="upload-error"' in answer.text
    assert files() == []


def test_file_that_is_too_large_is_said_at_the_field(add, monkeypatch):
    monkeypatch.setattr(uploads, "LIMIT", 100_000)

    answer = add(upload=upload())

    assert "100 kB" in answer.text
    assert 'id="upload-error"' in answer.text
    assert files() == []


def test_request_beyond_all_limits_is_refused(add, app, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 100_000)

    answer = add(upload=upload())

    assert answer.status_code == 413
    assert files() == []


def test_file_sent_twice_is_kept_once(app, add, written):
    for _n in range(2):
        add(upload=upload())

    assert len(files()) == 1
    assert len(written.one.activities) == 4


def test_new_file_replaces_the_old_one(app, editor, kept, written):
    activity, address = kept
    old = activity.file.key

    editor.post(
        f"{written.url}/activities/{activity.id}",
        data={"title": "Slides", "section_id": written.one.id, "upload": upload("b.txt", b"New")},
    )

    assert editor.get(address).data == b"New"
    assert [file.name for file in files()] == ["b.txt"]
    with pytest.raises(FileNotFoundError):
        app.extensions["files"].size(old)


def test_file_stays_when_only_the_title_changes(editor, kept, written):
    activity, address = kept

    editor.post(
        f"{written.url}/activities/{activity.id}",
        data={"title": "Other title", "section_id": written.one.id},
    )

    assert activity.title == "Other title"
    assert editor.get(address).data == PDF


def test_deleting_the_activity_deletes_the_file(app, editor, kept, written):
    activity, _address = kept
    key = activity.file.key

    editor.post(f"{written.url}/activities/{activity.id}/delete")

    assert files() == []
    with pytest.raises(FileNotFoundError):
        app.extensions["files"].size(key)


def test_file_that_another_activity_shows_stays(editor, kept, written):
    activity, _address = kept
    copy = add_activity(written.two, "file", "Copy", file=activity.file, by=None)

    editor.post(f"{written.url}/activities/{activity.id}/delete")

    assert editor.get(f"{written.url}/files/{copy.id}").data == PDF


def test_preview_says_the_size_before_the_download(editor, kept, written):
    page = editor.get(f"{written.url}/activities/{kept[0].id}/preview").text

    assert "256 kB" in page
    assert f'href="{kept[1]}?open=1"' in page


def test_file_is_not_for_participants_of_the_editor(make, as_user, kept):
    assert as_user(make.user()).get(kept[1]).status_code == 403
