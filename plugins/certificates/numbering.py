"""Numbers and codes of certificates: how they are written, and how a typed code is read.

A number is for people and archives, a code for checking. Which sequence comes next is the
database's business.
"""

import re
import secrets

from flask_babel import gettext as _

from core.api import DomainError

DEFAULT_PATTERN = "{sequence:4}/{cohort}/{unit}/{month}/{year}"
MAX_PATTERN_LENGTH = 80
PLACEHOLDER = re.compile(r"\{(sequence(?::[1-9])?|cohort|unit|month|year)\}")
IN_BRACES = re.compile(r"\{[^{}]*\}")
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")

# Crockford's base 32: no letter that looks like a digit, and no U.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKS_LIKE = str.maketrans("OIL", "011")
CODE_LENGTH = 12


class PatternRefused(DomainError):
    """The sentence says what to change."""


def check_pattern(pattern: str) -> None:
    """Raises PatternRefused where numbers made with it would be broken or could repeat."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise PatternRefused(
            _("The pattern is too long: at most %(count)s characters.", count=MAX_PATTERN_LENGTH)
        )
    rest = PLACEHOLDER.sub("", pattern)
    if unknown := IN_BRACES.search(rest):
        raise PatternRefused(
            _(
                "%(placeholder)s is not known. Use {sequence}, {sequence:4}, {cohort}, {unit}, "
                "{month} or {year}.",
                placeholder=unknown[0],
            )
        )
    if "{" in rest or "}" in rest:
        raise PatternRefused(_("A brace stands alone. Write each placeholder as {year}."))
    names = {inside.partition(":")[0] for inside in PLACEHOLDER.findall(pattern)}
    if "sequence" not in names:
        raise PatternRefused(
            _("The pattern needs {sequence}: without it all numbers are the same.")
        )
    if "year" not in names:
        raise PatternRefused(_("The pattern needs {year}: the sequence starts again each year."))


def format_number(
    pattern: str, *, sequence: int, year: int, month: int, cohort: str, unit: str
) -> str:
    """0123/KALSEL-07-2026/PP/XI/2026"""
    values = {"cohort": cohort, "unit": unit, "month": ROMAN[month - 1], "year": str(year)}

    def filled(found: re.Match[str]) -> str:
        name, _colon, width = found[1].partition(":")
        return f"{sequence:0{width or 1}}" if name == "sequence" else values[name]

    return PLACEHOLDER.sub(filled, pattern)


def new_code() -> str:
    """7KQ2-M4XD-9PTA: 60 bits that nobody can guess."""
    return _grouped("".join(secrets.choice(CODE_ALPHABET) for _position in range(CODE_LENGTH)))


def read_code(text: str) -> str | None:
    """The code as we write it, from what somebody typed; None when it cannot be one."""
    code = re.sub(r"[\s\-–]", "", text).upper().translate(LOOKS_LIKE)
    if len(code) != CODE_LENGTH or not set(code) <= set(CODE_ALPHABET):
        return None
    return _grouped(code)


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))
