"""Pages of institutions: what a person sees of the tree, changes in it, and who holds roles."""

import re
from types import SimpleNamespace

import pytest

from core.db import db
from core.institutions.models import Institution, InstitutionAlias
from core.people.access import ADMIN
from core.people.models import AuditEntry, Grant
from core.people.services import grant_role


@pytest.fixture
def tree(make):
    """A nation with two provinces, a regency below the first, and their people."""
    nation = make.institution("Nation", kind="national")
    south = make.institution(
        "Library Office of South",
        nation,
        "province",
        short_name="South",
        aliases=("Badan Selatan",),
    )
    north = make.institution("Library Office of North", nation, "province", short_name="North")
    regency = make.institution("Office of Banjar", south, "regency", short_name="Banjar")
    admin = make.user("Root Admin")
    grant_role(admin, ADMIN, nation, by=None)
    return SimpleNamespace(
        nation=nation,
        south=south,
        north=north,
        regency=regency,
        admin=admin,
        south_admin=make.staff("institution_admin", south, "South Admin"),
        organiser=make.staff("organiser", south, "South Organiser"),
    )


def names_on(page):
    return re.findall(r'href="/institutions/\d+">([^<]+)</a>', page.text)


# Seeing


def test_list_shows_the_highest_institutions_of_the_person_only(tree, as_user):
    grant_role(tree.organiser, "trainer", tree.regency, by=None)
    grant_role(tree.organiser, "trainer", tree.north, by=None)

    page = as_user(tree.organiser).get("/institutions")

    assert names_on(page) == ["Library Office of North", "Library Office of South"]


@pytest.mark.parametrize("text", ["banjar", "BANJAR office", "Badan  Selatan", "south"])
def test_search_finds_any_name_within_the_persons_reach(tree, make, as_user, text):
    make.institution("Banjar and Badan Selatan and South elsewhere", tree.north)

    page = as_user(tree.organiser).get("/institutions", query_string={"q": text})

    expected = "Office of Banjar" if "banjar" in text.lower() else "Library Office of South"
    assert names_on(page) == [expected]


def test_search_shows_the_full_path(tree, as_user):
    page = as_user(tree.south_admin).get("/institutions?q=banjar")

    assert "Nation › South" in page.text


def test_search_that_finds_nothing_and_odd_input_answer(tree, as_user):
    client = as_user(tree.admin)

    for text in ("nothing at all", "%", "–", "a" * 5000, "~", "'; DROP"):
        answer = client.get("/institutions", query_string={"q": text, "after": text})
        assert answer.status_code == 200


def test_search_and_children_are_paged_by_key(tree, make, as_user):
    for number in range(120):
        make.institution(f"Village library {number:03}", tree.regency)
    client = as_user(tree.south_admin)

    for start in ("/institutions?q=village", f"/institutions/{tree.regency.id}"):
        found, address = [], start
        while address:
            page = client.get(address)
            found += [name for name in names_on(page) if name.startswith("Village")]
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            address = following[1].replace("&amp;", "&") if following else None
        assert found == [f"Village library {number:03}" for number in range(120)]


def test_page_shows_facts_names_and_what_lies_below(tree, as_user):
    page = as_user(tree.south_admin).get(f"/institutions/{tree.south.id}")

    assert "Badan Selatan" in page.text
    assert "Office of Banjar" in names_on(page)
    assert f'href="/institutions/{tree.south.id}/plugins"' in page.text


def test_page_shows_roles_and_ways_only_to_those_who_may(tree, as_user):
    organiser = as_user(tree.organiser).get(f"/institutions/{tree.south.id}")
    admin = as_user(tree.south_admin).get(f"/institutions/{tree.south.id}")

    for way in ("plugins", "roles", "edit", "new"):
        address = f'href="/institutions/{tree.south.id}/{way}"'
        assert (address in organiser.text, address in admin.text) == (False, True)
    assert organiser.text.count("South Admin") == 0
    assert admin.text.count("South Organiser") == 1


def test_page_shows_the_classes_held_there(tree, make, as_user):
    course = make.course(tree.nation)
    make.cohort(course, tree.south, code="SOUTH-1")
    make.cohort(course, tree.north, code="NORTH-1")

    page = as_user(tree.organiser).get(f"/institutions/{tree.south.id}")

    assert 'href="/classes/SOUTH-1/manage"' in page.text
    assert "NORTH-1" not in page.text


@pytest.mark.parametrize("where", ["nation", "north"])
@pytest.mark.parametrize("way", ["", "/edit", "/new", "/roles", "/plugins"])
def test_institutions_above_and_beside_are_out_of_reach(tree, as_user, where, way):
    client = as_user(tree.south_admin)

    assert client.get(f"/institutions/{getattr(tree, where).id}{way}").status_code == 403


