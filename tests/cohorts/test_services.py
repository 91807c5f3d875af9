"""Rules of cohorts: places, keys, coming and going, progress, completion, decisions by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Event, Thread
from time import sleep

import pytest
import sqlalchemy as sa
from flask import Flask

from core.cohorts.models import ActivityProgress, Cohort, Enrolment
from core.cohorts.queries import progress_of
from core.cohorts.services import (
    CohortFull,
    EnrolmentRefused,
    NotPublishable,
    add_staff,
    change_cohort,
    confirmed_count,
    enrol,
    enrol_by_key,
    open_activity,
    override_progress,
    publish_cohort,
    record_done,
    record_progress,
    recount_course,
    remove_staff,
    schedule,
    take_back_progress,
    withdraw,
)
from core.courses.models import Activity
from core.courses.services import change_activity, withdraw_course
from core.db import db
from core.errors import DomainError
from core.people.models import AuditEntry, User

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def course(make):
    return make.course(make.institution(), pages=2)


def _at_once(app: Flask, *works: Callable[[], object]) -> list[object]:
    """Runs each in a thread and a transaction of its own; gives results or exceptions."""
    results: list[object] = [None] * len(works)
    together = Barrier(len(works))

    def run(number: int) -> None:
        with app.app_context():
            together.wait()
            try:
                results[number] = works[number]()
                db.session.commit()
            except Exception as error:
                db.session.rollback()
                results[number] = error
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _audited(action: str) -> int:
    query = sa.select(sa.func.count()).select_from(AuditEntry).filter_by(action=action)
    return db.session.scalar(query) or 0


# Enrolment


def test_enrolling_twice_gives_the_same_place(make, course):
    cohort, person = make.cohort(course), make.user()

    first = enrol(person, cohort, via="organiser", by=None)
    second = enrol(person, cohort, via="key", by=None)

    assert first.id == second.id
    assert second.via == "organiser"
    assert confirmed_count(cohort) == 1


def test_full_class_takes_nobody_more_but_knows_who_is_in(make, course):
    cohort = make.cohort(course, capacity=1)
    inside = make.enrolment(cohort)

    with pytest.raises(CohortFull):
        enrol(make.user(), cohort, via="organiser", by=None)

    assert enrol(inside.user, cohort, via="organiser", by=None).id == inside.id
    assert confirmed_count(cohort) == 1


def test_last_place_goes_to_one_of_many_organisers_at_once(app, make, course):
    cohort = make.cohort(course, capacity=3)
    make.enrolment(cohort)
    people = [make.user() for _n in range(6)]
    db.session.commit()
    cohort_id, ids = cohort.id, [person.id for person in people]

    def take(user_id: int) -> Callable[[], object]:
        return lambda: enrol(
            db.session.get_one(User, user_id),
            db.session.get_one(Cohort, cohort_id),
            via="organiser",
            by=None,
        )

    results = _at_once(app, *(take(user_id) for user_id in ids))

    assert sum(isinstance(result, CohortFull) for result in results) == 4
    assert sum(isinstance(result, Enrolment) for result in results) == 2
    db.session.expire_all()
    assert confirmed_count(cohort) == 3


def test_one_person_enrolled_by_two_organisers_at_once_has_one_place(app, make, course):
    cohort, person = make.cohort(course), make.user()
    db.session.commit()
    cohort_id, user_id = cohort.id, person.id

    def take() -> object:
        user, found = db.session.get_one(User, user_id), db.session.get_one(Cohort, cohort_id)
        return enrol(user, found, via="organiser", by=None)

    results = _at_once(app, take, take)

    assert all(isinstance(result, Enrolment) for result in results)
    assert confirmed_count(cohort) == 1


def test_capacity_that_somebody_else_changed_meanwhile_counts(app, make, course):
    cohort = make.cohort(course, capacity=1)
    make.enrolment(cohort)
    db.session.commit()
    assert cohort.capacity == 1

    with db.engine.begin() as other:
        other.execute(sa.update(Cohort).values(capacity=2))

    assert enrol(make.user(), cohort, via="organiser", by=None).status == "confirmed"


def test_cancelled_class_takes_nobody(make, course):
    cohort = make.cohort(course)
    cohort.status = "cancelled"

    with pytest.raises(EnrolmentRefused):
        enrol(make.user(), cohort, via="organiser", by=None)


def test_withdrawn_person_comes_back_with_progress_and_frees_the_place_meanwhile(make, course):
    cohort = make.cohort(course, capacity=1)
    enrolment = make.enrolment(cohort)
    record_progress(enrolment, course.activities[0], "done")

    withdraw(enrolment, by=None)
    other = enrol(make.user(), cohort, via="organiser", by=None)
    withdraw(other, by=None)
    back = enrol(enrolment.user, cohort, via="roster", by=None)

    assert back.id == enrolment.id
    assert (back.status, back.via, back.required_done) == ("confirmed", "roster", 1)


def test_withdrawing_twice_is_once(make, course):
    enrolment = make.enrolment(make.cohort(course))

    withdraw(enrolment, by=None)
    withdraw(enrolment, by=None)
    db.session.flush()

    assert _audited("enrolment.withdraw") == 1


# The key


def test_key_opens_its_class_whatever_the_capitals(make, course, clock):
    clock.set(datetime(2026, 11, 23, 1, tzinfo=UTC))
    cohort = make.cohort(course, enrolment_policy="key", enrolment_key="Kalsel-7")
    person = make.user()

    enrolment = enrol_by_key(person, " kalsel-7 ")

    assert (enrolment.cohort_id, enrolment.via) == (cohort.id, "key")


@pytest.mark.parametrize("key", ["", "   ", "other", "%"])
def test_wrong_key_opens_nothing(make, course, key):
    make.cohort(course, enrolment_policy="key", enrolment_key="kalsel-7")

    with pytest.raises(EnrolmentRefused):
        enrol_by_key(make.user(), key)


@pytest.mark.parametrize(
    "fields",
    [
        {"publish": False},
        {"enrolment_policy": "organiser"},
        {"starts_on": date(2020, 1, 1), "ends_on": date(2020, 1, 2)},
    ],
)
def test_key_is_refused_by_a_class_that_is_not_open_to_it(make, course, fields):
    make.cohort(course, **{"enrolment_policy": "key", "enrolment_key": "kalsel-7", **fields})

    with pytest.raises(EnrolmentRefused):
        enrol_by_key(make.user(), "kalsel-7")


def test_two_classes_never_share_a_key(make, course):
    make.cohort(course, enrolment_policy="key", enrolment_key="Kalsel")
    other = make.cohort(course)

    with pytest.raises(DomainError):
        change_cohort(other, by=None, enrolment_policy="key", enrolment_key="KALSEL")
    with pytest.raises(DomainError):
        make.cohort(course, enrolment_policy="key", enrolment_key="kalsel")


def test_class_keeps_its_own_key_when_something_else_changes(make, course):
    cohort = make.cohort(course, enrolment_policy="key", enrolment_key="Kalsel")

    change_cohort(cohort, by=None, enrolment_key="Kalsel", venue="Hall")

    assert cohort.venue == "Hall"


# Setting up


def test_code_belongs_to_one_class_whatever_its_capitals(make, course):
    make.cohort(course, code="kalsel-7")

    with pytest.raises(DomainError):
        make.cohort(course, code="KALSEL-7")


def test_places_cannot_be_fewer_than_are_taken(make, course):
    cohort = make.cohort(course)
    make.enrolment(cohort)
    make.enrolment(cohort)

    with pytest.raises(DomainError):
        change_cohort(cohort, by=None, capacity=1)
    change_cohort(cohort, by=None, capacity=2)

    assert cohort.capacity == 2


def test_class_of_a_draft_course_is_not_published(make, course):
    cohort = make.cohort(course, publish=False)
    withdraw_course(course, by=None)

    with pytest.raises(NotPublishable):
        publish_cohort(cohort, by=None)

    assert cohort.status == "draft"


def test_adding_staff_twice_is_once_and_another_role_is_another_entry(make, course):
    cohort, person = make.cohort(course), make.user()

    add_staff(cohort, person, "trainer", by=None)
    add_staff(cohort, person, "trainer", by=None)
    add_staff(cohort, person, "committee", by=None)

    assert [staff.role for staff in cohort.staff] == ["trainer", "committee"]


def test_trainer_stays_while_the_timetable_names_the_person(make, course):
    cohort, person = make.cohort(course), make.user()
    staff = add_staff(cohort, person, "trainer", by=None)
    activity = course.activities[0]
    schedule(cohort, activity, by=None, staff=[person])

    with pytest.raises(DomainError, match=activity.title):
        remove_staff(cohort, staff, by=None)
    schedule(cohort, activity, by=None)
    remove_staff(cohort, staff, by=None)

    assert cohort.staff == []


def test_schedule_is_set_once_and_then_changed(make, course):
    cohort, activity = make.cohort(course), course.activities[0]
    first, second = make.user(), make.user()

    schedule(cohort, activity, by=None, opens_at=NOON, staff=[first, second])
    changed = schedule(
        cohort, activity, by=None, starts_at=NOON, ends_at=NOON + timedelta(hours=1), staff=[second]
    )
    db.session.commit()

    assert (changed.opens_at, changed.starts_at) == (None, NOON)
    assert [row.user_id for row in changed.staff] == [second.id]


def test_times_that_end_before_they_begin_are_refused(make, course):
    cohort, activity = make.cohort(course), course.activities[0]

    with pytest.raises(DomainError):
        schedule(cohort, activity, by=None, opens_at=NOON, closes_at=NOON)


# Progress


def test_done_stays_done_and_the_better_score_stays(make, course):
    enrolment, activity = make.enrolment(make.cohort(course)), course.activities[0]

    record_progress(enrolment, activity, "failed", score=40)
    record_progress(enrolment, activity, "done", score=80)
    progress = record_progress(enrolment, activity, "failed", score=60)

    assert (progress.state, progress.score) == ("done", 80)
    assert enrolment.required_done == 1


def test_many_have_done_an_activity_at_once_and_once_only(make, course):
    cohort, activity = make.cohort(course), course.activities[0]
    before, failed, new = (make.enrolment(cohort) for _number in range(3))
    done_at = record_progress(before, activity, "done").completed_at
    record_progress(failed, activity, "failed", score=40)

    for _time in range(2):
        record_done(cohort, activity, [before, failed, new])
    record_done(cohort, activity, [])

    found = {one.id: progress_of(one)[activity.id] for one in (before, failed, new)}
    assert [progress.state for progress in found.values()] == ["done"] * 3
    assert (found[before.id].completed_at, found[failed.id].score) == (done_at, 40)
    for one in (before, failed, new):
        db.session.refresh(one)
        assert one.required_done == 1


def test_starting_again_does_not_undo_a_failure(make, course):
    enrolment, activity = make.enrolment(make.cohort(course)), course.activities[0]

    record_progress(enrolment, activity, "failed")
    progress = record_progress(enrolment, activity, "started")

    assert (progress.state, progress.score, progress.completed_at) == ("failed", None, None)


def test_class_is_completed_with_the_last_required_activity(make, course):
    enrolment = make.enrolment(make.cohort(course))
    first, second = course.activities

    record_progress(enrolment, first, "done")
    assert (enrolment.required_done, enrolment.completed_at) == (1, None)
    record_progress(enrolment, second, "done")

    assert enrolment.required_done == enrolment.required_total == 2
    assert enrolment.completed_at is not None


def test_optional_activity_neither_counts_nor_holds_back(make, course):
    extra = make.page(course.sections[0], "Extra", required=False)
    enrolment = make.enrolment(make.cohort(course))

    record_progress(enrolment, extra, "done")
    assert (enrolment.required_total, enrolment.required_done) == (2, 0)
    for activity in course.activities[:2]:
        record_progress(enrolment, activity, "done")

    assert enrolment.completed_at is not None


def _completed(make, cohort: Cohort) -> Enrolment:
    enrolment = make.enrolment(cohort)
    for activity in cohort.course.activities:
        record_progress(enrolment, activity, "done")
    db.session.commit()
    return enrolment


def test_completed_stays_completed_when_content_is_added(make, course):
    enrolment = _completed(make, make.cohort(course))
    completed_at = enrolment.completed_at

    make.page(course.sections[0], "Added later")

    assert (enrolment.required_total, enrolment.required_done) == (3, 2)
    assert enrolment.completed_at == completed_at


def test_class_is_completed_when_what_is_missing_becomes_optional(make, course):
    enrolment = make.enrolment(make.cohort(course))
    gone = make.enrolment(make.cohort(course))
    first, second = course.activities
    record_progress(enrolment, first, "done")
    record_progress(gone, first, "done")
    withdraw(gone, by=None)

    change_activity(second, by=None, required=False)

    assert enrolment.completed_at is not None
    assert gone.completed_at is None


def test_counters_are_those_of_the_own_course(make, course):
    other = make.course(course.institution, pages=3)
    enrolment = make.enrolment(make.cohort(course))
    foreign = make.enrolment(make.cohort(other))

    record_progress(enrolment, course.activities[0], "done")
    recount_course(other)

    assert (enrolment.required_done, enrolment.required_total) == (1, 2)
    assert (foreign.required_done, foreign.required_total) == (0, 3)


def test_two_activities_done_at_the_same_moment_both_count(app, make):
    course = make.course(make.institution(), pages=6)
    enrolment = make.enrolment(make.cohort(course))
    db.session.commit()
    enrolment_id, ids = enrolment.id, [activity.id for activity in course.activities]

    def finish(activity_id: int) -> Callable[[], object]:
        return lambda: record_progress(
            db.session.get_one(Enrolment, enrolment_id),
            db.session.get_one(Activity, activity_id),
            "done",
        )

    results = _at_once(app, *(finish(activity_id) for activity_id in ids))

    assert not [result for result in results if isinstance(result, Exception)]
    db.session.expire_all()
    assert enrolment.required_done == 6
    assert enrolment.completed_at is not None


def test_activity_opened_twice_at_the_same_moment_is_open(app, make, course):
    cohort, trainer = make.cohort(course), make.user()
    db.session.commit()
    ids = cohort.id, course.activities[0].id, trainer.id

    def plan() -> object:
        place = db.session.get_one(Cohort, ids[0]), db.session.get_one(Activity, ids[1])
        return schedule(*place, by=None, staff=[db.session.get_one(User, ids[2])]).id

    def unlock() -> object:
        place = db.session.get_one(Cohort, ids[0]), db.session.get_one(Activity, ids[1])
        return open_activity(*place, by=None).id

    found = _at_once(app, plan, unlock, plan, unlock)

    assert len(set(found)) == 1


def _meanwhile(app: Flask, work: Callable[[], object]) -> None:
    """Does it in a thread and a transaction of its own, to the end."""
    [result] = _at_once(app, work)
    if isinstance(result, Exception):
        raise result


@pytest.mark.parametrize("way", ["by hand", "by evidence"])
def test_completion_reached_meanwhile_falls_with_what_is_taken_back(app, make, course, way):
    enrolment, staff = make.enrolment(make.cohort(course)), make.user()
    first, second = course.activities
    record_progress(enrolment, first, "done")
    db.session.commit()
    ids = enrolment.id, second.id
    assert enrolment.completed_at is None  # Read before the other one writes.
    db.session.connection()
    _meanwhile(
        app,
        lambda: record_progress(
            db.session.get_one(Enrolment, ids[0]), db.session.get_one(Activity, ids[1]), "done"
        ),
    )

    if way == "by hand":
        override_progress(enrolment, first, done=False, by=staff, reason="Copied")
    else:
        take_back_progress(enrolment, first)

    db.session.expire_all()
    assert enrolment.completed_at is None
    assert enrolment.required_done == 1


@pytest.mark.parametrize("way", ["record", "override", "take back", "record many"])
def test_who_locks_a_participant_first_never_waits_for_progress(app, make, course, way):
    enrolment, staff = make.enrolment(make.cohort(course)), make.user()
    activity = course.activities[0]
    record_progress(enrolment, activity, "started" if way.startswith("record") else "done")
    db.session.commit()
    ids = enrolment.id, activity.id, staff.id
    locked = Event()

    def a_plugin() -> None:
        row = sa.select(Enrolment.id).filter_by(id=ids[0]).with_for_update(key_share=True)
        db.session.execute(row)
        locked.set()
        sleep(0.3)  # The other one now waits, with whatever it has locked before.
        progress = sa.select(ActivityProgress.id).filter_by(enrolment_id=ids[0])
        db.session.execute(progress.with_for_update())

    def core() -> None:
        place = db.session.get_one(Enrolment, ids[0])
        page, by = db.session.get_one(Activity, ids[1]), db.session.get_one(User, ids[2])
        locked.wait()
        ways: dict[str, Callable[[], object]] = {
            "record": lambda: record_progress(place, page, "done"),
            "override": lambda: override_progress(place, page, done=False, by=by, reason="Why"),
            "take back": lambda: take_back_progress(place, page),
            "record many": lambda: record_done(place.cohort, page, [place]),
        }
        ways[way]()

    assert _at_once(app, a_plugin, core) == [None, None]


def test_two_lists_in_another_order_are_written_at_once(app, make, course):
    cohort = make.cohort(course)
    ids = [make.enrolment(cohort).id for _ in range(20)]
    db.session.commit()
    cohort_id, page_ids = cohort.id, [activity.id for activity in course.activities]

    def finish(page_id: int, order: list[int]) -> Callable[[], object]:
        def work() -> None:
            people = [db.session.get_one(Enrolment, number) for number in order]
            page = db.session.get_one(Activity, page_id)
            record_done(db.session.get_one(Cohort, cohort_id), page, people)

        return work

    both = [finish(page_ids[0], ids), finish(page_ids[0], ids[::-1])]

    assert _at_once(app, *both) == [None, None]


# Decisions by hand


def test_override_needs_a_reason(make, course):
    enrolment = make.enrolment(make.cohort(course))

    with pytest.raises(DomainError):
        override_progress(enrolment, course.activities[0], done=True, by=make.user(), reason="  ")

    assert enrolment.required_done == 0


def test_override_says_who_and_why_and_completes(make, course):
    enrolment, staff = make.enrolment(make.cohort(course)), make.user()

    for activity in course.activities:
        override_progress(enrolment, activity, done=True, by=staff, reason=" Shown on paper ")

    progress = record_progress(enrolment, course.activities[0], "started")
    assert (progress.overridden_by_id, progress.reason) == (staff.id, "Shown on paper")
    assert enrolment.completed_at is not None
    assert _audited("progress.override") == 2


def test_override_keeps_the_time_at_which_the_activity_was_done(make, course):
    enrolment, activity = make.enrolment(make.cohort(course)), course.activities[0]
    done_at = record_progress(enrolment, activity, "done").completed_at

    override_progress(enrolment, activity, done=True, by=make.user(), reason="Confirmed")

    assert record_progress(enrolment, activity, "started").completed_at == done_at


def test_completion_falls_with_the_activity_on_which_it_rested(make, course):
    enrolment = _completed(make, make.cohort(course))

    override_progress(enrolment, course.activities[1], done=False, by=make.user(), reason="Mistake")

    assert (enrolment.required_done, enrolment.completed_at) == (1, None)


def test_completion_stays_when_later_content_is_undone(make, course):
    enrolment = _completed(make, make.cohort(course))
    added = make.page(course.sections[0], "Added later")
    record_progress(enrolment, added, "done")

    override_progress(enrolment, added, done=False, by=make.user(), reason="Mistake")

    assert enrolment.required_done == 2
    assert enrolment.completed_at is not None


def test_what_a_participant_does_again_no_longer_counts_as_decided_by_hand(make, course):
    enrolment, activity = make.enrolment(make.cohort(course)), course.activities[0]
    override_progress(enrolment, activity, done=False, by=make.user(), reason="Mistake")

    progress = record_progress(enrolment, activity, "done")

    assert (progress.overridden_by_id, progress.reason) == (None, "")
