"""What the certificates of one class would say on one day, all but each person's name and number.

The page that asks before issuing shows it, and issuing freezes it.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from core.api import Cohort, Course, User, settings_of, whole_course
from plugins.certificates.numbering import format_number
from plugins.certificates.pdf import Printed


@dataclass(frozen=True)
class Lot:
    cohort: Cohort
    day: date
    sample: bool | None = None  # None: where the whole site is one

    @cached_property
    def settings(self) -> Any:
        """Of the organiser, whose certificates they are; signer, place and unit its own."""
        return settings_of("certificates", self.cohort.organiser)

    @cached_property
    def course(self) -> Course:
        course = whole_course(self.cohort.course_id)
        assert course is not None  # noqa: S101 -- a class refers to it
        return course

    @cached_property
    def materials(self) -> tuple[tuple[str, int], ...]:
        """Sections that count lesson hours; openings and the like do not."""
        return tuple((s.title, s.lesson_hours) for s in self.course.sections if s.lesson_hours)

    @property
    def hours_in_materials(self) -> int:
        return sum(hours for _title, hours in self.materials)

    def number(self, sequence: int) -> str:
        organiser = self.cohort.organiser
        return format_number(
            self.settings["number_pattern"],
            sequence=sequence,
            year=self.day.year,
            month=self.day.month,
            cohort=self.cohort.code,
            unit=self.settings["unit"] or organiser.code or organiser.short_name,
        )

    def printed(self, person: User, sequence: int) -> Printed:
        """The whole content of one certificate, in the words of the course's language."""
        cohort, settings = self.cohort, self.settings
        host_differs = cohort.host_id != cohort.organiser_id
        return Printed(
            name=person.display_name,
            course=self.course.title,
            cohort=cohort.title,
            number=self.number(sequence),
            starts_on=cohort.starts_on,
            ends_on=cohort.ends_on,
            lesson_hours=self.course.lesson_hours,
            place=self.place,
            issuer=cohort.organiser.name,
            host=cohort.host.name if host_differs else "",
            issued_on=self.day,
            issued_at_place=settings["place"],
            signer=settings["signer"],
            signer_position=settings["signer_position"],
            materials=self.materials,
            language="en" if self.course.language == "en" else "id",
            sample=current_app.config["DEMO"] if self.sample is None else self.sample,
        )

    @cached_property
    def place(self) -> str:
        """Where the class was held."""
        venue = self.cohort.venue
        with force_locale(self.course.language):
            if self.cohort.mode == "online":
                return _("Online")
            if self.cohort.mode == "hybrid":
                return _("%(venue)s and online", venue=venue) if venue else _("Hybrid")
            return venue or _("On site")
