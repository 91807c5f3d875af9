from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel, force_locale

from core import formatting as f

JAKARTA, MAKASSAR, JAYAPURA = "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"
MORNING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("locale", "long", "short"),
    [
        ("id", "Senin, 23 November 2026", "23 Nov 2026"),
        ("en", "Monday, 23 November 2026", "23 Nov 2026"),
    ],
)
def test_a_date_reads_day_first(locale, long, short):
    day = date(2026, 11, 23)

    assert f.date_long(day, locale=locale) == long
    assert f.date_short(day, locale=locale) == short


@pytest.mark.parametrize(
    ("first", "last", "indonesian", "english"),
    [
        ((2020, 11, 23), (2020, 11, 23), "23 November 2020", "23 November 2020"),
        ((2020, 11, 23), (2020, 11, 24), "23–24 November 2020", "23–24 November 2020"),
        ((2024, 5, 19), (2024, 6, 14), "19 Mei s.d. 14 Juni 2024", "19 May – 14 June 2024"),
        (
            (2025, 12, 30),
            (2026, 1, 2),
            "30 Desember 2025 s.d. 2 Januari 2026",
            "30 December 2025 – 2 January 2026",
        ),
    ],
)
def test_a_range_says_only_once_what_both_ends_share(first, last, indonesian, english):
    ends = date(*first), date(*last)

    assert f.date_range(*ends, locale="id") == indonesian
    assert f.date_range(*ends, locale="en") == english


def test_the_date_of_a_moment_is_the_date_in_the_zone_named():
    evening_utc = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)

    assert f.date_short(evening_utc, JAKARTA, locale="id") == "23 Nov 2026"
    assert f.date_short(evening_utc, "UTC", locale="id") == "22 Nov 2026"


@pytest.mark.parametrize(("at", "zone"), [(MORNING, None), (MORNING.replace(tzinfo=None), JAKARTA)])
def test_a_moment_without_its_zone_is_refused(at, zone):
    with pytest.raises(ValueError, match="has no zone"):
        f.date_long(at, zone, locale="id")


@pytest.mark.parametrize(
    ("zone", "indonesian", "english"),
    [
        (JAKARTA, "07.00 WIB", "07:00 WIB"),
        ("Asia/Pontianak", "07.00 WIB", "07:00 WIB"),
        (MAKASSAR, "08.00 WITA", "08:00 WITA"),
        (JAYAPURA, "09.00 WIT", "09:00 WIT"),
        ("Asia/Kuala_Lumpur", "08.00 UTC+8", "08:00 UTC+8"),
        ("Asia/Kolkata", "05.30 UTC+5:30", "05:30 UTC+5:30"),
        ("America/Lima", "19.00 UTC−5", "19:00 UTC−5"),
        ("UTC", "00.00 UTC", "00:00 UTC"),
    ],
)
def test_a_clock_carries_its_zone(zone, indonesian, english):
    assert f.clock(MORNING, zone, locale="id") == indonesian
    assert f.clock(MORNING, zone, locale="en") == english


def test_the_readers_clock_stands_beside_only_when_it_differs():
    assert f.clock_pair(MORNING, MAKASSAR, JAKARTA, locale="id") == "08.00 WITA (07.00 WIB)"
    assert f.clock_pair(MORNING, MAKASSAR, MAKASSAR, locale="id") == "08.00 WITA"
    assert f.clock_pair(MORNING, MAKASSAR, "Asia/Singapore", locale="id") == "08.00 WITA"
    assert f.clock_pair(MORNING, MAKASSAR, None, locale="id") == "08.00 WITA"


def test_the_readers_date_is_named_when_it_is_another_day():
    past_midnight = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)

    text = f.moment(past_midnight, JAYAPURA, JAKARTA, locale="id")

    assert text == "23 Nov 2026 00.30 WIT (22 Nov 2026 22.30 WIB)"


def test_a_span_within_a_day_names_each_zone_once():
    end = MORNING + timedelta(hours=2, minutes=15)

    assert f.time_range(MORNING, end, MAKASSAR, locale="id") == "08.00–10.15 WITA"
    assert (
        f.time_range(MORNING, end, MAKASSAR, JAKARTA, locale="en")
        == "08:00–10:15 WITA (07:00–09:15 WIB)"
    )


