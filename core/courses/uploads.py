"""Takes in the files of a course, and lets go of those that nothing shows any more."""

from typing import IO

import sqlalchemy as sa
from flask import current_app
from werkzeug.datastructures import FileStorage

from core.courses.models import Activity, StoredFile
from core.db import db
from core.files import FileStore

LIMIT = 50_000_000


def _store() -> FileStore:
    store: FileStore = current_app.extensions["files"]
    return store


def keep_upload(upload: FileStorage) -> StoredFile:
    """The file, kept but not yet shown by anything. Raises FileTooLarge, FileKindRefused."""
    return _kept(upload.stream, upload.filename or "")


def keep_made(data: bytes, name: str) -> StoredFile:
    """A file that the product itself has made, such as a PDF; add it to the session."""
    return _kept(data, name)


def _kept(data: bytes | IO[bytes], name: str) -> StoredFile:
    kept = _store().put(data, name=name, limit=LIMIT)
    return StoredFile(
        key=kept.key,
        name=kept.name,
        size=kept.size,
        sha256=kept.sha256,
        media_type=kept.media_type,
    )


def bytes_of(file: StoredFile) -> bytes:
    """All of a stored file. Raises FileNotFoundError when its bytes are gone."""
    return b"".join(bytes(piece) for piece in _store().open(file.key))


def release_file(file: StoredFile | None) -> str:
    """Takes out a file that no activity shows any more; gives the key of its bytes, else ""."""
    if file is None:
        return ""
    db.session.flush()
    if db.session.scalar(sa.select(Activity.id).filter_by(file_id=file.id).limit(1)):
        return ""
    db.session.delete(file)
    return file.key


def drop_bytes(key: str) -> None:
    """Deletes the bytes of a released file; called when the change is committed."""
    if key:
        _store().delete(key)
