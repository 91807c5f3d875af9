"""The region in the form of an institution, through its real page."""

import re
from html import unescape

import pytest
import sqlalchemy as sa

from core.api import Institution, db
from core.testing.forms import sent_parts
from plugins.regions.models import InstitutionRegion
from plugins.regions.services import set_region

NEW = {
    "name": "Perpustakaan Desa Aluan",
    "short_name": "",
    "kind": "library",
    "timezone": "Asia/Makassar",
    "aliases": "",
    **sent_parts("regions", "institution"),
}
OFFERED = re.compile(
    r'<input class="form-check-input" type="radio"[^>]*name="regions-code" value="([^"]*)"'
    r"( checked)?[^>]*><span>([^<]*)</span>"
)


def offered(page):
    """What can be chosen: value → label; and the value that is chosen."""
    found = OFFERED.findall(page.text)
    chosen = [value for value, checked, _label in found if checked]
    return {value: unescape(label) for value, _checked, label in found}, chosen


def hidden(page):
    return unescape(re.search(r'name="regions-found" type="hidden" value="([^"]*)"', page.text)[1])


def fields(institution):
    return {
        "name": institution.name,
        "short_name": institution.short_name,
        "kind": institution.kind,
        "timezone": institution.timezone,
        "aliases": "",
        **sent_parts("regions", "institution"),
    }


@pytest.fixture
def add(tree, as_user):
    """Sends the form of a new institution below the office of Banjar."""
    client = as_user(tree.office_admin)

    def send(**region):
        data = NEW | {f"regions-{name}": value for name, value in region.items()}
        return client.post(f"/institutions/{tree.banjar.id}/new", data=data)

    return send


@pytest.fixture
def change(tree, as_user):
    """Sends the form of the office of Banjar."""
    client = as_user(tree.office_admin)

    def send(name="Banjar office", **region):
        data = fields(tree.banjar) | {"name": name}
        data |= {f"regions-{name}": value for name, value in region.items()}
        return client.post(f"/institutions/{tree.banjar.id}/edit", data=data)

    return send


def made():
    return db.session.scalar(sa.select(Institution).filter_by(name=NEW["name"]))


def code_of(institution):
    row = InstitutionRegion.of(institution)
    return row.code if row else None


def test_a_new_institution_follows_the_one_above_unless_said_otherwise(tree, as_user, add):
    page = as_user(tree.office_admin).get(f"/institutions/{tree.banjar.id}/new")
    answer = add(search="")

    assert "Kalimantan Selatan" in page.text
    assert answer.status_code == 302
    assert code_of(made()) is None


@pytest.mark.parametrize(
    ("words", "code"),
    [("Tanah Laut", "63.01"), ("63.72", "63.72"), (" kab.  banjar ", "63.03"), ("Aceh", "11")],
)
def test_words_that_one_region_fits_are_taken(tree, add, words, code):
    answer = add(search=words)

    assert answer.status_code == 302
    assert code_of(made()) == code


def test_words_that_several_fit_are_asked_about_and_nothing_is_saved(tree, add, own_codes):
    before = own_codes()

    page = add(search="Banjar")

    choices, chosen = offered(page)
    assert page.status_code == 200
    assert list(choices.items())[:2] == [
        ("63.03", "Kalimantan Selatan › Kabupaten Banjar"),
        ("63.71", "Kalimantan Selatan › Kota Banjarmasin"),
    ]
    assert choices["32.79"] == "Jawa Barat › Kota Banjar"
    assert chosen == []
    assert 'role="alert"' in page.text
    assert 'value="Banjar"' in page.text
    assert (made(), own_codes()) == (None, before)


def test_the_choice_among_several_is_kept(tree, add):
    page = add(search="Banjar")

    answer = add(search="Banjar", found=hidden(page), code="32.79")

    assert answer.status_code == 302
    assert code_of(made()) == "32.79"


def test_sending_again_without_a_choice_asks_again(tree, add):
    page = add(search="Banjar")

    again = add(search="Banjar", found=hidden(page))

    assert again.status_code == 200
    assert "63.03" in offered(again)[0]
    assert made() is None


def test_emptying_the_search_gives_it_up(tree, add):
    page = add(search="Banjar")

    answer = add(search="", found=hidden(page))

    assert answer.status_code == 302
    assert code_of(made()) is None


def test_other_words_begin_a_new_search(tree, add):
    page = add(search="Banjar")

    answer = add(search="Tapin", found=hidden(page), code="32.79")

    assert answer.status_code == 302
    assert code_of(made()) == "63.05"


def test_many_fits_show_the_first_ones_and_say_so(tree, add):
    page = add(search="kota")

    choices, _chosen = offered(page)
    assert len(choices) == 21
    assert next(iter(choices)) == "63.02"
    assert "102" in page.text


def test_the_choice_is_remembered_while_another_field_is_in_error(tree, change, own_codes):
    before = own_codes()
    page = change(name="", search="Tapin")

    choices, chosen = offered(page)
    assert page.status_code == 200
    assert (choices["63.05"], chosen) == ("Kalimantan Selatan › Kabupaten Tapin", ["63.05"])
    assert own_codes() == before

    answer = change(search="Tapin", found=hidden(page), code="63.05")

    assert answer.status_code == 302
    assert code_of(tree.banjar) == "63.05"


def test_an_error_in_the_region_keeps_everything_unsaved(tree, change, own_codes, audited):
    before, seen = own_codes(), audited()

    page = change(name="Renamed office", search="Atlantis")

    assert page.status_code == 200
    assert "Renamed office" in page.text
    assert 'id="regions-search-error"' in page.text
    assert db.session.get(Institution, tree.banjar.id).name == "Banjar office"
    assert (own_codes(), audited()) == (before, seen)


