"""Who gets a certificate, its number without gap or double, and what is frozen in it."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from core.api import Cohort, change_settings, db, metrics_in
from core.cohorts.services import record_progress, withdraw
from core.courses.services import change_course
from core.people.models import AuditEntry
from core.people.services import change_person
from plugins.certificates import queries, services
from plugins.certificates.models import Certificate
from plugins.certificates.numbering import read_code
from plugins.certificates.pdf import Printed
from plugins.certificates.tests.conftest import (
    ISSUED,
    SIGNED,
    all_certificates,
    last_numbers,
    numbers,
)


def issue(graduation, **options):
    found = services.issue(graduation.cohort, by=graduation.organiser, **options)
    db.session.commit()
    return found


def another_class(make, graduation, people=2, **fields):
    cohort = make.cohort(graduation.course, **fields)
    for _number in range(people):
        enrolment = make.enrolment(cohort)
        for activity in graduation.course.activities:
            record_progress(enrolment, activity, "done")
    return cohort


def test_those_who_completed_get_numbers_in_order_of_name(graduation):
    issue(graduation)

    assert [(one.number, one.printed["name"]) for one in all_certificates()] == [
        ("0001/KALSEL-07-2026/PP/XI/2026", "Ni'matul"),
        ("0002/KALSEL-07-2026/PP/XI/2026", "Hj. Siti Nur'aini, S.Pd.I., M.M."),
        ("0003/KALSEL-07-2026/PP/XI/2026", "Sukarno"),
    ]


def test_everything_that_is_printed_is_kept(graduation):
    one = issue(graduation)[1]

    assert one.content == Printed(
        name="Hj. Siti Nur'aini, S.Pd.I., M.M.",
        course="Bimtek Contoh",
        cohort="Bimtek Kalsel",
        number="0002/KALSEL-07-2026/PP/XI/2026",
        starts_on=date(2026, 11, 23),
        ends_on=date(2026, 11, 24),
        lesson_hours=16,
        place="Daring",
        issuer="Perpustakaan Contoh",
        host="Dinas Contoh",
        issued_on=date(2026, 11, 27),
        issued_at_place="Jakarta",
        signer="Dr. Contoh Adinata, M.Hum.",
        signer_position="Kepala Pusat",
        materials=(("Analisis kebutuhan", 8), ("Media sosial", 8)),
    )
    assert (one.issued_at, one.issued_by_id) == (ISSUED, graduation.organiser.id)
    assert read_code(one.code) == one.code


def test_a_second_time_issues_nothing(graduation):
    issue(graduation)

    assert issue(graduation) == []
    assert len(numbers()) == 3


def test_who_completes_later_follows(graduation):
    issue(graduation)
    graduation.complete(graduation.unfinished)

    issue(graduation)

    assert numbers()[3] == "0004/KALSEL-07-2026/PP/XI/2026"


def test_who_was_taken_out_of_the_class_gets_none(graduation):
    withdraw(graduation.completed[0], by=None)

    issue(graduation)

    assert [one.printed["name"] for one in all_certificates()] == [
        "Hj. Siti Nur'aini, S.Pd.I., M.M.",
        "Sukarno",
    ]


def test_nothing_that_changes_later_changes_a_certificate(graduation, make):
    one = issue(graduation)[1]
    before = dict(one.printed)

    change_person(graduation.siti, by=None, full_name="Siti Aminah", title_before="")
    change_course(graduation.course, by=None, title="Another course", lesson_hours=2)
    graduation.course.sections[0].title = "Another material"
    graduation.cohort.title, graduation.cohort.venue = "Another class", "Elsewhere"
    graduation.institution.name = "Another library"
    change_settings("certificates", graduation.institution, {"signer": "Somebody"}, by=None)
    db.session.commit()

    db.session.expire_all()
    assert all_certificates()[1].printed == before


def test_the_series_of_another_year_begins_at_one(graduation):
    issue(graduation)
    graduation.complete(graduation.unfinished)

    issue(graduation, at=datetime(2027, 1, 4, 2, 0, tzinfo=UTC))

    assert numbers()[3] == "0001/KALSEL-07-2026/PP/I/2027"
    key = graduation.institution.id
    assert last_numbers() == {(key, 2026): 3, (key, 2027): 1}


def test_the_day_is_that_of_the_class(graduation):
    new_year = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)  # in Makassar one o'clock of the next day

    [one, *_rest] = issue(graduation, at=new_year)

    assert one.printed["issued_on"] == "2027-01-01"
    assert one.number == "0001/KALSEL-07-2026/PP/I/2027"


def test_classes_of_one_organiser_share_the_series(graduation, make):
    issue(graduation)
    other = another_class(make, graduation, code="ACEH-01-2026")

    services.issue(other, by=None)

    assert numbers()[3:] == ["0004/ACEH-01-2026/PP/XI/2026", "0005/ACEH-01-2026/PP/XI/2026"]


def test_the_organiser_not_the_host_issues_with_its_settings(graduation, make):
    change_settings("certificates", graduation.office, {**SIGNED, "signer": "Host"}, by=None)

    [one, *_rest] = issue(graduation)

    assert (one.content.signer, one.content.issuer) == (SIGNED["signer"], "Perpustakaan Contoh")


def test_without_a_unit_the_code_of_the_institution_stands_in_the_number(graduation):
    change_settings("certificates", graduation.institution, {**SIGNED, "unit": ""}, by=None)

    assert issue(graduation)[0].number == "0001/KALSEL-07-2026/PNRI/XI/2026"


@pytest.mark.parametrize(
    ("mode", "venue", "language", "place"),
    [
        ("online", "", "id", "Daring"),
        ("online", "Aula", "en", "Online"),
        ("onsite", "Aula Kalsel", "id", "Aula Kalsel"),
        ("hybrid", "Aula", "en", "Aula and online"),
    ],
)
def test_words_follow_the_language_of_the_course(graduation, mode, venue, language, place):
    graduation.course.language = language
    graduation.cohort.mode, graduation.cohort.venue = mode, venue

    content = issue(graduation)[0].content

    assert (content.place, content.language) == (place, language)


def test_an_organiser_who_is_the_host_is_named_once(graduation):
    graduation.cohort.host = graduation.institution

    assert issue(graduation)[0].content.host == ""


@pytest.mark.parametrize(("demo", "sample"), [(True, True), (False, False)])
def test_certificates_of_a_demo_say_so(graduation, app, monkeypatch, demo, sample):
    monkeypatch.setitem(app.config, "DEMO", demo)

    assert issue(graduation)[0].content.sample is sample


def test_issuing_is_in_the_audit_log(graduation):
    issue(graduation)

    entry = db.session.scalars(sa.select(AuditEntry).filter_by(action="certificates.issue")).one()
    assert entry.actor_id == graduation.organiser.id
    assert entry.change == {
        "first": "0001/KALSEL-07-2026/PP/XI/2026",
        "last": "0003/KALSEL-07-2026/PP/XI/2026",
        "count": 3,
    }


def test_the_figure_counts_who_holds_a_valid_one(graduation):
    services.revoke(issue(graduation)[0], by=None, reason="Mistake")
    metric = {one.name: one for one in metrics_in(graduation.office)}["certificates.issued"]
    everybody = sa.select(sa.column("id")).select_from(sa.table("enrolment"))

    rows = db.session.execute(metric.measure(everybody)).all()

    assert sorted(rows) == [(enrolment.id, 1) for enrolment in graduation.completed[1:]]


# Numbers under pressure


def test_a_lot_that_is_undone_gives_its_numbers_back(graduation):
    services.issue(graduation.cohort, by=None)
    db.session.rollback()

    issue(graduation)

    assert [one[:4] for one in numbers()] == ["0001", "0002", "0003"]


def test_two_clicks_at_once_issue_once(graduation, at_once):
    key = graduation.cohort.id

    def click():
        return len(services.issue(db.session.get(Cohort, key), by=None))

    assert sorted(at_once(*[click] * 4)) == [0, 0, 0, 3]
    assert [one[:4] for one in numbers()] == ["0001", "0002", "0003"]


def test_classes_at_once_share_no_number_and_leave_no_gap(graduation, make, at_once):
    keys = [another_class(make, graduation).id for _number in range(5)]

    def begin(key, fails):
        def work():
            services.issue(db.session.get(Cohort, key), by=None)
            if fails:
                db.session.rollback()

        return work

    at_once(*[begin(key, fails=place == 2) for place, key in enumerate(keys)])

    taken = sorted(one.sequence for one in all_certificates())
    assert taken == list(range(1, 9))
    assert last_numbers() == {(graduation.institution.id, 2026): 8}


def test_two_new_ones_at_once_are_one(graduation, at_once):
    revoked = issue(graduation)[0]
    services.revoke(revoked, by=None, reason="Mistake")
    key = revoked.id

    def anew():
        try:
            return services.issue_anew(db.session.get(Certificate, key), by=None).number
        except services.NotEntitled:
            db.session.rollback()
            return "refused"

    found = at_once(anew, anew, anew)

    assert sorted(found) == ["0004/KALSEL-07-2026/PP/XI/2026", "refused", "refused"]


def test_a_number_that_the_institution_gave_before_is_refused(graduation):
    issue(graduation)
    again = {**SIGNED, "number_pattern": "1/{year}/{sequence}"}
    change_settings("certificates", graduation.institution, again, by=None)
    graduation.complete(graduation.unfinished)
    db.session.add(copy_of(all_certificates()[0], sequence=99, number="1/2026/4"))
    db.session.commit()

    with pytest.raises(services.NumberTaken, match="1/2026/4"):
        services.issue(graduation.cohort, by=None)
    db.session.rollback()

    assert len(numbers()) == 4
    assert last_numbers() == {(graduation.institution.id, 2026): 3}


def copy_of(one, **fields):
    """A revoked certificate of the same person, for what no service would write."""
    names = ("enrolment_id", "issuer_id", "series_id", "printed", "issued_at")
    columns = {name: getattr(one, name) for name in names}
    return Certificate(**columns, code="X", revoked_at=ISSUED, reason="x", **fields)


def test_a_child_that_copies_the_numbers_takes_none_from_its_parent(graduation, make):
    copied = {"signer": "Ketua", "number_pattern": "{sequence:4}/KALSEL-07-2026/PP/{month}/{year}"}
    change_settings("certificates", graduation.office, copied, by=None)
    services.issue(another_class(make, graduation, organiser=graduation.office), by=None)

    issue(graduation)

    assert [one[:4] for one in numbers()] == ["0001", "0002", "0001", "0002", "0003"]
    assert len(set(numbers())) == 3


# What stands in the way


@pytest.fixture
def village(graduation, make):
    """A class that a library below organises itself."""
    library = make.institution("Perpustakaan Desa", graduation.office)
    return another_class(make, graduation, organiser=library, host=library)


def test_the_signer_of_the_parent_signs_nothing_below(graduation, village):
    with pytest.raises(services.SignerMissing, match="Perpustakaan Desa"):
        services.issue(village, by=None)

    assert numbers() == []


def test_below_only_the_pattern_of_the_parent_is_taken_over(graduation, village):
    pattern = {**SIGNED, "number_pattern": "{year}/{unit}/{sequence}"}
    change_settings("certificates", graduation.institution, pattern, by=None)
    village.organiser.code = "DESA"
    change_settings("certificates", village.organiser, {"signer": "Kepala Desa"}, by=None)

    content = services.issue(village, by=None)[0].content

    assert content.number == "2026/DESA/1"
    assert (content.signer, content.signer_position, content.issued_at_place) == (
        "Kepala Desa", "", "",
    )  # fmt: skip


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_a_class_that_is_not_published_issues_nothing(graduation, status):
    graduation.cohort.status = status
    db.session.commit()

    with pytest.raises(services.NotPublished):
        services.issue(graduation.cohort, by=None)

    assert numbers() == []


def test_a_cancelled_class_issues_nothing_anew(graduation):
    revoked = issue(graduation)[0]
    services.revoke(revoked, by=None, reason="Mistake")
    graduation.cohort.status = "cancelled"
    db.session.commit()

    with pytest.raises(services.NotPublished):
        services.issue_anew(revoked, by=None)


def test_the_database_keeps_one_valid_certificate_a_participant(graduation):
    first = issue(graduation)[0]
    names = ("enrolment_id", "issuer_id", "series_id", "printed")
    columns = {name: getattr(first, name) for name in names}
    double = Certificate(**columns, sequence=9, number="9", code="X", issued_at=ISSUED)
    db.session.add(double)

    with pytest.raises(sa.exc.IntegrityError, match="uq_certificate_valid"):
        db.session.flush()


def test_the_number_of_statements_does_not_grow_but_for_the_jobs(graduation, make, statements):
    small, large = another_class(make, graduation, 2), another_class(make, graduation, 30)
    db.session.commit()

    def cost(cohort):
        del statements[:]
        services.issue(db.session.get(Cohort, cohort.id), by=None)
        return len([one for one in statements if "procrastinate" not in one])

    cost(small)
    assert cost(large) <= 16
    assert queries.figures_of(large).certified == 30
