"""What happens in the demo: two finished classes, online and on site, and one running today."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from importlib.resources import files
from itertools import cycle, islice
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_security import hash_password
from rich.console import Console
from rich.progress import Progress

from core.cohorts.models import ActivityProgress, Cohort, Enrolment
from core.cohorts.queries import by_code, participants
from core.cohorts.services import (
    add_staff,
    create_cohort,
    enrol,
    publish_cohort,
    record_done,
    schedule,
)
from core.courses.models import Activity, Course, Section, StoredFile
from core.courses.services import add_activity, add_section, create_course, publish_course
from core.db import db, now
from core.demo import places
from core.demo.names import EDGE_CASES, POSITIONS, Invented, people
from core.errors import DomainError
from core.formatting import phone
from core.institutions.models import Institution
from core.people.access import ADMIN, role_title
from core.people.audit import audit
from core.people.models import AuditEntry, Grant, User
from core.people.services import grant_role, register_person
from core.plugin_engine import lifecycle, records
from core.plugin_engine.engine import engine

PASSWORD = "contoh-bimtek"  # noqa: S105 -- printed at every start; only the demo's people have it
SEED = 2020
COURSE, FINISHED, RUNNING = "BTP-2020", "DKI-2020", "BTP-2026"
ONSITE_COURSE, ONSITE = "SPP-2021", "BJM-2021"
LOADED = "demo.load"
MAILBOX = "@bimtek.example"


class NotEmpty(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _("The demo is only loaded into an empty installation. Choose another INSTANCE for it.")
        )


@dataclass
class Demo:
    """What plugins get to build their part on: the things by their codes, a seeded chance."""

    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 -- not a secret
    top: Institution = field(init=False)
    offices: dict[str, Institution] = field(default_factory=dict)
    regencies: dict[str, Institution] = field(default_factory=dict)
    libraries: dict[str, list[Institution]] = field(default_factory=dict)
    staff: dict[str, User] = field(default_factory=dict)
    started: datetime = field(default_factory=now)

    def course(self, code: str = COURSE) -> Course | None:
        return db.session.scalar(sa.select(Course).filter_by(code=code))

    def cohort(self, code: str) -> Cohort | None:
        return by_code(code)

    def enrolments(self, cohort_code: str) -> Sequence[Enrolment]:
        """All participants of a cohort, by name."""
        cohort = by_code(cohort_code)
        return participants(cohort, limit=1000) if cohort else []

    @cached_property
    def password(self) -> str:
        """The hash of the demo's one password; made once, since it is slow on purpose."""
        return hash_password(PASSWORD)

    def person(self, invented: Invented, institution: Institution | None, **fields: Any) -> User:
        user = register_person(
            invented.name,
            title_before=invented.before,
            title_after=invented.after,
            institution=institution,
            **fields,
        )
        user.password = self.password
        return user

    def colleague(self, invented: Invented, institution: Institution) -> User:
        """A person of the staff, who signs in with an e-mail."""
        address = f"{invented.name.split()[0].lower()}{MAILBOX}"
        return self.person(invented, institution, email=address)

    def holder(self, full_name: str, role: str, institution: Institution) -> User:
        """A person who holds a plugin's role; listed with the others who can be signed in as."""
        user = self.colleague(Invented(full_name), institution)
        grant_role(user, role, institution, by=None)
        return user

    def phone(self) -> str:
        """A number from the block 0812-5500-…, as the screens show."""
        return f"+62812550{self.random.randrange(10**5):05d}"

    def summary(self) -> dict[str, Any]:
        counts = sa.select(
            *(
                sa.select(sa.func.count()).select_from(model).scalar_subquery()
                for model in (Institution, User, Cohort, Enrolment)
            )
        )
        names = ("institutions", "people", "cohorts", "enrolments")
        return dict(zip(names, db.session.execute(counts).one(), strict=True))


def demo_is_loaded() -> bool:
    return db.session.scalar(sa.select(AuditEntry.id).filter_by(action=LOADED)) is not None


