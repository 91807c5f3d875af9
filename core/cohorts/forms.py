"""Forms by which organisers and committees run a class. What people type is cleaned here.

Which institutions, courses and people a form offers, and whether the person may choose them,
is the business of the views.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from lokal.phone import normalize_phone
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)  # fmt: skip
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation

from core.cohorts.models import Cohort, CohortStaff, ScheduledActivity
from core.courses.forms import (
    FILLED,
    WholeNumber,
    code_field,
    many_lines,
    one_line,
)
from core.courses.models import Course
from core.forms import NEEDED, OUT_OF_RANGE, TOO_LONG, ZONES, choices, row_id
from core.institutions.models import Institution
from core.people.models import User
from core.people.names import split_titles

MODES = (("online", _l("Online")), ("onsite", _l("On site")), ("hybrid", _l("Hybrid")))
POLICIES = (
    ("organiser", _l("The committee enrols")),
    ("key", _l("With a key, people enrol themselves")),
)
ROLES = (("trainer", _l("Trainer")), ("committee", _l("Committee")))
YEARS = range(2000, 2101)
NOBODY = 0


class _Readable:
    """A field of date or time that takes nothing, or something that makes sense."""

    example = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not "".join(valuelist).strip():
            self.data = None
            return
        try:
            super().process_formdata(valuelist)  # type: ignore[misc]
        except ValueError:
            raise ValueError(_("Write it as %(example)s.", example=self.example)) from None
        if self.data is not None and self.data.year not in YEARS:
            raise ValueError(_("Check the year."))

    def pre_validate(self, form: FlaskForm) -> None:
        if self.process_errors:  # type: ignore[attr-defined]
            raise StopValidation


class Day(_Readable, DateField):
    """A date; what cannot be read is answered with how to write it."""

    example = "2026-11-23"


class Moment(_Readable, DateTimeLocalField):
    """A date and a time without a zone; the form knows whose zone it is."""

    example = "2026-11-23 08:00"

    def __init__(self, label: Any = None, **options: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        super().__init__(label, [Optional()], format=formats, **options)


class CohortForm(FlaskForm):
    title = StringField(
        _l("Title"),
        [Optional(), Length(max=200, message=TOO_LONG)],
        filters=[one_line],
        description=_l("Left empty: the title of the course."),
    )
    number = WholeNumber(_l("Number in the year"), [Optional(), NumberRange(0, 9999, OUT_OF_RANGE)])
    starts_on = Day(_l("First day"), [InputRequired(NEEDED)])
    ends_on = Day(_l("Last day"), [InputRequired(NEEDED)])
    mode = RadioField(_l("How it is held"), choices=choices(MODES), default="online")
    venue = StringField(
        _l("Venue"), [Optional(), Length(max=200, message=TOO_LONG)], filters=[one_line]
    )
    timezone = SelectField(_l("Time zone of the class"), choices=choices(ZONES))
    organiser_id = SelectField(_l("Organiser"), coerce=row_id, validate_choice=False)
    host_id = SelectField(
        _l("Host"),
        coerce=row_id,
        validate_choice=False,
        description=_l("The institution that holds the class. Its plugins are used."),
    )
    capacity = WholeNumber(
        _l("Places"),
        [Optional(), NumberRange(0, 100_000, OUT_OF_RANGE)],
        description=_l("Left empty: no limit."),
    )
    enrolment_policy = RadioField(_l("Who enrols"), choices=choices(POLICIES), default="organiser")
    enrolment_key = StringField(
        _l("Enrolment key"),
        [Optional(), Length(max=60, message=TOO_LONG)],
        filters=[one_line],
        description=_l("A short word that you give to the participants."),
    )
    contact_phone = StringField(
        _l("Phone of the committee"),
        [Optional(), Length(max=40, message=TOO_LONG)],
        filters=[one_line],
        description=_l("Participants see it."),
    )

    def offer(self, institutions: Sequence[Institution]) -> None:
        offices = choices((one.id, one.name) for one in institutions)
        self.organiser_id.choices = self.host_id.choices = offices

    def validate_ends_on(self, field: Field) -> None:
        if self.starts_on.data and field.data and field.data < self.starts_on.data:
            raise ValidationError(_("The last day is before the first. Change one of them."))

    def validate_enrolment_policy(self, field: Field) -> None:
        if field.data == "key" and not self.enrolment_key.data:
            raise ValidationError(_("Write the key by which people enrol."))

    def validate_contact_phone(self, field: Field) -> None:
        field.data = _phone(field.data)

    def values(self) -> dict[str, Any]:
        """The class's own fields; organiser and host are for the view to look up."""
        names = ("starts_on", "ends_on", "mode", "venue", "enrolment_policy", "contact_phone")
        kept = {name: self[name].data or "" for name in names}
        by_key = self.enrolment_policy.data == "key"
        return {
            **kept,
            "number": self.number.data or None,
            "capacity": self.capacity.data or None,
            "enrolment_key": self.enrolment_key.data if by_key else "",
        }


class NewCohortForm(CohortForm):
    course_id = SelectField(_l("Course"), coerce=row_id)
    code = code_field(_l("Short and unique, for example KALSEL-07-2026. It stays as it is."))
    timezone = SelectField(
        _l("Time zone of the class"), choices=choices([("", _l("That of the host")), *ZONES])
    )

    def offer_courses(self, courses: Sequence[Course]) -> None:
        self.course_id.choices = choices((c.id, f"{c.code} · {c.title}") for c in courses)