def test_a_name_that_is_taken_keeps_the_region_unsaved(tree, add, make, own_codes):
    make.institution(NEW["name"], tree.banjar)
    before = own_codes()

    page = add(search="Tapin")

    assert page.status_code == 200
    assert offered(page)[1] == ["63.05"]
    assert own_codes() == before


def test_the_present_region_is_shown_and_kept(tree, as_user, change, audited):
    set_region(tree.banjar, "63.03", by=None)
    seen = audited()

    page = as_user(tree.office_admin).get(f"/institutions/{tree.banjar.id}/edit")
    answer = change(name="Renamed office", code="63.03")

    choices, chosen = offered(page)
    assert chosen == ["63.03"]
    assert choices["63.03"] == "Kalimantan Selatan › Kabupaten Banjar"
    assert choices["above"].endswith("Kalimantan Selatan")
    assert answer.status_code == 302
    assert code_of(tree.banjar) == "63.03"
    assert audited() == seen


def test_the_region_can_be_cleared_to_follow_the_one_above(tree, change, audited):
    set_region(tree.banjar, "63.03", by=None)

    answer = change(code="above")

    assert answer.status_code == 302
    assert code_of(tree.banjar) is None
    assert audited()[-1] == (
        str(tree.banjar.id), tree.office_admin.id, {"before": "63.03", "after": None}
    )  # fmt: skip


def test_a_form_that_knows_nothing_of_regions_changes_none(tree, change):
    set_region(tree.banjar, "63.03", by=None)

    answer = change(name="Renamed office")

    assert answer.status_code == 302
    assert code_of(tree.banjar) == "63.03"


def test_a_region_that_somebody_changed_meanwhile_is_not_written_over(tree, change):
    set_region(tree.banjar, "63.05", by=None)

    page = change(code="63.03")

    assert page.status_code == 200
    assert code_of(tree.banjar) == "63.05"


def test_a_code_that_the_data_no_longer_know_stays_as_it_is(tree, as_user, change):
    row = InstitutionRegion(institution_id=tree.banjar.id, code="63.98", data_version="older")
    db.session.add(row)

    page = as_user(tree.office_admin).get(f"/institutions/{tree.banjar.id}/edit")
    answer = change(name="Renamed office", code="63.98")

    assert offered(page)[0]["63.98"] == "63.98"
    assert answer.status_code == 302
    assert code_of(tree.banjar) == "63.98"


@pytest.mark.parametrize(
    "region",
    [
        {"search": "x" * 101},
        {"search": "x" * 200_000},
        {"search": "%"},
        {"search": "'; DROP TABLE institution; --"},
        {"search": "63.99"},
        {"search": "<script>alert(1)</script>"},
        {"code": "11"},
        {"code": "63.99"},
        {"code": ""},
        {"search": "Banjar", "found": "Banjar", "code": "11"},
        {"search": "x", "found": "x" * 200_000, "code": "63.03"},
    ],
)
def test_wrong_input_is_answered_with_a_sentence_and_nothing_is_saved(tree, add, region):
    page = add(**region)

    assert page.status_code == 200
    assert 'class="err"' in page.text or 'role="alert"' in page.text
    assert "<script>alert" not in page.text
    assert made() is None


def test_input_that_nobody_sees_is_no_search(tree, add):
    answer = add(search="\u200b \n\u202e")

    assert answer.status_code == 302
    assert code_of(made()) is None


def test_the_highest_institution_may_have_no_region(tree, as_user):
    client = as_user(tree.admin)

    page = client.get(f"/institutions/{tree.nation.id}/edit")
    answer = client.post(f"/institutions/{tree.nation.id}/edit", data=fields(tree.nation))

    assert page.status_code == 200
    assert answer.status_code == 302
    assert code_of(tree.nation) is None


def test_only_the_institution_of_the_form_is_changed(tree, change, own_codes):
    set_region(tree.library, "63.71", by=None)
    before = own_codes()

    change(search="63.03")

    assert own_codes() == before | {tree.banjar.id: "63.03"}


@pytest.mark.parametrize("way", ["new", "edit"])
@pytest.mark.parametrize("place", ["nation", "west"])
def test_the_form_of_others_is_out_of_reach(tree, as_user, own_codes, place, way):
    before = own_codes()
    target = getattr(tree, place)

    answer = as_user(tree.office_admin).post(
        f"/institutions/{target.id}/{way}", data=fields(target) | {"regions-search": "63.03"}
    )

    assert answer.status_code == 403
    assert own_codes() == before


def test_who_may_not_manage_institutions_cannot_set_a_region(tree, make, as_user, own_codes):
    organiser = make.staff("organiser", tree.south)
    before = own_codes()

    answer = as_user(organiser).post(
        f"/institutions/{tree.banjar.id}/edit",
        data=fields(tree.banjar) | {"regions-search": "63.03"},
    )

    assert answer.status_code == 403
    assert own_codes() == before


def test_where_the_plugin_is_disabled_the_form_has_no_region(tree, make, as_user, change):
    set_region(tree.banjar, "63.03", by=None)
    make.disabled("regions", tree.south)

    page = as_user(tree.office_admin).get(f"/institutions/{tree.banjar.id}/edit")
    answer = change(search="Tapin")

    assert "regions-search" not in page.text
    assert answer.status_code == 302
    assert code_of(tree.banjar) == "63.03"
