"""From a report to evidence: what is refused, what is new, and who is known without asking."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.api import db, schedule
from core.people.models import AuditEntry
from plugins.attendance.models import Evidence
from plugins.online_classes import cases
from plugins.online_classes.importing import import_report
from plugins.online_classes.report import ReportUnreadable
from plugins.online_classes.report_checks import ReportRefused, UnknownZone
from plugins.online_classes.report_models import KeptReport, KeptRow, ReportCase
from plugins.online_classes.report_writing import csv_bytes
from plugins.online_classes.tests import samples
from plugins.online_classes.tests.report_class import NUMBERS, ZONE, stay, whole_day

SITI = "siti@contoh.id"


def count(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def totals(*people):
    head = ("Name (original name)", "Email", "Total duration (minutes)", "Guest")
    return csv_bytes([head, *((name, email, minutes, "No") for name, email, minutes in people)])


def waiting(*stays):
    """The layout that tells who was in the waiting room: the last field of each stay."""
    head = ("Name (original name)", "Email", "Join time", "Leave time", "Duration (minutes)",
            "Guest", "In waiting room")  # fmt: skip
    form = "%m/%d/%Y %I:%M:%S %p"
    return csv_bytes([
        head,
        *((name, email, joined.strftime(form), left.strftime(form), 1, "No", room)
          for (name, email, joined, left), room in stays),
    ])  # fmt: skip


# Who it was


def test_the_e_mail_of_a_participant_credits_the_minutes(reported):
    outcome = reported.take(
        stay("Siti HP", "08.10", "10.00", "SITI@Contoh.id"),
        stay("Siti HP", "09.30", "12.00", SITI),
        stay("siti", "13.00", "16.30", SITI),
    )

    assert reported.minutes("Siti Aminah") == 90 + 120 + 180
    assert reported.presence("Siti Aminah").verdict == "present"
    assert [(p.name, p.participant, p.state, p.minutes) for p in outcome.people] == [
        ("Siti Aminah", reported.people["Siti Aminah"].user.number, "matched", 390)
    ]
    assert {case.how for case in reported.cases().values()} == {"email"}


def test_a_name_alone_credits_nobody(reported):
    outcome = reported.take(whole_day("Budi Santoso - Perpusdes Mekar Sari"))

    assert outcome.count("open") == 1
    assert reported.minutes("Budi Santoso") == 0
    assert reported.open()["Budi Santoso - Perpusdes Mekar Sari"].strength == 3
    assert count(Evidence) == 0


def test_a_name_of_two_participants_waits_for_a_person(reported):
    reported.take(whole_day("Sri Wahyuni"), whole_day("Sri Wahyuni Perpusdes Gambut"))

    found = reported.open()

    assert {name: one.proposal for name, one in found.items()} == dict.fromkeys(found)
    assert all(len(one.choices) == 2 and one.same_name for one in found.values())
    assert (reported.minutes("Sri Wahyuni"), reported.minutes("Sri Wahyuni 2")) == (0, 0)


def test_staff_are_set_aside_by_e_mail_or_name(reported):
    outcome = reported.take(
        whole_day("Panitia", "maya@contoh.id"), whole_day("Hasan Basri (Host)"), whole_day("Tamu")
    )

    assert {case.name: case.state for case in reported.cases().values()} == {
        "Panitia": "staff", "Hasan Basri": "staff", "Tamu": "open",
    }  # fmt: skip
    assert (outcome.count("staff"), outcome.count("open")) == (2, 1)


def test_a_participant_called_like_the_trainer_is_not_taken_for_staff(reported, make):
    make.enrolment(reported.cohort, make.user("Hasan Basri"))

    reported.take(whole_day("Hasan Basri"))

    assert reported.cases()["Hasan Basri"].state == "open"


def test_an_e_mail_that_somebody_else_uses_too_is_not_trusted(reported):
    reported.take(whole_day("Siti Aminah", SITI), stay("Budi Santoso", "08.30", "12.00", SITI))

    found = reported.open()

    assert set(found) == {"Siti Aminah", "Budi Santoso"}
    assert [choice.candidate.known for choice in found["Siti Aminah"].choices] == ["registered"]
    assert reported.minutes("Siti Aminah") == 0


def test_the_second_day_uses_what_was_decided_about_an_e_mail(reported):
    reported.take(whole_day("Rumah", "keluarga@contoh.id"))
    case = reported.cases()["Rumah"]
    cases.match(case, [reported.people["Budi Santoso"]], by=reported.committee)

    reported.take(whole_day("budi", "KELUARGA@contoh.id", day=2), session=2)

    assert (reported.minutes("Budi Santoso", 1), reported.minutes("Budi Santoso", 2)) == (450, 450)
    assert reported.cases(2)["budi"].how == "decision"


def test_a_decision_about_an_e_mail_goes_before_what_is_registered(reported):
    reported.take(whole_day("Laptop kantor", SITI))
    case = reported.cases()["Laptop kantor"]
    cases.reopen(case, by=reported.committee)
    cases.match(case, [reported.people["Ni'matul"]], by=reported.committee)

    reported.take(whole_day("Laptop kantor", SITI, day=2), session=2)

    assert (reported.minutes("Ni'matul", 2), reported.minutes("Siti Aminah", 2)) == (450, 0)


@pytest.mark.parametrize("people", [("Siti Aminah", "Ni'matul"), ()])
def test_an_e_mail_decided_for_several_people_or_nobody_waits_on_the_second_day(reported, people):
    reported.take(whole_day("Perpus", "perpus@contoh.id"))
    meant, case = [reported.people[name] for name in people], reported.cases()["Perpus"]
    if meant:
        cases.match(case, meant, by=reported.committee)
    else:
        cases.dismiss(case, by=reported.committee)

    reported.take(whole_day("Perpus", "perpus@contoh.id", day=2), session=2)

    [found] = reported.open(2).values()
    assert found.proposal is None
    assert len(found.choices) == len(people)


def test_a_decided_e_mail_under_the_name_of_another_participant_waits(reported):
    reported.take(whole_day("Rumah", "keluarga@contoh.id"))
    case = reported.cases()["Rumah"]
    cases.match(case, [reported.people["Budi Santoso"]], by=reported.committee)

    reported.take(whole_day("Muhammad Ridwan", "keluarga@contoh.id", day=2), session=2)

    assert set(reported.open(2)) == {"Muhammad Ridwan"}
    assert reported.minutes("Budi Santoso", 2) == 0


def test_a_name_that_was_decided_is_proposed_on_the_second_day_and_credits_nothing(reported):
    reported.take(whole_day("HP kantor"))
    case = reported.cases()["HP kantor"]
    cases.match(case, [reported.people["Budi Santoso"]], by=reported.committee)

    reported.take(whole_day("HP Kantor", day=2), session=2)

    assert reported.open(2)["HP Kantor"].proposal.enrolment == reported.people["Budi Santoso"]
    assert reported.minutes("Budi Santoso", 2) == 0


def test_a_decision_in_another_class_is_not_used(reported, make):
    reported.take(whole_day("Rumah", "keluarga@contoh.id"))
    cases.match(reported.cases()["Rumah"], [reported.people["Budi Santoso"]], by=reported.committee)
    user, times = reported.people["Budi Santoso"].user, reported.live().scheduled
    reported.cohort = make.cohort(reported.cohort.course, timezone=ZONE)
    make.enrolment(reported.cohort, user)
    schedule(
        reported.cohort, times.activity, by=None, starts_at=times.starts_at, ends_at=times.ends_at
    )

    reported.take(whole_day("Rumah", "keluarga@contoh.id"))

    assert set(reported.open()) == {"Rumah"}


# The same again


def test_the_same_report_again_changes_nothing(reported):
    stays = (whole_day("Siti", SITI), whole_day("Tamu"))
    first = reported.take(*stays)
    before = [count(model) for model in (KeptReport, KeptRow, ReportCase, Evidence, AuditEntry)]

    again = reported.take(*stays)

    after = [count(model) for model in (KeptReport, KeptRow, ReportCase, Evidence, AuditEntry)]
    assert (first.rows, first.new_rows, again.rows, again.new_rows) == (2, 2, 2, 0)
    assert again.people == first.people
    assert after == before


def test_a_newer_report_adds_only_what_is_new(reported):
    reported.take(stay("Siti", "08.30", "10.00", SITI))

    outcome = reported.take(
        stay("Siti", "08.30", "10.00", SITI),
        stay("Siti", "10.05", "16.00", SITI),
        whole_day("Baru"),
    )

    assert (outcome.rows, outcome.new_rows) == (3, 2)
    assert reported.minutes("Siti Aminah") == 90 + 355
    assert (count(KeptRow), count(ReportCase), count(Evidence)) == (3, 2, 2)


def test_somebody_enrolled_later_is_known_when_the_report_comes_again(reported, make):
    stays = (whole_day("Rina", "rina@contoh.id"),)
    reported.take(*stays)
    reported.people["Rina"] = make.enrolment(
        reported.cohort, make.user("Rina Dewi", email="rina@contoh.id")
    )

    outcome = reported.take(*stays)

    assert (outcome.new_rows, outcome.count("matched")) == (0, 1)
    assert reported.minutes("Rina") == 450


def test_what_a_person_took_back_is_not_matched_again(reported):
    stays = (whole_day("Siti", SITI),)
    reported.take(*stays)
    cases.reopen(reported.cases()["Siti"], by=reported.committee)

    reported.take(*stays)
    reported.take(whole_day("Siti", SITI, day=2), session=2)

    assert set(reported.open()) == set(reported.open(2)) == {"Siti"}
    assert (reported.minutes("Siti Aminah"), reported.minutes("Siti Aminah", 2)) == (0, 0)


# What is no presence


def test_the_waiting_room_is_no_presence(reported):
    data = waiting(
        (stay("Siti", "08.00", "12.00", SITI), "Yes"),
        (stay("Siti", "12.00", "16.00", SITI), "No"),
        (stay("Tamu", "08.00", "16.00"), "Yes"),
    )

    outcome = reported.take(data=data)

    assert reported.minutes("Siti Aminah") == 240
    assert reported.open() == {}
    assert {(p.name, p.minutes) for p in outcome.people} == {("Siti Aminah", 240), ("Tamu", 0)}


def test_totals_count_where_there_are_no_times(reported):
    reported.take(data=totals(("Siti", SITI, 400), ("Tamu", "", 30)), confirmed=True)

    assert reported.minutes("Siti Aminah") == 400
    [kept] = db.session.scalars(sa.select(KeptReport))
    assert kept.layout == "totals"
    assert reported.open()["Tamu"].seconds == 30 * 60


def test_totals_beside_times_are_not_added(reported):
    reported.take(stay("Siti", "08.30", "12.00", SITI))

    reported.take(data=totals(("Siti", SITI, 210)), confirmed=True)

    assert reported.minutes("Siti Aminah") == 210


def test_two_people_at_one_device_both_have_its_minutes(reported):
    reported.take(whole_day("Perpusdes Sukamaju (2 orang)"))
    meant = [reported.people[name] for name in ("Siti Aminah", "Ni'matul")]

    cases.match(reported.cases()["Perpusdes Sukamaju (2 orang)"], meant, by=reported.committee)

    assert (reported.minutes("Siti Aminah"), reported.minutes("Ni'matul")) == (450, 450)


# Refusals


def refused(reported, *stays, **options):
    with pytest.raises(ReportRefused) as error:
        reported.take(*stays, **options)
    db.session.rollback()
    assert count(KeptRow) == count(ReportCase) == 0
    return error.value.message


def test_the_report_of_another_meeting_is_refused_with_both_numbers(reported):
    data = reported.report(whole_day("Siti", SITI), number=99912345678)

    message = refused(reported, data=data)

    assert "999 1234 5678" in message
    assert "812 3456 7890" in message


def test_the_report_of_another_day_is_refused_with_both_times(reported):
    message = refused(reported, whole_day("Siti", SITI, day=2))

    assert "24 Nov 2026 08.30 WIB" in message
    assert "23 Nov 2026 08.30 WIB" in message


def test_the_right_number_does_not_help_on_another_day(reported):
    data = reported.report(whole_day("Siti", SITI, day=2), number=NUMBERS[0], day=2)

    assert "24 Nov 2026" in refused(reported, data=data)


def test_the_wrong_zone_makes_the_times_miss_the_session(reported):
    morning = stay("Siti", "00.00", "07.00", SITI)

    refused(reported, morning, zone="Asia/Jakarta")
    reported.take(morning, zone="UTC")

    assert reported.minutes("Siti Aminah") == 330


def test_times_are_read_by_the_clock_that_was_confirmed(reported):
    reported.take(stay("Siti", "10.30", "18.00", SITI), zone="Asia/Jayapura")

    assert reported.minutes("Siti Aminah") == 450


def test_totals_need_the_number_or_a_person(reported):
    data = totals(("Siti", SITI, 400))

    message = refused(reported, data=data)

    assert "pastikan" in message.lower()


def test_totals_of_the_meeting_that_the_file_name_tells_need_nobody(reported):
    name, data = f"participants_{NUMBERS[0]}.csv", totals(("Siti", SITI, 400))
    outcome = import_report(data, name, reported.live(), zone=ZONE, by=None)

    assert outcome.count("matched") == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 50, b"PK\x03\x04broken", b"\x89PNG....", b"a;b\n1;2\n", samples.poll_report(),
     samples.flat_2020([])],
)  # fmt: skip
def test_what_is_no_report_or_has_nobody_in_it_is_refused(reported, data):
    with pytest.raises(ReportUnreadable) as error:
        reported.take(data=data or b"\n")

    assert error.value.message
    assert count(KeptRow) == 0


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "", "../../etc/passwd", "Asia", "\x00"])
def test_a_zone_that_is_none_is_refused(reported, zone):
    with pytest.raises(UnknownZone):
        reported.take(whole_day("Siti", SITI), zone=zone)


# Size, and what is told to nobody


def test_a_dry_run_tells_all_and_keeps_nothing(reported):
    stays = (whole_day("Siti", SITI), whole_day("Tamu"))

    tried = reported.take(*stays, dry_run=True)

    assert [count(m) for m in (KeptReport, KeptRow, ReportCase, Evidence)] == [0, 0, 0, 0]
    assert reported.minutes("Siti Aminah") == 0
    assert tried == reported.take(*stays)


def test_a_long_report_takes_no_more_queries_than_a_short_one(reported, make, statements):
    for number in range(40):
        user = make.user(f"Orang Nomor{number:03}", email=f"orang{number}@contoh.id")
        make.enrolment(reported.cohort, user)
    reported.take(*(whole_day("Orang", f"orang{n}@contoh.id") for n in range(40)))
    statements.clear()
    reported.take(whole_day("Orang lain", "orang1@contoh.id"), whole_day("Tamu lain"))
    few = len(statements)

    start = datetime(2026, 11, 23, 8, 30)  # noqa: DTZ001 -- reports write no zone
    rows = [
        (f"Tamu {n % 250}", f"orang{n % 40}@contoh.id" if n % 2 else "",
         start + timedelta(seconds=n), start + timedelta(hours=6, seconds=n))
        for n in range(1000)
    ]  # fmt: skip
    statements.clear()
    outcome = reported.take(*rows)

    assert (outcome.rows, outcome.new_rows) == (1000, 1000)
    assert len(statements) <= few + 10


def test_no_name_and_no_e_mail_of_a_stranger_reaches_the_audit_log(reported, caplog):
    reported.take(whole_day("Orang Asing", "asing@rahasia.example"))
    case = reported.cases()["Orang Asing"]
    cases.match(case, [reported.people["Budi Santoso"]], by=reported.committee)
    cases.reopen(case, by=reported.committee)
    db.session.commit()

    entries = db.session.scalars(sa.select(AuditEntry)).all()
    told = " ".join(f"{entry.action} {entry.object_id} {entry.change}" for entry in entries)

    assert "report.import" in told
    assert "report.decide" in told
    assert "Asing" not in told + caplog.text
    assert "rahasia" not in told + caplog.text