def _phone(text: str | None) -> str:
    """A phone as it is kept, or empty. Raises ValidationError."""
    found = normalize_phone(text) if text else ""
    if found is None:
        raise ValidationError(
            _("This is not an Indonesian phone number. Write it as 0812-3456-7890.")
        )
    return str(found)


class FindPersonForm(FlaskForm):
    q = StringField(
        _l("Participant number, e-mail or phone"),
        [FILLED, Length(max=200, message=TOO_LONG)],
        filters=[one_line],
        description=_l("Written in full, for example P-1001 or 0812-3456-7890."),
    )


class FindStaffForm(FindPersonForm):
    q = StringField(
        _l("Name, participant number, e-mail or phone"),
        [FILLED, Length(min=3, max=200, message=_l("Write at least 3 letters."))],
        filters=[one_line],
        description=_l("The beginning of the name is enough."),
    )
    role = RadioField(_l("Works as"), choices=choices(ROLES), default="trainer")


class PersonForm(FlaskForm):
    full_name = StringField(
        _l("Name"),
        [FILLED, Length(max=200, message=TOO_LONG)],
        filters=[one_line],
        description=_l("In full, as it should stand on a certificate. One word is enough."),
    )
    title_before = StringField(
        _l("Titles before the name"),
        [Optional(), Length(max=60, message=TOO_LONG)],
        filters=[one_line],
    )
    title_after = StringField(
        _l("Titles after the name"),
        [Optional(), Length(max=60, message=TOO_LONG)],
        filters=[one_line],
    )
    phone = StringField(
        _l("Mobile number"),
        [Optional(), Length(max=40, message=TOO_LONG)],
        filters=[one_line],
        description=_l("Several people may share one."),
    )
    email = StringField(
        _l("E-mail"), [Optional(), Length(max=200, message=TOO_LONG)], filters=[one_line]
    )

    def validate_full_name(self, field: Field) -> None:
        if not any(map(str.isalpha, field.data)):
            raise ValidationError(_("Write the name in letters."))

    def validate_phone(self, field: Field) -> None:
        field.data = _phone(field.data)

    def validate_email(self, field: Field) -> None:
        try:
            checked = validate_email(field.data, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError:
            raise ValidationError(_("This is not an e-mail address.")) from None
        field.data = checked.normalized.lower()

    def person(self) -> dict[str, str]:
        """What was filled in; titles that stand with the name are set apart."""
        before, name, after = split_titles(self.full_name.data)
        return {
            "full_name": name,
            "title_before": self.title_before.data or before,
            "title_after": self.title_after.data or after,
            "phone": self.phone.data or "",
            "email": self.email.data or "",
        }


class NewPersonForm(PersonForm):
    institution = StringField(
        _l("Institution"), [Optional(), Length(max=200, message=TOO_LONG)], filters=[one_line]
    )
    regency = StringField(
        _l("Regency or city"),
        [Optional(), Length(max=200, message=TOO_LONG)],
        filters=[one_line],
        description=_l("Where several institutions have this name."),
    )
    create_institution = BooleanField(_l("Add it as a new institution"))
    another = BooleanField(_l("This is another person of the same name"))

    namesakes: Sequence[User] = ()  # Set when somebody of the same name is near.


class NewStaffForm(NewPersonForm):
    role = RadioField(_l("Works as"), choices=choices(ROLES), default="trainer")


class ScheduleForm(FlaskForm):
    opens_at = Moment(_l("Opens"))
    closes_at = Moment(_l("Closes"))
    starts_at = Moment(_l("Begins"))
    ends_at = Moment(_l("Ends"))
    first = SelectField(_l("Held by"), coerce=row_id)
    second = SelectField(_l("Together with"), coerce=row_id)

    people: Mapping[int, User] = {}
    MOMENTS = ("opens_at", "closes_at", "starts_at", "ends_at")

    @classmethod
    def of(
        cls, cohort: Cohort, planned: ScheduledActivity | None, staff: Sequence[CohortStaff]
    ) -> "ScheduleForm":
        """Filled with what is planned, told in the class's own zone."""
        zone = ZoneInfo(cohort.timezone)
        moments = {name: getattr(planned, name, None) for name in cls.MOMENTS}
        held_by = [row.user_id for row in planned.staff] if planned else []
        form = cls(
            **{name: at.astimezone(zone) if at else None for name, at in moments.items()},
            **dict(zip(("first", "second"), (*held_by, NOBODY, NOBODY), strict=False)),
        )
        form.people = {entry.user_id: entry.user for entry in staff}
        people = {user_id: person.display_name for user_id, person in form.people.items()}
        form.first.choices = form.second.choices = choices([(NOBODY, "—"), *people.items()])
        return form

    def moments(self, cohort: Cohort) -> dict[str, datetime | None]:
        """The four times, aware."""
        zone = ZoneInfo(cohort.timezone)
        times = {name: self[name].data for name in self.MOMENTS}
        return {name: at.replace(tzinfo=zone) if at else None for name, at in times.items()}

    def held_by(self) -> list[User]:
        chosen = dict.fromkeys((self.first.data, self.second.data))
        return [self.people[user_id] for user_id in chosen if user_id in self.people]


class OverrideForm(FlaskForm):
    reason = TextAreaField(
        _l("Reason"), [FILLED, Length(max=500, message=TOO_LONG)], filters=[many_lines]
    )
    done = HiddenField()


class RosterForm(FlaskForm):
    file = FileField(
        _l("List of participants"),
        [FileRequired(_l("Choose a file."))],
        description=_l("XLSX or CSV, at most 10 MB. Nothing is saved before you have seen it."),
    )
    create_institutions = BooleanField(
        _l("Add institutions that are not known yet"),
        description=_l("Below the regency that the list names, or below the host."),
    )
