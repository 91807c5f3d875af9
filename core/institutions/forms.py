"""Forms about institutions and the roles that people hold in them."""

from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from core.courses.forms import one_line
from core.forms import NEEDED, ZONES, choices
from core.institutions.models import Institution
from core.people.access import roles_to_give
from core.people.models import User
from core.people.names import name_key

KIND_NAMES = {
    "national": _l("National library"),
    "province": _l("Provincial office"),
    "regency": _l("Regency or city office"),
    "library": _l("Library"),
    "agency": _l("Agency"),
    "network": _l("Network"),
}
LONGEST = 200
MOST_ALIASES = 30


class InstitutionForm(FlaskForm):
    name = StringField(
        _l("Name"),
        [DataRequired(NEEDED), Length(max=LONGEST)],
        description=_l("In full, as it stands on letters."),
    )
    short_name = StringField(
        _l("Short name"),
        [Optional(), Length(max=60)],
        description=_l("For lists and headings, for example Dispersip Banjar."),
    )
    kind = SelectField(_l("Kind"))
    timezone = SelectField(_l("Time zone"), choices=choices(ZONES))
    aliases = TextAreaField(
        _l("Other names"),
        [Optional(), Length(max=MOST_ALIASES * LONGEST)],
        description=_l("One a line: older names and spellings by which lists call it."),
    )

    @classmethod
    def below(cls, parent: Institution) -> Self:
        form = cls(timezone=parent.timezone, kind="library")
        form.kind.choices = choices((k, n) for k, n in KIND_NAMES.items() if k != "national")
        return form

    @classmethod
    def of(cls, institution: Institution) -> Self:
        form = cls(
            name=institution.name,
            short_name=institution.short_name,
            kind=institution.kind,
            timezone=institution.timezone,
            aliases="\n".join(alias.alias for alias in institution.aliases),
        )
        form.kind.choices = choices(
            (k, n) for k, n in KIND_NAMES.items() if k != "national" or institution.kind == k
        )
        return form

    def validate_name(self, field: StringField) -> None:
        if not name_key(field.data):
            raise ValidationError(_("Use letters or digits."))

    def validate_aliases(self, field: TextAreaField) -> None:
        lines = self._lines()
        if len(lines) > MOST_ALIASES or any(len(line) > LONGEST for line in lines):
            raise ValidationError(
                _("Use at most %(count)s lines of %(length)s characters.",
                  count=MOST_ALIASES, length=LONGEST)
            )  # fmt: skip

    def _lines(self) -> list[str]:
        return [line for text in self.aliases.data.splitlines() if (line := one_line(text))]

    def fields(self) -> dict[str, Any]:
        """What the services take."""
        return {
            "name": one_line(self.name.data),
            "short_name": one_line(self.short_name.data),
            "kind": self.kind.data,
            "timezone": self.timezone.data,
            "aliases": tuple(self._lines()),
        }


class GiveRoleForm(FlaskForm):
    person = StringField(
        _l("Who"),
        [DataRequired(NEEDED), Length(max=LONGEST)],
        description=_l("Participant number, e-mail or mobile number, exactly."),
    )
    role = RadioField(
        _l("Role"),
        [InputRequired(_l("Choose a role."))],
    )

    @classmethod
    def at(cls, institution: Institution, *, by: User) -> Self:
        form = cls()
        form.role.choices = choices(
            (role.name, role.title) for role in roles_to_give(by, institution)
        )
        return form
