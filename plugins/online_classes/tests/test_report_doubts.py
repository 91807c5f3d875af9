"""What a report never decides by itself: one stay by two clocks, one name of two people, staff."""

import pytest
import sqlalchemy as sa

from core.api import db
from core.cohorts.services import add_staff
from plugins.online_classes import cases
from plugins.online_classes.report_checks import ReportRefused
from plugins.online_classes.report_models import KeptReport
from plugins.online_classes.report_queries import newest_report, queue_of
from plugins.online_classes.report_writing import csv_bytes
from plugins.online_classes.tests.report_class import stay, whole_day

SITI = "siti@contoh.id"


def parts(reported):
    """What the session holds under each name: (name, state, rows), in the order of coming."""
    found = queue_of(reported.live()).cases
    return [(case.name, case.state, len(case.rows)) for case in sorted(found, key=lambda c: c.id)]


def matched(reported, name, person):
    cases.match(reported.cases()[name], [reported.people[person]], by=reported.committee)
    db.session.commit()


# The same minutes by two clocks


def test_the_same_report_by_another_clock_is_refused_with_the_first_clock(reported):
    data = reported.report(stay("Siti", "09.30", "10.30", SITI))
    reported.take(data=data)

    with pytest.raises(ReportRefused, match="WIB"):
        reported.take(data=data, zone="Asia/Makassar")
    db.session.rollback()

    assert reported.minutes("Siti Aminah") == 60
    assert reported.take(data=data).new_rows == 0


def test_a_longer_report_by_another_clock_is_refused_too(reported):
    reported.take(stay("Siti", "09.30", "10.30", SITI))

    with pytest.raises(ReportRefused):
        reported.take(stay("Siti", "09.30", "10.30", SITI), whole_day("Tamu"), zone="Asia/Makassar")


def test_the_other_clock_is_taken_once_the_report_is_taken_back(reported):
    data, session = reported.report(stay("Siti", "09.30", "10.30", SITI)), reported.live().scheduled
    reported.take(data=data)
    cases.take_back(newest_report(session), session, by=reported.committee)

    reported.take(data=data, zone="Asia/Makassar")

    assert reported.minutes("Siti Aminah") == 60


def test_totals_follow_no_clock_and_come_beside_any(reported):
    head = ("Name (original name)", "Email", "Total duration (minutes)", "Guest")
    totals = csv_bytes([head, ("Siti", SITI, 30, "No")])
    reported.take(data=totals, confirmed=True, zone="Asia/Makassar")

    reported.take(stay("Siti", "09.30", "10.30", SITI))

    zones = db.session.scalars(sa.select(KeptReport.zone).order_by(KeptReport.id)).all()
    assert zones == ["", "Asia/Jakarta"]


# One name, perhaps two people


def test_rows_of_a_later_report_under_a_decided_name_wait_and_the_first_stay(reported):
    reported.take(stay("iPhone", "08.30", "10.00"))
    matched(reported, "iPhone", "Budi Santoso")

    outcome = reported.take(stay("iPhone", "08.30", "10.00"), stay("iPhone", "13.00", "16.00"))

    assert reported.minutes("Budi Santoso") == 90
    assert parts(reported) == [("iPhone", "matched", 1), ("iPhone", "open", 1)]
    assert (outcome.new_rows, outcome.count("open")) == (1, 1)
    waiting = reported.open()["iPhone"]
    assert waiting.came_later
    assert waiting.seconds == 180 * 60
    assert waiting.proposal is None
    assert [choice.enrolment for choice in waiting.choices] == [reported.people["Budi Santoso"]]


def test_later_rows_go_to_the_same_person_or_to_another(reported):
    reported.take(stay("iPhone", "08.30", "10.00"))
    matched(reported, "iPhone", "Budi Santoso")
    reported.take(stay("iPhone", "13.00", "16.00"))
    cases.match(reported.open()["iPhone"].case, [reported.people["Ni'matul"]],
                by=reported.committee)  # fmt: skip

    reported.take(stay("iPhone", "11.00", "12.00"))
    cases.match(reported.open()["iPhone"].case, [reported.people["Budi Santoso"]],
                by=reported.committee)  # fmt: skip

    assert (reported.minutes("Budi Santoso"), reported.minutes("Ni'matul")) == (150, 180)
    assert reported.open() == {}


def test_later_rows_under_a_dismissed_name_wait_as_well(reported):
    reported.take(stay("iPhone", "08.30", "10.00"))
    cases.dismiss(reported.cases()["iPhone"], by=reported.committee)

    reported.take(stay("iPhone", "13.00", "16.00"))

    assert parts(reported) == [("iPhone", "dismissed", 1), ("iPhone", "open", 1)]


def test_later_rows_of_a_decided_e_mail_count_at_once(reported):
    reported.take(stay("iPhone", "08.30", "10.00", "budi@rumah.example"))
    matched(reported, "iPhone", "Budi Santoso")

    reported.take(stay("iPhone", "13.00", "16.00", "budi@rumah.example"))

    assert reported.minutes("Budi Santoso") == 270


