"""Names as people write them into Zoom, compared with those who are enrolled."""

import pytest

from plugins.online_classes.matching import NameBook, Person, Place, proposed

TABUNGANEN, ALUH, GAMBUT, PINANG, SUKA_PUSAT, SUKA_BARAT = range(1, 7)
BATOLA, JAKPUS, JAKBAR = 11, 12, 13
PLACES = (
    Place(TABUNGANEN, ("Perpustakaan Tabunganen", "Perpusdes Tabunganen")),
    Place(ALUH, ("Perpustakaan Aluh-Aluh",)),
    Place(GAMBUT, ("Perpustakaan Gambut",)),
    Place(PINANG, ("Perpustakaan Sungai Pinang",)),
    Place(SUKA_PUSAT, ("Perpustakaan Sukamaju", "Perpustakaan Sukamaju, Jakarta Pusat")),
    Place(SUKA_BARAT, ("Perpustakaan Sukamaju", "Perpustakaan Sukamaju, Jakarta Barat")),
    Place(BATOLA, ("Kabupaten Barito Kuala", "Batola"), is_area=True),
    Place(JAKPUS, ("Kota Jakarta Pusat", "Jakpus"), is_area=True),
    Place(JAKBAR, ("Kota Jakarta Barat", "Jakbar"), is_area=True),
)
PEOPLE = {
    1: ("Siti Nur'aini", TABUNGANEN, BATOLA),
    2: ("Siti Nuraida", ALUH, 0),
    3: ("Sri Wahyuni", PINANG, 0),
    4: ("Sri Wahyuni", GAMBUT, 0),
    5: ("M. Arsyad Al-Banjari", ALUH, 0),
    6: ("Muhammad Ridwan", SUKA_PUSAT, JAKPUS),
    7: ("Sukarno", SUKA_PUSAT, JAKPUS),
    8: ("Dwi Lestari", SUKA_BARAT, JAKBAR),
    9: ("Dwi Lestari Puspita", SUKA_PUSAT, JAKPUS),
    10: ("Ni'matul", SUKA_BARAT, JAKBAR),
}
STRONG, MEDIUM, WEAK = 3, 2, 1


@pytest.fixture(scope="module")
def book():
    people = [
        Person(key, name, frozenset({home}), frozenset({above}))
        for key, (name, home, above) in PEOPLE.items()
    ]
    return NameBook(people, PLACES)


def strengths(book, written, **options):
    return {one.person_id: one.strength for one in book.candidates(written, **options)}


@pytest.mark.parametrize(
    ("written", "person"),
    [
        ("Siti Nur'aini - Perpusdes Tabunganen", 1),
        ("siti nuraini perpusdes tbngn", 1),
        ("SITI NUR AINI_TABUNGANEN", 1),
        ("Hj. Siti Nur’aini, S.Pd.I., M.M. (Perpus Tabunganen)", 1),
        ("Tabunganen Nuraini Siti", 1),
        ("Muh. Ridwan_Perpus Sukamaju", 6),
        ("Sukarno Perpus Suka Maju Jakpus", 7),
        ("63721234 Arsyad Al Banjari aluh aluh", 5),
        ("Dwi Lestari, S.Pd - Sukamaju Jakbar", 8),
        ("Dwi Lestari Puspita (Sukamaju Jakarta Pusat)", 9),
        ("Siti (Siti Nur'aini_Perpusdes Tabunganen)", 1),
    ],
)
def test_name_and_institution_that_agree_are_proposed(book, written, person):
    found = proposed(book.candidates(written))

    assert found is not None
    assert (found.person_id, found.strength) == (person, STRONG)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Siti Nuraini", {1: MEDIUM, 2: WEAK}),
        ("Ni'matul (Jakbar)", {10: MEDIUM}),
        ("Siti Nuraeni", {1: WEAK, 2: WEAK}),
        ("Siti Nuraeni Perpus Tabunganen", {1: MEDIUM}),
        ("Ridwan-Sukamaju", {6: MEDIUM}),
        ("Arsyad bjb", {5: WEAK}),
        ("M Ridwan", {6: WEAK}),
        ("Sukarno Hatta", {7: WEAK}),
        ("Muhammad Ridwan - Perpus Gambut", {6: WEAK}),
        ("Muhammad Ridwan - Sukamaju Jakbar", {6: WEAK}),
        ("Perpus Tabunganen", {1: WEAK}),
        ("OPPO A16", {}),
        ("", {}),
        ("😀", {}),
        ("6281234567890", {}),
    ],
)
def test_less_than_that_is_only_shown(book, written, expected):
    assert strengths(book, written) == expected
    assert proposed(book.candidates(written)) is None


@pytest.mark.parametrize("written", ["Sri Wahyuni", "wahyuni sri", "Sri Wahyuni - Perpus Gambut"])
def test_two_people_of_one_name_are_both_shown_and_neither_is_proposed(book, written):
    found = book.candidates(written)

    assert {one.person_id for one in found} == {3, 4}
    assert all(one.namesake and one.strength < STRONG for one in found)
    assert proposed(found) is None


def test_the_institution_still_tells_namesakes_apart_for_a_reader(book):
    first, second = book.candidates("Sri Wahyuni - Perpus Gambut")

    assert (first.person_id, first.place) == (4, "own")
    assert (second.person_id, second.place) == (3, "other")


def test_a_longer_name_goes_before_the_shorter_one_in_it(book):
    found = {one.person_id: one.name for one in book.candidates("Dwi Lestari Puspita")}

    assert found == {9: "same", 8: "part"}


def test_two_people_at_one_device_are_both_strong_and_neither_is_proposed(book):
    found = strengths(book, "Muhammad Ridwan dan Sukarno - Perpus Sukamaju Jakpus")

    assert found[6] >= MEDIUM
    assert found[7] >= MEDIUM
    assert proposed(book.candidates("Muhammad Ridwan dan Sukarno - Perpus Sukamaju")) is None


def test_an_institution_alone_shows_its_people_only_where_they_are_few():
    crowd = [Person(n, f"Person{n} Name{n}", frozenset({GAMBUT})) for n in range(10)]
    book = NameBook([*crowd, Person(99, "Rina Dewi", frozenset({PINANG}))], PLACES)

    assert book.candidates("Perpus Gambut") == []
    assert strengths(book, "Perpus Sungai Pinang") == {99: WEAK}


def test_what_an_e_mail_says_comes_first(book):
    hints = {2: "decided", 7: "registered"}

    found = strengths(book, "Siti Nuraini", known=hints)

    assert found == {2: STRONG, 1: MEDIUM, 7: MEDIUM}
    assert proposed(book.candidates("OPPO A16", {2: "decided"})).person_id == 2


def test_a_name_that_was_decided_before_is_proposed_unless_two_have_it(book):
    assert strengths(book, "HP baru", known={5: "named"}) == {5: STRONG}
    assert strengths(book, "Sri Wahyuni", known={3: "named"}) == {3: MEDIUM, 4: MEDIUM}


def test_words_of_an_institution_are_no_part_of_a_name(book):
    book = NameBook(
        [Person(1, "Nia Mulyani", frozenset({1})), Person(2, "Sari Dewi", frozenset({2}))],
        [Place(1, ("Perpustakaan Mekar Sari",)), Place(2, ("Perpustakaan Melati",))],
    )

    assert strengths(book, "Nia Mulyani Perpus Mekar Sari") == {1: STRONG}


def test_a_name_longer_than_any_person_s_costs_no_time(book):
    assert book.candidates("a b " * 5000) == []
