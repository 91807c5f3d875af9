"""A class with one live class, held on a Monday from 8.30 to 16.00 by the class's own clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
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
from core.testing.counting import count_queries
from plugins.online_classes import queries, services
from plugins.online_classes.addresses import read_address
from plugins.online_classes.models import KIND

DAY = date(2026, 11, 23)
LINK = "https://meet.example/kelas-banjar"


def at(clock, zone="Asia/Jakarta"):
    """A moment of the day, "08.30"."""
    moment = time.fromisoformat(clock.replace(".", ":"))
    return datetime.combine(DAY, moment, ZoneInfo(zone)).astimezone(UTC)


class OnPage:
    """A client whose forms name their session, as those of the pages do."""

    def __init__(self, client, cohort):
        self.client, self.cohort = client, cohort
        self.get = client.get

    def post(self, url, data=None, **options):
        number = re.search(r"/(?:sessions|board)/(\d+)", url)[1]
        found = queries.session_at(self.cohort, int(number))
        session = {"session": found.scheduled.id} if found else {}
        return self.client.post(url, data={**session, **(data or {})}, **options)


@dataclass
class Room:
    institution: Institution
    course: Course
    activity: Activity
    cohort: Cohort
    session: ScheduledActivity
    enrolment: Enrolment

    @property
    def user(self) -> User:
        return self.enrolment.user

    @property
    def live(self) -> queries.LiveClass:
        return queries.live_class(self.cohort, self.activity)

    def url(self, path: str = "") -> str:
        return f"/online_classes/classes/{self.cohort.code}/live/{self.activity.id}{path}"

    def board_url(self, path: str = "") -> str:
        return f"/online_classes/classes/{self.cohort.code}/board/1{path}"

    @property
    def meeting_url(self) -> str:
        return f"/online_classes/classes/{self.cohort.code}/sessions/1/meeting"

    def set_address(self, text: str = LINK, passcode: str = "", notes: str = "") -> None:
        services.set_meeting(
            self.live, read_address(text, passcode), notes=notes, by=self.enrolment.user
        )
        db.session.commit()


@pytest.fixture
def room_in(make):
    """Makes a room whose clock is in the given zone; without an address."""

    def build(zone):
        institution = make.institution("Provincial library", kind="province", timezone=zone)
        for plugin in ("attendance", "online_classes"):
            make.enabled(plugin, institution)
        course = make.course(institution, pages=1)
        activity = add_activity(course.sections[0], KIND, "Live class", required=False)
        make.published(course)
        cohort = make.cohort(course, timezone=zone)
        session = schedule(
            cohort, activity, by=None, starts_at=at("08.30", zone), ends_at=at("16.00", zone)
        )
        village = make.institution("Perpusdes Sukamaju", institution)
        enrolment = make.enrolment(cohort, make.user("Ni'matul", institution=village))
        db.session.commit()
        return Room(institution, course, activity, cohort, session, enrolment)

    return build


@pytest.fixture
def room(room_in, clock):
    """The same in WITA at ten past nine, with a link."""
    found = room_in("Asia/Makassar")
    clock.set(at("09.10", "Asia/Makassar"))
    found.set_address()
    return found


@pytest.fixture
def statements(app):
    """A list that fills with every statement sent to the database."""
    with count_queries(app) as found:
        yield found


@pytest.fixture
def reported(make, clock):
    """A class of two days, held under two meeting numbers, on the evening of the second."""
    from plugins.online_classes.tests import report_class  # noqa: PLC0415 -- it stands on this file

    clock.set(report_class.AFTER)
    return report_class.build(make)