def test_rows_that_come_again_are_not_credited_to_one_of_two_of_a_name(reported):
    first, later = stay("iPhone", "08.30", "10.00"), stay("iPhone", "13.00", "16.00")
    reported.take(first)
    matched(reported, "iPhone", "Budi Santoso")
    reported.take(later)
    cases.match(reported.open()["iPhone"].case, [reported.people["Ni'matul"]],
                by=reported.committee)  # fmt: skip
    session = reported.live().scheduled
    for _n in range(2):
        cases.take_back(newest_report(session), session, by=reported.committee)

    reported.take(first, later)

    assert (reported.minutes("Budi Santoso"), reported.minutes("Ni'matul")) == (0, 0)
    assert reported.open()["iPhone"].seconds == 270 * 60


def test_two_devices_of_one_name_at_once_are_a_weak_proposal(reported):
    name = "Budi Santoso - Perpusdes Mekar Sari"
    reported.take(stay(name, "08.30", "12.00"), stay(name, "10.00", "16.00"))

    found = reported.open()[name]

    assert found.at_once
    assert (found.strength, found.proposal) == (1, None)


def test_later_rows_that_overlap_the_first_are_weak_too(reported):
    name = "Budi Santoso - Perpusdes Mekar Sari"
    reported.take(stay(name, "08.30", "12.00"))
    matched(reported, name, "Budi Santoso")

    reported.take(stay(name, "10.00", "16.00"))

    assert (reported.open()[name].at_once, reported.open()[name].strength) == (True, 1)


@pytest.mark.parametrize("back", ["12.00", "11.57"])
def test_who_comes_back_before_the_broken_line_is_dropped_is_one_person(reported, back):
    name = "Budi Santoso - Perpusdes Mekar Sari"
    reported.take(stay(name, "08.30", "12.00"), stay(name, back, "16.00"))

    found = reported.open()[name]

    assert (found.at_once, found.strength) == (False, 3)


def test_the_same_stay_told_longer_by_a_later_report_is_one_person(reported):
    name = "Budi Santoso - Perpusdes Mekar Sari"
    reported.take(stay(name, "08.30", "12.00"))
    matched(reported, name, "Budi Santoso")

    reported.take(stay(name, "08.30", "16.00"))

    assert (reported.open()[name].at_once, reported.open()[name].strength) == (False, 3)


def test_two_devices_at_once_can_be_two_people(reported):
    name = "Perpusdes Sukamaju"
    reported.take(whole_day(name), stay(name, "09.00", "16.00"))
    both = [reported.people[one] for one in ("Siti Aminah", "Ni'matul")]

    cases.match(reported.cases()[name], both, by=reported.committee)

    assert (reported.minutes("Siti Aminah"), reported.minutes("Ni'matul")) == (450, 450)


def test_the_pages_say_why_such_names_wait(reported, as_user):
    client, two = as_user(reported.committee), "Budi Santoso - Perpusdes Mekar Sari"
    reported.take(stay("iPhone", "08.30", "10.00"), stay(two, "08.30", "12.00"))
    matched(reported, "iPhone", "Muhammad Ridwan")
    reported.take(stay("iPhone", "13.00", "16.00"), stay(two, "10.00", "16.00"))

    text = client.get(reported.url()).text

    assert "dari laporan yang lebih baru" in text
    assert "mungkin dua orang" in text


# Staff by their name


def state_of(reported, name):
    reported.take(whole_day(name))
    return next(iter(reported.cases().values())).state


@pytest.mark.parametrize("name", ["Maya", "Maya S - Perpusdes Gambut", "Maya Sari"])
def test_staff_of_one_word_are_never_known_by_their_name(reported, make, name):
    add_staff(reported.cohort, make.user("Maya"), "trainer", by=None)
    home = reported.people["Sri Wahyuni"].user.institution
    make.enrolment(reported.cohort, make.user("Maya Sari", institution=home))

    assert state_of(reported, name) == "open"


@pytest.mark.parametrize(
    ("name", "state"),
    [("Hasan Basri", "staff"), ("hasan BASRI - Perpusnas", "staff"),
     ("Perpusnas_Hasan Basri", "staff"), ("HP (Hasan Basri)", "staff"),
     ("Hasan Basri Siregar", "open"), ("Basri Hasan", "open"), ("Hasan", "open")],
)  # fmt: skip
def test_staff_are_known_by_their_whole_name_and_nothing_less(reported, name, state):
    assert state_of(reported, name) == state


def test_staff_whose_name_fits_a_participant_somehow_wait(reported, make):
    make.enrolment(reported.cohort, make.user("Hasan Basrie"))

    assert state_of(reported, "Hasan Basri") == "open"


def test_staff_who_were_taken_back_once_wait_in_the_next_session(reported):
    reported.take(whole_day("Hasan Basri"))
    cases.reopen(reported.cases()["Hasan Basri"], by=reported.committee)

    reported.take(whole_day("Hasan Basri", day=2), session=2)

    assert set(reported.open(2)) == {"Hasan Basri"}
