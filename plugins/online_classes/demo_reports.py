"""The demo's participants reports: both days of the finished class, as Zoom would have told them.

Everything is invented (CONTOH). The files are written like real ones, imported like real ones,
and their queue is settled by the demo's committee but for one telephone that nobody knows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from core.api import Cohort, Demo, Enrolment, Institution, User, name_key
from plugins.online_classes import cases
from plugins.online_classes.importing import import_report
from plugins.online_classes.queries import LiveClass, session_at
from plugins.online_classes.report_checks import times_of
from plugins.online_classes.report_queries import cases_of
from plugins.online_classes.report_writing import Stay, write_flat_2020, write_with_meeting

FINISHED = "DKI-2020"
LEFT_EARLY = {11, 46, 83, 109, 142}
OWN_ACCOUNT = {20, 75}
STRANGERS = ("Kantor Lurah (CONTOH)", "OPPO A16")
TOPIC = "Bimtek Tenaga Perpustakaan DKI Jakarta (CONTOH)"

Time = tuple[datetime, datetime]


@dataclass(frozen=True)
class _Guest:
    """Somebody in the meeting: the names shown one after the other, and who it really is."""

    names: tuple[str, ...]
    email: str = ""
    people: tuple[Enrolment, ...] = ()
    early: bool = False


def load_reports(demo: Demo) -> None:
    cohort = demo.cohort(FINISHED)
    if cohort is None:
        return
    guests = _guests(demo)
    for number in (1, 2):
        if live := session_at(cohort, number):
            _import(demo, live, guests)
            _settle(demo, live, guests)


def _guests(demo: Demo) -> list[_Guest]:
    everybody = list(demo.enrolments(FINISHED))
    pair = _colleagues(everybody)
    guests = [
        _guest(demo.random, number, enrolment)
        for number, enrolment in enumerate(everybody)
        if enrolment not in pair
    ]
    trainers = [demo.staff[key] for key in ("trainer1", "trainer2", "trainer3")]
    guests += [_Guest((f"{user.full_name} - Perpusnas",)) for user in trainers]
    host = demo.staff["committee"]
    return [
        *guests,
        _Guest((f"{host.full_name} (Host)",), host.email or ""),
        _Guest((f"{_home(pair[0])} (2 orang)",), people=pair),
        *(_Guest((name,)) for name in STRANGERS),
    ]


def _colleagues(everybody: Sequence[Enrolment]) -> tuple[Enrolment, Enrolment]:
    """Two of one library, who share a device."""
    first: dict[int | None, Enrolment] = {}
    for number, one in enumerate(everybody):
        if number in LEFT_EARLY | OWN_ACCOUNT:
            continue
        other = first.setdefault(one.institution_id, one)
        if other is not one:
            return other, one
    raise ValueError("no two people of the demo work in one place")


def _guest(random: Random, number: int, enrolment: Enrolment) -> _Guest:
    """More than half show no e-mail; some are renamed, some use an account of their own."""
    user, home = enrolment.user, _home(enrolment)
    called = (
        (f"{user.full_name}_{home}",),
        (f"{user.display_name} - {home}",),
        (f"{user.full_name} {home}".lower(),),
        (f"{home} {user.full_name}",),
        (f"{user.full_name}_{home}", f"{_first(user)} ({user.full_name}_{home})"),
    )[number % 5]
    email = user.email if user.email and random.random() < 0.45 else ""
    if number in OWN_ACCOUNT:
        email = f"{_first(user).lower()}.{number}@rumah.example"
    return _Guest(called, email, (enrolment,), number in LEFT_EARLY)


def _home(enrolment: Enrolment) -> str:
    """As people write it: "Perpus Sukamaju Jakarta Pusat"."""
    home: Institution | None = enrolment.institution
    name = home.short_name if home else "Perpustakaan"
    plain = name.replace(",", "").replace("(CONTOH)", "").strip()
    return plain.replace("Perpustakaan", "Perpus")


def _first(user: User) -> str:
    return user.full_name.split(maxsplit=1)[0]


# The files


def _import(demo: Demo, live: LiveClass, guests: Sequence[_Guest]) -> None:
    stays = sorted(_stays(demo.random, live, guests), key=lambda stay: stay[2:])
    name, data = _file(live, stays)
    import_report(data, name, live, zone=live.cohort.timezone, by=demo.staff["committee"])


def _file(live: LiveClass, stays: Sequence[Stay]) -> tuple[str, bytes]:
    """The first day in the layout of that year, the second with the meeting above."""
    cohort: Cohort = live.cohort
    number = live.meeting.meeting_number if live.meeting else None
    if live.number == 1 or number is None:
        return "participants-CONTOH-1.csv", write_flat_2020(stays, zone_name=cohort.timezone)
    _session, starts, ends = times_of(live)
    data = write_with_meeting(number, TOPIC, starts, ends, stays, zone_name=cohort.timezone)
    return f"participants_{number}-CONTOH.csv", data


def _stays(random: Random, live: LiveClass, guests: Sequence[_Guest]) -> Iterator[Stay]:
    _session, starts, ends = times_of(live)
    for guest in guests:
        for place, (joined, left) in enumerate(_times(random, starts, ends, early=guest.early)):
            name = guest.names[min(place, len(guest.names) - 1)]
            yield name, guest.email, joined, left


def _times(random: Random, starts: datetime, ends: datetime, *, early: bool) -> list[Time]:
    """One to three connections; nearly everybody stays, some go an hour before the end."""
    joined = starts + timedelta(seconds=random.randint(-15 * 60, 6 * 60))
    left = ends + timedelta(seconds=random.randint(-4 * 60, 5 * 60))
    if early:
        left = starts + (ends - starts) * random.uniform(0.4, 0.6)
    elif random.random() < 0.1:
        left = ends - timedelta(minutes=random.randint(20, 55))
    found, since = [], joined
    for _drop in range(random.choice((0, 0, 1, 1, 2))):
        lost = since + (left - since) * random.uniform(0.3, 0.7)
        found.append((since, lost.replace(microsecond=0)))
        since = found[-1][1] + timedelta(seconds=random.randint(20, 300))
    found.append((since, left.replace(microsecond=0)))
    return found


# The queue


def _settle(demo: Demo, live: LiveClass, guests: Sequence[_Guest]) -> None:
    """The committee says who was who."""
    session, _starts, _ends = times_of(live)
    by = demo.staff["committee"]
    known = {(name_key(name), one.email): one for one in guests for name in one.names}
    waiting = [case for case in cases_of(session) if case.state == "open"]
    meant = [(case, known[case.name_key, case.email]) for case in waiting]
    cases.match_all(session, [(case, one.people) for case, one in meant if one.people], by=by)
    for case in waiting:
        if case.name in STRANGERS:
            cases.dismiss(case, by=by)
