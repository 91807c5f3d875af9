"""Which institution a list means: never a guess, whatever the spelling."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.institutions.finder import InstitutionFinder, InstitutionUnknown
from core.institutions.models import Institution


@pytest.fixture
def tree(make):
    """Two provinces; each has a Banjar, and the first a second library of one name."""
    nation = make.institution("National Library")
    south = make.institution("Dinas Kalsel", nation, "province", aliases=("Kalimantan Selatan",))
    west = make.institution("Dinas Jabar", nation, "province", aliases=("Jawa Barat",))
    found = {"nation": nation, "south": south, "west": west}
    for key, name, parent in (
        ("banjar", "Kabupaten Banjar", south),
        ("tapin", "Kabupaten Tapin", south),
        ("kota_banjar", "Kota Banjar", west),
        ("bandung", "Kabupaten Bandung", west),
        ("kota_bandung", "Kota Bandung", west),
    ):
        found[key] = make.institution(f"Dinas {name}", parent, "regency", aliases=(name,))
    for key in ("banjar", "tapin"):
        found[f"melati_{key}"] = make.institution("Perpusdes Melati", found[key])
    found["mawar"] = make.institution("Perpusdes Mawar", found["banjar"])
    found["agency"] = make.institution("UPT Pusat", nation, "agency", aliases=("UPT",))
    return found


@pytest.mark.parametrize(
    ("regency", "province", "expected"),
    [
        ("Kab. Banjar", "", "banjar"),
        ("KABUPATEN BANJAR", "", "banjar"),
        ("Banjar", "", "banjar"),
        ("Kota Banjar", "", "kota_banjar"),
        ("Banjar", "Jawa Barat", "kota_banjar"),
        ("Banjar", "Prov. Jawa Barat", "kota_banjar"),
        ("Kab. Bandung", "", "bandung"),
        ("Tapin", "Kalimantan Selatan", "tapin"),
    ],
)
def test_regency_is_found_by_what_people_write(tree, regency, province, expected):
    finder = InstitutionFinder(tree["south"])

    assert finder.find("", regency, province) == tree[expected]


@pytest.mark.parametrize(
    ("regency", "province"),
    [
        ("Bandung", ""),  # a regency and a city
        ("Banjar", "Atlantis"),  # not the home's only because it is near
        ("Tapin", "Jawa Barat"),  # not in the province that is stated
        ("Nowhere", ""),
    ],
)
def test_regency_that_is_not_certain_is_refused(tree, regency, province):
    with pytest.raises(InstitutionUnknown):
        InstitutionFinder(tree["south"]).find("", regency, province)


def test_one_name_in_two_regencies_needs_the_regency(tree):
    finder = InstitutionFinder(tree["south"])

    with pytest.raises(InstitutionUnknown):
        finder.find("Perpusdes Melati", "")

    assert finder.find("perpusdes  MELATI", "Kab. Tapin") == tree["melati_tapin"]


def test_name_outside_the_home_is_not_taken_for_the_same(tree):
    finder = InstitutionFinder(tree["west"])

    with pytest.raises(InstitutionUnknown):
        finder.find("Perpusdes Mawar", "")


def test_central_office_is_found_from_everywhere(tree):
    finder = InstitutionFinder(tree["south"])

    assert finder.find("UPT", "") == tree["agency"]
    assert finder.find("UPT", "Kab. Banjar") == tree["agency"]


def test_nothing_written_is_no_institution(tree):
    assert InstitutionFinder(tree["south"]).find(" ", "-", "Jawa Barat") is None


def test_unknown_one_is_made_once_below_its_regency(tree):
    finder = InstitutionFinder(tree["south"])

    first = finder.find("Perpusdes Baru", "Kab. Tapin", create=True)
    second = finder.find("PERPUSDES BARU", "kab tapin", create=True)

    assert first == second
    assert first.parent == tree["tapin"]
    query = sa.select(sa.func.count()).select_from(Institution).filter_by(name_key="perpusdes baru")
    assert db.session.scalar(query) == 1


def test_committee_makes_institutions_below_its_own_only(make, tree):
    committee = make.staff("committee", tree["south"])
    finder = InstitutionFinder(tree["south"])

    with pytest.raises(InstitutionUnknown):
        finder.find("Perpusdes Baru", "Kab. Bandung", create=True, by=committee)

    made = finder.find("Perpusdes Baru", "Kab. Tapin", create=True, by=committee)
    assert made.parent == tree["tapin"]


def test_organiser_above_the_host_widens_where_institutions_are_made(make, tree):
    committee = make.staff("committee", tree["nation"])
    finder = InstitutionFinder(tree["south"], tree["nation"])

    made = finder.find("Perpusdes Baru", "Kab. Bandung", create=True, by=committee)

    assert made.parent == tree["bandung"]


def test_admin_of_the_other_institution_may_make_one_there(make, tree):
    admin = make.staff("institution_admin", tree["nation"])
    finder = InstitutionFinder(tree["south"])

    made = finder.find("Perpusdes Baru", "Kab. Bandung", create=True, by=admin)

    assert made.parent == tree["bandung"]
