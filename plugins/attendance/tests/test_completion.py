"""Presence and completing the class: reached, taken back by a person, not by a rule."""

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from core.api import db, metrics_in, progress_of, requirements_of, schedule
from core.plugin_engine.settings import change_settings
from plugins.attendance.api import record_evidence, withdraw_evidence
from plugins.attendance.marks import mark, undo
from plugins.attendance.settling import settle_due
from plugins.attendance.tests.conftest import END, at, seen


def requirement(room):
    with force_locale("en"):
        found = requirements_of(room.cohort, [room.enrolment]).get(room.enrolment.id, [])
    return [(one.met, one.note) for one in found]


def is_completed(room):
    db.session.refresh(room.enrolment)
    return room.enrolment.completed_at is not None


# Required share of all sessions


def test_who_was_there_completes_a_class_of_one_session(over):
    over.record(seen(over.enrolment, "08:00", "13:00"))

    assert is_completed(over)
    assert requirement(over) == [(True, "83% of the sessions; 80% are needed")]


def test_sessions_to_come_are_not_attended_yet(over, clock):
    second = over.another_day()
    over.record(seen(over.enrolment, "08:00", "14:00"))
    assert not is_completed(over)
    assert requirement(over) == [(False, "50% of the sessions; 80% are needed")]

    clock.forward(days=1)
    record_evidence(second, "list", [seen(over.enrolment, "08:00", "11:36", day=1)], by=None)

    assert is_completed(over)  # exactly 80 %, although the second day itself was not enough
    assert over.presence(session=second).verdict == "absent"


def test_a_share_just_below_the_limit_is_not_rounded_up(over, clock):
    second = over.another_day()
    clock.forward(days=1)
    over.record(seen(over.enrolment, "08:00", "14:00"))
    record_evidence(second, "list", [seen(over.enrolment, "08:00", "11:35", day=1)], by=None)

    assert requirement(over) == [(False, "79% of the sessions; 80% are needed")]


def test_an_excused_session_is_left_out_of_both_sums(over, clock):
    second = over.another_day()
    clock.forward(days=1)
    over.record(seen(over.enrolment, "08:00", "13:00"))
    settle_due(over.cohort)
    assert requirement(over) == [(False, "41% of the sessions; 80% are needed")]

    mark(second, [over.enrolment.id], "excused", "Ill", by=over.committee)

    assert requirement(over) == [(True, "83% of the sessions; 80% are needed")]
    assert is_completed(over)


def test_minutes_of_an_excused_session_count_nowhere(over, clock):
    second = over.another_day()
    clock.forward(days=1)
    over.record(seen(over.enrolment, "08:00", "14:00"))
    record_evidence(second, "list", [seen(over.enrolment, "08:00", "11:00", day=1)], by=None)
    mark(over.session, [over.enrolment.id], "excused", "Called away", by=over.committee)

    assert requirement(over) == [(False, "50% of the sessions; 80% are needed")]


def test_who_is_excused_from_everything_has_not_completed(over):
    mark(over.session, [over.enrolment.id], "excused", "Ill", by=over.committee)

    assert requirement(over) == [(False, "Excused from every session")]
    assert not is_completed(over)


def test_nothing_is_required_without_sessions_or_with_a_share_of_nothing(over):
    change_settings("attendance", over.cohort, {"required_share": 0}, by=None)
    assert requirement(over) == []

    change_settings("attendance", over.cohort, {}, by=None)
    assert len(requirement(over)) == 1
    schedule(over.cohort, over.activity, by=None)

    assert requirement(over) == []


def test_a_session_less_may_complete(over):
    second = over.another_day()
    over.record(seen(over.enrolment, "08:00", "14:00"))
    assert not is_completed(over)

    schedule(over.cohort, second.activity, by=None)

    assert is_completed(over)


# Taken back


def complete(room):
    room.record(seen(room.enrolment, "08:00", "14:00", "row 1"))
    assert is_completed(room)


@pytest.mark.parametrize("required", [True, False])
def test_a_correction_by_a_person_takes_progress_and_completion_back(over, required):
    over.activity.required = required
    complete(over)

    withdraw_evidence(over.session, "list", ["row 1"], by=over.committee)

    assert not is_completed(over)
    assert progress_of(over.enrolment)[over.activity.id].state == "started"

    over.record(seen(over.enrolment, "08:00", "14:00", "row 2"))

    assert is_completed(over)


def test_a_mark_takes_completion_back_and_undoing_it_gives_it_again(over):
    complete(over)

    mark(over.session, [over.enrolment.id], "absent", "Not the person", by=over.committee)
    assert not is_completed(over)

    undo(over.session, [over.enrolment.id], by=over.committee)
    assert is_completed(over)


def test_corrected_evidence_takes_back_only_from_whom_it_is_about(over, make):
    other = make.enrolment(over.cohort)
    over.record(seen(other, "08:00", "14:00", "row 2"))
    complete(over)

    over.record(seen(over.enrolment, "08:00", "09:00", "row 1"), by=over.committee)

    db.session.refresh(other)
    assert not is_completed(over)
    assert other.completed_at is not None


def test_moved_times_take_no_completion_back(over):
    complete(over)

    schedule(over.cohort, over.activity, by=None, starts_at=at("14:00"), ends_at=at("15:00"))
    assert over.verdict == ("open", 0)
    assert is_completed(over)


