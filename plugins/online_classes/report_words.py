"""The words by which the columns of Zoom's reports are recognised, wherever they stand.

No value is read here. The Indonesian words are known from two parsers that others wrote
independently of each other; no report in that language was seen.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.api import TableLine, shown

MOST_COLUMNS = 100
MOST_LETTERS = 100

# Field -> headers as `key` gives them, the surest first. English also stands in for what a
# translated report leaves in English.
_PARTICIPANT: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "name": ("name original name", "name"),
        "email": ("user email", "email"),
        "joined": ("join time",),
        "left": ("leave time",),
        "minutes": ("total duration minutes", "duration minutes"),
        "guest": ("guest",),
        "waiting_room": ("in waiting room",),
    },
    "id": {
        "name": ("nama nama asli",),
        "joined": ("waktu bergabung",),
        "left": ("waktu keluar",),
        "minutes": ("total durasi menit", "total durasi menit s", "durasi menit"),
        "guest": ("tamu",),
        "waiting_room": ("di ruang tunggu",),
    },
    "it": {
        "name": ("nome nome originale",),
        "email": ("e mail",),
        "joined": ("ora di ingresso",),
        "left": ("ora di uscita",),
        "minutes": ("durata minuti",),
        "waiting_room": ("in sala d attesa",),
    },
    "ja": {
        "name": ("名前 元の名前",),
        "email": ("ユーザーメール",),
        "joined": ("参加時刻",),
        "left": ("退出時刻",),
        "minutes": ("所要時間 分",),
    },
}
_MEETING: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "number": ("meeting id", "id"),
        "topic": ("topic",),
        "starts": ("start time",),
        "ends": ("end time",),
    },
    "id": {"topic": ("topik",), "starts": ("waktu mulai",), "ends": ("waktu berakhir",)},
}
YES = frozenset(("yes", "y", "true", "1", "ya", "sì", "si", "はい"))
NO = frozenset(("no", "n", "false", "0", "tidak", "いいえ"))

# Another report of Zoom is known by one of these sets of headers or titles, all of them present.
_OTHER_REPORTS = (
    (_l("a poll report"), ({"poll report"}, {"submitted date time"})),
    (
        _l("the attendee report of a webinar"),
        ({"attendee report"}, {"attendee details"}, {"attended", "join time"}),
    ),
    (
        _l("a registration report"),
        ({"registration report"}, {"registration time", "approval status"}),
    ),
)
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Header:
    """Which field stands in which column; `meeting` where the columns tell of the meeting."""

    line: TableLine
    language: str
    columns: Mapping[str, int]
    meeting: Mapping[str, int]


def key(cell: str) -> str:
    """The words of a header: "Durasi (menit)" -> "durasi menit"."""
    text = unicodedata.normalize("NFKC", cell[:MOST_LETTERS]).casefold()
    return " ".join(_WORDS.findall(text))


def participants_header(lines: Iterable[TableLine]) -> Header | None:
    """The fullest line that names people and either their times or their minutes."""
    headers = [header for line in lines if (header := _header(line))]
    return max(headers, key=lambda header: len(header.columns), default=None)


def meeting_columns(line: TableLine) -> Mapping[str, int]:
    """Columns of the meeting, or none: a single word such as "ID" is no sign of them."""
    keys = _keys(line)
    found = (_columns(keys, _with_english(_MEETING, language)) for language in _MEETING)
    fullest = max(found, key=len)
    return fullest if len(fullest) > 1 else {}


def other_report(lines: Sequence[TableLine]) -> str:
    """What a file without participants seems to be, as a sentence."""
    keys = {key for line in lines for key in _keys(line)}
    for name, signs in _OTHER_REPORTS:
        if any(sign <= keys for sign in signs):
            return _(
                "This is %(kind)s. Needed is the participants report of the meeting: in Zoom "
                "choose Reports, Usage, click on the number of participants, then Export.",
                kind=name,
            )
    found = (shown(cell) for line in lines[:1] for cell in line.cells[:12])
    return _(
        "This is not a participants report of Zoom. It begins with: %(found)s. In Zoom choose "
        "Reports, Usage, click on the number of participants, then Export.",
        found=", ".join(filter(None, found)),
    )


def _keys(line: TableLine) -> list[str]:
    return [key(cell) for cell in line.cells[:MOST_COLUMNS]]


def _header(line: TableLine) -> Header | None:
    keys = _keys(line)
    meeting = meeting_columns(line)
    found = {
        language: _columns(
            keys,
            _with_english(_PARTICIPANT, language),
            # Columns of the meeting have the same words for the host's e-mail and the minutes.
            right_of_name=bool(meeting),
        )
        for language in _PARTICIPANT
    }
    language = max(found, key=lambda language: len(found[language]))
    columns = found[language]
    complete = {"joined", "left"} <= columns.keys() or "minutes" in columns
    return Header(line, language, columns, meeting) if complete and "name" in columns else None


def _with_english(
    words: Mapping[str, Mapping[str, tuple[str, ...]]], language: str
) -> dict[str, tuple[str, ...]]:
    english = words["en"]
    return {field: words[language].get(field, ()) + english[field] for field in english}


def _columns(
    keys: Sequence[str], words: Mapping[str, tuple[str, ...]], *, right_of_name: bool = False
) -> dict[str, int]:
    start = _first(keys, words.get("name", ()), 0) if right_of_name else 0
    found = {field: _first(keys, synonyms, start or 0) for field, synonyms in words.items()}
    return {field: index for field, index in found.items() if index is not None}


def _first(keys: Sequence[str], synonyms: Iterable[str], start: int) -> int | None:
    places = (keys.index(word, start) for word in synonyms if word in keys[start:])
    return next(places, None)