def test_unknown_institution_is_a_404(tree, as_user):
    assert as_user(tree.admin).get("/institutions/999999").status_code == 404


def test_trail_begins_at_the_highest_institution_that_the_reader_may_see(tree, as_user):
    page = as_user(tree.south_admin).get(f"/institutions/{tree.regency.id}")

    trail = re.search(r'<nav class="crumb".*?</nav>', page.text, re.DOTALL)[0]
    assert f'href="/institutions/{tree.south.id}"' in trail
    assert f'href="/institutions/{tree.nation.id}"' not in trail


# Changing


NEW = {
    "name": "Perpustakaan  Desa Aluan",
    "short_name": "",
    "kind": "library",
    "timezone": "Asia/Makassar",
    "aliases": "PD Aluan\r\n\r\nPustaka Aluan\r\npd  aluan",
}


def test_new_institution_lies_below_the_one_it_was_added_to(tree, as_user):
    answer = as_user(tree.south_admin).post(f"/institutions/{tree.regency.id}/new", data=NEW)

    made = db.session.query(Institution).filter_by(name="Perpustakaan Desa Aluan").one()
    assert answer.location == f"/institutions/{made.id}"
    assert made.path == f"{tree.regency.path}{made.id}."
    assert made.short_name == made.name
    assert [alias.alias for alias in made.aliases] == ["pd aluan", "Pustaka Aluan"]


def test_name_that_is_taken_beside_it_is_refused_in_the_form(tree, as_user):
    client = as_user(tree.south_admin)
    client.post(f"/institutions/{tree.regency.id}/new", data=NEW)

    page = client.post(f"/institutions/{tree.regency.id}/new", data=NEW)

    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert db.session.query(Institution).filter_by(parent_id=tree.regency.id).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "–"},
        {"name": "x" * 201},
        {"kind": "national"},
        {"kind": "palace"},
        {"timezone": "Mars/Olympus"},
        {"aliases": "x" * 201},
        {"aliases": "\n".join(map(str, range(31)))},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_saved(tree, as_user, wrong):
    page = as_user(tree.south_admin).post(f"/institutions/{tree.south.id}/new", data=NEW | wrong)

    assert page.status_code == 200
    assert db.session.query(Institution).count() == 4


def test_change_keeps_place_and_known_aliases(tree, as_user):
    kept = db.session.query(InstitutionAlias).one().id
    change = NEW | {
        "name": "Dispersip South",
        "kind": "agency",
        "aliases": "Badan selatan\nAnother",
    }

    answer = as_user(tree.south_admin).post(f"/institutions/{tree.south.id}/edit", data=change)

    south = db.session.get(Institution, tree.south.id)
    assert answer.status_code == 302
    assert (south.name, south.name_key, south.kind) == (
        "Dispersip South", "dispersip south", "agency"
    )  # fmt: skip
    assert south.parent_id == tree.nation.id
    assert [(alias.alias, alias.id == kept) for alias in south.aliases] == [
        ("Badan selatan", True),
        ("Another", False),
    ]
    entry = db.session.query(AuditEntry).filter_by(action="institution.change").one()
    assert entry.actor_id == tree.south_admin.id


def test_change_to_the_name_of_a_neighbour_is_refused(tree, as_user):
    change = NEW | {"name": "library office of NORTH"}

    page = as_user(tree.admin).post(f"/institutions/{tree.south.id}/edit", data=change)

    assert page.status_code == 200
    assert db.session.get(Institution, tree.south.id).name == "Library Office of South"


def test_root_keeps_its_kind_when_it_is_changed(tree, as_user):
    page = as_user(tree.admin).get(f"/institutions/{tree.nation.id}/edit")

    assert re.search(r'<option selected value="national">', page.text)


# Roles


def give(client, institution, person, role="organiser"):
    return client.post(
        f"/institutions/{institution.id}/roles", data={"person": person, "role": role}
    )


def take(client, grant, **sent):
    return client.post(f"/institutions/{grant.institution_id}/roles/{grant.id}/take", data=sent)


def grant_of(user):
    return db.session.query(Grant).filter_by(user_id=user.id).one_or_none()


def test_role_given_four_times_at_once_is_given_once(tree, make, as_user, at_once):
    person = make.user("Newcomer")
    data = {"person": person.number, "role": "organiser"}
    url = f"/institutions/{tree.regency.id}/roles"
    clients = [as_user(tree.south_admin) for _n in range(4)]

    answers = at_once(*(lambda c=c: c.post(url, data=data) for c in clients))

    assert [answer.status_code for answer in answers] == [302] * 4
    assert grant_of(person).role == "organiser"
    assert (
        db.session.query(AuditEntry)
        .filter_by(action="grant.give", actor_id=tree.south_admin.id)
        .count()
        == 1
    )


