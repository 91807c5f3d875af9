"""Roles of plugins: who may give them, where they count, what stays of them without the plugin."""

from types import SimpleNamespace

import pytest

from core.cohorts.invitations import may_invite
from core.db import db
from core.errors import DomainError
from core.people.access import ADMIN, can, forget_grants
from core.people.models import Grant
from core.people.services import grant_role


@pytest.fixture
def place(make):
    nation = make.institution("Nation")
    office = make.institution("Office", nation, "province", short_name="Office")
    make.enabled("good", nation)
    admin = make.user("Root Admin")
    grant_role(admin, ADMIN, nation, by=None)
    office_admin = make.staff("institution_admin", office)
    watcher = make.staff("good.watcher", office, "Watcher of the Office")
    db.session.commit()
    return SimpleNamespace(
        nation=nation, office=office, admin=admin, office_admin=office_admin, watcher=watcher
    )


@pytest.fixture
def give(place, as_user, make):
    """Whether a person's form of roles gives the role to somebody new."""

    def give(by, role, institution=None):
        person = make.user()
        url = f"/institutions/{(institution or place.office).id}/roles"
        answer = as_user(by).post(url, data={"person": person.number, "role": role})
        given = db.session.query(Grant.role).filter_by(user_id=person.id).scalar()
        assert answer.status_code == (302 if given else 200)
        return given == role

    return give


def test_role_holds_its_permissions_there_and_below_and_nothing_else(place, make, app):
    village = make.institution("Village", place.office)
    db.session.commit()
    with app.test_request_context():
        may = [can(place.watcher, "good.watch", at) for at in (place.office, village)]
        above = can(place.watcher, "good.watch", place.nation)
        more = [
            can(place.watcher, permission, place.office)
            for permission in ("good.see", "institutions.view", "cohorts.view", "courses.learn")
        ]

    assert may == [True, True]
    assert not above
    assert not any(more)


def test_role_counts_only_where_its_plugin_is_active(place, make, app):
    village = make.institution("Village", place.office)
    make.disabled("good", place.office)
    make.enabled("good", village)

    with app.test_request_context():
        assert not can(place.watcher, "good.watch", place.office)
        assert can(place.watcher, "good.watch", village)


def test_who_holds_all_that_a_role_gives_may_give_it(place, give):
    assert give(place.office_admin, "good.watcher")
    assert give(place.admin, "good.watcher")
    assert give(place.admin, "good.keeper")


def test_nobody_gives_a_role_that_reaches_further_than_the_own(place, give, as_user):
    page = as_user(place.office_admin).get(f"/institutions/{place.office.id}/roles").text

    assert "Watcher" in page
    assert "Watches what is good." in page
    assert "Keeper" not in page
    assert not give(place.office_admin, "good.keeper")
    with pytest.raises(DomainError, match="Keeper"):
        grant_role(place.watcher, "good.keeper", place.office, by=place.office_admin)


def test_role_cannot_be_given_where_its_plugin_is_disabled(place, make, give):
    make.disabled("good", place.office)

    assert not give(place.admin, "good.watcher")
    assert give(place.admin, "good.watcher", place.nation)


@pytest.mark.parametrize("role", ["good.king", "gone.watcher", "friend.watcher"])
def test_role_that_no_plugin_brings_cannot_be_given_by_anybody(place, role):
    for by in (None, place.admin):
        with pytest.raises(DomainError, match=role):
            grant_role(place.watcher, role, place.office, by=by)


def test_access_goes_to_a_holder_from_who_holds_as_much(place, make, app):
    cohort = make.cohort(make.course(place.office), place.office)
    keeper = make.staff("good.keeper", place.office)
    make.enrolment(cohort, place.watcher)
    make.enrolment(cohort, keeper)
    committee = make.staff("committee", place.office)
    db.session.commit()

    with app.test_request_context():
        forget_grants()
        # A committee holds good.see, not good.watch; an institution's admin the other way round.
        invited = {
            (by.full_name.split()[0], person.full_name.split()[0])
            for by in (committee, place.office_admin)
            for person in (place.watcher, keeper)
            if may_invite(by, person, cohort)
        }

    assert invited == {("committee", "good.keeper"), ("institution_admin", "Watcher")}


def test_title_of_the_role_stands_under_the_name(place, as_user):
    page = as_user(place.watcher).get("/home").text

    assert "Watcher · Office" in page


def test_stored_name_is_shown_when_the_plugin_is_gone_and_can_be_taken(
    place, make, as_user, monkeypatch, found
):
    keeper = make.staff("good.keeper", place.office)
    make.enrolment(make.cohort(make.course(place.office), place.office, code="K-9"), keeper)
    db.session.commit()
    for role in ("good.watcher", "good.keeper"):
        monkeypatch.delitem(found.roles, role)
    for permission in ("good.see", "good.watch"):
        monkeypatch.delitem(found.permissions, permission)
    admin = as_user(place.office_admin)
    grant = db.session.query(Grant).filter_by(user_id=place.watcher.id).one()

    texts = [
        as_user(place.watcher).get("/home").text,
        admin.get(f"/institutions/{place.office.id}").text,
        admin.get(f"/institutions/{place.office.id}/roles").text,
    ]
    of_class = admin.get("/classes/K-9/access")
    taken = admin.post(f"/institutions/{place.office.id}/roles/{grant.id}/take")

    assert all("good.watcher" in text for text in texts)
    assert of_class.status_code == 200
    assert taken.status_code == 302
    assert db.session.query(Grant).filter_by(user_id=place.watcher.id).count() == 0