def load_demo(console: Console) -> Demo:
    """Makes the whole demo in one transaction. Raises NotEmpty over anybody's data."""
    if db.session.scalar(sa.select(User.id).limit(1)) is not None:
        raise NotEmpty
    demo = Demo()
    _institutions(demo)
    with engine().enablement.within(db.session.connection()), force_locale("id"):
        _tell(demo, console)
    audit(LOADED, demo.top, actor=None, institution=demo.top)
    db.session.commit()
    return demo


def _tell(demo: Demo, console: Console) -> None:
    steps: tuple[tuple[str, Callable[[Demo], None]], ...] = (
        (_("Staff"), _staff),
        (_("Course"), _course),
        (_("Finished class"), _finished_class),
        (_("Class on site"), _onsite_class),
        (_("Class of today"), _running_class),
        (_("Plugins"), _plugins),
        (_("Progress"), _progress),
        (_("Certificates and figures"), _finish),
    )
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(_("Loading the demo"), total=len(steps))
        for title, step in steps:
            progress.update(task, description=title)
            step(demo)
            db.session.flush()
            progress.advance(task)


def _institutions(demo: Demo) -> None:
    demo.top = places.national_library()
    demo.offices = places.provincial_offices(demo.top)
    for code in ("31", "63"):
        demo.regencies |= places.regency_offices(demo.offices[code])
    for code, office in demo.regencies.items():
        demo.libraries[code] = places.libraries(office, 4 if code.startswith("31.") else 2)
    for name in engine().enablement.snapshot().installed.keys() & engine().loaded.keys():
        lifecycle.enable(engine(), name, demo.top, by=None)


STAFF = (
    ("admin", Invented("Ratna Kusumawardhani", after="M.Hum."), "NASIONAL"),
    ("organiser", Invented("Bagus Prakoso", after="S.Sos."), "NASIONAL"),
    ("office", Invented("Dewi Anggraini", after="S.IP."), "63"),
    ("committee", Invented("Maya Lestari", after="A.Md."), "31"),
    ("trainer1", Invented("Retno Palupi", after="S.S., M.Hum."), "NASIONAL"),
    ("trainer2", Invented("Hasan Basri", after="S.Kom."), "NASIONAL"),
    ("trainer3", Invented("Laksmi Handayani", after="S.I.Pust."), "NASIONAL"),
)


def _staff(demo: Demo) -> None:
    for key, invented, code in STAFF:
        demo.staff[key] = demo.colleague(invented, demo.offices.get(code, demo.top))
    grant_role(demo.staff["admin"], ADMIN, demo.top, by=None)
    grant_role(demo.staff["organiser"], "organiser", demo.top, by=demo.staff["admin"])
    office = demo.offices["63"]
    grant_role(demo.staff["office"], "institution_admin", office, by=demo.staff["admin"])


MATERIALS = (
    (
        "Analisis kebutuhan informasi pemustaka untuk pengadaan bahan perpustakaan",
        (
            ("Pengantar", "Mengenali kebutuhan informasi", "1A-pengantar", 8),
            ("Tahap", "Enam langkah analisis kebutuhan", "1B-tahap", 10),
            ("Praktik", "Menyusun kuesioner kebutuhan", "1C-praktik", 5),
        ),
    ),
    (
        "Pengelolaan akun media sosial perpustakaan",
        (
            ("Pengantar dan platform", "Memilih tempat yang tepat", "2A-platform", 8),
            ("Konten", "Membuat dan menerbitkan konten", "2B-konten", 10),
            ("Praktik", "Dua pekan konten", "2C-praktik", 5),
        ),
    ),
)


def _text(name: str) -> str:
    return files("core.demo").joinpath("content", name).read_text(encoding="utf-8")


