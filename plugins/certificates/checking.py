"""The answer to a stranger: is this certificate valid? For the public pages and the console.

Whoever knows the code has the paper in hand and sees the name. A number can be guessed, so there
the name is masked.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.api import split_titles
from plugins.certificates import queries
from plugins.certificates.models import Certificate
from plugins.certificates.numbering import read_code
from plugins.certificates.pdf import Printed

LONGEST = 300
ALIKE = 5  # certificates of different issuers that are shown for one number


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


def check(text: str) -> Sequence[Found]:
    """By a number, a code, or the address in the QR code; empty where there is no certificate.

    Several where several institutions have given the same number.
    """
    typed = text[:LONGEST].strip()
    if not typed or len(text) > LONGEST:
        return []
    if found := queries.by_number(typed, limit=ALIKE):
        return _found(found, by_code=False)
    return check_code(typed.rpartition("/")[2])


def check_code(text: str) -> Sequence[Found]:
    """By the code alone: one or none."""
    code = read_code(text[:LONGEST])
    found = queries.by_code(code) if code else None
    return _found([found], by_code=True) if found else []


def _found(certificates: Sequence[Certificate], *, by_code: bool) -> Sequence[Found]:
    instead = {key: one.number for key, one in queries.replacements(certificates).items()}
    return [
        Found(one, by_code, instead.get(one.enrolment_id, "") if one.revoked_at else "")
        for one in certificates
    ]


def masked(name: str) -> str:
    """ "Hj. Siti Nur'aini, S.Pd.I." is "Si** Nu******": enough to compare, too little to learn.

    A word of one letter, which would stand there in full, is masked whole.
    """
    _before, bare, _after = split_titles(unicodedata.normalize("NFC", name))
    return " ".join(_masked_word(word) for word in bare.split())


def _masked_word(word: str) -> str:
    if sum(map(str.isalpha, word)) < 2:
        return "*" * len(word)
    shown = word[:2] if len(word) > 2 else word[:1]
    return shown + "*" * (len(word) - len(shown))
