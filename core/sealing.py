"""Encrypts what must be read again but never shown: secrets of other services.

The key is derived from SECRET_KEY, apart for each purpose, so that what was sealed for one cannot
be moved to another. Former keys (SECRET_KEY_FALLBACKS) still open. Fernet of `cryptography`.
"""

import base64
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from flask_babel import gettext as _

from core.db import now
from core.errors import DomainError


class Unreadable(DomainError):
    """What was sealed with a key that this site no longer has."""

    status = 503

    def __init__(self, purpose: str) -> None:
        super().__init__(
            _(
                "The secret %(name)s cannot be read, because the SECRET_KEY of this site has"
                " changed. Enter it again in the settings, or name the former key in"
                " SECRET_KEY_FALLBACKS.",
                name=purpose,
            )
        )


def seal(text: str, purpose: str) -> str:
    """`text` encrypted with the present key; the moment is kept in it."""
    token = _keys(purpose).encrypt_at_time(text.encode(), int(now().timestamp()))
    return token.decode()


def unseal(sealed: str, purpose: str) -> str:
    """The text. Raises Unreadable."""
    try:
        return _keys(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable(purpose) from None


def sealed_at(sealed: str, purpose: str) -> datetime:
    """When it was sealed first; sealing anew keeps the moment. Raises Unreadable."""
    try:
        return datetime.fromtimestamp(_keys(purpose).extract_timestamp(sealed.encode()), UTC)
    except InvalidToken:
        raise Unreadable(purpose) from None


def seal_anew(sealed: str, purpose: str) -> str:
    """The same with the present key. Raises Unreadable."""
    try:
        return _keys(purpose).rotate(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable(purpose) from None


def _keys(purpose: str) -> MultiFernet:
    """The present key seals; it and the former ones open."""
    config = current_app.config
    keys = [config["SECRET_KEY"], *(config["SECRET_KEY_FALLBACKS"] or ())]
    return MultiFernet([_key(str(key), purpose) for key in keys])


def _key(secret_key: str, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=f"bimtek sealed {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))
