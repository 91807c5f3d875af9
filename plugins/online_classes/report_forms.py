"""Forms for a report: the file, and what a person confirms about it.

Deciding about cases needs no form class: see `views_reports.settle_case`.
"""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, RadioField, StringField


class UploadForm(FlaskForm):
    file = FileField(
        _l("Participants report"),
        [FileRequired(_l("Choose a file."))],
        description=_l(
            "CSV or XLSX as Zoom exports it, at most 10 MB. Nothing is saved before you have "
            "seen it."
        ),
    )


class ConfirmForm(FlaskForm):
    """`zone` stays empty where the file itself says its zone.

    `sure` names a zone that is meant though another one covers more of the session.
    """

    ticket = HiddenField()
    zone = RadioField(
        _l("Which clock does the report follow?"),
        description=_l("Zoom writes no zone. It is that of the account that held the meeting."),
        validate_choice=False,
    )
    sure = StringField()
    confirmed = BooleanField(_l("This is the report of this session"))
