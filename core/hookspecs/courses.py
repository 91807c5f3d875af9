"""What plugins show in the course editor, what they ask and may refuse there."""

from collections.abc import Sequence

from core.courses.models import Activity, Course
from core.hookspecs import hookspec
from core.institutions.models import Institution
from core.people.models import User
from core.plugin_engine.contributions import FormPart, Panel, Refusal


@hookspec("collect", page="courses.edit")
def course_panels(course: Course) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels in the aside of the course editor."""


@hookspec("collect")
def course_form_parts(  # type: ignore[empty-body]
    course: Course | None, owner: Institution, by: User
) -> Sequence[FormPart]:
    """Fields in the settings of a course, or in the form of a new one.

    `owner` is the one chosen in the form, and its plugins are asked.
    """


@hookspec("notify")
def activity_created(activity: Activity) -> None:
    """An activity was added; its kind's plugin makes its own row here."""


@hookspec("decide")
def may_delete_activity(activity: Activity) -> Refusal | None:
    """Asked before an activity is deleted, for instance because people have worked on it.

    Asked where the course belongs and where its classes are held.
    """
