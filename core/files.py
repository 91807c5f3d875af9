"""Keeps uploaded files, in a local folder or any object store, under keys that tell nothing.

Refuses what is too large or of a kind that `core.file_kinds` does not know.
Who may read a file, and the answer that carries it, are the business of the views.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path, PurePath
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from flask import current_app
from flask_babel import gettext as _
from obstore.store import LocalStore, from_url
from werkzeug.http import dump_options_header

from core.errors import DomainError
from core.file_kinds import KINDS, media_type
from core.formatting import filesize

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import ClientConfig

CHUNK = 64 * 1024
IN_MEMORY = 1024 * 1024
# A download lasts as long as the reader's telephone needs; obstore would give up at 30 s. Plain
# http is used only where the operator's own endpoint says so (a store in the same network).
REMOTE: "ClientConfig" = {"timeout": timedelta(hours=1), "allow_http": True}


class FileTooLarge(DomainError):
    status = 413

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name, limit)
        self.name, self.limit = name, limit

    @property
    def message(self) -> str:
        return _(
            "%(name)s is larger than %(limit)s. Choose a smaller file.",
            name=self.name,
            limit=filesize(self.limit),
        )


class FileKindRefused(DomainError):
    status = 415

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    @property
    def message(self) -> str:
        return _(
            "%(name)s cannot be kept: its kind is not accepted, or its content does not fit its "
            "name. Accepted: %(kinds)s.",
            name=self.name,
            kinds=", ".join(KINDS),
        )


@dataclass(frozen=True)
class StoredBytes:
    key: str
    size: int
    sha256: str
    media_type: str
    name: str


@dataclass(frozen=True)
class KeptFile:
    key: str
    size: int
    at: datetime


class FileStore:
    """`location`: a folder, or a URL that obstore knows (`s3://bucket/prefix`)."""

    def __init__(self, location: str | Path) -> None:
        if "://" in str(location):
            self._store = from_url(str(location), client_options=REMOTE)
        else:
            self._store = LocalStore(location, mkdir=True)

    def put(self, data: bytes | IO[bytes], *, name: str, limit: int) -> StoredBytes:
        """Keeps at most `limit` bytes; raises FileTooLarge or FileKindRefused, keeping none."""
        name = safe_name(name)
        source = BytesIO(data) if isinstance(data, bytes) else data
        with SpooledTemporaryFile(IN_MEMORY) as copy:
            size, sha256 = _copy(source, copy, name, limit)
            if (kind := media_type(name, _sample(copy, size))) is None:
                raise FileKindRefused(name)
            token = secrets.token_hex(16)
            key = f"{token[:2]}/{token}"
            copy.seek(0)
            self._store.put(key, copy)
        return StoredBytes(key, size, sha256, kind, name)

    def keep(self, key: str, file: IO[bytes]) -> None:
        """Keeps a file that the site itself has made, under a key that says what it is.

        In a folder of this machine only the site's own user can read it, since such a file may
        hold whole tables of people's data.
        """
        folder = self._store.prefix if isinstance(self._store, LocalStore) else None
        if folder is not None:
            _make_private(Path(folder, key).parent)
        self._store.put(key, file)
        if folder is not None:
            Path(folder, key).chmod(0o600)

    def kept(self, prefix: str) -> list[KeptFile]:
        """What was kept under keys that begin with the folder `prefix`, in order of key."""
        found = [one for page in self._store.list(prefix) for one in page]
        files = [KeptFile(one["path"], one["size"], one["last_modified"]) for one in found]
        return sorted(files, key=lambda file: file.key)

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, in pieces; FileNotFoundError when there are none."""
        options: GetOptions = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        return iter(self._store.get(key, options=options).stream(CHUNK))

    def size(self, key: str) -> int:
        return self._store.head(key)["size"]

    def delete(self, key: str) -> None:
        """Deleting what is gone already is no error."""
        with suppress(FileNotFoundError):
            self._store.delete(key)


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _copy(source: IO[bytes], copy: IO[bytes], name: str, limit: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise FileTooLarge(name, limit)
        digest.update(chunk)
        copy.write(chunk)
    return size, digest.hexdigest()


def _sample(copy: IO[bytes], size: int) -> bytes:
    copy.seek(0)
    head = copy.read(CHUNK)
    copy.seek(max(CHUNK, size - CHUNK))
    return head + copy.read()


def safe_name(name: str) -> str:
    """The name without path, control and direction marks; letters of any script stay."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(c for c in last if c.isspace() or unicodedata.category(c)[0] != "C")
    plain = " ".join(re.sub(r'[<>:"|?*]', "-", visible).split()).strip(". ")
    path = PurePath(plain)
    return f"{path.stem[:100]}{path.suffix[:20]}" or "file"


def content_disposition(name: str, *, inline: bool) -> str:
    """The header by which a browser shows or saves a file under its name."""
    names = {"filename": name}
    if not name.isascii():
        ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        names = {"filename": ascii_name, "filename*": f"UTF-8''{quote(name, safe='')}"}
    return dump_options_header("inline" if inline else "attachment", names)


def export_name(name: str) -> str:
    """The name of a file that the site makes itself; on a demo it says that it is one."""
    return f"CONTOH-{name}" if current_app.config["DEMO"] else name
