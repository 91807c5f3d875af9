"""Numbers as archives write them, and codes as people type them."""

import pytest

from plugins.certificates.numbering import (
    CODE_ALPHABET,
    DEFAULT_PATTERN,
    PatternRefused,
    check_pattern,
    format_number,
    new_code,
    read_code,
)

VALUES = {"sequence": 123, "year": 2026, "month": 11, "cohort": "KALSEL 07/2026", "unit": "PP"}


def test_the_default_pattern_is_accepted_and_writes_the_month_in_roman():
    check_pattern(DEFAULT_PATTERN)

    number = format_number(DEFAULT_PATTERN, **VALUES)

    assert number == "0123/KALSEL 07/2026/PP/XI/2026"


@pytest.mark.parametrize(
    ("placeholder", "written"),
    [("{sequence}", "123"), ("{sequence:2}", "123"), ("{sequence:6}", "000123")],
)
def test_the_sequence_is_padded_to_the_width_and_never_cut(placeholder, written):
    number = format_number(placeholder + "/{year}", **VALUES)

    assert number == written + "/2026"


def test_every_month_has_its_roman_number():
    months = [format_number("{month}", **VALUES | {"month": month}) for month in range(1, 13)]

    assert months == "I II III IV V VI VII VIII IX X XI XII".split()


def test_what_looks_like_a_placeholder_in_a_value_stays_as_it_is():
    number = format_number("{unit}/{year}", **VALUES | {"unit": "{year} {0} %s"})

    assert number == "{year} {0} %s/2026"


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("{sequence}/{town}/{year}", "{town} is not known"),
        ("{sequence:0}/{year}", "{sequence:0} is not known"),
        ("{sequence}/{year:2}", "{year:2} is not known"),
        ("{sequence}/{}/{year}", "{} is not known"),
        ("{sequence}/{year.real}", "{year.real} is not known"),
        ("{cohort}/{year}", "needs {sequence}"),
        ("{sequence}/{cohort}", "needs {year}"),
        ("", "needs {sequence}"),
        ("{sequence}/{year", "brace"),
        ("{sequence}/{year}}", "brace"),
        ("{{sequence}}/{year}", "{} is not known"),
        ("{sequence}/{year}" + "x" * 64, "at most 80"),
    ],
)
def test_a_pattern_is_refused_in_words_that_name_the_fault(pattern, sentence):
    with pytest.raises(PatternRefused) as refused:
        check_pattern(pattern)

    assert sentence in refused.value.message


def test_a_pattern_of_eighty_characters_is_accepted():
    pattern = "{sequence}/{year}" + "x" * 63

    check_pattern(pattern)

    assert len(pattern) == 80


def test_new_codes_are_three_groups_of_four_and_differ():
    codes = {new_code() for _ in range(1000)}

    assert len(codes) == 1000
    assert {tuple(map(len, code.split("-"))) for code in codes} == {(4, 4, 4)}
    assert {character for code in codes for character in code} == {*CODE_ALPHABET, "-"}


def test_a_new_code_reads_as_itself():
    code = new_code()

    assert read_code(code) == code


@pytest.mark.parametrize(
    "typed",
    ["7kq2-m4xd-9pt1", "7KQ2M4XD9PT1", " 7kq2 m4xd 9pti\n", "7KQ2–M4XD–9PTL", "7-K-Q2M4XD9PTl"],
)
def test_a_code_is_read_however_it_was_typed(typed):
    assert read_code(typed) == "7KQ2-M4XD-9PT1"


def test_the_letter_o_is_read_as_zero():
    assert read_code("oooo-OOOO-0000") == "0000-0000-0000"


@pytest.mark.parametrize(
    "typed",
    ["", "7KQ2-M4XD", "7KQ2-M4XD-9PTA-1", "7KQ2-M4XD-9PTU", "7KQ2-M4XD-9PT!", "٠" * 12],
)
def test_what_cannot_be_a_code_is_none(typed):
    assert read_code(typed) is None
