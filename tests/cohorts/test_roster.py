"""Bringing a list into a class: known people are found, nobody is guessed or overwritten."""

import csv
import io
from threading import Thread

import pytest
import sqlalchemy as sa

from core.cohorts.models import Cohort, Enrolment
from core.cohorts.queries import participants
from core.cohorts.roster import import_roster
from core.cohorts.services import confirmed_count, withdraw
from core.db import db
from core.institutions.models import Institution
from core.people.models import AuditEntry, User
from core.people.roster_file import RosterFileError

HEAD = "Nama;Surel;HP;NIP;Instansi;Kab/Kota;Nomor peserta\n"
NIP = "198501012010012001"


@pytest.fixture
def place(make):
    nation = make.institution("National Library")
    province = make.institution("Dinas Kalsel", nation, "province")
    regency = make.institution("Dinas Banjar", province, "regency", aliases=("Kabupaten Banjar",))
    return make.institution("Perpusdes Mawar", regency)


@pytest.fixture
def cohort(make, place):
    province = place.parent.parent
    return make.cohort(make.course(province), province)


def _import(cohort: Cohort, *lines: str, head: str = HEAD, **options: object):
    text = head + "\n".join(lines)
    outcome = import_roster(text.encode(), "list.csv", cohort, **{"by": None, **options})
    db.session.flush()
    return outcome


def _outcomes(outcome) -> list[str]:
    return [row.outcome for row in outcome.rows]


def _people() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(User)) or 0


def test_new_people_are_registered_at_home_and_enrolled(cohort, place):
    outcome = _import(
        cohort, "Hj. Siti Aminah, S.Pd.;siti@example.id;0812-3456-7890;;Perpusdes Mawar;;"
    )

    assert _outcomes(outcome) == ["created"]
    enrolment = participants(cohort)[0]
    assert enrolment.institution == place
    assert enrolment.via == "roster"
    person = enrolment.user
    assert person.display_name == "Hj. Siti Aminah, S.Pd."
    assert (person.email, person.phone) == ("siti@example.id", "+6281234567890")
    assert person.password is None


def test_dry_run_says_the_same_and_leaves_nothing(cohort):
    lines = ("Siti;siti@example.id;;;Perpusdes Baru;Kab. Banjar;", "Budi;;;;Nowhere;Nowhere;")
    before = _people(), db.session.scalar(sa.select(sa.func.count(Institution.id)))

    dry = _import(cohort, *lines, create_institutions=True, dry_run=True)
    after = _people(), db.session.scalar(sa.select(sa.func.count(Institution.id)))
    real = _import(cohort, *lines, create_institutions=True)

    assert _outcomes(dry) == _outcomes(real) == ["created", "error"]
    assert after == before
    assert confirmed_count(cohort) == 1


def test_dry_run_keeps_what_the_request_did_before(make, cohort):
    make.enrolment(cohort)

    _import(cohort, "Siti;;;;;;", dry_run=True)

    assert confirmed_count(cohort) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Siti Aminah;siti@example.id;;;;;",
        "Siti Aminah;;081234567890;;;;",
        f"Siti Aminah;;;{NIP};;;",
        "Siti Aminah;;;;Perpusdes Mawar;;",
        "Siti Aminah;;;;;;",
    ],
)
def test_list_sent_twice_changes_nothing(cohort, line):
    _import(cohort, line)
    entries = db.session.scalar(sa.select(sa.func.count(AuditEntry.id)))

    again = _import(cohort, line)

    assert _outcomes(again) == ["skipped"]
    assert _people() == confirmed_count(cohort) == 1
    # One entry more: that a list was imported.
    assert db.session.scalar(sa.select(sa.func.count(AuditEntry.id))) == entries + 1


def test_row_without_institution_means_the_one_who_is_in_the_class(cohort):
    _import(cohort, "Siti Aminah;;;;Perpusdes Mawar;;")

    again = _import(cohort, "SITI AMINAH;;;;;;")

    assert _outcomes(again) == ["skipped"]
    assert _people() == 1


def test_namesake_of_another_institution_is_another_person(make, cohort, place):
    elsewhere = make.institution("Perpusdes Melati", place.parent)
    make.user("Siti Aminah", institution=elsewhere)

    outcome = _import(cohort, "Siti Aminah;;;;Perpusdes Mawar;;")

    assert _outcomes(outcome) == ["created"]
    assert _people() == 2


def test_two_of_one_name_in_one_institution_need_something_that_tells_them_apart(cohort):
    alike = ("Siti Aminah;;;;Perpusdes Mawar;;", "Siti Aminah;;;;Perpusdes Mawar;;")
    apart = (
        "Siti Aminah;;081234567890;;Perpusdes Mawar;;",
        "Siti Aminah;;081234567891;;Perpusdes Mawar;;",
    )

    assert _outcomes(_import(cohort, *alike, dry_run=True)) == ["created", "error"]
    assert _outcomes(_import(cohort, *apart)) == ["created", "created"]
    assert _outcomes(_import(cohort, *apart)) == ["skipped", "skipped"]
    assert _outcomes(_import(cohort, alike[0])) == ["error"]


