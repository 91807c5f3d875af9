"""Two at once: real threads, each with a session of its own, against the real database."""

import itertools

import sqlalchemy as sa

from core.api import Activity, Cohort, Enrolment, ScheduledActivity, User, db, schedule
from core.plugin_engine.settings import change_settings
from plugins.attendance.api import record_evidence, withdraw_evidence
from plugins.attendance.marks import mark
from plugins.attendance.models import Evidence, SettledPresence
from plugins.attendance.settling import settle_due
from plugins.attendance.tests.conftest import END, at, seen

TOGETHER = 6


def session_of(session_id):
    return db.session.get(ScheduledActivity, session_id)


def test_the_same_report_sent_by_six_at_once_is_recorded_once(over, make, many_at_once):
    people = [over.enrolment, *(make.enrolment(over.cohort) for _number in range(10))]
    items = [seen(one, "08:00", "14:00") for one in people]
    session_id = over.session.id

    counts = many_at_once(
        lambda _n: record_evidence(session_of(session_id), "list", items, by=None)
    )

    assert sorted(counts) == [0] * (TOGETHER - 1) + [11]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Evidence)) == 11
    assert over.verdict == ("present", 360)


def test_parts_that_come_at_once_are_all_reckoned(over, many_at_once):
    session_id, enrolment = over.session.id, over.enrolment
    hours = ("08:00", "09:00", "10:00", "11:00", "12:00", "13:00", "14:00")
    items = [seen(enrolment, *pair) for pair in itertools.pairwise(hours)]

    many_at_once(lambda n: record_evidence(session_of(session_id), f"s{n}", [items[n]], by=None))

    assert over.verdict == ("present", 360)
    db.session.refresh(over.enrolment)
    assert over.enrolment.completed_at is not None


def test_times_that_somebody_moved_meanwhile_count(over):
    assert over.session.ends_at == END  # read before the other moves them
    times = {"starts_at": at("12:00"), "ends_at": at("13:00")}

    with db.engine.begin() as other:
        other.execute(sa.update(ScheduledActivity).values(**times))
    over.record(seen(over.enrolment, "08:00", "14:00"))

    assert over.verdict == ("present", 60)


def test_times_that_are_moved_during_a_report_count_for_it(over, many_at_once):
    ids = over.session.id, over.cohort.id, over.activity.id
    item = seen(over.enrolment, "08:00", "14:00")

    def work(number):
        session_id, cohort_id, activity_id = ids
        session = session_of(session_id)
        assert session.ends_at  # read before the others go on
        if number:
            record_evidence(session, "list", [item], by=None)
            return
        cohort, activity = db.session.get(Cohort, cohort_id), db.session.get(Activity, activity_id)
        schedule(cohort, activity, by=None, starts_at=at("12:00"), ends_at=at("13:00"))

    many_at_once(work, 2)

    assert over.verdict == ("present", 60)


def test_two_sessions_and_a_new_rule_at_once_do_not_lock_each_other_out(over, make, many_at_once):
    second = over.another_day(-1)
    people = [over.enrolment, *(make.enrolment(over.cohort) for _number in range(8))]
    ids = over.session.id, second.id, over.cohort.id, over.committee.id
    first_items = [seen(one, "08:00", "14:00") for one in people]
    second_items = [seen(one, "08:00", "14:00", day=-1) for one in reversed(people)]
    keys = [one.id for one in people]

    def work(number):
        first_id, second_id, cohort_id, user_id = ids
        user, cohort = db.session.get(User, user_id), db.session.get(Cohort, cohort_id)
        ways = (
            lambda: record_evidence(session_of(first_id), "list", first_items, by=user),
            lambda: record_evidence(session_of(second_id), "list", second_items, by=user),
            lambda: change_settings("attendance", cohort, {"required_share": 60}, by=user),
            lambda: settle_due(cohort),
            lambda: mark(session_of(second_id), keys[::2], "excused", "Ill", by=user),
            lambda: withdraw_evidence(session_of(first_id), "list", ["nothing"], by=user),
        )
        ways[number]()

    many_at_once(work)

    settled = db.session.execute(
        sa.select(
            SettledPresence.scheduled_activity_id, SettledPresence.verdict, sa.func.count()
        ).group_by(SettledPresence.scheduled_activity_id, SettledPresence.verdict)
    ).all()
    assert {tuple(row) for row in settled} == {
        (ids[0], "present", 9), (ids[1], "excused", 5), (ids[1], "present", 4),
    }  # fmt: skip
    unfinished = sa.select(Enrolment.id).where(Enrolment.completed_at.is_(None))
    assert db.session.scalars(unfinished).all() == []
