"""Fields in the forms of core, and the page on which ranks and levels of education are kept."""

from datetime import timedelta
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from core.api import NEEDED, TOO_LONG, Day, choices, now, one_line
from plugins.particulars import queries
from plugins.particulars.models import EDUCATION, RANK, Audience, Basis, Letter, Person

NOTHING = 0
FURTHEST = timedelta(days=366)  # a letter for a class to come; what lies beyond is a slip
KINDS = ((RANK, _l("Rank")), (EDUCATION, _l("Level of education")))


def _id(text: Any) -> int:
    return int(text or NOTHING)


def _line(text: str | None) -> str:
    return one_line(text or "")


def _text(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\x00", "").strip()


class _Part(FlaskForm):
    """Fields within a form of core, which has the token."""

    class Meta:
        csrf = False

    def values(self) -> dict[str, Any]:
        return dict(self.data)


class PersonForm(_Part):
    rank_id = SelectField(_l("Rank"), [Optional()], coerce=_id)
    education_id = SelectField(_l("Highest education"), [Optional()], coerce=_id)
    work_unit = StringField(
        _l("Work unit"),
        [Optional(), Length(max=200, message=TOO_LONG)],
        filters=[_line],
        description=_l("The section within the institution, for example Bidang Pembinaan."),
    )

    @classmethod
    def of(cls, known: Person | None) -> Self:
        form = cls(prefix="particulars-", obj=known)
        form._offer("rank_id", RANK)
        form._offer("education_id", EDUCATION)
        return form

    def _offer(self, name: str, kind: str) -> None:
        """Those that are offered, and a hidden one that the person has chosen before."""
        field, before = self[name], self[name].object_data
        found = [one for one in queries.entries(kind) if one.offered or one.id == before]
        field.choices = choices([(NOTHING, "—"), *((one.id, one.label) for one in found)])

    def values(self) -> dict[str, Any]:
        return {name: value or None if name != "work_unit" else value or ""
                for name, value in self.data.items()}  # fmt: skip


class DatedForm(FlaskForm):
    """A number and its date; as it is, a page of its own."""

    number = StringField(
        _l("Number"), [Optional(), Length(max=120, message=TOO_LONG)], filters=[_line]
    )
    dated_on = Day(_l("Date"), [Optional()])

    def validate(self, extra_validators: Any = None) -> bool:
        right = super().validate(extra_validators)
        if self.dated_on.data and self.dated_on.data > now().date() + FURTHEST:
            text = _("This day is more than a year ahead. Correct the year.")
            self.dated_on.errors = [text]
            return False
        if self.dated_on.data and not self.number.data:
            self.number.errors = [_("Write the number that goes with the date.")]
            return False
        return right

    def values(self) -> dict[str, Any]:
        return {"number": self.number.data or "", "dated_on": self.dated_on.data}


class LetterForm(DatedForm):
    class Meta:
        csrf = False

    @classmethod
    def of(cls, known: Letter | None) -> Self:
        return cls(prefix="particulars-letter-", obj=known)


class BasisForm(DatedForm):
    class Meta:
        csrf = False

    @classmethod
    def of(cls, known: Basis | None) -> Self:
        return cls(prefix="particulars-basis-", obj=known)


class AudienceForm(_Part):
    target = StringField(
        _l("Audience"),
        [Optional(), Length(max=200, message=TOO_LONG)],
        filters=[_line],
        description=_l("For example: managers of village libraries."),
    )
    needs = TextAreaField(
        _l("What they need"), [Optional(), Length(max=2000, message=TOO_LONG)], filters=[_text]
    )

    @classmethod
    def of(cls, known: Audience | None) -> Self:
        return cls(prefix="particulars-", obj=known)


class EntryForm(FlaskForm):
    title = StringField(
        _l("Name"), [Optional(), Length(max=120, message=TOO_LONG)], filters=[_line]
    )
    offered = BooleanField(
        _l("Can be chosen"),
        default=True,
        description=_l("Hidden, it stays with everybody who has chosen it."),
    )


class NewEntryForm(FlaskForm):
    kind = RadioField(_l("What it is"), choices=choices(KINDS), default=RANK)
    code = StringField(
        _l("Short form"),
        [InputRequired(NEEDED), Length(max=20, message=TOO_LONG)],
        filters=[_line],
        description=_l("For example III/a or S1. It stays as it is."),
    )
    title = StringField(
        _l("Name"), [Optional(), Length(max=120, message=TOO_LONG)], filters=[_line]
    )
