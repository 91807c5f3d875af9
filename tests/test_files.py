import hashlib
import zipfile
from io import BytesIO

import pytest
from werkzeug.http import parse_options_header

from core.files import (
    FileKindRefused,
    FileStore,
    FileTooLarge,
    content_disposition,
    safe_name,
)

LIMIT = 20_000_000
PDF = b"%PDF-1.7\n" + b"x" * 1_000
OPEN_XML = "application/vnd.openxmlformats-officedocument"


def archive(*members: str, **contents: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in members:
            made.writestr(name, contents.get(name, "x" * 100_000))
    return file.getvalue()


def odf(kind: str) -> bytes:
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return archive("mimetype", "content.xml", mimetype=mimetype)


CONTENT = {
    "pdf": PDF,
    "docx": archive("[Content_Types].xml", "word/document.xml"),
    "xlsx": archive("xl/workbook.xml", "[Content_Types].xml"),
    "pptx": archive("_rels/.rels", "ppt/presentation.xml", "[Content_Types].xml"),
    "odt": odf("text"),
    "ods": odf("spreadsheet"),
    "odp": odf("presentation"),
    "zip": archive("a.txt"),
    "txt": "Daftar hadir\r\nNi\u2019matul\t1 < 2\n".encode(),
    "csv": "\ufeffnama;jp\nSukarno;8\n".encode(),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(20),
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(20),
    "gif": b"GIF89a" + bytes(20),
    "webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "mp3": b"ID3\x04" + bytes(20),
    "mp4": b"\x00\x00\x00\x20ftypisom" + bytes(20),
}
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": f"{OPEN_XML}.wordprocessingml.document",
    "xlsx": f"{OPEN_XML}.spreadsheetml.sheet",
    "pptx": f"{OPEN_XML}.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "zip": "application/zip",
    "txt": "text/plain",
    "csv": "text/csv",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
}


@pytest.fixture(params=["folder", "url"])
def store(request, tmp_path) -> FileStore:
    return FileStore("memory:///" if request.param == "url" else tmp_path / "a" / "files")


def kept(store: FileStore, key: str, *bounds: int) -> bytes:
    return b"".join(store.open(key, *bounds))


def test_what_is_kept_comes_back_whole(store):
    stored = store.put(BytesIO(PDF), name="Modul 1.pdf", limit=LIMIT)

    assert kept(store, stored.key) == PDF
    assert store.size(stored.key) == stored.size == len(PDF)
    assert stored.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (stored.name, stored.media_type) == ("Modul 1.pdf", "application/pdf")


def test_a_large_file_is_read_in_pieces(tmp_path):
    store, film = FileStore(tmp_path), CONTENT["mp4"] + bytes(12_000_000)

    stored = store.put(BytesIO(film), name="film.mp4", limit=LIMIT)
    pieces = list(store.open(stored.key))

    assert b"".join(pieces) == film
    assert max(map(len, pieces)) < 1_000_000


def test_a_player_can_ask_for_a_part(store):
    key = store.put(PDF, name="a.pdf", limit=LIMIT).key

    assert kept(store, key, 1, 4) == b"PDF"
    assert kept(store, key, 0, 4) == b"%PDF"
    assert kept(store, key, 1_000) == b"x" * 9


def test_keys_differ_and_tell_nothing(store):
    stored = [store.put(PDF, name="Siti Nur'aini.pdf", limit=LIMIT) for _ in range(2)]

    assert stored[0].key != stored[1].key
    assert not any("siti" in one.key.lower() or "pdf" in one.key for one in stored)


def test_a_deleted_file_is_gone_and_may_be_deleted_again(store):
    key = store.put(PDF, name="a.pdf", limit=LIMIT).key

    store.delete(key)
    store.delete(key)

    with pytest.raises(FileNotFoundError):
        store.open(key)


@pytest.mark.parametrize("key", ["../../../etc/hostname", "/etc/hostname", "a/../../b"])
def test_a_key_reaches_nothing_outside_the_folder(tmp_path, key):
    store = FileStore(tmp_path)

    with pytest.raises((FileNotFoundError, ValueError)):
        store.open(key)