def _course(demo: Demo) -> None:
    """Materials 1 and 2 with A, B, C; a plugin adds its tests at both ends."""
    course = create_course(
        demo.top,
        code=COURSE,
        title="Bimbingan Teknis Tenaga Perpustakaan",
        summary="Dua hari: menganalisis kebutuhan informasi dan mengelola media sosial. CONTOH.",
        lesson_hours=16,
        by=demo.staff["organiser"],
    )
    add_section(course, "Pembukaan", numbered=False)
    for title, parts in MATERIALS:
        _material(course, title, parts)
    add_section(course, "Penutup", numbered=False)
    publish_course(course, by=demo.staff["organiser"])


def _material(course: Course, title: str, parts: Sequence[tuple[str, str, str, int]]) -> None:
    section = add_section(course, title, lesson_hours=8)
    for part, name, file, minutes in parts:
        add_activity(section, "page", name, part=part, minutes=minutes, body=_text(f"{file}.md"))
    if section.position == 2:
        _worksheet(section)
    else:
        add_activity(
            section, "link", "Katalog nasional buku (tautan)", part="Praktik", required=False,
            url="https://onesearch.id", body="Untuk mencari contoh unggahan buku baru.",
        )  # fmt: skip


def _worksheet(section: Section) -> None:
    data = _text("lembar-kerja.txt").encode()
    kept = current_app.extensions["files"].put(
        data, name="lembar-kerja-CONTOH.txt", limit=len(data)
    )
    file = StoredFile(
        key=kept.key, name=kept.name, size=kept.size, sha256=kept.sha256, media_type=kept.media_type
    )
    add_activity(
        section, "file", "Lembar kerja (CONTOH)", part="Praktik", required=False, file=file
    )


def _at(day: date, clock: str, zone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone))


def _timetable(demo: Demo, cohort: Cohort, days: Sequence[date]) -> None:
    """One material a day: introduction, steps, practice, with two trainers each."""
    clocks = (("09:00", "10:30"), ("10:45", "13:00"), ("13:45", "16:00"))
    teams = (("trainer1", "trainer2"), ("trainer3", "trainer2"))
    numbered = [section for section in cohort.course.sections if section.numbered]
    for day, section, team in zip(days, numbered, teams, strict=True):
        pages = [activity for activity in section.activities if activity.kind == "page"]
        for activity, (start, end) in zip(pages, clocks, strict=True):
            schedule(
                cohort, activity, by=None,
                starts_at=_at(day, start, cohort.timezone), ends_at=_at(day, end, cohort.timezone),
                staff=[demo.staff[key] for key in team],
            )  # fmt: skip


def _cohort(demo: Demo, code: str, title: str, office: str, first: date, **fields: Any) -> Cohort:
    """A class of two days with its timetable."""
    days = first, first + timedelta(days=1)
    cohort = _class(demo, COURSE, code, office, days=days, title=title, **fields)
    _timetable(demo, cohort, days)
    return cohort


def _class(
    demo: Demo, course_code: str, code: str, office: str, *, days: tuple[date, date], **fields: Any
) -> Cohort:
    course = demo.course(course_code)
    assert course is not None  # noqa: S101 -- made some steps before
    cohort = create_cohort(
        course, code=code, starts_on=days[0], ends_on=days[1],
        host=demo.offices[office], organiser=demo.top, by=demo.staff["organiser"], **fields,
    )  # fmt: skip
    for key in ("trainer1", "trainer2", "trainer3"):
        add_staff(cohort, demo.staff[key], "trainer", by=None)
    add_staff(cohort, demo.staff["committee"], "committee", by=None)
    publish_cohort(cohort, by=demo.staff["organiser"])
    return cohort


def _enrol(
    demo: Demo,
    cohort: Cohort,
    crowd: Sequence[Invented],
    homes: Sequence[Institution],
    first: int = 0,
) -> None:
    """One place a person; every seventh has no e-mail, every fifth neither phone."""
    for number, (invented, home) in enumerate(zip(crowd, cycle(homes), strict=False), first):
        key = "".join(c for c in invented.name.lower() if c.isalpha())[:24]
        person = demo.person(
            invented,
            home,
            email=None if number % 7 == 0 else f"{key}{number}@bimtek.example",
            phone=None if number % 5 == 0 else demo.phone(),
            position=demo.random.choice(POSITIONS),
        )
        enrol(person, cohort, via="roster", by=demo.staff["committee"])