def test_a_decision_by_hand_about_the_activity_stays(over):
    from core.cohorts.services import override_progress  # noqa: PLC0415 -- only here

    override_progress(over.enrolment, over.activity, done=True, by=over.committee, reason="Helped")
    over.record(seen(over.enrolment, "08:00", "09:00", "row 1"))

    withdraw_evidence(over.session, "list", ["row 1"], by=over.committee)

    assert progress_of(over.enrolment)[over.activity.id].state == "done"


# The rule changes


def test_a_stricter_rule_settles_again_and_takes_no_completion_back(over, make):
    other = make.enrolment(over.cohort)
    second = over.another_day(required=True)
    over.record(seen(over.enrolment, "08:00", "13:00"), seen(other, "08:00", "13:00"))
    mark(second, [over.enrolment.id], "present", "Helped before", by=over.committee)
    assert is_completed(over)
    assert over.verdict == ("present", 300)

    change_settings("attendance", over.cohort, {"required_share": 100}, by=None)

    assert over.verdict == ("absent", 300)
    assert is_completed(over)
    assert progress_of(over.enrolment)[over.activity.id].state == "done"
    assert progress_of(other)[over.activity.id].state == "started"  # had not completed


def test_more_evidence_under_a_stricter_rule_takes_nothing_back(over):
    over.record(seen(over.enrolment, "08:00", "13:00"))
    change_settings("attendance", over.cohort, {"required_share": 100}, by=None)

    over.record(seen(over.enrolment, "13:00", "13:30"), by=over.committee)

    assert over.verdict == ("absent", 330)
    assert is_completed(over)


def test_a_milder_rule_completes(over):
    over.record(seen(over.enrolment, "08:00", "11:00"))
    assert not is_completed(over)

    change_settings("attendance", over.cohort, {"required_share": 50}, by=None)

    assert over.verdict == ("present", 180)
    assert is_completed(over)


def test_a_rule_of_an_institution_reaches_published_classes_below_it(over, make, run_jobs):
    library = make.institution("Library", over.institution)
    below = make.cohort(over.course, host=library)
    own_rule = make.cohort(over.course, host=library)
    change_settings("attendance", own_rule, {"required_share": 90}, by=None)
    draft = make.cohort(over.course, publish=False)
    found = []
    for cohort in (below, own_rule, draft):
        person = make.enrolment(cohort)
        session = schedule(
            cohort, over.activity, by=None, starts_at=at("08:00"), ends_at=at("14:00")
        )
        record_evidence(session, "list", [seen(person, "08:00", "11:00")], by=None)
        found.append((session, person))
    from plugins.attendance.jobs import settle_classes  # noqa: PLC0415 -- only here

    change_settings("attendance", over.institution, {"required_share": 50}, by=None)
    settle_classes.func.__wrapped__(institution_id=over.institution.id)
    settle_classes.func.__wrapped__(institution_id=10**9)

    verdicts = [over.presence(person, session).verdict for session, person in found]
    assert verdicts == ["present", "absent", "absent"]
    planned = sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :name")
    assert db.session.scalar(planned, {"name": "attendance.settle_classes"}) == 1


def test_settings_of_other_plugins_are_not_ours(over, statements):
    from plugins.attendance.hooks import settings_changed  # noqa: PLC0415 -- only here

    del statements[:]
    settings_changed("quizzes", None, None, over.cohort)

    assert statements == []


# The figure for monitoring


def measured(room):
    [metric] = [one for one in metrics_in(room.institution) if one.name == "attendance.share"]
    everybody = sa.text("SELECT id FROM enrolment").columns(sa.column("id", sa.BigInteger))
    rows = db.session.execute(metric.measure(sa.select(everybody.subquery().c.id))).all()
    return {key: round(float(value), 2) for key, value in rows}


def test_the_figure_counts_sessions_that_have_ended(over, make, clock):
    away, late = make.enrolment(over.cohort), make.enrolment(over.cohort)
    second, third = over.another_day(1), over.another_day(2)
    elsewhere = make.enrolment(make.cohort(over.course))
    assert measured(over) == {}

    over.record(seen(over.enrolment, "08:00", "11:00"))
    assert measured(over) == {over.enrolment.id: 50, away.id: 0, late.id: 0}

    clock.forward(days=1)
    record_evidence(second, "list", [seen(over.enrolment, "08:00", "14:00", day=1)], by=None)
    mark(second, [away.id], "excused", "Ill", by=over.committee)
    mark(second, [late.id], "present", "Paper list", by=over.committee)
    mark(third, [late.id], "present", "Ahead of time", by=over.committee)

    assert measured(over) == {over.enrolment.id: 75, away.id: 0, late.id: 50}
    assert elsewhere.id not in measured(over)


def test_the_figure_leaves_out_who_was_excused_from_everything(over):
    mark(over.session, [over.enrolment.id], "excused", "Ill", by=over.committee)

    assert measured(over) == {}


def test_the_figure_counts_who_has_no_row_as_never_there(over, make):
    over.record(seen(over.enrolment, "08:00", "14:00"))
    late = make.enrolment(over.cohort)

    assert measured(over) == {over.enrolment.id: 100, late.id: 0}
    assert over.session.ends_at == END
