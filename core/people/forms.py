"""Forms about the person: signing in, password, profile."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from core.forms import LANGUAGES, NEEDED, ZONES, choices


class SignInForm(FlaskForm):
    name = StringField(
        _l("E-mail, mobile number or participant number"),
        [InputRequired(NEEDED), Length(max=200)],
        description=_l("For example 0812-3456-7890 or P-1001. You do not need an e-mail."),
    )
    password = PasswordField(_l("Password"), [InputRequired(NEEDED), Length(max=200)])


class CodeForm(FlaskForm):
    name = StringField(
        _l("E-mail, mobile number or participant number"),
        [InputRequired(NEEDED), Length(max=200)],
        description=_l("As it stands on the slip that the committee gave you."),
    )
    code = StringField(
        _l("Code"),
        [InputRequired(NEEDED), Length(max=40)],
        description=_l("Eight letters and digits, for example ABCD-2345."),
    )


class WhoForm(FlaskForm):
    who = RadioField(_l("Choose your name"), [InputRequired(_l("Choose your name."))])


class PasswordForm(FlaskForm):
    password = PasswordField(
        _l("New password"),
        [InputRequired(NEEDED)],
        description=_l("At least 8 characters. A short sentence is easy to remember."),
    )


class ChangePasswordForm(PasswordForm):
    current = PasswordField(_l("Present password"), [InputRequired(NEEDED)])


class ProfileForm(FlaskForm):
    language = SelectField(_l("Language"), choices=choices(LANGUAGES))
    timezone = SelectField(_l("Time zone"), choices=choices(ZONES))
    theme = SelectField(
        _l("Appearance"),
        choices=choices(
            [("auto", _l("As the device")), ("light", _l("Light")), ("dark", _l("Dark"))]
        ),
    )


class KeyForm(FlaskForm):
    key = StringField(
        _l("Enrolment key"),
        [InputRequired(NEEDED), Length(max=60)],
        description=_l("The committee of your class gave it to you."),
    )
