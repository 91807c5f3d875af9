"""What a class requires, and a decision by hand. Who it is about is ticked in the list itself."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from core.api import NEEDED, OUT_OF_RANGE, TOO_LONG, OptionalNumber, choices, one_line
from plugins.attendance.marks import LONGEST_REASON

WHO = (
    ("auto", _l("where the class has no committee")),
    ("yes", _l("always")),
    ("no", _l("never")),
)
VERDICTS = (("present", _l("Present")), ("excused", _l("Excused")), ("absent", _l("Absent")))


def _one_line(text: str | None) -> str:
    return one_line(text or "")


class SettingsForm(FlaskForm):
    required_share = OptionalNumber(
        _l("Required share of the time, in percent"),
        [Optional(), NumberRange(0, 100, OUT_OF_RANGE)],
        default=80,
        description=_l("Of a session to count as present, and of all sessions to complete the"
                       " class. 0: presence is not required. A lower share completes people at"
                       " once; raising it again takes nothing back."),
    )  # fmt: skip
    trainers_settle = SelectField(
        _l("Trainers settle presence"), [Optional()], choices=choices(WHO), default="auto"
    )


class MarkForm(FlaskForm):
    verdict = RadioField(_l("Decision"), choices=choices(VERDICTS), default="present")
    reason = StringField(
        _l("Reason"),
        [DataRequired(NEEDED), Length(max=LONGEST_REASON, message=TOO_LONG)],
        filters=[_one_line],
        description=_l("Kept with the decision; only staff read it."),
    )
