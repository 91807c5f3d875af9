"""Small things that every form needs: choices, the sentence for an empty field, the zones."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, PasswordField
from wtforms.fields.choices import SelectChoice

NEEDED = _l("Please fill this in.")
TOO_LONG = _l("Use at most %(max)d characters.")
OUT_OF_RANGE = _l("Use a number from %(min)d to %(max)d.")
ZONES = (
    ("Asia/Jakarta", _l("WIB – western Indonesia")),
    ("Asia/Makassar", _l("WITA – central Indonesia")),
    ("Asia/Jayapura", _l("WIT – eastern Indonesia")),
)
LANGUAGES = (("id", "Bahasa Indonesia"), ("en", "English"))
HIGHEST_ID = 2**63 - 1


def choices(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """(value, label) pairs as WTForms takes them."""
    return [SelectChoice(value, label) for value, label in pairs]


def row_id(text: Any) -> int:
    """The id that an address or a form names. Raises ValueError for one that no row can have."""
    number = int(text)
    if not 0 <= number <= HIGHEST_ID:
        raise ValueError
    return number


class OptionalNumber(IntegerField):
    """A whole number, or None where nothing was written: 0 is a number of its own."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = "".join(valuelist[:1]).strip()
        self.data = None
        if text and not (text.isdecimal() and len(text) < 10):
            raise ValueError(_("Write a whole number, for example 8."))
        self.data = int(text) if text else None


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class SecretField(PasswordField):
    """A secret of another service among the settings of a plugin; see `secret_of`.

    It is never shown again: left empty, what is kept stays; `cleared` says that it is to go.
    `is_set`, told by the page: this very place has filled it in.
    """

    is_set = False
    cleared = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        shown = {"autocomplete": "new-password", **(options.pop("render_kw", None) or {})}
        filters = (_stripped, *options.pop("filters", ()))
        super().__init__(*arguments, default="", filters=filters, render_kw=shown, **options)

    def process(self, formdata: Any, *arguments: Any, **options: Any) -> None:
        super().process(formdata, *arguments, **options)
        self.cleared = bool(formdata and formdata.get(f"{self.name}-clear"))