def test_a_span_past_midnight_names_the_dates():
    text = f.time_range(MORNING, MORNING + timedelta(hours=20), MAKASSAR, locale="id")

    assert text == "23 Nov 2026 08.00 s.d. 24 Nov 2026 04.00 WITA"


@pytest.mark.parametrize(
    ("seconds", "indonesian", "english"),
    [
        (-3, "0 detik", "0 seconds"),
        (42.9, "42 detik", "42 seconds"),
        (480, "8 menit", "8 minutes"),
        (1122, "18 mnt 42 dtk", "18 min 42 sec"),
        (3600, "1 jam", "1 hour"),
        (7559, "2 jam 5 menit", "2 hours 5 minutes"),
        (5_000_000, "1388 jam 53 menit", "1388 hours 53 minutes"),
    ],
)
def test_a_duration_has_at_most_two_units_and_never_a_dot(seconds, indonesian, english):
    assert f.duration(seconds, locale="id") == indonesian
    assert f.duration(seconds, locale="en") == english


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (11804, "11.804", "11,804"),
        (73.52, "73,52", "73.52"),
        (Decimal("0.125"), "0,13", "0.13"),
        (-3, "−3", "−3"),
        (-0.001, "0", "0"),
    ],
)
def test_a_number_is_grouped_and_rounded_as_people_do(value, indonesian, english):
    assert f.number(value, locale="id") == indonesian
    assert f.number(value, locale="en") == english


def test_a_percentage_comes_from_a_share_of_one():
    assert f.percent(0.69, locale="id") == "69%"
    assert f.percent(0.725, locale="id") == "73%"
    assert f.percent(0.2255, 2, locale="id") == "22,55%"


@pytest.mark.parametrize(
    ("value", "text"), [(3, "+3"), (-3, "−3"), (0, "0"), (1.5, "+1,5"), (0.001, "0")]
)
def test_a_change_shows_its_sign(value, text):
    assert f.change(value, locale="id") == text


def test_a_part_is_told_with_its_whole():
    assert f.part_of(36, 43, locale="id") == "36 dari 43"
    assert f.part_of(1036, 2043, locale="en") == "1,036 of 2,043"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (148_000, "148 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_230_000, "1,2 MB"),
        (9_960_000, "10 MB"),
    ],
)
def test_a_size_keeps_to_three_figures(size, text):
    assert f.filesize(size, locale="id") == text


@pytest.mark.parametrize(
    ("stored", "shown", "masked"),
    [
        ("+6281234567890", "0812-3456-7890", "0812-3456-••90"),
        ("+62812345678", "0812-3456-78", "0812-34••-78"),
        ("+62812345678901", "0812-3456-78901", "0812-3456-7••01"),
        ("+62511335432", "0511335432", "051133••32"),
        ("+60123456789", "+60123456789", "+6012345••89"),
        ("", "", ""),
        (None, "", ""),
    ],
)
def test_a_telephone_number_is_shown_whole_or_masked(stored, shown, masked):
    assert f.phone(stored) == shown
    assert f.phone_masked(stored) == masked


def test_without_an_app_the_words_are_indonesian():
    assert f.date_long(date(2026, 11, 23)) == "Senin, 23 November 2026"


def test_templates_use_the_readers_language():
    app = Flask(__name__)
    Babel(app, default_locale="id")
    f.register(app)
    template = "{{ at|moment(zone) }}, {{ 36|part_of(43) }}, {{ 1122|duration }}"

    with app.app_context():
        indonesian = render_template_string(template, at=MORNING, zone=MAKASSAR)
        with force_locale("en"):
            english = render_template_string(template, at=MORNING, zone=MAKASSAR)

    assert indonesian == "23 Nov 2026 08.00 WITA, 36 dari 43, 18 mnt 42 dtk"
    assert english == "23 Nov 2026 08:00 WITA, 36 of 43, 18 min 42 sec"
