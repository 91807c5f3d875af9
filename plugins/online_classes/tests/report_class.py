"""A class of two days whose Zoom reports are imported: participants, two of one name, staff."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.api import Cohort, Enrolment, Institution, User, add_activity, db, schedule
from core.cohorts.services import add_staff
from plugins.attendance.api import Presence, presence_of
from plugins.online_classes import queries, services
from plugins.online_classes.addresses import read_address
from plugins.online_classes.importing import ImportOutcome, import_report
from plugins.online_classes.models import KIND
from plugins.online_classes.report_models import ReportCase
from plugins.online_classes.report_queries import OpenCase, cases_of, queue_of
from plugins.online_classes.report_writing import Stay, write_flat_2020, write_with_meeting
from plugins.online_classes.tests.conftest import DAY, at

NUMBERS = (81234567890, 81234567891)
AFTER = at("20.00") + timedelta(days=1)
ZONE = "Asia/Jakarta"


def stay(name: str, came: str, left: str, email: str = "", day: int = 1) -> Stay:
    """`came` and `left` as "08.30" by the clock of the report."""
    date = DAY + timedelta(days=day - 1)
    joined, gone = (time.fromisoformat(clock.replace(".", ":")) for clock in (came, left))
    return name, email, datetime.combine(date, joined), datetime.combine(date, gone)


def whole_day(name: str, email: str = "", day: int = 1) -> Stay:
    return stay(name, "08.30", "16.00", email, day)


@dataclass
class ReportClass:
    institution: Institution
    cohort: Cohort
    people: dict[str, Enrolment]
    committee: User
    trainer: User

    def live(self, number: int = 1) -> queries.LiveClass:
        found = queries.session_at(self.cohort, number)
        assert found is not None
        return found

    def report(self, *stays: Stay, number: int | None = None, day: int = 1) -> bytes:
        """With a number, in the layout that tells of the meeting."""
        if number is None:
            return write_flat_2020(stays)
        start = datetime.combine(DAY + timedelta(days=day - 1), time(8, 30))
        return write_with_meeting(number, "Bimtek", start, start + timedelta(hours=7), stays)

    def take(self, *stays: Stay, session: int = 1, **options: Any) -> ImportOutcome:
        """Imports a report and commits."""
        data = options.pop("data", None) or self.report(*stays)
        settings = {"zone": ZONE, "by": self.committee, **options}
        outcome = import_report(data, "participants.csv", self.live(session), **settings)
        db.session.commit()
        return outcome

    def cases(self, session: int = 1) -> dict[str, ReportCase]:
        """By the name as written."""
        return {case.name: case for case in cases_of(self.live(session).scheduled)}

    def open(self, session: int = 1) -> dict[str, OpenCase]:
        return {one.case.name: one for one in queue_of(self.live(session)).open}

    def presence(self, name: str, session: int = 1) -> Presence:
        return presence_of(self.live(session).scheduled)[self.people[name].id]

    def minutes(self, name: str, session: int = 1) -> int:
        return self.presence(name, session).seconds // 60

    def url(self, path: str = "", session: int = 1) -> str:
        return f"/online_classes/classes/{self.cohort.code}/sessions/{session}/reports{path}"


# Name, e-mail, library.
PEOPLE = (
    ("Siti Aminah", "siti@contoh.id", "Perpusdes Sukamaju"),
    ("Budi Santoso", None, "Perpusdes Mekar Sari"),
    ("Ni'matul", "nimatul@contoh.id", "Perpusdes Sukamaju"),
    ("Sri Wahyuni", None, "Perpusdes Gambut"),
    ("Sri Wahyuni", None, "Perpusdes Sungai Pinang"),
    ("Muhammad Ridwan", None, "Perpusdes Gambut"),
)


def build(make: Any) -> ReportClass:
    institution = make.institution("Provincial library", kind="province", timezone=ZONE)
    for plugin in ("attendance", "online_classes"):
        make.enabled(plugin, institution)
    course = make.course(institution, pages=1)
    days = [add_activity(course.sections[0], KIND, f"Day {n}", required=False) for n in (1, 2)]
    make.published(course)
    cohort = make.cohort(course, timezone=ZONE, code="BANJAR-1")
    homes = {home: make.institution(home, institution) for home in {one[2] for one in PEOPLE}}
    people: dict[str, Enrolment] = {}
    for name, email, home in PEOPLE:
        user = make.user(name, email=email, institution=homes[home])
        people[f"{name} 2" if name in people else name] = make.enrolment(cohort, user)
    trainer = make.user("Hasan Basri", email="hasan@contoh.id", institution=institution)
    committee = make.user("Maya Lestari", email="maya@contoh.id", institution=institution)
    add_staff(cohort, trainer, "trainer", by=None)
    add_staff(cohort, committee, "committee", by=None)
    found = ReportClass(institution, cohort, people, committee, trainer)
    for number, activity in enumerate(days):
        date = DAY + timedelta(days=number)
        starts, ends = (datetime.combine(date, t, ZoneInfo(ZONE)) for t in (time(8, 30), time(16)))
        schedule(cohort, activity, by=None, starts_at=starts, ends_at=ends)
        address = read_address(str(NUMBERS[number]))
        services.set_meeting(found.live(number + 1), address, notes="", by=committee)
    db.session.commit()
    return found