def _libraries(demo: Demo, province: str) -> list[Institution]:
    regencies = [code for code in demo.regencies if code.startswith(f"{province}.")]
    return [library for code in regencies for library in demo.libraries[code]]


def _finished_class(demo: Demo) -> None:
    cohort = _cohort(
        demo, FINISHED, "Bimtek Tenaga Perpustakaan Provinsi DKI Jakarta", "31", date(2020, 11, 23),
        number=13, mode="online", capacity=150,
    )  # fmt: skip
    homes = _libraries(demo, "31") + places.agencies(demo.top)
    crowd = [*EDGE_CASES, *islice(people(demo.random), 150 - len(EDGE_CASES))]
    # Two people of one name in one regency: their homes are neighbours in the list.
    _enrol(demo, cohort, crowd, homes)


MATERIALS_ONSITE = (
    ("Penguatan literasi melalui perpustakaan berbasis inklusi sosial", "spp-1-inklusi"),
    ("Peningkatan layanan informasi dan pelibatan masyarakat", "spp-2-layanan"),
    ("Advokasi dan kerja sama", "spp-3-advokasi"),
    ("Dokumentasi kegiatan, dampak, dan rencana tindak lanjut", "spp-4-rencana"),
)
# Who came from where; the three of the provincial office are on its own staff.
GROUPS_ONSITE = (("63.04", 7), ("63.10", 11), ("63.07", 9), ("63.08", 13), ("63", 3))


def _onsite_class(demo: Demo) -> None:
    """Four days in one room, with a national organiser and the province as host."""
    course = create_course(
        demo.top, code=ONSITE_COURSE, by=demo.staff["organiser"],
        title="Bimbingan Teknis Strategi Pengembangan Perpustakaan",
        summary="Empat hari tatap muka untuk pengelola perpustakaan desa dan kabupaten. CONTOH.",
        lesson_hours=32,
    )  # fmt: skip
    for title, file in MATERIALS_ONSITE:
        section = add_section(course, title, lesson_hours=8)
        add_activity(section, "page", "Bahan bacaan", minutes=8, body=_text(f"{file}.md"))
    publish_course(course, by=demo.staff["organiser"])
    days = date(2021, 6, 14), date(2021, 6, 17)
    cohort = _class(
        demo, ONSITE_COURSE, ONSITE, "63", days=days, number=4, mode="onsite", capacity=45,
        title="Bimtek Strategi Pengembangan Perpustakaan Banjarmasin",
        venue="Hotel Tepian Barito (CONTOH), Banjarmasin",
    )  # fmt: skip
    crowd, first = people(Random(63)), 500  # noqa: S311 -- not a secret
    for code, count in GROUPS_ONSITE:
        homes = demo.libraries.get(code, [demo.offices["63"]])
        _enrol(demo, cohort, list(islice(crowd, count)), homes, first)
        first += count


def _running_class(demo: Demo) -> None:
    """Begins today wherever and whenever the demo is loaded."""
    zone = demo.offices["63"].timezone
    today = demo.started.astimezone(ZoneInfo(zone)).date()
    cohort = _cohort(
        demo, RUNNING, "Bimtek Tenaga Perpustakaan Provinsi Kalimantan Selatan", "63", today,
        number=7, mode="hybrid", capacity=60, venue="Aula Dispersip Kalimantan Selatan",
        enrolment_policy="key", enrolment_key="banjar-2026", contact_phone="+6281255000001",
    )  # fmt: skip
    homes = _libraries(demo, "63")
    _enrol(demo, cohort, list(islice(people(Random(7)), 37)), homes)  # noqa: S311 -- not a secret
    shared = demo.phone()
    for name in ("Fitriani", "Ahmad Supiadi"):
        person = demo.person(Invented(name), homes[0], phone=shared)
        enrol(person, cohort, via="roster", by=demo.staff["office"])
    hero = demo.person(Invented("Ni'matul", after="S.I.Pust."), homes[6], phone="+6281255000109")
    enrol(hero, cohort, via="roster", by=demo.staff["office"])
    newcomer = demo.person(Invented("Sukarno"), homes[8])
    newcomer.password = None
    enrol(newcomer, cohort, via="roster", by=demo.staff["office"])


