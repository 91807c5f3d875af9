"""What plugins show in the course editor, and what they may refuse there."""

from collections.abc import Sequence

from core.courses.models import Activity, Course
from core.hookspecs import hookspec
from core.plugin_engine.contributions import Panel, Refusal


@hookspec("collect", page="courses.edit")
def course_panels(course: Course) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels in the aside of the course editor."""


@hookspec("notify")
def activity_created(activity: Activity) -> None:
    """An activity was added; its kind's plugin makes its own row here."""


@hookspec("decide")
def may_delete_activity(activity: Activity) -> Refusal | None:
    """Asked before an activity is deleted, for instance because people have worked on it.

    Asked where the course belongs and where its classes are held.
    """
