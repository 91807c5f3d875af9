"""Personal names as people in Indonesia write them: one field, one word is valid, titles apart.

Comparing and taking apart only; nothing here corrects how a person writes the own name.
"""

import re
import unicodedata

# Straight and curly apostrophes, accents used as one, and the marks of Arabic transliteration.
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘‛`´ʼʻʾʿ′"))

# H. is also a common initial: "H. B. Yasin" is read with a title, "H.B. Yasin" without.
_TITLE_BEFORE = re.compile(
    r"""(?: (?:prof|drs?|dra|dr[gh]|ir|hj|(?-i:K\.?H)) \. \s*
          | (?:prof|drs?|dra|dr[gh]|hj|(?-i:KH)) \s+
          | h \. (?: \s+ | (?=[^\W\d_]{2}) )
        )""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]{2}")

_DOTTED_DEGREE = re.compile(
    r"(?:[a-z]|ph|sp|ss|ll|dr|dipl)(?:\.[a-z]{1,6}|\.\s[a-z]{1,4})+\.?", re.IGNORECASE
)
# Degrees that are often written without dots; none of them is a usual name.
_BARE_DEGREES = frozenset((
    "ak", "amapd", "amapust", "amd", "apt", "ba", "bsc", "cpa", "dea", "gr", "lc", "ma", "mag",
    "map", "mba", "meng", "mh", "mhum", "mikom", "mip", "mkes", "mkom", "mm", "mpd", "mpdi",
    "msc", "msi", "mt", "mti", "ns", "phd", "sag", "sap", "se", "sfarm", "sh", "shum", "sikom",
    "sip", "sipust", "skep", "skm", "skom", "sp", "spd", "spdi", "spsi", "spt", "ss", "ssi",
    "ssn", "ssos", "sst", "sstp", "st",
))  # fmt: skip


def name_key(text: str) -> str:
    """The form in which two spellings of a name are compared.

    "NI’MATUL  Al-Banjari" and "Ni'matul Al Banjari" have the same key. Titles are not removed.
    """
    folded = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    letters = (char for char in folded if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in letters).split())


def split_titles(text: str) -> tuple[str, str, str]:
    """Titles before, name, titles after: "Hj. Siti, S.Pd., M.M." -> ("Hj.", "Siti", "S.Pd., M.M.").

    Cautious: what is not surely a title stays in the name, and the name is never left empty.
    Noble titles (R., Rr., I Gusti) belong to the registered name and stay as well.
    """
    named, after = _split_degrees(" ".join(text.split()))
    start = _end_of_titles_before(named)
    if not _WORD.search(named, start):
        return "", named, after
    return named[:start].strip(), named[start:], after


def _split_degrees(text: str) -> tuple[str, str]:
    parts = [part.strip() for part in text.rstrip(" ,").split(",")]
    cut = len(parts)
    while cut > 1 and _is_degrees(parts[cut - 1]):
        cut -= 1
    return ", ".join(parts[:cut]), ", ".join(parts[cut:])


def _is_degrees(part: str) -> bool:
    """Whether the words are one degree or several of which the commas were forgotten."""
    return _is_degree(part) or (" " in part and all(map(_is_degree, part.split())))


def _is_degree(part: str) -> bool:
    return bool(_DOTTED_DEGREE.fullmatch(part)) or part.rstrip(".").casefold() in _BARE_DEGREES


def _end_of_titles_before(text: str) -> int:
    end = 0
    while title := _TITLE_BEFORE.match(text, end):
        end = title.end()
    return end
