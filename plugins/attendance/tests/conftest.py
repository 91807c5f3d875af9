"""A class on site with one session of six hours, on a clock that stands at ten in it."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.api import (
    Activity,
    Cohort,
    Course,
    Enrolment,
    Institution,
    ScheduledActivity,
    User,
    add_activity,
    db,
    schedule,
)
from core.plugin_engine import engine
from core.testing.counting import count_queries
from plugins.attendance import queries
from plugins.attendance.api import EvidenceItem, presence_of, record_evidence

TEN = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 10.00 WIB
END = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 14.00 WIB
HOUR = 3600


def at(clock, day=0):
    """A moment of the class's first day, by its own clock."""
    date = TEN.date() + timedelta(days=day)
    return datetime.combine(date, time.fromisoformat(clock), ZoneInfo("Asia/Jakarta"))


def plan(cohort, activity, begins, ends, *, day=0, last_day=None, staff=()):
    last = day if last_day is None else last_day
    times = {"starts_at": at(begins, day), "ends_at": at(ends, last)}
    return schedule(cohort, activity, by=None, staff=staff, **times)


def seen(enrolment, begins, ends, external_id="", day=0):
    """Evidence from one moment of the class's clock to another."""
    key = external_id or f"{begins}-{ends}"
    return EvidenceItem(enrolment.id, key, at(begins, day), at(ends, day))


def total(enrolment, minutes, external_id="total"):
    return EvidenceItem(enrolment.id, external_id, seconds=60 * minutes)


@dataclass
class Room:
    institution: Institution
    course: Course
    activity: Activity
    cohort: Cohort
    session: ScheduledActivity
    enrolment: Enrolment
    committee: User

    def url(self, path: str = "") -> str:
        return f"/attendance/classes/{self.cohort.code}{path}"

    def record(self, *items: EvidenceItem, by: User | None = None, source: str = "list") -> int:
        return record_evidence(self.session, source, items, by=by)

    def presence(self, enrolment: Enrolment | None = None, session=None) -> queries.Presence:
        return presence_of(session or self.session)[(enrolment or self.enrolment).id]

    @property
    def verdict(self) -> tuple[str, int]:
        """The first participant's verdict and minutes."""
        found = self.presence()
        return found.verdict, found.seconds // 60

    @property
    def named(self) -> dict[str, int]:
        """How a form on the page of the session says which one it is."""
        return {"session": self.session.id}

    def another_day(self, day=1, *, required=False) -> ScheduledActivity:
        """One more session of six hours, on a later day."""
        section = self.course.sections[0]
        activity = add_activity(section, "attendance.session", f"Day {day + 1}", required=required)
        return plan(self.cohort, activity, "08:00", "14:00", day=day)


@pytest.fixture
def room(make, clock):
    """From 8 to 14; one participant, one page that is optional, the session is required."""
    clock.set(TEN)
    institution = make.institution("National library")
    make.enabled("attendance", institution)
    course = make.course(institution, pages=0)
    section = make.section(course)
    make.page(section, required=False)
    activity = add_activity(section, "attendance.session", "Day 1")
    make.published(course)
    cohort = make.cohort(course, mode="onsite", venue="Hall A")
    committee = make.cohort_staff(cohort, "committee", "Maya")
    enrolment = make.enrolment(cohort, make.user("Sukarno", institution=institution))
    session = plan(cohort, activity, "08:00", "14:00")
    db.session.commit()
    return Room(institution, course, activity, cohort, session, enrolment, committee)


@pytest.fixture
def over(room, clock):
    """The same class when the session has ended."""
    clock.set(END)
    return room


@pytest.fixture
def statements(app):
    """A list that fills with every statement sent to the database."""
    with count_queries(app) as found:
        yield found


@pytest.fixture(autouse=True)
def no_hook_fails(app):
    """A fault inside a hook is logged and skipped; in these tests it is a fault of the test."""
    before = engine().failures.copy()
    yield
    assert engine().failures == before
