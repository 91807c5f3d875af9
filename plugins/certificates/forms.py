"""Forms: what an institution sets for its certificates, and the reason for revoking one."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from core.api import TOO_LONG
from plugins.certificates.numbering import (
    DEFAULT_PATTERN,
    MAX_PATTERN_LENGTH,
    PatternRefused,
    check_pattern,
)

OWN = frozenset({"signer", "signer_position", "place", "unit"})  # nobody signs for another


def _line(label: Any, longest: int, description: Any = "", default: str = "") -> StringField:
    return StringField(
        label,
        [Optional(), Length(max=longest, message=TOO_LONG)],
        filters=[lambda text: " ".join((text or "").split())],
        description=description,
        default=default,
    )


class SettingsForm(FlaskForm):
    signer = _line(
        _l("Signer"), 120, _l("Name with titles, as it is printed below the certificate.")
    )
    signer_position = _line(_l("Position of the signer"), 160)
    place = _line(
        _l("Place of issue"), 60, _l("Stands before the date: Jakarta, 27 November 2026.")
    )
    unit = _line(
        _l("Short name of your unit in the number"),
        30,
        _l("For {unit} in the pattern. Without it the code of the institution."),
    )
    number_pattern = _line(
        _l("Pattern of the numbers"),
        MAX_PATTERN_LENGTH,
        _l(
            "{sequence:4} is the running number of the year with at least four digits; also "
            "{cohort}, {unit}, {month} and {year}."
        ),
        DEFAULT_PATTERN,
    )

    def validate_number_pattern(self, field: StringField) -> None:
        try:
            check_pattern(field.data)
        except PatternRefused as refused:
            raise ValidationError(refused.message) from refused


class RevokeForm(FlaskForm):
    reason = TextAreaField(
        _l("Reason"),
        [DataRequired(_l("Please fill this in.")), Length(max=300, message=TOO_LONG)],
        filters=[lambda text: " ".join((text or "").split())],
        description=_l(
            "Whoever scans the certificate reads it, so write nothing personal. "
            "Example: wrong title."
        ),
    )
