"""Pages of plugins are there only where the plugin is active, in every way one may ask."""

from types import SimpleNamespace

import pytest

from core.db import db
from core.plugin_engine import engine, lifecycle

PATHS = {
    "page": ("GET", "/good/classes/{code}/notes/", 200),
    "head": ("HEAD", "/good/classes/{code}/notes/", 200),
    "options": ("OPTIONS", "/good/classes/{code}/notes/", 200),
    "slash": ("GET", "/good/classes/{code}/notes", 308),
    "merged slashes": ("GET", "/good//classes/{code}/notes/", 308),
    "both": ("GET", "/good//classes/{code}/notes", 308),
    "wrong method": ("POST", "/good/classes/{code}/notes/", 405),
    "get of a post": ("GET", "/good/classes/{code}/add", 405),
    "delete": ("DELETE", "/good/classes/{code}/add", 405),
    "post": ("POST", "/good/classes/{code}/add", 200),
}


@pytest.fixture
def places(make):
    """A class in each of two provinces; the good plugin is enabled in the first one only."""
    nation = make.institution("Nation")
    here = make.institution("Here", nation, "province")
    there = make.institution("There", nation, "province")
    course = make.course(nation)
    make.enabled("good", here)
    return SimpleNamespace(
        nation=nation,
        here=make.cohort(course, here, code="HERE"),
        there=make.cohort(course, there, code="THERE"),
        organiser=make.staff("organiser", nation),
    )


def ask(client, which, cohort):
    method, path, expected = PATHS[which]
    answer = client.open(path.format(code=cohort.code), method=method, data={"text": "hello"})
    return answer.status_code, expected


@pytest.mark.parametrize("which", PATHS)
def test_page_answers_where_the_plugin_is_enabled(places, as_user, which):
    status, expected = ask(as_user(places.organiser), which, places.here)

    assert status == expected


@pytest.mark.parametrize("which", PATHS)
def test_page_is_not_there_where_the_plugin_is_disabled(places, as_user, which):
    status, _expected = ask(as_user(places.organiser), which, places.there)

    assert status == 404


@pytest.mark.parametrize("which", PATHS)
def test_page_is_not_there_for_strangers_either_when_nobody_enabled_it(places, client, which):
    lifecycle.disable(engine(), "good", places.here.host, by=None)

    status, _expected = ask(client, which, places.here)

    assert status == 404


def test_stranger_is_asked_to_sign_in_whether_or_not_the_class_exists(places, client):
    answers = [client.get(f"/good/classes/{code}/notes/") for code in ("HERE", "THERE", "NONE")]

    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert all("/sign-in" in answer.location for answer in answers)


def test_enabling_again_brings_everything_back(places, as_user):
    client = as_user(places.organiser)
    lifecycle.disable(engine(), "good", places.here.host, by=None)
    gone = client.get("/good/classes/HERE/notes/").status_code
    lifecycle.enable(engine(), "good", places.here.host, by=None)

    assert (gone, client.get("/good/classes/HERE/notes/").status_code) == (404, 200)


def test_public_page_of_the_site_is_there_while_anybody_has_the_plugin(places, client):
    assert client.get("/good/open").status_code == 200

    lifecycle.disable(engine(), "good", places.here.host, by=None)

    assert client.get("/good/open").status_code == 404


def test_static_files_of_a_disabled_plugin_are_not_there(client):
    assert client.get("/good/static/missing.css").status_code == 404


def test_person_without_the_right_is_refused(places, make, as_user):
    trainer = make.staff("trainer", places.nation)

    assert as_user(trainer).get("/good/classes/HERE/notes/").status_code == 403


def test_unknown_class_is_a_404_before_rights_are_asked(places, make, as_user):
    assert as_user(make.user()).get("/good/classes/NONE/notes/").status_code == 404


def test_menu_shows_the_plugin_to_those_whose_institution_has_it(places, make, as_user):
    here = make.staff("organiser", places.here.host)
    there = make.staff("organiser", places.there.host)

    assert 'href="/good/overview"' in as_user(here).get("/home").text
    assert 'href="/good/overview"' not in as_user(there).get("/home").text
    assert as_user(there).get("/good/overview").status_code == 403


def test_core_pages_keep_their_own_405_and_404(client):
    assert client.post("/help").status_code == 405
    assert client.get("/no-such-page").status_code == 404


def test_page_of_a_plugin_that_was_left_out_is_not_there(client):
    assert client.get("/home/greedy").status_code == 404
    assert client.get("/greedy_view/page").status_code == 404


def test_disabled_page_is_not_there_below_a_prefix_of_the_proxy(places, as_user):
    client = as_user(places.organiser)
    db.session.commit()

    answers = [
        client.get(f"/good/classes/{code}/notes", base_url="http://localhost/bimtek")
        for code in ("HERE", "THERE")
    ]

    assert [answer.status_code for answer in answers] == [308, 404]
