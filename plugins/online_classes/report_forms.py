"""Forms for a report: the file, and what a person confirms about it.

Deciding about cases needs no form class: see `views_reports.settle_case`.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, RadioField, SelectField

from core.api import ZONES, Cohort, choices


def zones_of(cohort: Cohort) -> list[tuple[str, Any]]:
    """The zones to choose from, the class's own among them."""
    known = [zone for zone, _label in ZONES]
    own = [] if cohort.timezone in known else [(cohort.timezone, cohort.timezone)]
    return [*own, *ZONES]


class UploadForm(FlaskForm):
    file = FileField(
        _l("Participants report"),
        [FileRequired(_l("Choose a file."))],
        description=_l(
            "CSV or XLSX as Zoom exports it, at most 10 MB. Nothing is saved before you have "
            "seen it."
        ),
    )
    zone = SelectField(
        _l("Clock of the report"),
        description=_l("Zoom writes no zone. It is that of the account that held the meeting."),
    )

    @classmethod
    def of(cls, cohort: Cohort) -> "UploadForm":
        form = cls(data={"zone": cohort.timezone})
        form.zone.choices = choices(zones_of(cohort))
        return form


class ConfirmForm(FlaskForm):
    """`zone` stays empty where the file itself says its zone."""

    ticket = HiddenField()
    zone = RadioField(_l("Which clock does the report follow?"), validate_choice=False)
    confirmed = BooleanField(_l("This is the report of this session"))
