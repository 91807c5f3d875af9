"""What is done and what is still to do before a class begins, for its staff's page.

Only what publishing needs is a rule, and that one is in services; the rest is advice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext

from core.cohorts.models import Cohort, CohortStaff, Enrolment, ScheduledActivity
from core.cohorts.services import reasons_not_to_publish
from core.courses.models import Activity, Course
from core.db import db
from core.people.models import User
from core.people.queries import with_open_access
from core.plugin_engine.engine import engine


@dataclass(frozen=True)
class Step:
    """One thing to prepare. `endpoint` is the page for it, for people with `permission`."""

    title: str
    done: bool
    note: str
    endpoint: str
    permission: str


def people_of(cohort: Cohort) -> list[User]:
    """Confirmed participants and staff, each once, by name."""
    enrolled = sa.select(Enrolment.user_id).filter_by(cohort_id=cohort.id, status="confirmed")
    working = sa.select(CohortStaff.user_id).filter_by(cohort_id=cohort.id)
    query = sa.select(User).where(sa.or_(User.id.in_(enrolled), User.id.in_(working)))
    with_home = sa.orm.joinedload(User.institution)
    return list(db.session.scalars(query.options(with_home).order_by(User.name_key, User.id)))


def without_access(people: list[User]) -> list[User]:
    """Those who have no password and no link or code that still works."""
    new = [person for person in people if person.password is None]
    holding = with_open_access([person.id for person in new])
    return [person for person in new if person.id not in holding]


def steps(
    cohort: Cohort, course: Course, participants: int, staff: Sequence[CohortStaff]
) -> Iterator[Step]:
    missing = reasons_not_to_publish(cohort)
    yield Step(_("Course"), not missing, " ".join(missing) or course.title,
               "courses.edit", "")  # fmt: skip
    yield Step(_("Staff"), bool(staff), _staff_note(staff),
               "cohorts.staff", "cohorts.manage")  # fmt: skip
    planned, all_of_them = _planned(cohort), len(course.activities)
    yield Step(_("Timetable"), planned > 0,
               _("%(part)s of %(all)s activities have a time", part=planned, all=all_of_them),
               "cohorts.timetable", "cohorts.manage")  # fmt: skip
    yield Step(_("Participants"), participants > 0,
               ngettext("%(num)s participant", "%(num)s participants", participants),
               "cohorts.participants" if participants else "cohorts.roster",
               "cohorts.view" if participants else "cohorts.enrol")  # fmt: skip
    everybody = people_of(cohort)
    waiting = len(without_access(everybody))
    yield Step(_("Access"), bool(everybody) and not waiting,
               _access_note(waiting) if everybody else _("Nobody to let in yet"),
               "cohorts.access", "people.invite")  # fmt: skip


def _staff_note(staff: Sequence[CohortStaff]) -> str:
    names = dict.fromkeys(entry.user.display_name for entry in staff)
    return "; ".join(names) or _("Nobody yet")


def _planned(cohort: Cohort) -> int:
    query = sa.select(sa.func.count()).select_from(ScheduledActivity)
    some = sa.or_(ScheduledActivity.opens_at.is_not(None), ScheduledActivity.starts_at.is_not(None))
    return db.session.scalar(query.where(ScheduledActivity.cohort_id == cohort.id, some)) or 0


def _access_note(waiting: int) -> str:
    if not waiting:
        return _("Everybody has a way in")
    return ngettext(
        "%(num)s person has neither password nor link",
        "%(num)s people have neither password nor link",
        waiting,
    )


def unavailable(cohort: Cohort, course: Course) -> list[Activity]:
    """Required activities whose plugin is not enabled at the host, or not on the site at all."""
    return [
        activity
        for activity in course.activities
        if activity.required and engine().kind(activity.kind, cohort.host) is None
    ]