@pytest.mark.parametrize("by", ["number", "email", "phone"])
def test_role_is_given_to_a_person_named_exactly(tree, make, as_user, by):
    person = make.user("Newcomer", email="new@example.org", phone="+6281234567890")
    db.session.flush()

    give(as_user(tree.south_admin), tree.regency, f" {getattr(person, by)} ", "committee")

    grant = grant_of(person)
    assert (grant.role, grant.institution_id) == ("committee", tree.regency.id)
    entry = (
        db.session.query(AuditEntry).filter_by(action="grant.give", object_id=str(grant.id)).one()
    )
    assert entry.actor_id == tree.south_admin.id


@pytest.mark.parametrize("text", ["Newcomer", "P-9999", "081200000000", "new@", ""])
def test_nobody_is_found_by_less_than_the_exact_name(tree, make, as_user, text):
    person = make.user("Newcomer", email="new@example.org")

    page = give(as_user(tree.south_admin), tree.south, text)

    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.text
    assert grant_of(person) is None


def test_shared_phone_chooses_nobody_and_names_the_numbers(tree, make, as_user):
    people = [make.user(name, phone="+6281234567890") for name in ("Ani", "Budi")]

    page = give(as_user(tree.south_admin), tree.south, "0812-3456-7890")

    assert all(person.number in page.text for person in people)
    assert all(grant_of(person) is None for person in people)


@pytest.mark.parametrize("role", ["platform_admin", "participant", "king", ""])
def test_roles_that_cannot_be_given_are_refused(tree, make, as_user, role):
    person = make.user()

    page = give(as_user(tree.admin), tree.south, person.number, role)

    assert page.status_code == 200
    assert grant_of(person) is None


