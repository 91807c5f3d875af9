"""The filters above the figures: a form sent by GET, without a token."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import ValidationError

from core.api import Cohort, Course, Institution, Metric, choices, one_line
from plugins.monitoring import offers
from plugins.monitoring.selection import GROUPS, By, Selection

YEAR = re.compile(r"[1-9][0-9]{3}")
BY_NAMES: Mapping[By, Any] = {
    "province": _l("By province"),
    "regency": _l("By regency and city"),
    "institution": _l("By institution"),
}


def _select(label: Any) -> SelectField:
    """What is chosen is checked by the form, in words that fit."""
    return SelectField(label, validate_choice=False)


class FilterForm(FlaskForm):
    """Of an institution; a class has only the last two fields."""

    class Meta:
        csrf = False

    year = _select(_l("Year"))
    course = _select(_l("Course"))
    cohort = StringField(_l("Class code"), filters=[lambda text: one_line(text or "").upper()])
    by = _select(_l("Rows"))
    metric = _select(_l("Map and chart"))

    institution: Institution | None = None
    chosen_course: Course | None = None
    chosen_cohort: Cohort | None = None

    @classmethod
    def at(cls, place: Institution | Cohort, sent: Any, *, by: By) -> Self:
        """Filled from an address; `by` is what holds where it names no grouping."""
        form = cls(formdata=sent)
        form.by.choices = choices(BY_NAMES.items())
        form.by.data = form.by.data or by
        if isinstance(place, Cohort):
            form.chosen_cohort = place
            del form.year, form.course, form.cohort
        else:
            form._offer(place)
        return form

    def _offer(self, institution: Institution) -> None:
        self.institution = institution
        years = {*offers.years_of(institution), self.year.data or ""} - {""}
        listed = [(year, year) for year in sorted(years, reverse=True)]
        self.year.choices = choices([("", _("All years")), *listed])
        self.courses = {course.code: course for course in offers.courses_of(institution)}
        listed = [(code, course.title) for code, course in self.courses.items()]
        self.course.choices = choices([("", _("All courses")), *listed])
        self.classes = offers.classes_of(institution)

    def offer_metrics(self, metrics: Sequence[Metric]) -> Metric:
        """The one that map and chart show; the first where the address names none of them."""
        self.metric.choices = choices((metric.name, metric.title) for metric in metrics)
        by_name = {metric.name: metric for metric in metrics}
        chosen = by_name.get(self.metric.data, metrics[0])
        self.metric.data = chosen.name
        return chosen

    def validate_year(self, field: Any) -> None:
        if field.data and not YEAR.fullmatch(field.data):
            raise ValidationError(_("Choose a year such as 2026."))

    def validate_course(self, field: Any) -> None:
        if field.data:
            self.chosen_course = self.courses.get(field.data)
            if self.chosen_course is None:
                raise ValidationError(_("No class of this course is held here."))

    def validate_cohort(self, field: Any) -> None:
        if field.data and self.institution:
            self.chosen_cohort = offers.class_called(field.data, self.institution)
            if self.chosen_cohort is None:
                raise ValidationError(_("There is no class %(code)s here.", code=field.data))

    def validate_by(self, field: Any) -> None:
        if field.data not in GROUPS:
            raise ValidationError(_("Choose one of the rows that are offered."))

    def selection(self) -> Selection:
        """The classes that a valid form asks for."""
        year = int(self.year.data) if self.year and self.year.data else None
        return Selection(self.institution, self.chosen_cohort, self.chosen_course, year)

    def kept(self) -> dict[str, str]:
        """The filters as arguments of an address."""
        return {field.name: field.data for field in self if field.data}
