"""Prints a certificate as PDF: what is printed goes in, the bytes of the file come out.

The same input gives the same bytes on every machine. It knows no database, no request and no
reader; who may have a certificate is decided elsewhere. Its looks are in `certificate.typ`.
"""

import io
import json
import re
import unicodedata
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal, Self

import segno
import typst
from flask_babel import gettext as _
from lokal import terbilang

from core.api import DomainError, date_range

HERE = Path(__file__).parent
TEMPLATE = HERE / "certificate.typ"
PROBE = HERE / "probe.typ"
# Only a font that comes with Typst, so that a certificate looks the same wherever it is made.
FONTS = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
FONT = "Libertinus Serif"
ENDLESS_WORD = re.compile(r"\S{40}(?=\S)")


@dataclass(frozen=True, kw_only=True)
class Printed:
    """Everything that a certificate says. Its words follow `language`, not the reader."""

    name: str  # with titles
    course: str
    cohort: str
    kind: Literal["completion", "attendance"] = "completion"
    number: str
    starts_on: date
    ends_on: date
    lesson_hours: int
    place: str
    issuer: str
    host: str  # "" when it is the issuer
    issued_on: date
    issued_at_place: str
    signer: str
    signer_position: str
    materials: tuple[tuple[str, int], ...]  # title and lesson hours
    language: Literal["id", "en"] = "id"
    sample: bool = False  # prints CONTOH

    def to_json(self) -> dict[str, Any]:
        """Plain values only, as the database keeps them."""
        dates = {name: getattr(self, name).isoformat() for name in DATES}
        return asdict(self) | dates | {"materials": [list(row) for row in self.materials]}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        dates = {name: date.fromisoformat(kept[name]) for name in DATES}
        return cls(**kept | dates | {"materials": tuple((t, jp) for t, jp in kept["materials"])})


DATES = ("starts_on", "ends_on", "issued_on")


class Unprintable(DomainError):
    """The font has no sign for some characters of the certificate."""

    def __init__(self, characters: list[str]) -> None:
        self.characters = characters
        named = ", ".join(f"{character} (U+{ord(character):04X})" for character in characters)
        super().__init__(
            _(
                "The certificate cannot show these characters: %(characters)s. "
                "Write them in Latin letters.",
                characters=named,
            )
        )


def render(printed: Printed, *, verify_url: str) -> bytes:
    """One page, and after it the list of materials where there is one."""
    content = json.dumps(_content(printed, verify_url), ensure_ascii=False)
    try:
        return _typeset(TEMPLATE, content, printed.issued_on)
    except typst.TypstError as error:
        lacking = [character for character in sorted(set(content)) if not _has_sign(character)]
        if lacking:
            raise Unprintable(lacking) from error
        raise


def _typeset(template: Path, content: str, day: date) -> bytes:
    # A compiler for each call, since threads cannot share one; from a path, since memory grows
    # with each template handed over as bytes.
    compiler = typst.Compiler(template, root=HERE, font_paths=FONTS, ignore_system_fonts=True)
    pdf = compiler.compile(
        format="pdf",
        sys_inputs={"content": content, "font": FONT},
        pdf_standards=["a-2a", "ua-1"],  # for archives, and for people who hear the page read
        timestamp=datetime.combine(day, time(), UTC),
    )
    assert isinstance(pdf, bytes)  # noqa: S101 -- a list only where the format is an image
    return pdf


def _has_sign(character: str) -> bool:
    try:
        _typeset(PROBE, character, date.min)
    except typst.TypstError:
        return False
    return True


def _content(printed: Printed, verify_url: str) -> dict[str, Any]:
    """What the template sets: texts as they stand on paper."""
    language = printed.language
    texts = {name: _visible(text) for name, text in asdict(printed).items() if type(text) is str}
    issued = date_range(printed.issued_on, printed.issued_on, locale=language)
    return texts | {
        "sample": printed.sample,
        "held": date_range(printed.starts_on, printed.ends_on, locale=language),
        "lesson_hours": _counted(printed.lesson_hours, language),
        "issued": ", ".join(filter(None, (texts["issued_at_place"], issued))),
        "materials": [[_visible(title), hours] for title, hours in printed.materials],
        "verify_url": verify_url,
        "qr": _qr(verify_url),
    }


def _visible(text: str) -> str:
    """On one line, an accented letter as one sign, no invisible marks; endless words may break."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    shown = "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return ENDLESS_WORD.sub("\\g<0>\N{ZERO WIDTH SPACE}", shown)


def _counted(hours: int, language: str) -> str:
    return f"{hours} ({terbilang(hours)})" if language == "id" else str(hours)


def _qr(address: str) -> str:
    drawing = io.BytesIO()
    code = segno.make_qr(address, error="m")
    code.save(drawing, kind="svg", border=0, xmldecl=False, omitsize=True)
    return drawing.getvalue().decode()
