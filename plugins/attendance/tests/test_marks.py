"""Decisions by hand stand over evidence, keep their history and can be taken back."""

import pytest
import sqlalchemy as sa

from core.api import db, progress_of
from plugins.attendance.api import presence_of
from plugins.attendance.marks import MarkRefused, mark, undo
from plugins.attendance.models import Mark
from plugins.attendance.tests.conftest import seen


def history():
    return db.session.scalars(sa.select(Mark.verdict).order_by(Mark.id)).all()


def decide(room, verdict, reason="Seen in the room", enrolment=None):
    who = [(enrolment or room.enrolment).id]
    return mark(room.session, who, verdict, reason, by=room.committee)


def test_a_mark_stands_over_evidence_until_it_is_undone(over):
    over.record(seen(over.enrolment, "08:00", "14:00"))

    decide(over, "absent", "Another person used the link")
    assert over.verdict == ("absent", 0)

    undo(over.session, [over.enrolment.id], by=over.committee)
    assert over.verdict == ("present", 360)
    assert history() == ["absent", "none"]


def test_evidence_that_comes_after_a_mark_changes_nothing(over):
    decide(over, "absent")

    over.record(seen(over.enrolment, "08:00", "14:00"))

    assert over.verdict == ("absent", 0)
    assert over.presence().marked


def test_present_by_hand_is_the_whole_session(over):
    over.record(seen(over.enrolment, "08:00", "09:00"))

    decide(over, "present")

    assert over.verdict == ("present", 360)
    assert progress_of(over.enrolment)[over.activity.id].state == "done"


def test_excused_keeps_the_minutes_and_is_not_done(over):
    over.record(seen(over.enrolment, "08:00", "14:00"))

    decide(over, "excused", "Called away")

    assert over.verdict == ("excused", 360)
    assert progress_of(over.enrolment)[over.activity.id].state == "started"


def test_the_latest_mark_counts(over):
    for verdict in ("present", "excused", "absent"):
        decide(over, verdict)

    assert over.verdict == ("absent", 0)
    assert history() == ["present", "excused", "absent"]


def test_a_mark_counts_before_the_session_has_ended(room):
    decide(room, "excused", "Ill")
    assert room.verdict == ("excused", 0)

    undo(room.session, [room.enrolment.id], by=room.committee)
    assert room.verdict == ("open", 0)


def test_present_ahead_of_time_and_undone_takes_the_progress_back(room):
    decide(room, "present")
    assert progress_of(room.enrolment)[room.activity.id].state == "done"

    undo(room.session, [room.enrolment.id], by=room.committee)

    assert progress_of(room.enrolment)[room.activity.id].state == "started"


def test_many_are_marked_at_once_for_one_reason(over, make):
    people = [over.enrolment, *(make.enrolment(over.cohort) for _n in range(3))]
    spared = make.enrolment(over.cohort)
    over.record(seen(spared, "08:00", "09:00"))

    ids = [one.id for one in people]
    count = mark(over.session, ids, "present", "Paper list", by=over.committee)

    found = presence_of(over.session)
    assert count == 4
    assert {found[one.id].verdict for one in people} == {"present"}
    assert found[spared.id].verdict == "absent"


def test_the_same_decision_twice_is_once(over):
    assert decide(over, "present") == 1
    assert decide(over, "present") == 0
    assert decide(over, "present", "Another reason") == 1
    assert undo(over.session, [over.enrolment.id], by=over.committee) == 1
    assert undo(over.session, [over.enrolment.id], by=over.committee) == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_mark_needs_a_reason_of_some_length(over, reason):
    with pytest.raises(MarkRefused):
        decide(over, "present", reason)


def test_strangers_and_withdrawn_people_cannot_be_marked(over, make):
    stranger = make.enrolment(make.cohort(over.course))
    gone = make.enrolment(over.cohort)
    make.withdrawn(gone)

    for who in (stranger, gone):
        with pytest.raises(MarkRefused):
            decide(over, "present", enrolment=who)
    with pytest.raises(MarkRefused):
        mark(over.session, [], "present", "Nobody", by=over.committee)

    assert history() == []