def test_nobody_gives_a_role_above_the_own_institution(tree, make, as_user):
    person = make.user()
    client = as_user(tree.south_admin)

    answers = [give(client, where, person.number) for where in (tree.nation, tree.north)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert grant_of(person) is None


def test_role_is_taken_away_with_an_entry_in_the_log(tree, as_user):
    answer = take(as_user(tree.south_admin), grant_of(tree.organiser))

    assert answer.location == f"/institutions/{tree.south.id}/roles"
    assert grant_of(tree.organiser) is None
    assert db.session.query(AuditEntry).filter_by(action="grant.take").count() == 1


def test_role_of_another_institution_is_not_taken_through_the_own_one(tree, make, as_user):
    grant = grant_of(make.staff("organiser", tree.nation))

    url = f"/institutions/{tree.south.id}/roles/{grant.id}/take"
    client = as_user(tree.south_admin)

    answers = [client.get(url), client.post(url, data={"sure": "1"})]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert db.session.get(Grant, grant.id) is not None


def test_institution_admin_cannot_take_a_platform_admins_role(tree, make, as_user):
    second = make.user("Second Admin")
    grant_role(second, ADMIN, tree.nation, by=None)
    national = make.staff("institution_admin", tree.nation)

    take(as_user(national), grant_of(second))

    assert grant_of(second) is not None


def test_last_platform_admin_cannot_be_removed(tree, as_user):
    answer = take(as_user(tree.admin), grant_of(tree.admin))

    assert answer.status_code == 302
    assert grant_of(tree.admin) is not None


def test_admin_without_account_or_with_an_ended_role_does_not_count_as_another(tree, make, as_user):
    inactive, ended, lower = (make.user() for _n in range(3))
    inactive.active = False
    for person in (inactive, ended):
        grant_role(person, ADMIN, tree.nation, by=None)
    grant_of(ended).ends_at = db.func.now()
    grant_role(lower, ADMIN, tree.south, by=None)

    take(as_user(tree.admin), grant_of(tree.admin), sure="1")

    assert grant_of(tree.admin) is not None


def test_refusal_to_take_the_last_platform_admin_names_the_command(tree, as_user):
    client = as_user(tree.admin)

    page = client.get(take(client, grant_of(tree.admin), sure="1").location)

    assert "bimtek people create-admin" in page.text


def test_platform_admins_role_is_taken_only_after_it_was_said_that_no_page_gives_it(
    tree, make, as_user
):
    second = make.user("Second Admin")
    grant_role(second, ADMIN, tree.nation, by=None)

    asked_of_another = take(as_user(tree.admin), grant_of(second))
    asked_of_the_own = take(as_user(second), grant_of(second))

    for asked in (asked_of_another, asked_of_the_own):
        assert "hanya diberikan lewat konsol" in asked.text
        assert "admin lain" not in asked.text
    assert grant_of(second) is not None


@pytest.mark.parametrize("without", ["time", "account"])
def test_admin_role_that_does_not_count_goes_without_a_question(tree, as_user, without):
    if without == "time":
        grant_of(tree.south_admin).ends_at = db.func.now()
    else:
        tree.south_admin.active = False

    take(as_user(tree.admin), grant_of(tree.south_admin))

    assert grant_of(tree.south_admin) is None


@pytest.mark.parametrize("whose", ["organiser", "south_admin"])
def test_role_taken_four_times_at_once_is_taken_once(tree, as_user, at_once, whose):
    grant = grant_of(getattr(tree, whose))
    url = f"/institutions/{tree.south.id}/roles/{grant.id}/take"
    clients = [as_user(tree.admin) for _n in range(4)]

    at_once(*(lambda c=c: c.post(url, data={"sure": "1"}) for c in clients))

    assert grant_of(getattr(tree, whose)) is None
    assert db.session.query(AuditEntry).filter_by(action="grant.take").count() == 1


def test_own_role_given_up_twice_at_once_leads_home_both_times(tree, as_user, at_once):
    grant = grant_of(tree.south_admin)
    url = f"/institutions/{tree.south.id}/roles/{grant.id}/take"
    clients = [as_user(tree.south_admin) for _n in range(2)]

    answers = at_once(*(lambda c=c: c.post(url, data={"sure": "1"}) for c in clients))

    assert {a.location for a in answers if a.status_code == 302} == {"/home"}


def test_one_of_two_platform_admins_may_go_and_is_sent_home(tree, make, as_user):
    second = make.user("Second Admin")
    grant_role(second, ADMIN, tree.nation, by=None)

    answer = take(as_user(second), grant_of(second), sure="1")

    assert answer.location == "/home"
    assert grant_of(second) is None


def test_own_role_is_given_up_only_after_one_more_question(tree, make, as_user):
    make.staff("institution_admin", tree.south)

    asked = take(as_user(tree.south_admin), grant_of(tree.south_admin))

    assert asked.status_code == 200
    assert "Ini peran Anda sendiri." in asked.text
    assert "kembali kepada diri sendiri" in asked.text
    assert "tidak mempunyai admin lain" not in asked.text
    assert grant_of(tree.south_admin) is not None


def test_own_role_that_others_of_mine_cover_can_be_given_again(tree, as_user):
    grant_role(tree.admin, "organiser", tree.south, by=None)
    own = db.session.query(Grant).filter_by(user_id=tree.admin.id, role="organiser").one()

    asked = take(as_user(tree.admin), own)

    assert "Ini peran Anda sendiri." in asked.text
    assert "kembali kepada diri sendiri" not in asked.text


def test_last_admin_of_an_institution_goes_only_after_one_more_question(tree, as_user):
    client = as_user(tree.admin)

    asked = take(client, grant_of(tree.south_admin))
    kept = grant_of(tree.south_admin)
    take(client, kept, sure="1")

    assert "South tidak mempunyai admin lain." in asked.text
    assert "dari lembaga di atasnya: Nation." in asked.text
    assert kept is not None
    assert grant_of(tree.south_admin) is None


def test_one_of_two_admins_goes_at_once(tree, make, as_user):
    make.staff("institution_admin", tree.south)

    answer = take(as_user(tree.admin), grant_of(tree.south_admin))

    assert answer.status_code == 302
    assert grant_of(tree.south_admin) is None


def test_role_is_kept_where_nobody_would_be_left_to_give_roles(tree, make, as_user):
    grant_of(tree.admin).ends_at = db.func.now()
    make.staff("institution_admin", tree.regency)
    client = as_user(tree.south_admin)

    page = client.get(take(client, grant_of(tree.south_admin), sure="1").location)

    assert "Tidak akan ada lagi yang dapat memberi peran di sini." in page.text
    assert grant_of(tree.south_admin) is not None


def test_two_admins_who_take_each_others_role_at_once_leave_one(tree, make, as_user, at_once):
    grant_of(tree.admin).ends_at = db.func.now()
    second = make.staff("institution_admin", tree.south)
    grants = [grant_of(tree.south_admin), grant_of(second)]
    urls = [f"/institutions/{one.institution_id}/roles/{one.id}/take" for one in grants]
    clients = [as_user(second), as_user(tree.south_admin)]

    at_once(
        *(
            lambda c=c, u=u: c.post(u, data={"sure": "1"})
            for c, u in zip(clients, urls, strict=True)
        )
    )

    assert [grant_of(tree.south_admin), grant_of(second)].count(None) == 1


def test_question_before_taking_changes_nothing(tree, as_user):
    grant = grant_of(tree.organiser)

    page = as_user(tree.admin).get(f"/institutions/{tree.south.id}/roles/{grant.id}/take")

    assert "South Organiser tidak lagi menjadi Penyelenggara di South." in page.text
    assert grant_of(tree.organiser) is not None


def test_roles_page_says_what_each_role_may_do(tree, as_user):
    page = as_user(tree.south_admin).get(f"/institutions/{tree.south.id}/roles")

    assert "Melihat kursus, serta kelas dan kemajuannya." in page.text
