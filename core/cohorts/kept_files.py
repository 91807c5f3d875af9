"""Keeps a list that was uploaded, or what came of one, for a day between two pages.

The files lie in the instance folder under random names. The way to one is a signed ticket,
bound to its kind, the person and the class; several hosts need a folder that they share.
"""

import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from core.cohorts.models import Cohort
from core.errors import DomainError
from core.jobs import job
from core.people.models import User

DAY = 24 * 3600


class NoLongerKept(DomainError):
    status = 410

    def __init__(self) -> None:
        super().__init__(_("The list is no longer kept here. Upload it again."))


def _folder() -> Path:
    folder = Path(current_app.config["INSTANCE"]) / "kept"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _signer(kind: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"kept {kind}")


def keep(kind: str, content: bytes, *, user: User, cohort: Cohort, **facts: Any) -> str:
    """Keeps the bytes; gives the ticket. `facts` travel in it, readable but not changeable."""
    drop_old()
    key = secrets.token_hex(16)
    path = _folder() / key
    path.touch(mode=0o600)
    path.write_bytes(content)
    return _signer(kind).dumps([key, user.id, cohort.id, facts])


def take(kind: str, ticket: str, *, user: User, cohort: Cohort) -> tuple[bytes, dict[str, Any]]:
    """The bytes and the facts. Raises NoLongerKept for a ticket to something else."""
    key, facts = _read(kind, ticket, user, cohort)
    try:
        return (_folder() / key).read_bytes(), facts
    except FileNotFoundError:
        raise NoLongerKept from None


def drop(kind: str, ticket: str, *, user: User, cohort: Cohort) -> None:
    (_folder() / _read(kind, ticket, user, cohort)[0]).unlink(missing_ok=True)


def _read(kind: str, ticket: str, user: User, cohort: Cohort) -> tuple[str, dict[str, Any]]:
    try:
        key, user_id, cohort_id, facts = _signer(kind).loads(ticket, max_age=DAY)
    except BadData:
        raise NoLongerKept from None
    if (user_id, cohort_id) != (user.id, cohort.id):
        raise NoLongerKept
    return key, facts


def drop_old() -> None:
    """Deletes what is older than a day."""
    for path in _folder().iterdir():
        with suppress(FileNotFoundError):  # Another process was faster.
            if path.stat().st_mtime < time.time() - DAY:
                path.unlink()


@job("core.drop_kept_files", cron="17 * * * *")
def drop_kept_files() -> None:
    drop_old()
