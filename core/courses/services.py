"""Rules of writing a course: sections, activities, their order, publishing.

Positions are dense and start at 1; moving and deleting keep them so.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from core.courses.models import Activity, Course, Section, StoredFile
from core.db import db
from core.errors import DomainError
from core.institutions.models import Institution
from core.people.audit import audit
from core.people.models import User
from core.plugin_engine.engine import Refused, contained, engine


class CodeTaken(DomainError):
    def __init__(self, code: str) -> None:
        super().__init__(_("The code %(code)s is taken. Choose another.", code=code))


class NotReady(DomainError):
    """A course that cannot be published yet; `reasons` are sentences."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        super().__init__(" ".join(self.reasons))


class InUse(DomainError):
    pass


def create_course(
    institution: Institution,
    *,
    code: str,
    title: str,
    by: User | None,
    summary: str = "",
    lesson_hours: int = 0,
    language: str = "id",
) -> Course:
    code = code.strip().upper()
    if db.session.scalar(sa.select(Course.id).filter_by(code=code)):
        raise CodeTaken(code)
    course = Course(
        institution=institution,
        code=code,
        title=title.strip(),
        summary=summary.strip(),
        lesson_hours=lesson_hours,
        language=language,
        status="draft",
    )
    try:
        with db.session.begin_nested():
            db.session.add(course)
    except IntegrityError as error:  # Another request took the code at the same moment.
        raise CodeTaken(code) from error
    audit("course.create", course, actor=by, institution=institution)
    return course


def change_course(course: Course, *, by: User | None, **fields: Any) -> None:
    changed = {name for name, value in fields.items() if getattr(course, name) != value}
    for name in changed:
        setattr(course, name, fields[name])
    if changed:
        audit("course.change", course, actor=by, institution=course.institution,
              fields=sorted(changed))  # fmt: skip


# Sections


def add_section(
    course: Course, title: str, *, numbered: bool = True, lesson_hours: int = 0
) -> Section:
    section = Section(
        title=title.strip(),
        numbered=numbered,
        lesson_hours=lesson_hours,
        position=len(course.sections) + 1,
    )
    course.sections.append(section)
    db.session.flush()
    return section


def delete_section(section: Section, *, by: User | None) -> None:
    """Deletes an empty section; one with activities is refused."""
    if section.activities:
        raise InUse(_("This section still has activities. Move or delete them first."))
    course = section.course
    course.sections.remove(section)
    _renumber(course.sections)
    audit("section.delete", section, actor=by, institution=course.institution)


def move_section(section: Section, step: int) -> None:
    """Moves a section up (-1) or down (+1); at the end it stays."""
    _move(section.course.sections, section, step)


def _move(items: list[Any], item: Any, step: int) -> None:
    at = items.index(item)
    to = min(max(at + step, 0), len(items) - 1)
    items.insert(to, items.pop(at))
    _renumber(items)


def _renumber(items: Sequence[Any]) -> None:
    for position, item in enumerate(items, start=1):
        item.position = position
    db.session.flush()


# Activities


def add_activity(
    section: Section,
    kind: str,
    title: str,
    *,
    part: str = "",
    required: bool = True,
    minutes: int = 0,
    body: str = "",
    url: str = "",
    file: StoredFile | None = None,
    by: User | None = None,
) -> Activity:
    """A new activity at the end of its part, or of the section."""
    institution = section.course.institution
    if engine().kind(kind, institution) is None:
        raise DomainError(_("This kind of activity is not available for your institution."))
    activity = Activity(
        kind=kind,
        title=title.strip(),
        part=part.strip(),
        required=required,
        minutes=minutes,
        body=body,
        url=url,
        file=file,
    )
    section.activities.insert(_place_in_part(section, activity.part), activity)
    _renumber(section.activities)
    audit("activity.create", activity, actor=by, institution=institution, kind=kind)
    engine().notify("activity_created", institution, activity=activity)
    outline_changed(section.course)
    return activity


def twin_of(
    section: Section, kind: str, *, file: StoredFile | None = None, **values: Any
) -> Activity | None:
    """An activity of the section that is the same in everything: the form was sent twice."""

    def same(other: Activity) -> bool:
        kept = other.file.sha256 if other.file else None
        return (
            other.kind == kind
            and kept == (file.sha256 if file else None)
            and all(getattr(other, name) == value for name, value in values.items())
        )

    return next((other for other in section.activities if same(other)), None)


def outline_changed(course: Course) -> None:
    """What participants must do has changed: their counters follow."""
    from core.cohorts.services import recount_course  # noqa: PLC0415 -- cohorts build on courses

    recount_course(course)


def _place_in_part(section: Section, part: str) -> int:
    """After the last activity of the same part; at the end where there is none."""
    same = [n for n, other in enumerate(section.activities, start=1) if other.part == part]
    return same[-1] if same and part else len(section.activities)


