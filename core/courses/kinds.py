"""Core's own kinds of activity: page, file, link. They use the same values as a plugin's."""

from collections.abc import Mapping, Sequence

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.cohorts.models import Cohort
from core.courses.models import Activity
from core.formatting import filesize
from core.plugin_engine.contributions import ActivityKind, core_form


def _view(activity: Activity, cohort: Cohort | None) -> str:
    if cohort is None:
        course_id = activity.section.course_id
        return url_for("courses.preview_activity", course_id=course_id, activity_id=activity.id)
    return url_for("cohorts.activity", cohort_code=cohort.code, activity_id=activity.id)


def _reading_facts(activities: Sequence[Activity]) -> Mapping[int, str]:
    return {a.id: _("Reading, %(count)s minutes", count=a.minutes) for a in activities if a.minutes}


def _file_facts(activities: Sequence[Activity]) -> Mapping[int, str]:
    return {a.id: f"{a.file.name} · {filesize(a.file.size)}" for a in activities if a.file}


def _page_ready(activity: Activity) -> str:
    return "" if activity.body.strip() else _("the page has no text yet.")


def _file_ready(activity: Activity) -> str:
    return "" if activity.file_id else _("no file was uploaded yet.")


def _link_ready(activity: Activity) -> str:
    return "" if activity.url else _("the link has no address yet.")


CORE_KINDS = (
    ActivityKind("page", _l("Page"), "book", _view, core_form, _reading_facts, _page_ready),
    ActivityKind("file", _l("File"), "page", _view, core_form, _file_facts, _file_ready),
    ActivityKind("link", _l("Link"), "link", _view, core_form, _reading_facts, _link_ready),
)
