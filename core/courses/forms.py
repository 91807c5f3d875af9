"""Forms of the course editor. What people type is cleaned and bounded here.

Which choices a form offers (owners, materials) is set by the view.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)  # fmt: skip
from wtforms.validators import (
    DataRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    StopValidation,
)  # fmt: skip

from core.courses.uploads import LIMIT
from core.file_kinds import KINDS
from core.formatting import filesize, number
from core.forms import LANGUAGES, NEEDED, OUT_OF_RANGE, TOO_LONG, choices, row_id
from core.markdown import LONGEST

FILLED = DataRequired(NEEDED)
SHOWN = ("title", "part", "required", "minutes", "body", "url")


def one_line(text: str | None) -> str:
    """Without line breaks, needless spaces and characters that nobody sees."""
    kept = (c for c in text or "" if c.isprintable() or c.isspace())
    return " ".join("".join(kept).split())


def many_lines(text: str | None) -> str:
    """Line breaks as one character, and nothing that the database refuses."""
    return (text or "").replace("\r\n", "\n").replace("\x00", "")


class WholeNumber(IntegerField):
    """A count; left empty it is 0, and 0 is shown as empty."""

    def _value(self) -> str:
        return super()._value() if self.raw_data or self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = "".join(valuelist[:1]).strip()
        if text and not (text.isdecimal() and len(text) < 10):
            self.data = None
            raise ValueError(_("Write a whole number, for example 8."))
        self.data = int(text or 0)

    def pre_validate(self, form: FlaskForm) -> None:
        if self.process_errors:
            raise StopValidation  # One sentence is enough.


class Limit:
    """At most so many characters. Unlike Length it lets the browser keep a text that is longer."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, form: FlaskForm, field: Field) -> None:
        if len(field.data or "") > self.most:
            raise ValidationError(
                _("The text has %(count)s characters; at most %(most)s fit. Make two of it.",
                  count=number(len(field.data)), most=number(self.most))
            )  # fmt: skip


def web_address(form: FlaskForm, field: Field) -> None:
    """Only http and https with a host; no name or password inside."""
    try:
        parts = urlsplit(field.data or "")
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.username is not None or " " in field.data or "\\" in field.data:
        raise ValidationError(
            _("This is not a web address. Copy it whole; it begins with https:// or http://.")
        )


class CourseForm(FlaskForm):
    title = StringField(
        _l("Title"), [FILLED, Length(max=200, message=TOO_LONG)], filters=[one_line]
    )
    summary = TextAreaField(
        _l("Summary"),
        [Optional(), Limit(2000)],
        filters=[many_lines],
        description=_l("For whom the course is and what people can do afterwards."),
    )
    lesson_hours = WholeNumber(
        _l("Lesson hours (JP)"), [NumberRange(0, 1000, OUT_OF_RANGE)], default=0
    )
    language = SelectField(_l("Language"), choices=choices(LANGUAGES))


def code_field(description: str) -> StringField:
    """The code of a course or a class: part of addresses, said on the telephone."""
    return StringField(
        _l("Code"),
        [
            FILLED,
            Length(max=40, message=TOO_LONG),
            Regexp(r"[A-Za-z0-9][A-Za-z0-9-]*$", message=_l("Use letters, digits and hyphens.")),
        ],
        filters=[one_line],
        description=description,
    )


class NewCourseForm(CourseForm):
    institution_id = SelectField(
        _l("Owner"), coerce=row_id, description=_l("Whose authors may change the course.")
    )
    code = code_field(_l("Short and unique, for example BTP-2026. It stays as it is."))


class SectionForm(FlaskForm):
    title = StringField(
        _l("Title"), [FILLED, Length(max=200, message=TOO_LONG)], filters=[one_line]
    )
    numbered = BooleanField(
        _l("Counts as a material"),
        default=True,
        description=_l("Turn it off for what stands beside the materials, such as a first test."),
    )
    lesson_hours = WholeNumber(
        _l("Lesson hours (JP)"), [NumberRange(0, 1000, OUT_OF_RANGE)], default=0
    )


class ActivityForm(FlaskForm):
    """What every activity has; all that core asks about a plugin's."""

    title = StringField(
        _l("Title"), [FILLED, Length(max=200, message=TOO_LONG)], filters=[one_line]
    )
    section_id = SelectField(_l("Material"), coerce=row_id)
    part = StringField(
        _l("Part"),
        [Optional(), Length(max=120, message=TOO_LONG)],
        filters=[one_line],
        description=_l("Activities of one part stand together under its heading, such as 1A."),
    )
    required = BooleanField(_l("Required to complete the class"), default=True)

    def values(self) -> Mapping[str, Any]:
        """What was filled in, by the names that an activity uses."""
        return {name: self[name].data for name in SHOWN if name in self}


class ReadingForm(ActivityForm):
    minutes = WholeNumber(
        _l("Minutes of reading"), [Optional(), NumberRange(0, 10_000, OUT_OF_RANGE)], default=0
    )


class PageForm(ReadingForm):
    body = TextAreaField(_l("Text"), [Limit(LONGEST)], filters=[many_lines])


class NoteForm(ActivityForm):
    body = TextAreaField(
        _l("Note"),
        [Optional(), Limit(LONGEST)],
        filters=[many_lines],
        description=_l("What to look at in it. Stands above the button."),
    )


class FileForm(NoteForm):
    upload = FileField(_l("Replace the file"), [Optional()])


class NewFileForm(FileForm):
    upload = FileField(_l("File"), [FileRequired(_l("Choose a file."))])


class LinkForm(NoteForm, ReadingForm):
    url = StringField(
        _l("Address"),
        [FILLED, Length(max=2000, message=TOO_LONG), web_address],
        filters=[one_line],
        description=_l("For example https://example.org/guide.pdf"),
    )


FORMS: dict[str, type[ActivityForm]] = {"page": PageForm, "file": FileForm, "link": LinkForm}
NEW_FORMS = {**FORMS, "file": NewFileForm}


def upload_hint() -> str:
    return _("At most %(size)s. Accepted: %(kinds)s.", size=filesize(LIMIT), kinds=", ".join(KINDS))
