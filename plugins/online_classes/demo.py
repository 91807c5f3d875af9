"""The demo's live classes: two days of a finished class, and a class that is held today.

Meeting numbers are invented, the visits too. What Zoom reported is in `demo_reports`.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.api import (
    Activity,
    Cohort,
    Demo,
    ScheduledActivity,
    Section,
    User,
    add_activity,
    db,
    move_activity,
    now,
    schedule,
    whole_course,
)
from plugins.online_classes.demo_reports import load_reports
from plugins.online_classes.models import KIND, Meeting, Visit

COURSE, FINISHED, RUNNING = "BTP-2020", "DKI-2020", "BTP-2026"
STARTS, ENDS = time(8, 30), time(16, 0)
NUMBERS = {FINISHED: (95_550_023_112, 95_550_024_112), RUNNING: (95_550_100_261, 95_550_100_262)}
NOTE = "Siapkan daftar koleksi perpustakaan Anda. CONTOH."
# Some came by a link that a colleague passed on; in the class of today many are still missing.
VISITORS = {FINISHED: 141, RUNNING: 12}


def load(demo: Demo) -> None:
    course = whole_course(found.id) if (found := demo.course(COURSE)) else None
    if course is None:
        return
    numbered = [section for section in course.sections if section.numbered]
    days = [_live_class(section, day) for day, section in enumerate(numbered, start=1)]
    for code, numbers in NUMBERS.items():
        if cohort := demo.cohort(code):
            sessions = [
                _held(demo, cohort, activity, _hours(demo, cohort, day), number)
                for day, (activity, number) in enumerate(zip(days, numbers, strict=True))
            ]
            for session in sessions:
                _visits(demo, code, session)
    load_reports(demo)


def _live_class(section: Section, day: int) -> Activity:
    """The first activity of a material."""
    activity = add_activity(section, KIND, f"Kelas daring hari {day}", required=False)
    while section.activities[0] is not activity:
        move_activity(activity, -1)
    return activity


def _hours(demo: Demo, cohort: Cohort, day: int) -> tuple[datetime, datetime]:
    """Begin and end; the class of today began an hour ago, whenever the demo is loaded."""
    if cohort.code == RUNNING and day == 0:
        began = demo.started.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        return began, began + timedelta(hours=7)
    zone, date = ZoneInfo(cohort.timezone), cohort.starts_on + timedelta(days=day)
    return datetime.combine(date, STARTS, zone), datetime.combine(date, ENDS, zone)


def _held(
    demo: Demo, cohort: Cohort, activity: Activity, hours: tuple[datetime, datetime], number: int
) -> ScheduledActivity:
    session = schedule(
        cohort, activity, by=None, starts_at=hours[0], ends_at=hours[1],
        staff=[demo.staff["trainer1"], demo.staff["trainer2"]],
    )  # fmt: skip
    begun = session.starts_at if session.starts_at and session.starts_at <= now() else None
    db.session.add(
        Meeting(
            scheduled_activity_id=session.id,
            meeting_number=number,
            passcode=str(demo.random.randrange(10**5, 10**6)),
            notes=NOTE,
            started_at=begun,
            started_by_id=demo.staff["trainer2"].id if begun else None,
        )
    )
    return session


def _visits(demo: Demo, code: str, session: ScheduledActivity) -> None:
    """Participants and a trainer come to the door from half an hour before the class."""
    assert session.starts_at is not None  # noqa: S101 -- set above
    doors = session.starts_at - timedelta(minutes=30)
    enrolments = list(demo.enrolments(code))
    guests: list[User] = [demo.staff["trainer2"]]
    guests += [one.user for one in demo.random.sample(enrolments, VISITORS[code])]
    for user in guests:
        came = doors + timedelta(seconds=demo.random.randrange(60, 50 * 60))
        if came <= now():
            visit = {"first_at": came, "last_at": came}
            db.session.add(Visit(scheduled_activity_id=session.id, user_id=user.id, **visit))
    db.session.flush()
