"""Who may let whom in anew: never into an account or a role beyond the own reach."""

from datetime import timedelta

import pytest

from core.cohorts.invitations import may_change_person, may_invite, reasons_not_to_invite
from core.cohorts.services import add_staff
from core.db import db, now
from core.people.access import ADMIN, forget_grants
from core.people.services import grant_role
from core.testing.counting import count_queries

SECRET = "a password"


def test_new_person_is_let_in_by_whoever_may_invite_in_the_class(make, scene):
    anywhere = make.user("Siti", institution=scene.other)

    assert may_invite(scene.committee, anywhere, scene.cohort)
    assert may_invite(scene.organiser, anywhere, scene.cohort)
    assert not may_invite(scene.trainer, anywhere, scene.cohort)
    assert not may_invite(scene.stranger, anywhere, scene.cohort)


@pytest.mark.parametrize(
    ("home", "expected"), [("library", True), ("province", True), (None, True), ("other", False)]
)
def test_account_with_a_password_is_renewed_near_its_home_only(make, scene, home, expected):
    institution = getattr(scene, home) if home else None
    person = make.user("Siti", password=SECRET, institution=institution)

    assert may_invite(scene.committee, person, scene.cohort) is expected
    assert may_invite(scene.organiser, person, scene.cohort) is expected


def test_own_grant_reaches_the_home_that_the_class_does_not(make, scene):
    person = make.user("Siti", password=SECRET, institution=scene.other)
    national = make.staff("organiser", scene.nation)

    assert may_invite(national, person, scene.cohort)


@pytest.mark.parametrize("home", ["other", None])
def test_class_of_the_whole_country_reaches_only_those_it_alone_knows(make, scene, home):
    joint = make.cohort(scene.course, scene.province, organiser=scene.nation)
    committee = make.cohort_staff(joint, "committee")
    institution = getattr(scene, home) if home else None
    person = make.user("Siti", password=SECRET, institution=institution)
    make.enrolment(joint, person)

    alone = may_invite(committee, person, joint)
    make.enrolment(make.cohort(make.course(scene.other)), person)

    assert alone
    assert not may_invite(committee, person, joint)
    assert not may_change_person(committee, person, joint)
    assert may_invite(make.staff("organiser", scene.nation), person, joint)


def test_class_of_the_whole_country_still_reaches_the_people_of_its_host(make, scene):
    joint = make.cohort(scene.course, scene.province, organiser=scene.nation)
    committee = make.cohort_staff(joint, "committee")
    person = make.user("Siti", password=SECRET, institution=scene.library)
    make.enrolment(scene.cohort, person)

    assert may_invite(committee, person, joint)
    assert may_change_person(committee, person, joint)


def test_person_without_a_home_who_is_in_a_class_of_others_keeps_the_password(make, scene):
    person = make.user("Siti", password=SECRET)
    make.enrolment(scene.cohort, person)
    make.enrolment(make.cohort(make.course(scene.other)), person)

    assert not may_invite(scene.committee, person, scene.cohort)
    assert not may_invite(scene.organiser, person, scene.cohort)


@pytest.mark.parametrize("role", ["trainer", "committee"])
@pytest.mark.parametrize("password", [None, SECRET])
def test_staff_of_a_class_out_of_reach_is_not_let_in(make, scene, role, password):
    person = make.user("Budi", password=password, institution=scene.library)
    foreign = make.cohort(make.course(scene.other))
    add_staff(foreign, person, role, by=None)

    assert not may_invite(scene.committee, person, scene.cohort)
    assert not may_invite(scene.organiser, person, scene.cohort)
    assert may_invite(make.staff("organiser", scene.nation), person, scene.cohort)


def test_staff_of_another_class_of_the_house_is_let_in_by_those_who_reach_it(make, scene):
    person = make.user("Budi", institution=scene.library)
    beside = make.cohort(scene.course, scene.province)
    add_staff(beside, person, "trainer", by=None)
    asked = [scene.committee, scene.organiser]

    before = [may_invite(by, person, scene.cohort) for by in asked]
    add_staff(beside, scene.committee, "committee", by=None)

    assert before == [False, True]
    assert may_invite(scene.committee, person, scene.cohort)


