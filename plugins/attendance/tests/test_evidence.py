"""Evidence comes, comes again, is withdrawn; the verdict follows."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.api import add_activity, db, enqueue, progress_of, schedule
from core.cohorts.services import override_progress
from plugins.attendance import jobs, queries
from plugins.attendance.api import (
    EvidenceItem,
    EvidenceRefused,
    presence_of,
    record_evidence,
    withdraw_evidence,
)
from plugins.attendance.models import Evidence, SettledPresence
from plugins.attendance.settling import settle_due
from plugins.attendance.tests.conftest import END, TEN, at, plan, seen, total


def rows():
    return db.session.scalars(sa.select(Evidence).order_by(Evidence.id)).all()


# Verdicts


def test_while_a_session_runs_shares_are_shown_and_nothing_is_decided(room):
    room.record(seen(room.enrolment, "08:00", "10:00"))

    found = room.presence()

    assert (found.verdict, found.seconds, round(found.share, 1)) == ("open", 7200, 33.3)
    assert progress_of(room.enrolment) == {}


def test_three_connections_that_overlap_count_once(over):
    first, second = seen(over.enrolment, "07:50", "10:00"), seen(over.enrolment, "09:00", "11:00")
    over.record(first, second, seen(over.enrolment, "10:30", "12:48"))

    assert over.verdict == ("present", 288)  # exactly 80 % of 360


def test_a_minute_less_than_the_limit_is_absent(over):
    over.record(seen(over.enrolment, "08:00", "12:47"))

    assert over.verdict == ("absent", 287)


def test_sources_are_counted_together(over):
    over.record(seen(over.enrolment, "08:00", "11:00"), source="list")
    over.record(seen(over.enrolment, "10:00", "13:00"), source="door")

    assert over.verdict == ("present", 300)


def test_a_total_is_at_least_and_not_added(over):
    over.record(seen(over.enrolment, "08:00", "10:00"), total(over.enrolment, 290))
    assert over.verdict == ("present", 290)

    over.record(total(over.enrolment, 9999, "another"))
    assert over.verdict == ("present", 360)


def test_a_session_across_midnight_is_one(over):
    night = add_activity(over.course.sections[0], "attendance.session", "Night", required=False)
    session = plan(over.cohort, night, "22:00", "02:00", day=-1, last_day=0)
    late = EvidenceItem(over.enrolment.id, "a", at("23:00", -1), at("01:30"))
    early = EvidenceItem(over.enrolment.id, "b", at("21:00", -1), at("23:30", -1))

    record_evidence(session, "list", [late, early], by=None)

    found = presence_of(session)[over.enrolment.id]
    assert (found.verdict, found.seconds // 60) == ("present", 210)


def test_who_has_no_evidence_is_absent_once_the_session_has_ended(room, clock, make):
    room.record(seen(make.enrolment(room.cohort), "08:00", "10:00"))
    assert room.verdict == ("open", 0)

    clock.set(END)
    jobs.settle_at_end.func.__wrapped__(session_id=room.session.id)

    assert room.verdict == ("absent", 0)
    assert set(db.session.scalars(sa.select(SettledPresence.verdict))) == {"absent"}


def test_nobody_is_absent_from_a_session_of_which_nothing_is_known(over):
    jobs.settle_at_end.func.__wrapped__(session_id=over.session.id)

    assert over.verdict == ("open", 0)
    assert not settle_due(over.cohort)


def test_the_job_at_the_end_is_planned_with_the_session(room):
    planned = db.session.execute(
        sa.text("SELECT args, scheduled_at FROM procrastinate_jobs WHERE task_name = :name"),
        {"name": "attendance.settle_at_end"},
    ).one()

    assert planned.args == {"session_id": room.session.id, "institution": room.institution.id}
    assert planned.scheduled_at == END + jobs.MARGIN


def test_the_job_leaves_a_session_that_was_moved_to_later(room, clock):
    schedule(room.cohort, room.activity, by=None, starts_at=at("08:00"), ends_at=at("18:00"))
    clock.set(END)

    jobs.settle_at_end.func.__wrapped__(session_id=room.session.id)
    jobs.settle_at_end.func.__wrapped__(session_id=10**9)

    assert room.verdict == ("open", 0)


def test_the_job_is_held_while_the_plugin_is_disabled(room, clock, make, run_jobs):
    room.record(seen(make.enrolment(room.cohort), "08:00", "14:00"))
    make.disabled("attendance", room.institution)
    clock.set(END)
    enqueue(jobs.settle_at_end, institution=room.institution, session_id=room.session.id)
    run_jobs()
    verdicts = sa.select(SettledPresence.verdict)
    assert set(db.session.scalars(verdicts)) <= {"open"}

    make.enabled("attendance", room.institution)
    run_jobs()  # lets it go
    run_jobs()
    assert set(db.session.scalars(verdicts)) == {"present", "absent"}


def test_what_a_lost_job_left_open_is_settled_at_night(room, clock, make):
    room.record(seen(make.enrolment(room.cohort), "08:00", "14:00"))
    clock.set(END)
    clock.forward(hours=8)

    jobs.settle_nightly.func.__wrapped__(institution=room.institution)

    verdicts = sa.select(SettledPresence.verdict)
    assert set(db.session.scalars(verdicts)) == {"present", "absent"}


def test_presence_is_settled_by_whoever_looks_after_the_plugin_was_disabled(room, clock, make):
    make.disabled("attendance", room.institution)
    clock.set(END)

    make.enabled("attendance", room.institution)
    room.record(seen(make.enrolment(room.cohort), "08:00", "14:00"))
    make.enrolment(room.cohort)
    assert settle_due(room.cohort)
    assert not settle_due(room.cohort)
    assert room.verdict == ("absent", 0)


def test_who_is_enrolled_after_the_session_is_absent(over, make):
    over.record(seen(over.enrolment, "08:00", "14:00"))
    late = make.enrolment(over.cohort)

    assert over.presence(late).verdict == "open"
    assert settle_due(over.cohort)
    assert over.presence(late).verdict == "absent"
    assert over.verdict == ("present", 360)


# The same again, and corrections


def test_the_same_item_twice_is_once(over):
    item = seen(over.enrolment, "08:00", "13:00")

    counts = [over.record(item, item), over.record(item), over.record()]

    assert counts == [1, 0, 0]
    assert len(rows()) == 1
    assert over.verdict == ("present", 300)


def test_an_item_with_other_times_replaces_the_former(over):
    over.record(seen(over.enrolment, "08:00", "13:00", "row 1"))

    changed = over.record(seen(over.enrolment, "08:00", "09:00", "row 1"), by=over.committee)

    assert changed == 1
    assert over.verdict == ("absent", 60)
    assert [row.recorded_by for row in rows()] == [over.committee]


def test_withdrawn_evidence_leaves_its_trace_and_can_come_back(over):
    item = seen(over.enrolment, "08:00", "13:00", "row 1")
    over.record(item)

    assert withdraw_evidence(over.session, "list", ["row 1", "row 2"], by=over.committee) == 1
    assert over.verdict == ("open", 0)
    assert [(row.withdrawn_by, row.withdrawn_at) for row in rows()] == [(over.committee, END)]
    assert withdraw_evidence(over.session, "list", ["row 1"], by=over.committee) == 0

    assert over.record(item) == 1
    assert over.verdict == ("present", 300)
    assert [row.withdrawn_at for row in rows()] == [None]


def test_evidence_is_withdrawn_of_those_only_who_are_named(over, make):
    other = make.enrolment(over.cohort)
    over.record(seen(over.enrolment, "08:00", "14:00", "1"), seen(other, "08:00", "14:00", "1"))
    over.record(seen(over.enrolment, "08:00", "14:00", "1"), source="door")

    withdraw_evidence(over.session, "list", ["1"], enrolment_ids=[other.id], by=over.committee)
    withdraw_evidence(over.session, "door", ["1"], enrolment_ids=[], by=over.committee)

    assert over.verdict == ("present", 360)
    assert over.presence(other).verdict == "absent"


def test_evidence_that_comes_late_settles_again(over, clock):
    settle_due(over.cohort)
    clock.forward(days=3)

    over.record(seen(over.enrolment, "08:00", "14:00"))

    assert over.verdict == ("present", 360)
    assert progress_of(over.enrolment)[over.activity.id].state == "done"


def test_moved_times_settle_again(over):
    over.record(seen(over.enrolment, "08:00", "12:00"))
    assert over.verdict == ("absent", 240)

    schedule(over.cohort, over.activity, by=None, starts_at=at("08:00"), ends_at=at("13:00"))
    assert over.verdict == ("present", 240)

    schedule(over.cohort, over.activity, by=None, starts_at=at("11:00"), ends_at=at("13:30"))
    assert over.verdict == ("absent", 60)

    schedule(over.cohort, over.activity, by=None, starts_at=at("11:00"), ends_at=at("18:00"))
    assert over.verdict == ("open", 60)


def test_a_session_that_loses_its_time_is_open_again(over):
    over.record(seen(over.enrolment, "08:00", "14:00"))

    schedule(over.cohort, over.activity, by=None)

    assert over.verdict == ("open", 0)


# Of whom


def test_evidence_about_another_classes_participant_is_refused(over, make):
    stranger = make.enrolment(make.cohort(over.course))

    with pytest.raises(EvidenceRefused):
        over.record(seen(over.enrolment, "08:00", "14:00"), seen(stranger, "08:00", "14:00"))

    assert rows() == []


def test_a_withdrawn_participants_evidence_waits_for_the_return(over, make):
    make.withdrawn(over.enrolment)

    assert over.record(seen(over.enrolment, "08:00", "14:00")) == 1
    assert presence_of(over.session) == {}
    assert progress_of(over.enrolment) == {}

    make.enrolment(over.cohort, over.enrolment.user)
    settle_due(over.cohort)

    assert over.verdict == ("present", 360)


def test_who_was_settled_before_being_taken_out_comes_back_with_what_was_learned_since(over, make):
    over.record(seen(over.enrolment, "08:00", "09:00"))
    make.withdrawn(over.enrolment)
    over.record(seen(over.enrolment, "09:00", "14:00"))
    assert progress_of(over.enrolment) == {}
    assert over.enrolment.completed_at is None

    make.enrolment(over.cohort, over.enrolment.user)

    assert over.verdict == ("present", 360)
    assert settle_due(over.cohort)
    assert progress_of(over.enrolment)[over.activity.id].state == "done"
    assert over.enrolment.completed_at == END
    assert not settle_due(over.cohort)


def test_a_correction_while_somebody_is_out_of_the_class_holds_on_return(over, make):
    over.record(seen(over.enrolment, "08:00", "14:00", "row 1"))
    assert over.enrolment.completed_at == END
    make.withdrawn(over.enrolment)

    withdraw_evidence(over.session, "list", ["row 1"], by=over.committee)
    make.enrolment(over.cohort, over.enrolment.user)

    assert over.verdict == ("open", 0)
    assert progress_of(over.enrolment)[over.activity.id].state == "started"
    assert over.enrolment.completed_at is None
    assert not settle_due(over.cohort)


def test_what_staff_decided_about_the_activity_stays_when_somebody_returns(over, make):
    over.record(seen(over.enrolment, "08:00", "14:00"))
    override_progress(over.enrolment, over.activity, done=False, by=over.committee, reason="Left")

    make.withdrawn(over.enrolment)
    make.enrolment(over.cohort, over.enrolment.user)

    assert not settle_due(over.cohort)
    assert progress_of(over.enrolment)[over.activity.id].state == "started"


def test_people_out_of_the_class_count_nowhere(over, make):
    gone = make.enrolment(over.cohort)
    make.withdrawn(gone)

    over.record(seen(over.enrolment, "08:00", "14:00"), seen(gone, "08:00", "14:00"))

    [figures] = queries.in_figures(over.cohort, [over.session])
    assert figures.counts == {"present": 1, "absent": 0, "excused": 0, "open": 0}
    assert progress_of(gone) == {}
    assert gone.completed_at is None


# What nobody sends on purpose


def bad(**fields):
    return {"external_id": "x", "from_at": at("08:00"), "to_at": at("09:00"), **fields}


@pytest.mark.parametrize(
    "fields",
    [
        bad(from_at=None),
        bad(to_at=None),
        bad(from_at=None, to_at=None),
        bad(seconds=60),
        bad(from_at=at("09:30")),
        bad(from_at=datetime(2026, 11, 23, 8, 0)),  # noqa: DTZ001 -- without a zone, on purpose
        bad(from_at=None, to_at=None, seconds=-1),
        bad(from_at=None, to_at=None, seconds=10**30),
        bad(external_id=""),
        bad(external_id="x" * 201),
        bad(external_id="\x00"),
        bad(enrolment_id=10**30),
        bad(enrolment_id=0),
    ],
)
def test_impossible_evidence_is_refused_with_a_sentence(over, fields):
    item = EvidenceItem(**{"enrolment_id": over.enrolment.id, **fields})

    with pytest.raises(EvidenceRefused, match=r"\w+ \w+"):
        over.record(seen(over.enrolment, "08:00", "14:00"), item)

    assert rows() == []


@pytest.mark.parametrize("source", ["", "x" * 201, "\x00"])
def test_evidence_says_where_it_comes_from(over, source):
    with pytest.raises(EvidenceRefused):
        over.record(seen(over.enrolment, "08:00", "14:00"), source=source)


def test_a_session_without_a_time_takes_no_evidence(over):
    schedule(over.cohort, over.activity, by=None, starts_at=at("08:00"))

    with pytest.raises(EvidenceRefused, match=r"\w+ \w+"):
        over.record(seen(over.enrolment, "08:00", "14:00"))


def test_moments_at_the_ends_of_time_do_no_harm(over):
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    over.record(EvidenceItem(over.enrolment.id, "ever", first, last))

    assert over.verdict == ("present", 360)


def test_a_report_of_many_thousand_lines_is_taken_in_few_statements(over, make, statements):
    people = [make.enrolment(over.cohort) for _number in range(20)]
    items = [
        EvidenceItem(one.id, f"{n}", TEN + timedelta(seconds=n), TEN + timedelta(seconds=n + 30))
        for one in people
        for n in range(500)
    ]
    del statements[:]

    assert over.record(*items) == 10_000

    assert len(statements) < 60
    assert over.presence(people[0]).seconds == 529
