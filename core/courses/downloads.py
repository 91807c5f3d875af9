"""Sends a stored file to whoever may have it; the views decide who that is.

A broken download goes on where it stopped, and an unchanged file is not sent twice.
"""

from collections.abc import Iterator

from flask import Response, abort, current_app, request

from core.courses.models import StoredFile
from core.files import FileStore, content_disposition

SHOWN = frozenset({
    "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp",
    "audio/mpeg", "video/mp4",
})  # fmt: skip
# Whatever the file tries: it runs no script, loads nothing and belongs to no site.
FILE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox"
)


def shows_in_browser(file: StoredFile) -> bool:
    return file.media_type in SHOWN


class Bytes:
    """The bytes of a file, fetched when the answer is written, from where it asks for."""

    def __init__(self, store: FileStore, key: str) -> None:
        self._store, self._key, self._at = store, key, 0
        self._pieces: Iterator[bytes] | None = None

    def seekable(self) -> bool:
        return True

    def seek(self, at: int) -> None:
        self._at = at

    def tell(self) -> int:
        return self._at

    def __iter__(self) -> "Bytes":
        return self

    def __next__(self) -> bytes:
        if self._pieces is None:
            self._pieces = self._store.open(self._key, self._at)
        return bytes(next(self._pieces))


def send_stored_file(file: StoredFile) -> Response:
    """The file to keep, or to look at when the address asks `?open=1` and browsers can."""
    store: FileStore = current_app.extensions["files"]
    try:
        size = store.size(file.key)
    except FileNotFoundError:
        current_app.logger.error("file %s of the database is not in the store", file.id)
        abort(404)
    inline = "open" in request.args and shows_in_browser(file)
    response = Response(Bytes(store, file.key), mimetype=file.media_type, direct_passthrough=True)
    response.content_length = size
    response.headers["Content-Disposition"] = content_disposition(file.name, inline=inline)
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(file.sha256)
    response.make_conditional(request, accept_ranges=True, complete_length=size)
    return response
