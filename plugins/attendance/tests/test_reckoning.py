"""Minutes from intervals and totals: arithmetic alone."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from plugins.attendance.reckoning import (
    is_enough,
    length_of,
    seconds_present,
    share_of,
    union_seconds,
)

BEGINS = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ENDS = BEGINS + timedelta(hours=6)


def minute(number):
    return BEGINS + timedelta(minutes=number)


def span(first, last):
    return minute(first), minute(last)


@pytest.mark.parametrize(
    ("intervals", "minutes"),
    [
        ([], 0),
        ([span(0, 360)], 360),
        ([span(0, 60), span(30, 90), span(80, 100)], 100),  # three that overlap
        ([span(0, 100), span(20, 30), span(40, 50)], 100),  # two inside one
        ([span(0, 60), span(60, 120)], 120),  # they touch
        ([span(0, 60), span(120, 180)], 120),  # a break between
        ([span(10, 20)] * 5, 10),  # the same five times
        ([span(-60, 30), span(350, 500)], 40),  # clipped at both ends
        ([span(-90, -30), span(400, 500)], 0),  # outside
        ([span(-60, 500)], 360),
        ([span(30, 30)], 0),  # came and went
    ],
)
def test_time_in_the_session_counts_once(intervals, minutes):
    assert union_seconds(intervals, BEGINS, ENDS) == minutes * 60


def test_zones_do_not_matter():
    wita = datetime.fromisoformat("2026-11-23T09:00:00+08:00")

    found = union_seconds([(wita, wita + timedelta(hours=1))], BEGINS, ENDS)

    assert found == 3600


@pytest.mark.parametrize(
    ("intervals", "totals", "minutes"),
    [
        ([], [200], 200),
        ([span(0, 100)], [200], 200),  # at least the total
        ([span(0, 250)], [200], 250),  # not added to the intervals
        ([], [100, 120], 120),  # nor to one another
        ([span(0, 10)], [4000], 360),  # at most the session
        ([], [0], 0),
    ],
)
def test_a_total_counts_as_at_least_so_much(intervals, totals, minutes):
    seconds = [60 * total for total in totals]

    assert seconds_present(intervals, seconds, BEGINS, ENDS) == minutes * 60


@pytest.mark.parametrize(
    ("seconds", "required", "enough"),
    [
        (17280, 80, True),  # exactly 80 % of six hours
        (17279, 80, False),
        (1, 0, True),
        (0, 0, False),  # never there is never present
        (21600, 100, True),
        (21599, 100, False),
    ],
)
def test_the_limit_itself_is_enough(seconds, required, enough):
    assert is_enough(seconds, length_of(BEGINS, ENDS), required) == enough


def test_shares_that_floats_cannot_hold_are_compared_exactly():
    for of_seconds in range(1, 300):
        for required in (7, 29, 57, 58, 70, 80, 90):
            limit = -(-required * of_seconds // 100)
            assert is_enough(limit, of_seconds, required)
            assert limit == 1 or not is_enough(limit - 1, of_seconds, required)


def test_a_session_without_times_has_no_share():
    assert share_of(100, length_of(None, ENDS)) == 0


def minutes_by_counting(intervals):
    """The slow way: every minute of the session that an interval covers."""
    return sum(
        any(first <= minute(n) and minute(n + 1) <= last for first, last in intervals)
        for n in range(360)
    )


def test_union_is_right_for_many_invented_evenings():
    random = Random(63)
    for _round in range(300):
        begins = [random.randint(-120, 420) for _one in range(random.randint(0, 12))]
        intervals = [span(first, first + random.randint(0, 200)) for first in begins]
        expected = minutes_by_counting(intervals) * 60

        found = union_seconds(intervals, BEGINS, ENDS)
        random.shuffle(intervals)

        assert found == expected <= length_of(BEGINS, ENDS)
        assert union_seconds(intervals, BEGINS, ENDS) == found
        assert union_seconds(intervals * 2, BEGINS, ENDS) == found
        assert all(union_seconds([one], BEGINS, ENDS) <= found for one in intervals)


def test_a_second_more_is_never_less():
    random = Random(21)
    for _round in range(200):
        begins = [random.randint(0, 300) for _one in range(5)]
        intervals = [span(first, first + random.randint(0, 60)) for first in begins]
        totals = [random.randint(0, 30_000) for _one in range(random.randint(0, 3))]

        before = seconds_present(intervals[1:], totals, BEGINS, ENDS)
        after = seconds_present(intervals, totals, BEGINS, ENDS)

        assert before <= after <= length_of(BEGINS, ENDS)
