"""Takes a name of a participants report apart: the name shown, and the one registered.

Nothing is guessed about who it is; a number in front of the name or a phone number stays.
"""

import re

from core.api import one_line

# Zoom writes "SMITH# JOE" where the name has a comma.
_COMMA = re.compile(r"(?<=\S)#(?=\s|[^\W\d])")
_ROUND = str.maketrans("（）", "()")
_ASIDES = frozenset((
    "", "host", "co-host", "cohost", "guest", "me", "tamu", "saya",
))  # fmt: skip
_PRONOUNS = frozenset((
    "she", "her", "hers", "he", "him", "his", "they", "them", "their", "theirs",
))  # fmt: skip


def split_name(written: str) -> tuple[str, str]:
    """Shown and original name: "Siti (Siti Aminah) (Host)" -> ("Siti", "Siti Aminah")."""
    name = _COMMA.sub(",", one_line(written.translate(_ROUND)))
    original = ""
    while parts := _last_brackets(name):
        before, inside = parts
        if not _is_aside(inside):
            if original:
                break
            original = inside
        name = before
    return name, original


def _last_brackets(text: str) -> tuple[str, str] | None:
    """What stands before the brackets at the end, and in them; brackets inside them may nest."""
    if not text.endswith(")"):
        return None
    depth = 0
    for index in range(len(text) - 1, 0, -1):
        depth += (text[index] == ")") - (text[index] == "(")
        if depth == 0:
            before = text[:index].strip()
            return (before, text[index + 1 : -1].strip()) if before else None
    return None


def _is_aside(text: str) -> bool:
    """Whether it tells a role or pronouns: (Host), (she/her), (Host, me)."""
    return all(
        part in _ASIDES or ("/" in part and set(re.split(r"\s*/\s*", part)) <= _PRONOUNS)
        for part in map(str.strip, text.casefold().split(","))
    )
