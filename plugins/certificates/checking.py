"""The answer to a stranger: is this certificate valid? For the public pages and the console.

Whoever knows the code has the paper in hand and sees the name. A number can be guessed, so there
the name is masked.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from core.api import split_titles
from plugins.certificates import queries
from plugins.certificates.models import Certificate
from plugins.certificates.numbering import read_code
from plugins.certificates.pdf import Printed

LONGEST = 300


@dataclass(frozen=True)
class Found:
    """`replaced_by` is the number that is valid in its place, else empty."""

    certificate: Certificate
    by_code: bool
    replaced_by: str = ""

    @property
    def state(self) -> Literal["valid", "revoked"]:
        return "revoked" if self.certificate.revoked_at else "valid"

    @property
    def content(self) -> Printed:
        return self.certificate.content

    @property
    def name(self) -> str:
        return self.content.name if self.by_code else masked(self.content.name)


def check(text: str) -> Found | None:
    """By a number, a code, or the address in the QR code; None where there is no certificate."""
    typed = text[:LONGEST].strip()
    if not typed or len(text) > LONGEST:
        return None
    if found := queries.by_number(typed):
        return _found(found, by_code=False)
    return check_code(typed.rpartition("/")[2])


def check_code(text: str) -> Found | None:
    """By the code alone."""
    code = read_code(text[:LONGEST])
    found = queries.by_code(code) if code else None
    return _found(found, by_code=True) if found else None


def _found(certificate: Certificate, *, by_code: bool) -> Found:
    [*instead] = queries.replacements([certificate]).values()
    return Found(certificate, by_code, instead[0].number if instead else "")


def masked(name: str) -> str:
    """ "Hj. Siti Nur'aini, S.Pd.I." is "Si** Nu******": enough to compare, too little to learn."""
    _before, bare, _after = split_titles(unicodedata.normalize("NFC", name))
    return " ".join(_masked_word(word) for word in bare.split())


def _masked_word(word: str) -> str:
    shown = word[:2] if len(word) > 2 else word[:1]
    return shown + "*" * (len(word) - len(shown))
