"""The regions as the package brings them, and search among them."""

import subprocess
import sys
from collections import Counter

import pytest

from plugins.regions import gazetteer
from plugins.regions.gazetteer import Region, find, provinces, regencies, region


def codes(text, near=""):
    return [found.code for found in find(text, near=near)]


def every_regency():
    return [one for province in provinces() for one in regencies(province.code)]


def test_there_are_38_provinces_and_514_regencies_and_cities():
    kinds = Counter(one.name.partition(" ")[0] for one in every_regency())

    assert len({one.code for one in provinces()}) == 38
    assert len({one.code for one in every_regency()}) == 514
    assert kinds == {"Kabupaten": 416, "Kota": 98}


def test_26_names_are_both_a_regency_and_a_city():
    bare = Counter(one.name.partition(" ")[2] for one in every_regency())

    assert sum(count == 2 for count in bare.values()) == 26


def test_zones_follow_the_province():
    zones = {one.code: one.timezone for one in provinces()}

    assert Counter(zones.values()) == {
        "Asia/Jakarta": 18, "Asia/Makassar": 12, "Asia/Jayapura": 8
    }  # fmt: skip
    assert zones["61"] == zones["62"] == "Asia/Jakarta"
    assert zones["63"] == zones["64"] == zones["65"] == "Asia/Makassar"
    assert all(one.timezone == zones[one.province] for one in every_regency())


def test_a_region_carries_its_full_name_and_path():
    assert region("63.03") == Region(
        "63.03", "regency", "Kabupaten Banjar", "Kalimantan Selatan › Kabupaten Banjar",
        "Asia/Makassar", "63",
    )  # fmt: skip
    assert region("63").path == "Kalimantan Selatan"
    assert [one.code for one in regencies("34")] == ["34.01", "34.02", "34.03", "34.04", "34.71"]


@pytest.mark.parametrize("code", ["", "6", "63.", "63.99", "6303", "99", "63.03.01", "xx"])
def test_an_unknown_code_is_no_region(code):
    assert region(code) is None


def test_a_code_that_the_data_do_not_know_goes_by_itself():
    found = gazetteer.region_or_bare("63.98")

    assert (found.name, found.path, found.level, found.province) == (
        "63.98", "63.98", "regency", "63"
    )  # fmt: skip


def test_the_villages_are_never_read():
    script = (
        "from plugins.regions import gazetteer; from lokal import wilayah; "
        "gazetteer.find('banjar'); print(sorted(wilayah._cache))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert printed.stdout.strip() == "['wilayah']"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("63.03", "63.03"),
        (" 6303 ", "63.03"),
        ("63", "63"),
        ("Kab. Banjar", "63.03"),
        ("KOTA BANJAR", "32.79"),
        ("Kalimantan Selatan › Kabupaten Banjar", "63.03"),
        ("Kabupaten Banjar, Provinsi Kalsel", "63.03"),
        ("banjar jabar", "32.79"),
        ("Tanah Laut", "63.01"),
        ("Kota Baru", "63.02"),
        ("Tolitoli", "72.04"),
        ("Gunung Kidul", "34.03"),
        ("Kota Jakarta Pusat", "31.71"),
        ("Kep. Seribu", "31.01"),
        ("Papua", "91"),
        ("Kalsel", "63"),
        ("DKI Jakarta", "31"),
        ("Provinsi Jambi", "15"),
        ("banjarm", "63.71"),
    ],
)
def test_words_that_only_one_region_fits_find_it(text, code):
    assert codes(text) == [code]


def test_each_regency_is_found_by_its_name_and_its_path():
    wrong = [
        one.path
        for one in every_regency()
        if codes(one.name) != [one.code] or codes(one.path) != [one.code]
    ]

    assert wrong == []


def test_a_name_that_several_have_finds_all_exact_ones_first():
    assert codes("Banjar") == ["32.79", "63.03", "33.04", "63.71", "63.72"]
    assert codes("jambi") == ["15", "15.71", "15.05"]


def test_regions_of_the_province_nearby_come_first():
    assert codes("Banjar", near="63") == ["63.03", "63.71", "63.72", "32.79", "33.04"]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "%", "›", "prov", "63.99", "63.03.05", "\x00", "' OR 1=1", "٦٣", "x" * 100_000],
)
def test_what_fits_nothing_finds_nothing(text):
    assert codes(text) == []