def test_a_file_at_the_limit_is_kept_and_one_byte_more_is_not(tmp_path):
    store = FileStore(tmp_path)
    store.put(PDF, name="a.pdf", limit=len(PDF))

    with pytest.raises(FileTooLarge) as refusal:
        store.put(PDF, name="laporan.pdf", limit=len(PDF) - 1)

    assert (refusal.value.name, refusal.value.limit) == ("laporan.pdf", len(PDF) - 1)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_reading_stops_soon_after_the_limit(tmp_path):
    upload = BytesIO(PDF + bytes(10_000_000))

    with pytest.raises(FileTooLarge):
        FileStore(tmp_path).put(upload, name="a.pdf", limit=1_000)

    assert upload.tell() < 1_000_000


@pytest.mark.parametrize("kind", CONTENT)
def test_files_for_teaching_are_known_by_their_content(tmp_path, kind):
    stored = FileStore(tmp_path).put(CONTENT[kind], name=f"A.{kind.upper()}", limit=LIMIT)

    assert stored.media_type == MEDIA_TYPES[kind]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", CONTENT["png"]),
        ("a.pdf", b"<html>%PDF-1.7"),
        ("a.docx", CONTENT["xlsx"]),
        ("a.docx", CONTENT["zip"]),
        ("a.odt", CONTENT["ods"]),
        ("a.mp3", CONTENT["jpeg"]),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.txt", b"MZ\x90\x00\x03\x00\x00\x00"),
        ("a.txt", b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>"),
        ("a.csv", b"\x7fELF\x02\x01\x01\x00"),
        ("a.pdf", b""),
        ("a.txt", b""),
    ],
)
def test_a_name_that_does_not_fit_the_content_is_refused(tmp_path, name, content):
    with pytest.raises(FileKindRefused):
        FileStore(tmp_path).put(content, name=name, limit=LIMIT)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.exe", "a.pdf.js", "pdf", ".pdf", ""])
def test_kinds_not_for_teaching_are_refused_whatever_they_hold(tmp_path, name):
    with pytest.raises(FileKindRefused):
        FileStore(tmp_path).put(PDF, name=name, limit=LIMIT)


def test_a_refusal_says_what_would_do():
    too_large = FileTooLarge("modul.pdf", 5_000_000).message
    refused = FileKindRefused("modul.exe").message

    assert too_large == "modul.pdf is larger than 5 MB. Choose a smaller file."
    assert refused.startswith("modul.exe cannot be kept")
    assert "pdf, docx" in refused


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Modul 1.pdf", "Modul 1.pdf"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\a\Laporan  akhir.PDF", "Laporan akhir.PDF"),
        ("キ\u0000\u0001図.pdf", "キ図.pdf"),
        ("a\nb.txt", "a b.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("e\u0301.txt", "é.txt"),
        (".htaccess", "htaccess"),
        ("<a>: b?.csv", "-a-- b-.csv"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
        ("...", "file"),
        ("a/", "file"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_its_traps(given, name):
    assert safe_name(given) == name


def test_a_download_carries_the_whole_name_and_a_plain_one_for_old_browsers():
    header = content_disposition('Ni’matul "1"; é.pdf', inline=False)

    kind, options = parse_options_header(header)

    assert kind == "attachment"
    assert options["filename"] == 'Ni’matul "1"; é.pdf'
    assert r'filename="Nimatul \"1\"; e.pdf"' in header


def test_a_plain_name_needs_one_form_only():
    assert content_disposition("a b.pdf", inline=True) == 'inline; filename="a b.pdf"'


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_what_the_site_keeps_is_readable_for_its_own_user_only(tmp_path, form):
    (tmp_path / "archives").mkdir(mode=0o755)
    store = FileStore(form.format(tmp_path))

    store.keep("archives/one.zip", BytesIO(b"tables"))

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"archives": 0o700, "one.zip": 0o600}
    assert kept(store, "archives/one.zip") == b"tables"