def _plugins(demo: Demo) -> None:
    active = engine().active(demo.top)
    for name in [name for name in engine().loaded if name in active]:
        found = engine().during(name, "reference_data")
        records.apply(db.session.connection(), name, found, demo=True)
    engine().notify("demo_loading", demo.top, demo=demo)


def _finish(demo: Demo) -> None:
    """What is over was done when it was over, not when the demo is loaded."""
    for code in (FINISHED, ONSITE):
        if cohort := demo.cohort(code):
            _date_back(cohort, _at(cohort.ends_on, "17:00", cohort.timezone))
    engine().notify("demo_finishing", demo.top, demo=demo)


def _date_back(cohort: Cohort, moment: datetime) -> None:
    enrolled = Enrolment.cohort_id == cohort.id
    done = sa.update(Enrolment).where(enrolled, Enrolment.completed_at.is_not(None))
    db.session.execute(done.values(completed_at=moment))
    made = sa.update(ActivityProgress).where(
        ActivityProgress.enrolment_id.in_(sa.select(Enrolment.id).where(enrolled)),
        ActivityProgress.completed_at > moment,
    )
    db.session.execute(made.values(completed_at=moment))
    db.session.expire_all()


def _progress(demo: Demo) -> None:
    """The finished class has read nearly everything; the running one its first page."""
    course = demo.course()
    assert course is not None  # noqa: S101 -- made before
    pages = [a for a in course.activities if a.kind == "page"]
    readers = list(enumerate(demo.enrolments(FINISHED)))
    for number, page in enumerate(pages):
        _read(demo, FINISHED, page, [e for index, e in readers if index % 25 != 3 or number < 4])
    running = enumerate(demo.enrolments(RUNNING))
    _read(demo, RUNNING, pages[0], [enrolment for index, enrolment in running if index % 3])
    onsite = demo.course(ONSITE_COURSE)
    for page in onsite.activities if onsite else ():
        if page.kind == "page":
            _read(demo, ONSITE, page, demo.enrolments(ONSITE))


def _read(demo: Demo, code: str, page: Activity, readers: Sequence[Enrolment]) -> None:
    if cohort := demo.cohort(code):
        record_done(cohort, page, readers)


def logins() -> list[tuple[str, str, str]]:
    """(who, sign-in name, password) for the people worth being."""
    wanted = (
        ("Admin pusat", "Ratna Kusumawardhani"),
        ("Penyelenggara", "Bagus Prakoso"),
        ("Admin lembaga Kalsel", "Dewi Anggraini"),
        ("Panitia", "Maya Lestari"),
        ("Pelatih", "Hasan Basri"),
        ("Peserta", "Ni'matul"),
        ("Peserta, HP bersama", "Fitriani"),
    )
    found = []
    for title, name in wanted:
        query = sa.select(User).filter_by(full_name=name).order_by(User.id.desc())
        user = db.session.scalar(query)
        if user is not None:
            shown = user.email or phone(user.phone) or user.number
            found.append((title, shown, PASSWORD))
    return [*found, *_logins_by_plugins()]


def _logins_by_plugins() -> Iterator[tuple[str, str, str]]:
    query = (
        sa.select(Grant.role, User.email)
        .join(Grant.user)
        .where(Grant.role.contains("."), User.email.endswith(MAILBOX))
        .order_by(Grant.id)
    )
    for role, email in db.session.execute(query):
        yield role_title(role), str(email), PASSWORD