@pytest.mark.parametrize("password", [None, SECRET])
def test_person_with_a_role_elsewhere_is_not_let_in_from_the_class(make, scene, password):
    person = make.staff("committee", scene.other)
    person.password = password

    assert not may_invite(scene.committee, person, scene.cohort)
    assert not may_invite(scene.organiser, person, scene.cohort)
    assert may_invite(make.staff("organiser", scene.nation), person, scene.cohort)


def test_person_with_a_role_here_is_not_let_in_by_the_class_committee(make, scene):
    person = make.staff("committee", scene.library)

    assert not may_invite(scene.committee, person, scene.cohort)
    assert may_invite(scene.organiser, person, scene.cohort)


def test_every_role_of_a_person_has_to_be_within_reach(make, scene):
    person = make.staff("committee", scene.library)
    grant_role(person, "trainer", scene.other, by=None)

    assert not may_invite(scene.organiser, person, scene.cohort)


def test_nobody_comes_by_a_link_into_a_higher_role(make, scene):
    committee = make.staff("committee", scene.nation)
    organiser = make.staff("organiser", scene.nation)
    admin = make.staff("institution_admin", scene.nation)
    site = make.staff(ADMIN, scene.nation)

    def lets_in(by):
        people = (committee, organiser, admin, site)
        return [may_invite(by, person, scene.cohort) for person in people]

    assert lets_in(committee) == [True, False, False, False]
    assert lets_in(organiser) == [True, True, False, False]
    assert lets_in(admin) == [True, True, True, False]
    assert lets_in(site) == [True, True, True, True]


def test_admin_of_a_part_does_not_come_into_the_admin_of_the_whole(make, scene):
    part, whole = make.staff(ADMIN, scene.province), make.staff(ADMIN, scene.nation)

    assert may_invite(whole, part, scene.cohort)
    assert not may_invite(part, whole, scene.cohort)


def test_role_that_is_over_no_longer_counts(make, scene):
    person = make.staff("committee", scene.other)
    grant = grant_role(person, "committee", scene.other, by=None)
    grant.ends_at = now() - timedelta(days=1)
    db.session.flush()
    forget_grants()

    assert may_invite(scene.committee, person, scene.cohort)


def test_closed_account_is_let_in_by_nobody(make, scene):
    person = make.user("Siti")
    person.active = False

    assert not may_invite(make.staff(ADMIN, scene.nation), person, scene.cohort)


def test_many_people_are_judged_in_as_many_queries_as_few(app, make, scene):
    people = [make.user(f"Person {n}", SECRET, institution=scene.other) for n in range(30)]
    people += [make.staff("trainer", scene.other) for _n in range(30)]
    db.session.flush()
    forget_grants()

    with count_queries(app) as statements:
        reasons = reasons_not_to_invite(scene.organiser, people, scene.cohort)

    assert len(reasons) == 60
    assert len(statements) <= 4


# Names and contacts


@pytest.mark.parametrize(
    ("home", "password", "expected"),
    [
        ("library", None, True),
        ("library", SECRET, True),
        ("other", SECRET, False),
        ("other", None, True),  # known in no other class, and nobody has used the account
        (None, None, True),
    ],
)
def test_committee_corrects_people_of_its_own(make, scene, home, password, expected):
    institution = getattr(scene, home) if home else None
    person = make.user("Siti", password=password, institution=institution)
    make.enrolment(scene.cohort, person)

    assert may_change_person(scene.committee, person, scene.cohort) is expected
    assert not may_change_person(scene.trainer, person, scene.cohort)


@pytest.mark.parametrize("home", ["other", None])
def test_somebody_in_a_class_of_others_is_not_corrected_here(make, scene, home):
    person = make.user("Siti", institution=getattr(scene, home) if home else None)
    make.enrolment(scene.cohort, person)
    make.enrolment(make.cohort(make.course(scene.other)), person)

    assert not may_change_person(scene.committee, person, scene.cohort)


def test_person_with_a_role_out_of_reach_is_not_corrected(make, scene):
    person = make.staff("institution_admin", scene.library)
    make.enrolment(scene.cohort, person)

    assert not may_change_person(scene.organiser, person, scene.cohort)
