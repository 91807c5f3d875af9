"""Revoking, what it leaves behind, and a new one in its place."""

import pytest
import sqlalchemy as sa

from core.api import db
from core.cohorts.services import override_progress, withdraw
from core.people.models import AuditEntry
from core.people.services import change_person
from plugins.certificates import queries, services
from plugins.certificates.models import Certificate
from plugins.certificates.tests.conftest import ISSUED, numbers


@pytest.fixture
def issued(graduation):
    found = list(services.issue(graduation.cohort, by=None))
    db.session.commit()
    return found


def test_a_revoked_certificate_says_since_when_by_whom_and_why(graduation, issued):
    services.revoke(issued[1], by=graduation.organiser, reason=" Wrong title ")

    one = db.session.get(Certificate, issued[1].id)
    assert (one.state, one.revoked_at, one.reason) == ("revoked", ISSUED, "Wrong title")
    assert one.revoked_by_id == graduation.organiser.id
    entry = db.session.scalars(sa.select(AuditEntry).filter_by(action="certificates.revoke")).one()
    assert entry.change == {}


def test_a_reason_is_needed(graduation, issued):
    with pytest.raises(services.ReasonMissing):
        services.revoke(issued[0], by=graduation.organiser, reason="  ")

    assert issued[0].revoked_at is None


def test_revoking_twice_keeps_the_first_reason(issued, clock):
    services.revoke(issued[0], by=None, reason="First")
    clock.forward(days=1)

    services.revoke(issued[0], by=None, reason="Second")

    assert (issued[0].reason, issued[0].revoked_at) == ("First", ISSUED)


def test_the_next_lot_leaves_out_who_was_revoked(graduation, issued):
    services.revoke(issued[0], by=None, reason="Fraud")

    assert services.issue(graduation.cohort, by=None) == []
    assert queries.figures_of(graduation.cohort).waiting == 0


def test_a_new_one_has_the_data_of_today_and_the_next_number(graduation, issued):
    change_person(graduation.siti, by=None, title_before="Dra.")
    services.revoke(issued[1], by=None, reason="Wrong title")

    new = services.issue_anew(issued[1], by=graduation.organiser)

    assert new.content.name == "Dra. Siti Nur'aini, S.Pd.I., M.M."
    assert new.number == "0004/KALSEL-07-2026/PP/XI/2026"
    assert issued[1].content.name == "Hj. Siti Nur'aini, S.Pd.I., M.M."
    assert queries.replacements([issued[1]]) == {issued[1].enrolment_id: new}


def test_nothing_takes_the_place_of_a_valid_one(issued):
    with pytest.raises(services.NotEntitled):
        services.issue_anew(issued[0], by=None)

    assert len(numbers()) == 3


def test_nothing_takes_the_place_where_the_completion_is_gone(graduation, issued):
    take_back(graduation, graduation.completed[0])
    services.revoke(issued[0], by=None, reason="Score was corrected")

    with pytest.raises(services.NotEntitled):
        services.issue_anew(issued[0], by=None)


def take_back(graduation, enrolment):
    activity = graduation.course.activities[0]
    override_progress(enrolment, activity, done=False, by=graduation.organiser, reason="Mistake")


def test_a_completion_that_was_taken_back_is_left_to_a_decision(graduation, issued):
    take_back(graduation, graduation.completed[0])

    assert queries.to_decide(graduation.cohort) == [issued[0]]
    assert issued[0].revoked_at is None
    assert queries.figures_of(graduation.cohort).certified == 3


def test_the_certificate_of_who_was_taken_out_is_left_to_a_decision(graduation, issued):
    withdraw(graduation.completed[1], by=graduation.organiser)

    assert queries.to_decide(graduation.cohort) == [issued[1]]
    assert issued[1].revoked_at is None


def test_a_corrected_name_is_left_to_a_decision(graduation, issued):
    change_person(graduation.siti, by=None, title_before="Dra.")

    assert queries.to_decide(graduation.cohort) == [issued[1]]
