"""Getting in: password, code, link, and the question which name where a phone is shared."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.db import db, now
from core.people.models import AuditEntry, OneTimeAccess, User
from core.people.services import MAX_FAILURES, issue_access, set_password
from core.people.views import safe_target

SECRET = "perahu biru di hulu"  # a password of these tests


@pytest.fixture
def library(make):
    return make.institution("Perpustakaan Desa")


def signed_in_number(client):
    """The participant number on the profile page, or None for a stranger."""
    page = client.get("/profile")
    return None if page.status_code == 302 else page.text.partition('"call">')[2].partition("<")[0]


def sign_in(client, name, password=SECRET):
    return client.post("/sign-in", data={"name": name, "password": password})


@pytest.mark.parametrize(
    "typed", ["Siti@Contoh.ID", "0812-5500-0109", "81255000109", "+62 812 5500 0109", "{number}"]
)
def test_each_own_name_signs_in(make, client, typed):
    user = make.user("Siti", email="siti@contoh.id", phone="+6281255000109")
    set_password(user, SECRET)

    sign_in(client, typed.format(number=user.number.lower()))

    assert signed_in_number(client) == user.number


@pytest.mark.parametrize(
    ("name", "password"), [("siti@contoh.id", "salah sekali"), ("nobody@contoh.id", SECRET)]
)
def test_wrong_name_and_wrong_password_get_the_same_answer(make, client, name, password):
    set_password(make.user("Siti", email="siti@contoh.id"), SECRET)

    page = sign_in(client, name, password)

    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert signed_in_number(client) is None


def test_inactive_person_cannot_sign_in(make, client):
    user = make.user("Siti", email="siti@contoh.id")
    set_password(user, SECRET)
    user.active = False

    sign_in(client, "siti@contoh.id")

    assert signed_in_number(client) is None


# A shared phone


@pytest.fixture
def sharers(make):
    people = [make.user(name, phone="+6281255000109") for name in ("Fitriani", "Ahmad Supiadi")]
    for person, password in zip(people, (SECRET, "kebun di tepi sungai"), strict=True):
        set_password(person, password)
    return people


def test_shared_phone_asks_which_name_after_the_right_password(client, sharers):
    answer = sign_in(client, "0812-5500-0109")
    page = client.get("/sign-in/who")

    assert answer.location == "/sign-in/who"
    assert "Fitriani" in page.text
    assert "Ahmad Supiadi" in page.text
    assert signed_in_number(client) is None


def test_shared_phone_tells_no_name_before_the_password_is_right(client, sharers):
    page = sign_in(client, "0812-5500-0109", "salah sekali")

    assert "Fitriani" not in page.text
    assert client.get("/sign-in/who").location == "/sign-in"


def test_the_proven_name_gets_in(client, sharers):
    sign_in(client, "0812-5500-0109")

    client.post("/sign-in/who", data={"who": sharers[0].id})

    assert signed_in_number(client) == sharers[0].number


def test_the_other_name_must_use_its_own_password(client, sharers):
    sign_in(client, "0812-5500-0109")

    answer = client.post("/sign-in/who", data={"who": sharers[1].id})

    assert answer.location == f"/sign-in?name={sharers[1].number}"
    assert signed_in_number(client) is None


def test_a_name_outside_the_choice_is_refused(make, client, sharers):
    stranger = make.user("Orang lain")
    sign_in(client, "0812-5500-0109")

    page = client.post("/sign-in/who", data={"who": stranger.id})

    assert page.status_code == 200
    assert signed_in_number(client) is None


# One-time access


@pytest.fixture
def handout(make, library):
    return issue_access([make.user("Ni'matul", institution=library)], by=None)[0]


def test_opening_a_link_uses_nothing_up(client, handout):
    first, second = client.get(f"/k/{handout.token}"), client.get(f"/k/{handout.token}")

    assert first.status_code == second.status_code == 200
    assert "Ni&#39;matul" in second.text
    assert signed_in_number(client) is None


def test_link_signs_in_once_and_leads_to_a_password(client, app, handout):
    answer = client.post(f"/k/{handout.token}")
    again = app.test_client().post(f"/k/{handout.token}")

    assert answer.location == "/password/new"
    assert signed_in_number(client) == handout.user.number
    assert again.status_code == 410


def test_password_after_the_link_lets_in_from_then_on(client, app, handout):
    client.post(f"/k/{handout.token}")

    answer = client.post("/password/new", data={"password": SECRET})

    assert answer.location == "/home"
    assert signed_in_number(client) == handout.user.number
    other = app.test_client()
    sign_in(other, handout.user.number)
    assert signed_in_number(other) == handout.user.number


def test_code_signs_in_however_it_is_typed(client, handout):
    typed = f" {handout.printed_code.lower()} "

    answer = client.post("/sign-in/code", data={"name": handout.sign_in_name, "code": typed})

    assert answer.location == "/password/new"


@pytest.mark.parametrize("change", ["expired", "revoked", "used", "unknown"])
def test_dead_link_says_why_and_signs_nobody_in(client, handout, change):
    access = db.session.scalars(sa.select(OneTimeAccess)).one()
    if change == "expired":
        access.expires_at = now() - timedelta(seconds=1)
    elif change != "unknown":
        setattr(access, f"{change}_at", now())
    token = "x" * 24 if change == "unknown" else handout.token

    shown, posted = client.get(f"/k/{token}"), client.post(f"/k/{token}")

    assert shown.status_code == posted.status_code == 410
    assert "Ni&#39;matul" not in shown.text
    assert signed_in_number(client) is None


def test_new_access_ends_the_old_one(client, handout):
    fresh = issue_access([handout.user], by=None)[0]

    assert client.post(f"/k/{handout.token}").status_code == 410
    assert client.post(f"/k/{fresh.token}").status_code == 302


def test_wrong_tries_of_a_stranger_do_not_kill_the_code(client, handout):
    for _n in range(20):
        client.post("/sign-in/code", data={"name": handout.user.number, "code": "AAAA-AAAA"})

    client.post("/sign-in/code", data={"name": handout.user.number, "code": handout.code})

    assert signed_in_number(client) == handout.user.number


def test_code_stops_working_when_somebody_goes_on_guessing(client, handout):
    access = db.session.scalars(sa.select(OneTimeAccess)).one()
    access.failures = MAX_FAILURES - 1
    client.post("/sign-in/code", data={"name": handout.user.number, "code": "AAAA-AAAA"})

    client.post("/sign-in/code", data={"name": handout.user.number, "code": handout.code})

    assert signed_in_number(client) is None


def test_only_hashes_of_secrets_are_kept(handout):
    access = db.session.scalars(sa.select(OneTimeAccess)).one()

    assert handout.token not in {access.token_hash, access.code_hash}
    assert handout.code not in access.code_hash


def test_code_of_one_sharer_does_not_open_the_other(make, client):
    first, second = (make.user(name, phone="+6281255000109") for name in ("Fitriani", "Ahmad"))
    handouts = issue_access([first, second], by=None)
    client.post("/sign-in/code", data={"name": "0812-5500-0109", "code": handouts[0].code})

    client.post("/sign-in/who", data={"who": second.id})

    assert signed_in_number(client) is None


# Passwords and sessions


def test_new_password_signs_other_devices_out(make, app, as_user):
    user = make.user("Siti")
    set_password(user, SECRET)
    phone, laptop = as_user(user), as_user(user)

    laptop.post("/password", data={"current": SECRET, "password": "angin timur laut"})

    assert signed_in_number(laptop) == user.number
    assert signed_in_number(phone) is None


@pytest.mark.parametrize("password", ["short", "siti aminah", "x" * 201])
def test_weak_and_endless_passwords_are_refused(make, as_user, password):
    user = make.user("Siti Aminah")
    set_password(user, SECRET)

    page = as_user(user).post("/password", data={"current": SECRET, "password": password})

    assert page.status_code == 200
    assert db.session.scalar(sa.select(AuditEntry.id).filter_by(action="person.password"))
    assert db.session.get(User, user.id).password == user.password


def test_present_password_is_asked_for(make, as_user):
    user = make.user("Siti")
    set_password(user, SECRET)
    client = as_user(user)

    direct = client.post("/password/new", data={"password": "angin timur laut"})
    wrong = client.post("/password", data={"current": "salah", "password": "angin timur laut"})

    assert direct.location == "/password"
    assert wrong.status_code == 200


def test_signing_out_ends_the_session(make, as_user):
    client = as_user(make.user("Siti"))

    client.post("/sign-out")

    assert signed_in_number(client) is None


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/classes/DKI-2020?x=1", "/classes/DKI-2020?x=1"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_only_paths_of_this_site_are_followed_after_sign_in(target, expected):
    assert safe_target(target) == expected


def test_sign_in_returns_to_the_page_that_was_asked_for(make, client):
    set_password(make.user("Siti", email="siti@contoh.id"), SECRET)
    asked = client.get("/profile")
    client.get(asked.location)

    answer = sign_in(client, "siti@contoh.id")

    assert answer.location == "/profile"


@pytest.mark.parametrize("data", [{"name": "siti\0", "password": SECRET}, {"name": "x" * 100_000}])
def test_rubbish_in_the_form_is_refused_without_an_error_page(client, app, data):
    assert client.post("/sign-in", data=data).status_code in {200, 400}
    assert client.get("/classes/%00").status_code == 400


def test_signing_out_ends_the_long_cookie_too(make, client):
    set_password(make.user("Siti", email="siti@contoh.id"), SECRET)
    sign_in(client, "siti@contoh.id")

    client.post("/sign-out")

    assert signed_in_number(client) is None


def test_link_leads_on_to_the_page_that_was_asked_for(client, handout):
    client.get("/sign-in?next=/help")
    client.post(f"/k/{handout.token}")

    answer = client.post("/password/new", data={"password": SECRET})

    assert answer.location == "/help"


def test_next_person_in_the_same_browser_is_asked_for_the_present_password(make, client, handout):
    set_password(make.user("Siti", email="siti@contoh.id"), SECRET)
    client.post(f"/k/{handout.token}")
    sign_in(client, "siti@contoh.id")

    assert client.get("/password/new").location == "/password"


def test_choice_of_a_name_ends_with_a_new_password(client, sharers):
    sign_in(client, "0812-5500-0109")
    set_password(sharers[0], "angin timur laut")

    client.post("/sign-in/who", data={"who": sharers[0].id})

    assert signed_in_number(client) is None


def test_choice_of_a_name_ends_after_ten_minutes(client, sharers, clock):
    sign_in(client, "0812-5500-0109")
    clock.forward(minutes=11)

    answer = client.post("/sign-in/who", data={"who": sharers[0].id})

    assert answer.location == "/sign-in"


def test_code_proven_before_a_newer_one_was_given_is_worth_nothing(make, client):
    people = [make.user(name, phone="+6281255000109") for name in ("Fitriani", "Ahmad")]
    old = issue_access(people, by=None)[0]
    client.post("/sign-in/code", data={"name": "0812-5500-0109", "code": old.code})
    issue_access(people, by=None)

    answer = client.post("/sign-in/who", data={"who": people[0].id})

    assert answer.status_code == 410
    assert signed_in_number(client) is None