def move_activity(activity: Activity, step: int) -> None:
    """One step up or down, as the outline is read; activities of a part stay together.

    One of several in a part walks into what stands beside it; one alone, or in no part, passes
    the whole part beside it. Past the edge of its section it goes into the next one.
    """
    section = activity.section
    to = section.activities.index(activity) + step
    if not 0 <= to < len(section.activities):
        _leave_section(activity, step)
        return
    beside = section.activities[to]
    if beside.part == activity.part:
        _move(section.activities, activity, step)
    elif activity.part and _size_of_part(section, activity.part) > 1:
        activity.part = beside.part
    else:
        passed = _size_of_part(section, beside.part) if beside.part else 1
        _move(section.activities, activity, step * passed)


def _size_of_part(section: Section, part: str) -> int:
    return sum(other.part == part for other in section.activities)


def _leave_section(activity: Activity, step: int) -> None:
    sections = activity.section.course.sections
    target = sections.index(activity.section) + step
    if 0 <= target < len(sections):
        activity.part = ""
        place = len(sections[target].activities) if step < 0 else 0
        _put(activity, sections[target], place)


def move_to_section(activity: Activity, section: Section) -> None:
    """Takes an activity into another section of its course, to the end of its part there."""
    if activity.section is not section:
        _put(activity, section, _place_in_part(section, activity.part))


def _put(activity: Activity, section: Section, place: int) -> None:
    left, entered = activity.section.activities, section.activities
    left.remove(activity)
    entered.insert(place, activity)
    _renumber(left)
    _renumber(entered)


def _gather_parts(section: Section) -> None:
    """Activities of one part stand together, where the first of them stands."""
    firsts: dict[str, int] = {}
    order = {}
    for place, activity in enumerate(section.activities):
        first = firsts.setdefault(activity.part, place)
        order[activity] = first if activity.part else place
    section.activities.sort(key=order.__getitem__)
    _renumber(section.activities)


def delete_activity(activity: Activity, *, by: User | None) -> None:
    """Deletes an activity on which nobody has worked. Raises InUse with the reason."""
    from core.cohorts.queries import (  # noqa: PLC0415 -- cohorts build on courses
        hosts_of,
        people_on_activity,
    )

    course = activity.section.course
    if people := people_on_activity(activity):
        raise InUse(
            _("%(count)s participants have worked on this activity. Make it optional instead.",
              count=people)
        )  # fmt: skip
    try:
        asked = [course.institution, *hosts_of(course)]
        engine().decide("may_delete_activity", asked, activity=activity)
    except Refused as refused:
        raise InUse(refused.message) from refused
    section = activity.section
    audit("activity.delete", activity, actor=by, institution=course.institution, kind=activity.kind)
    section.activities.remove(activity)
    _renumber(section.activities)
    outline_changed(course)


def change_activity(activity: Activity, *, by: User | None, **fields: Any) -> None:
    """Changes the named fields of an activity."""
    changed = {name for name, value in fields.items() if getattr(activity, name) != value}
    for name in changed:
        setattr(activity, name, fields[name])
    course = activity.section.course
    if changed:
        audit("activity.change", activity, actor=by, institution=course.institution,
              fields=sorted(changed))  # fmt: skip
    if "part" in changed:
        _gather_parts(activity.section)
    if "required" in changed:
        outline_changed(course)


# Publishing


def reasons_not_to_publish(course: Course) -> list[str]:
    """What is still missing, each a sentence; empty when the course can be published."""
    if not course.activities:
        return [_("The course has no activity yet.")]
    found = ((activity, _what_is_missing(activity, course)) for activity in course.activities)
    return [
        _("“%(title)s”: %(reason)s", title=activity.title, reason=reason)
        for activity, reason in found
        if reason
    ]


def _what_is_missing(activity: Activity, course: Course) -> str:
    kind = engine().kind(activity.kind, course.institution)
    if engine().removed(activity.kind):
        text = _("its plugin was removed from this site. Make it optional or delete it.")
        return text if activity.required else ""
    if kind is None:
        return _("its plugin is not enabled for %(name)s.", name=course.institution.short_name)
    if not kind.plugin:
        return kind.ready(activity)
    answer = contained(kind.plugin, f"ready of {kind.name}", lambda: str(kind.ready(activity)))
    if answer is None:
        return _("its plugin could not say whether it is ready. Try again later.")
    return answer


def publish_course(course: Course, *, by: User | None) -> None:
    """Makes the course usable for cohorts. Raises NotReady with every reason."""
    if reasons := reasons_not_to_publish(course):
        raise NotReady(reasons)
    course.status = "published"
    audit("course.publish", course, actor=by, institution=course.institution)


def withdraw_course(course: Course, *, by: User | None) -> None:
    """Back to draft: cohorts that use it go on, new ones cannot be published on it."""
    course.status = "draft"
    audit("course.withdraw", course, actor=by, institution=course.institution)
