"""Which kinds of files people may hand in, and how to tell that content fits its name.

A short list for teaching; whatever a browser would run as a page (HTML, SVG) is not on it.
"""

import re
from collections.abc import Callable
from pathlib import PurePath

ZIP = b"PK\x03\x04"
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
BLANK = b"\xef\xbb\xbf \t\r\n"

Test = Callable[[bytes], bool]


def _starts(*beginnings: bytes) -> Test:
    return lambda sample: sample.startswith(beginnings)


def _office(folder: bytes) -> Test:
    return lambda sample: (
        sample.startswith(ZIP) and b"[Content_Types].xml" in sample and folder in sample
    )


def _open_document(kind: bytes) -> Test:
    first = b"mimetypeapplication/vnd.oasis.opendocument." + kind
    return lambda sample: sample.startswith(ZIP) and sample[30:].startswith(first)


def _text(sample: bytes) -> bool:
    """Words, and no markup that a browser could take for a page."""
    return not BINARY.search(sample) and not sample.lstrip(BLANK).startswith(b"<")


OPEN_XML = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"

# The media type that a browser is told, and what the content must look like.
KINDS: dict[str, tuple[str, Test]] = {
    "pdf": ("application/pdf", lambda sample: sample.lstrip(BLANK).startswith(b"%PDF-")),
    "docx": (f"{OPEN_XML}.wordprocessingml.document", _office(b"word/")),
    "xlsx": (f"{OPEN_XML}.spreadsheetml.sheet", _office(b"xl/")),
    "pptx": (f"{OPEN_XML}.presentationml.presentation", _office(b"ppt/")),
    "odt": (f"{OPEN_DOCUMENT}.text", _open_document(b"text")),
    "ods": (f"{OPEN_DOCUMENT}.spreadsheet", _open_document(b"spreadsheet")),
    "odp": (f"{OPEN_DOCUMENT}.presentation", _open_document(b"presentation")),
    "txt": ("text/plain", _text),
    "csv": ("text/csv", _text),
    "png": ("image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "gif": ("image/gif", _starts(b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", lambda s: s.startswith(b"RIFF") and s[8:12] == b"WEBP"),
    "mp3": ("audio/mpeg", _starts(b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2")),
    "mp4": ("video/mp4", lambda sample: sample[4:8] == b"ftyp"),
    "zip": ("application/zip", _starts(ZIP)),
}


def media_type(name: str, sample: bytes) -> str | None:
    """What a browser may be told, or nothing where name and content do not agree.

    `sample` is both ends of the content: an archive lists its members at its end.
    """
    known, fits = KINDS.get(PurePath(name).suffix[1:].lower(), (None, bool))
    return known if sample and fits(sample) else None
