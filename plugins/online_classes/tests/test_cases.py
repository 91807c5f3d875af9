"""Deciding who it was: what follows, taking it back, and two of the committee at once."""

import pytest
import sqlalchemy as sa

from core.api import Cohort, Enrolment, User, db
from plugins.attendance.models import Evidence
from plugins.online_classes import cases
from plugins.online_classes.cases import DecidedMeanwhile
from plugins.online_classes.importing import import_report
from plugins.online_classes.queries import session_at
from plugins.online_classes.report_models import CaseDecision, KeptReport, KeptRow, ReportCase
from plugins.online_classes.report_queries import last_decision, newest_report, recent_decisions
from plugins.online_classes.tests.report_class import ZONE, stay, whole_day

TOGETHER = 6


@pytest.fixture
def budi(reported):
    """An open case, and whom it is about."""
    reported.take(stay("budi hp", "08.30", "12.00"), stay("budi hp", "11.00", "14.00"))
    return reported.cases()["budi hp"]


def decisions(case):
    query = sa.select(CaseDecision).filter_by(case_id=case.id).order_by(CaseDecision.id)
    return [
        (one.state_before, one.people_before, one.state_after, one.people_after, one.by.full_name)
        for one in db.session.scalars(query)
    ]


def test_a_decision_credits_the_rows_and_is_kept_with_who_and_what(reported, budi):
    person = reported.people["Budi Santoso"]

    assert cases.match(budi, [person], by=reported.committee)

    assert reported.minutes("Budi Santoso") == 330
    assert (budi.state, budi.how, budi.decided_by) == ("matched", "person", reported.committee)
    assert decisions(budi) == [("open", [], "matched", [person.id], "Maya Lestari")]


def test_an_undo_takes_the_minutes_back_and_leaves_its_trace(reported, budi):
    person = reported.people["Budi Santoso"]
    cases.match(budi, [person], by=reported.committee)

    cases.undo(last_decision(budi), by=reported.trainer)

    assert reported.minutes("Budi Santoso") == 0
    assert (budi.state, budi.how, budi.people) == ("open", None, [])
    assert decisions(budi)[1:] == [("matched", [person.id], "open", [], "Hasan Basri")]
    withdrawn = db.session.scalars(sa.select(Evidence.withdrawn_at)).all()
    assert len(withdrawn) == 2
    assert None not in withdrawn


def test_an_undo_can_be_undone(reported, budi):
    cases.match(budi, [reported.people["Budi Santoso"]], by=reported.committee)
    cases.undo(last_decision(budi), by=reported.committee)

    cases.undo(last_decision(budi), by=reported.committee)

    assert reported.minutes("Budi Santoso") == 330
    assert len(decisions(budi)) == 3


def test_only_the_last_decision_about_somebody_can_be_undone(reported, budi):
    cases.match(budi, [reported.people["Budi Santoso"]], by=reported.committee)
    first = last_decision(budi)
    cases.reopen(budi, by=reported.committee)

    with pytest.raises(DecidedMeanwhile):
        cases.undo(first, by=reported.committee)


def test_a_wrong_match_moves_to_the_right_person(reported, budi):
    cases.match(budi, [reported.people["Muhammad Ridwan"]], by=reported.committee)
    cases.reopen(budi, by=reported.committee)
    cases.match(budi, [reported.people["Budi Santoso"]], by=reported.committee)

    assert (reported.minutes("Budi Santoso"), reported.minutes("Muhammad Ridwan")) == (330, 0)


def test_a_device_keeps_one_when_the_other_is_taken_off(reported, budi):
    both = [reported.people[name] for name in ("Budi Santoso", "Muhammad Ridwan")]
    cases.match(budi, both, by=reported.committee)
    cases.reopen(budi, by=reported.committee)

    cases.match(budi, both[:1], by=reported.committee)

    assert (reported.minutes("Budi Santoso"), reported.minutes("Muhammad Ridwan")) == (330, 0)


def test_a_match_by_e_mail_can_be_taken_back_too(reported):
    reported.take(whole_day("Siti", "siti@contoh.id"))
    case = reported.cases()["Siti"]

    cases.reopen(case, by=reported.committee)

    assert reported.minutes("Siti Aminah") == 0
    assert [choice.candidate.known for choice in reported.open()["Siti"].choices] == ["registered"]


def test_a_dismissed_name_is_no_longer_open_and_comes_back_by_an_undo(reported, budi):
    cases.dismiss(budi, by=reported.committee)
    assert reported.open() == {}

    cases.undo(last_decision(budi), by=reported.committee)

    assert set(reported.open()) == {"budi hp"}