def test_participant_number_chooses_among_namesakes(make, cohort, place):
    make.user("Siti Aminah", institution=place)
    right = make.user("Siti Aminah", institution=place)

    outcome = _import(cohort, f"Siti Aminah;;;;Perpusdes Mawar;;{right.number.lower()}")

    assert _outcomes(outcome) == ["updated"]
    assert participants(cohort)[0].user == right


def test_shared_phone_registers_both_and_says_so(cohort):
    outcome = _import(cohort, "Siti;;081234567890;;;;", "Budi;;081234567890;;;;")

    assert _outcomes(outcome) == ["created", "created"]
    assert outcome.rows[0].notes == ()
    assert len(outcome.rows[1].notes) == 1
    assert _people() == 2


@pytest.mark.parametrize(
    "line",
    [
        "Budi;siti@example.id;;;;;",  # somebody else's e-mail
        "Siti;;;;;;P-1",  # a number that nobody has
        "Siti;not an e-mail;;;;;",
        ";siti@example.id;;;;;",
        "Siti;;;;Perpusdes Tidak Ada;;",
    ],
)
def test_bad_row_stops_no_other(make, cohort, line):
    make.user("Siti", email="siti@example.id")

    outcome = _import(cohort, line, "Wati;;;;;;")

    assert _outcomes(outcome) == ["error", "created"]
    assert [row.line for row in outcome.errors] == [2]
    assert confirmed_count(cohort) == 1


def test_full_class_refuses_the_rows_that_do_not_fit(cohort):
    cohort.capacity = 2

    outcome = _import(cohort, "Siti;;;;;;", "Budi;;;;;;", "Wati;;;;;;")

    assert _outcomes(outcome) == ["created", "created", "error"]
    assert _people() == 2


def test_what_is_missing_is_filled_and_what_differs_stays(make, cohort, place):
    person = make.user("Siti", email="old@example.id", institution=place)

    outcome = _import(cohort, f"Siti;;081234567890;;Perpusdes Mawar;;{person.number}")
    differs = _import(cohort, f"Siti;new@example.id;;;Perpusdes Mawar;;{person.number}")

    assert _outcomes(outcome) == ["updated"]
    assert person.phone == "+6281234567890"
    assert person.email == "old@example.id"
    assert _outcomes(differs) == ["skipped"]
    assert len(differs.rows[0].notes) == 1


def test_contacts_of_somebody_elses_account_are_not_filled_in(make, cohort):
    elsewhere = make.institution("Dinas Jabar", cohort.host.parent, "province")
    person = make.user("Siti", password="secret", institution=elsewhere)
    committee = make.staff("committee", cohort.host)

    outcome = _import(cohort, f"Siti;thief@example.id;;;;;{person.number}", by=committee)

    assert _outcomes(outcome) == ["updated"]
    assert person.email is None
    assert len(outcome.rows[0].notes) == 1
    assert confirmed_count(cohort) == 1


def test_person_who_was_taken_out_comes_back_and_the_outcome_says_so(cohort):
    _import(cohort, "Siti;;;;;;")
    withdraw(participants(cohort)[0], by=None)

    outcome = _import(cohort, "Siti;;;;;;")

    assert _outcomes(outcome) == ["updated"]
    assert len(outcome.rows[0].notes) == 1
    assert confirmed_count(cohort) == 1


def test_columns_that_were_read_and_those_that_were_not_are_named(cohort):
    outcome = _import(cohort, "Siti;Merah;0812-3456-7890", head="Nama Peserta;Warna;No. HP\n")

    assert outcome.columns == {"full_name": "Nama Peserta", "phone": "No. HP"}
    assert outcome.unknown_columns == ("Warna",)


@pytest.mark.parametrize(
    "data", [b"", b"   \n", b"%PDF-1.7 ...", b"Warna;Ukuran\nMerah;3\n", b"PK\x03\x04nonsense"]
)
def test_file_that_is_no_list_is_refused_whole(cohort, data):
    with pytest.raises(RosterFileError):
        import_roster(data, "list.xlsx", cohort, by=None)

    assert _people() == 0


def test_result_is_no_formula_for_a_spreadsheet(cohort):
    outcome = _import(
        cohort, '"=HYPERLINK(""http://x"")";;;;"@SUM(A1)";;', create_institutions=True
    )

    rows = list(csv.reader(io.StringIO(outcome.as_csv().lstrip("\ufeff")), delimiter=";"))

    assert len(rows) == 2
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@\t" and cell]
    assert "HYPERLINK" in rows[1][1]


def test_two_organisers_with_one_list_register_nobody_twice(app, cohort):
    db.session.commit()
    cohort_id = cohort.id
    data = (HEAD + "\n".join(f"Person {n};;;;;;" for n in range(8))).encode()

    def work() -> None:
        with app.app_context():
            import_roster(data, "list.csv", db.session.get_one(Cohort, cohort_id), by=None)
            db.session.commit()
            db.session.remove()

    threads = [Thread(target=work) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    db.session.expire_all()
    assert _people() == 8
    assert db.session.scalar(sa.select(sa.func.count(Enrolment.id))) == 8
