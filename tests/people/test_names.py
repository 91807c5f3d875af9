import pytest

from core.people.names import name_key, split_titles


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ni'matul", "NI’MATUL"),
        ("Siti Nur'aini", "siti   nuraini "),
        ("Al-Banjari", "Al Banjari"),
        ("Yohanes B.Kogoya", "Yohanes B. Kogoya"),
        ("André Ñ", "ANDRE N"),
        ("Ｓｉｔｉ", "Siti"),
    ],
)
def test_spellings_of_one_name_have_the_same_key(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Sri Wahyuni", "Sri Wahyuningsih"), ("Siti Aminah", "Sitiaminah"), ("H. Ali", "Ali")],
)
def test_different_names_have_different_keys(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("text", ["Hj. Siti Nur'aini, S.Pd.I.", "İbrahim", "STRAẞE", "𝐀li", ""])
def test_the_key_of_a_key_is_itself(text):
    assert name_key(name_key(text)) == name_key(text)


@pytest.mark.parametrize(
    ("written", "before", "name", "after"),
    [
        ("Hj. Siti Nur'aini, S.Pd.I., M.M.", "Hj.", "Siti Nur'aini", "S.Pd.I., M.M."),
        ("H. M. Arsyad Al-Banjari", "H.", "M. Arsyad Al-Banjari", ""),
        ("Dr. H. M. Arsyad, M.Si", "Dr. H.", "M. Arsyad", "M.Si"),
        ("Prof.Dr.Ir.H. Budi Santoso,SE,MM", "Prof.Dr.Ir.H.", "Budi Santoso", "SE, MM"),
        ("DRA. HJ. SITI, S.PD", "DRA. HJ.", "SITI", "S.PD"),
        ("Drs Ahmad", "Drs", "Ahmad", ""),
        ("H.Arsyad", "H.", "Arsyad", ""),
        ("KH. Anwar", "KH.", "Anwar", ""),
        ("dr. Siti, Sp.A", "dr.", "Siti", "Sp.A"),
        ("  Budi ,  S. Sos.,  M. Hum ,", "", "Budi", "S. Sos., M. Hum"),
        ("Siti, S.Pd.I. M.M.", "", "Siti", "S.Pd.I. M.M."),
        ("Siti, S.Pd MM", "", "Siti", "S.Pd MM"),
        ("Dewi, A.Md.Perpus", "", "Dewi", "A.Md.Perpus"),
        ("Made Dewi, S.I.Pust.", "", "Made Dewi", "S.I.Pust."),
    ],
)
def test_titles_are_set_apart_from_the_name(written, before, name, after):
    assert split_titles(written) == (before, name, after)


@pytest.mark.parametrize(
    "name",
    [
        "Sukarno",
        "Ni'matul",
        "Yohanes B. Kogoya",
        "I Gusti Ayu Made Puspitasari Dewi Wulandari",
        "M. Arsyad",
        "R. Soeprapto",
        "Rr. Sri Wahyuni",
        "H.B. Yasin",
        "Kh. Anwar",
        "A. Md. Nur",
        "Drajat",
        "Hjalmar",
        "Irwan",
        "Wulandari, Dewi",
        "WULANDARI, DEWI",
        "Siti, S.Pd, Bandung",
    ],
)
def test_what_is_not_surely_a_title_stays_in_the_name(name):
    assert split_titles(name) == ("", name, "")


@pytest.mark.parametrize("text", ["Dr.", "H.", "Drs. H. S.", "S.Pd."])
def test_a_name_never_becomes_empty(text):
    assert split_titles(text) == ("", text, "")


def test_an_empty_text_has_no_name_and_no_titles():
    assert split_titles("  ") == ("", "", "")
