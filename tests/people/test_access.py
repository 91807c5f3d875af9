"""Who may do what: grants hold downwards, cohort roles in the cohort alone."""

import pytest

from core.cohorts.services import add_staff
from core.people.access import can


def test_grant_holds_in_its_institution_and_below_it(make):
    nation = make.institution("Nation")
    province = make.institution("Province", nation, "province")
    library = make.institution("Library", province)
    organiser = make.staff("organiser", province)

    assert can(organiser, "courses.author", province)
    assert can(organiser, "courses.author", library)
    assert not can(organiser, "courses.author", nation)


def test_grant_does_not_hold_in_a_sibling_whose_path_begins_alike(make):
    nation = make.institution("Nation")
    siblings = [make.institution(f"Province {n}", nation, "province") for n in range(12)]
    organiser = make.staff("organiser", siblings[0])

    reached = [s for s in siblings if can(organiser, "courses.author", s)]

    assert reached == [siblings[0]]


@pytest.mark.parametrize(
    ("role", "permission", "expected"),
    [
        ("trainer", "cohorts.view", True),
        ("trainer", "people.contacts", False),
        ("committee", "people.contacts", True),
        ("committee", "cohorts.manage", False),
    ],
)
def test_cohort_staff_hold_their_role_in_that_cohort_only(make, role, permission, expected):
    nation = make.institution()
    course = make.course(nation)
    cohort, other = make.cohort(course), make.cohort(course)
    person = make.user()
    add_staff(cohort, person, role, by=None)

    assert can(person, permission, cohort) is expected
    assert not can(person, permission, other)


def test_participant_may_learn_in_the_own_cohort_only(make):
    course = make.course(make.institution())
    mine, other = make.cohort(course), make.cohort(course)
    participant = make.enrolment(mine).user

    assert can(participant, "courses.learn", mine)
    assert not can(participant, "courses.learn", other)
