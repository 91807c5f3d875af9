"""What the course pages say of a test in one line, and whether it can be published."""

from collections.abc import Iterator, Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import ngettext

from core.api import Activity
from plugins.quizzes import queries

KIND = "quizzes.test"


def lines(activities: Sequence[Activity]) -> Mapping[int, str]:
    """Activity id → "20 soal · 30 menit · batas lulus 70", in one query."""
    found = queries.extents([activity.id for activity in activities])
    return {activity_id: " · ".join(_parts(extent)) for activity_id, extent in found.items()}


def _parts(extent: queries.Extent) -> Iterator[str]:
    yield ngettext("%(num)d question", "%(num)d questions", extent.questions)
    if minutes := extent.time_limit_minutes:
        yield ngettext("%(num)d minute", "%(num)d minutes", minutes)
    if extent.pass_mark is not None:
        yield _("pass mark %(mark)s", mark=extent.pass_mark)


def ready(activity: Activity) -> str:
    extent = queries.extents([activity.id]).get(activity.id)
    return "" if extent and extent.questions else _("the test has no questions yet.")