def test_the_same_decision_twice_is_once(reported, budi):
    person = reported.people["Budi Santoso"]
    cases.match(budi, [person], by=reported.committee)

    assert not cases.match(budi, [person], by=reported.trainer)
    assert len(decisions(budi)) == 1


def test_another_decision_after_the_first_is_refused_with_its_author(reported, budi):
    cases.match(budi, [reported.people["Budi Santoso"]], by=reported.committee)

    for change in (
        lambda: cases.match(budi, [reported.people["Ni'matul"]], by=reported.trainer),
        lambda: cases.dismiss(budi, by=reported.trainer),
    ):
        with pytest.raises(DecidedMeanwhile, match=r"Maya Lestari.*24 Nov 2026 20\.00 WIB"):
            change()
    assert reported.minutes("Ni'matul") == 0


def test_the_last_decisions_are_listed_newest_first(reported, budi):
    cases.match(budi, [reported.people["Budi Santoso"]], by=reported.committee)
    cases.reopen(budi, by=reported.trainer)

    found = recent_decisions(reported.live().scheduled)

    assert [one.state_after for one in found] == ["open", "matched"]


# A report as a whole


def test_a_report_that_is_taken_back_leaves_nothing_but_the_decisions(reported, budi):
    cases.match(budi, [reported.people["Budi Santoso"]], by=reported.committee)
    session = reported.live().scheduled

    cases.take_back(newest_report(session), session, by=reported.committee)

    assert reported.minutes("Budi Santoso") == 0
    assert reported.cases() == {}
    assert db.session.scalar(sa.select(KeptReport.taken_back_at)) is not None

    stays = (stay("budi hp", "10.30", "14.00"), stay("budi hp", "13.00", "16.00"))
    reported.take(*stays, zone="Asia/Jayapura")

    assert reported.minutes("Budi Santoso") == 330


def test_reports_are_taken_back_from_the_newest_on(reported, budi):
    reported.take(stay("budi hp", "08.30", "12.00"), stay("budi hp", "15.00", "16.00"))
    session = reported.live().scheduled
    first, second = db.session.scalars(sa.select(KeptReport).order_by(KeptReport.id))

    with pytest.raises(DecidedMeanwhile):
        cases.take_back(first, session, by=reported.committee)
    cases.take_back(second, session, by=reported.committee)
    cases.take_back(first, session, by=reported.committee)

    assert reported.cases() == {}


# Two at once


def test_two_of_the_committee_at_once_decide_once(reported, budi, many_at_once):
    ids = [reported.people[name].id for name in ("Budi Santoso", "Muhammad Ridwan")]
    case_id, by_id = budi.id, reported.committee.id

    def decide(number):
        case, by = db.session.get(ReportCase, case_id), db.session.get(User, by_id)
        try:
            return cases.match(case, [db.session.get(Enrolment, ids[number % 2])], by=by)
        except DecidedMeanwhile:
            db.session.rollback()
            return "refused"

    outcomes = many_at_once(decide)

    db.session.expire_all()
    assert outcomes.count(True) == 1
    assert set(outcomes) == {True, False, "refused"}
    assert len(decisions(budi)) == 1
    minutes = [reported.minutes(name) for name in ("Budi Santoso", "Muhammad Ridwan")]
    assert sorted(minutes) == [0, 330]


def test_the_same_report_at_once_is_kept_once(reported, many_at_once):
    data = reported.report(whole_day("Siti", "siti@contoh.id"), whole_day("Tamu"))
    cohort_id = reported.cohort.id

    def take(_number):
        live = session_at(db.session.get(Cohort, cohort_id), 1)
        return import_report(data, "a.csv", live, zone=ZONE, by=None).new_rows

    outcomes = many_at_once(take)

    db.session.expire_all()
    assert sorted(outcomes) == [0] * (TOGETHER - 1) + [2]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(KeptRow)) == 2
    assert reported.minutes("Siti Aminah") == 450


def test_a_report_and_a_decision_at_once_lose_no_row(reported, budi, many_at_once):
    data = reported.report(stay("budi hp", "08.30", "12.00"), stay("budi hp", "14.00", "15.00"))
    ids = budi.id, reported.people["Budi Santoso"].id, reported.committee.id, reported.cohort.id

    def work(number):
        if number:
            live = session_at(db.session.get(Cohort, ids[3]), 1)
            return import_report(data, "a.csv", live, zone=ZONE, by=None).new_rows
        case, person = db.session.get(ReportCase, ids[0]), db.session.get(Enrolment, ids[1])
        return cases.match(case, [person], by=db.session.get(User, ids[2]))

    assert many_at_once(work, 2) == [True, 1]
    db.session.expire_all()
    # Where the decision was first, the new row waits for one of its own.
    waiting = sum(one.seconds for one in reported.open().values())
    assert reported.minutes("Budi Santoso") + waiting // 60 == 390
