"""A session in one room, as an activity of a course. Its times are the class's timetable."""

from datetime import timedelta

from flask import url_for
from flask_babel import lazy_gettext as _l

from core.api import Activity, ActivityKind, Cohort, kind_of

NAME = "attendance.session"


def view_url(activity: Activity, cohort: Cohort | None) -> str:
    if cohort is None:
        course_id = activity.section.course_id
        return url_for("attendance.preview", course_id=course_id, activity_id=activity.id)
    return url_for("attendance.own", cohort_code=cohort.code, activity_id=activity.id)


SESSION = ActivityKind(
    NAME,
    _l("Face-to-face session"),
    "calendar",
    view=view_url,
    opens_before=timedelta(minutes=30),
)


def is_session(activity: Activity, cohort: Cohort) -> bool:
    """Whether an activity, of whatever plugin, is held at a time in this class."""
    kind = kind_of(activity, cohort.host)
    return kind is not None and kind.opens_before is not None
