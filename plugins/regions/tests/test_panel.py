"""The region on the page of an institution."""

import re
from html import unescape

import pytest

from core.api import db
from core.testing.counting import count_queries
from plugins.regions.models import InstitutionRegion
from plugins.regions.services import set_region


@pytest.fixture
def panel(tree, as_user):
    """The text of the panel as a person sees it."""

    def read(institution, user=None):
        page = as_user(user or tree.admin).get(f"/institutions/{institution.id}")
        found = re.search(
            r'<section class="card" id="regions-region".*?</section>', page.text, re.S
        )
        return unescape(found[0]) if found else ""

    return read


def test_the_own_region_is_shown_with_its_path_and_zone(tree, panel):
    set_region(tree.banjar, "63.03", by=None)

    text = panel(tree.banjar)

    assert "Kalimantan Selatan › Kabupaten Banjar" in text
    assert "63.03" in text
    assert "WITA" in text
    assert "South office" not in text


def test_an_inherited_region_names_whom_it_comes_from(tree, panel):
    text = panel(tree.library)

    assert "Kalimantan Selatan" in text
    assert "South office" in text


def test_a_time_zone_that_differs_is_noticed(tree, panel):
    tree.banjar.timezone = "Asia/Jakarta"

    assert "notice warn" in panel(tree.banjar)
    assert "WIB" in panel(tree.banjar)
    assert "notice" not in panel(tree.south)


def test_without_a_region_the_panel_says_so_and_shows_the_way_to_those_who_may(tree, make, panel):
    organiser = make.staff("organiser", tree.nation)

    assert f'href="/institutions/{tree.nation.id}/edit"' in panel(tree.nation)
    assert panel(tree.nation, organiser)
    assert "href" not in panel(tree.nation, organiser)


@pytest.mark.parametrize(("code", "zone"), [("92.98", "WIT"), ("98.01", "—")])
def test_a_code_that_the_data_no_longer_know_is_shown_bare(tree, panel, code, zone):
    row = InstitutionRegion(institution_id=tree.banjar.id, code=code, data_version="older")
    db.session.add(row)
    tree.banjar.timezone = "Asia/Jayapura"

    text = panel(tree.banjar)

    assert f"<dd>{code} " in text
    assert f"<dd>{zone}" in text
    assert "notice" not in text


def test_the_panel_costs_two_queries_at_most(app, tree, as_user, make):
    client = as_user(tree.admin)

    def statements():
        client.get(f"/institutions/{tree.library.id}")
        with count_queries(app) as found:
            client.get(f"/institutions/{tree.library.id}")
        return len(found)

    with_panel = statements()
    make.disabled("regions", tree.nation)

    assert with_panel - statements() <= 2


def test_where_the_plugin_is_disabled_there_is_no_panel(tree, make, panel):
    make.disabled("regions", tree.south)

    assert panel(tree.library) == ""
    assert panel(tree.west) != ""


# Beside the list of institutions


def missing_in(page):
    """The names in the panel, or [] where there is none."""
    panel = re.search(r'id="regions-missing".*?</section>', page, re.S)
    return re.findall(r"stretched-link[^>]*>([^<]+)<", panel[0]) if panel else []


def test_institutions_that_lie_nowhere_are_named_beside_the_list(tree, as_user, make):
    make.institution("Agency of nowhere", tree.nation, "agency")
    away = make.institution("Away", tree.nation, "agency")
    make.disabled("regions", away)

    page = as_user(tree.admin).get("/institutions").text

    assert missing_in(page) == ["Agency of nowhere"]


def test_only_who_may_set_a_region_is_told_that_it_is_missing(tree, as_user, make):
    nowhere = make.institution("Agency of nowhere", tree.nation, "agency")
    organiser, keeper = make.staff("organiser", nowhere), make.staff("institution_admin", nowhere)

    told = [
        missing_in(as_user(user).get("/institutions").text)
        for user in (organiser, keeper, tree.office_admin)
    ]

    assert told == [[], ["Agency of nowhere"], []]


def test_five_at_a_time_are_named_in_the_same_few_queries(app, tree, as_user, make):
    admin = as_user(tree.admin)
    for letter in "ABCDEF":
        make.institution(f"Agency {letter}", tree.nation, "agency")
    admin.get("/institutions")

    with count_queries(app) as few:
        page = admin.get("/institutions").text
    for number in range(20):
        make.institution(f"Network {number}", tree.nation, "network")
    admin.get("/institutions")
    with count_queries(app) as many:
        admin.get("/institutions")

    assert missing_in(page) == [f"Agency {letter}" for letter in "ABCDE"]
    assert len(many) == len(few)
