"""Key figures on the home page: for people who work here, of what they may see, and contained."""

import html
import re
from types import SimpleNamespace

import pytest

from core.db import db
from core.testing.counting import count_queries


@pytest.fixture
def place(make):
    """Two provinces with a class each; only the first has the plugin in its village too."""
    nation = make.institution("Nation")
    south, north = (make.institution(name, nation, "province") for name in ("South", "North"))
    village = make.institution("Village", south)
    make.enabled("good", nation)
    make.disabled("good", village)
    course = make.course(nation)
    cohorts = [make.cohort(course, at, organiser=at) for at in (south, north, village)]
    db.session.commit()
    return SimpleNamespace(nation=nation, south=south, north=north, cohorts=cohorts)


@pytest.fixture
def card_of(as_user):
    """(number, note) of the plugin's card on a person's home, or None."""

    def read(user):
        page = html.unescape(as_user(user).get("/home").text)
        found = re.search(r"GOOD CARD</dt><dd><a[^>]*>(\d+)</a><span[^>]*>([^<]*)<", page)
        return (int(found[1]), found[2]) if found else None

    return read


def test_figure_counts_what_the_person_may_see_where_the_plugin_is_active(place, make, card_of):
    organiser = make.staff("organiser", place.south)
    of_all = make.staff("organiser", place.nation)
    committee = make.cohort_staff(place.cohorts[1], "committee")

    assert card_of(organiser) == (1, "South")
    assert card_of(of_all) == (2, "Nation")
    assert card_of(committee) == (1, "North")


def test_figure_of_a_role_without_the_right_counts_nothing(place, make, card_of):
    trainer = make.cohort_staff(place.cohorts[0], "trainer")

    assert card_of(trainer) == (0, "South")


def test_participants_and_strangers_to_the_plugin_have_no_card(place, make, card_of, app, as_user):
    participant = make.enrolment(place.cohorts[0]).user
    make.disabled("good", place.north)
    away = make.staff("organiser", place.north)
    client = as_user(participant)
    client.get("/home")

    with count_queries(app) as statements:
        page = client.get("/home").text

    assert card_of(participant) is None
    assert card_of(away) is None
    assert "kpis" not in page
    assert not [one for one in statements if "count(" in one and "FROM cohort" in one]


def test_failing_card_is_counted_and_the_page_stays_whole(place, make, as_user, faults, found):
    faults.add("cards")
    organiser = make.staff("organiser", place.south)
    before = found.failures["good", "dashboard_cards"]

    page = as_user(organiser).get("/home")

    assert page.status_code == 200
    assert place.cohorts[0].title in page.text
    assert "GOOD CARD" not in page.text
    assert found.failures["good", "dashboard_cards"] == before + 1


def test_more_classes_and_places_need_no_more_queries(place, make, as_user, app):
    organiser = make.staff("organiser", place.nation)
    client = as_user(organiser)
    client.get("/home")
    with count_queries(app) as few:
        client.get("/home")
    for number in range(4):
        make.cohort(place.cohorts[0].course, make.institution(f"More {number}", place.nation))
    client.get("/home")

    with count_queries(app) as many:
        client.get("/home")

    assert len(many) <= len(few) + 1  # "Classes you work in" reads hosts that it has not met
    assert values_of_cards(many) == values_of_cards(few) != []


def values_of_cards(statements):
    """How many values each statement of a card sends."""
    return [one.count("%(") for one in statements if "count(" in one and "FROM cohort" in one]
