"""What plugins show on the pages of an institution, ask in its form, and hear of it."""

from collections.abc import Sequence

from core.cohorts.models import Cohort
from core.courses.models import Course
from core.hookspecs import hookspec
from core.institutions.models import Institution
from core.people.models import User
from core.plugin_engine.contributions import FormPart, Panel


@hookspec("collect", page="institutions.show")
def institution_panels(institution: Institution, user: User) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels on the page of an institution, below its facts."""


@hookspec("collect")
def institution_form_parts(  # type: ignore[empty-body]
    institution: Institution | None, parent: Institution | None
) -> Sequence[FormPart]:
    """Fields in the form of an institution: of a known one, or of a new one below `parent`."""


@hookspec("notify")
def settings_changed(
    plugin: str, institution: Institution | None, course: Course | None, cohort: Cohort | None
) -> None:
    """Settings of `plugin` were changed for an institution and all below it, for a course and its
    classes, or for one class: one of the three is given, for the whole site none."""
