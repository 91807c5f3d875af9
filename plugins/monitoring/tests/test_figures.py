"""Adding up: by province, regency and institution, and a total that always agrees."""

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core.cohorts.services import record_progress
from core.db import db
from core.plugin_engine import engine
from plugins.monitoring.figures import Question, figures_of, measured_in
from plugins.monitoring.people import Part, people_behind
from plugins.monitoring.selection import GROUPS, Selection
from plugins.regions.api import provinces, set_region


def ask(by="regency", region="", **selection):
    return figures_of(Question(Selection(**selection), by, region))


def by_code(found, name="participants"):
    metric = next(one for one in found.metrics if one.name == name)
    return {row.code: row.figure(metric) for row in found.rows}


def total(found, name="participants"):
    metric = next(one for one in found.metrics if one.name == name)
    return found.total.figure(metric)


def complete(enrolments):
    for enrolment in enrolments:
        activity = enrolment.cohort.course.activities[0]
        record_progress(enrolment, activity, "done")
    db.session.flush()


# Rows


def test_regencies_and_the_provincial_office_add_up_to_the_class(kalsel):
    found = ask(cohort=kalsel.cohort)

    assert by_code(found) == {"63": 3, "63.04": 7, "63.07": 9, "63.08": 13, "63.10": 11}
    assert [row.code for row in found.rows] == ["63", "63.04", "63.07", "63.08", "63.10"]
    assert total(found) == 43


def test_the_provincial_office_has_a_row_of_its_own_beside_the_regencies(kalsel):
    office, batola, *_rest = ask(cohort=kalsel.cohort).rows

    assert (office.code, office.inner) == ("63", "")
    assert "Kalimantan Selatan" in office.name
    assert office.name != "Kalimantan Selatan"
    assert (batola.name, batola.inner) == ("Kabupaten Barito Kuala", "63.04")


def test_a_province_holds_its_regencies_and_its_offices(kalsel):
    found = ask("province", cohort=kalsel.cohort)

    assert [(row.code, row.name, row.inner) for row in found.rows] == [
        ("63", "Kalimantan Selatan", "63")
    ]
    assert by_code(found) == {"63": 43}


def test_each_institution_has_one_row_with_its_region(kalsel, make):
    sibling = make.institution("Perpustakaan Kedua", kalsel.office)
    set_region(sibling, "63.04", by=None)
    make.enrolment(kalsel.cohort, make.user(institution=sibling))

    found = ask("institution", cohort=kalsel.cohort)

    assert [(row.code, row.name) for row in found.rows] == [
        ("63", "Dispersip Kalsel"),
        ("63.04", "Perpustakaan 63.04"),
        ("63.04", "Perpustakaan Kedua"),
        ("63.07", "Perpustakaan 63.07"),
        ("63.08", "Perpustakaan 63.08"),
        ("63.10", "Perpustakaan 63.10"),
    ]
    assert found.rows[1].place == "Kalimantan Selatan › Kabupaten Barito Kuala"
    assert total(found) == 44


def test_institutions_follow_the_region_of_the_one_above(kalsel, make):
    village = make.institution("Desa Sukamaju", kalsel.places["63.04"])
    make.enrolment(kalsel.cohort, make.user(institution=village))

    assert by_code(ask(cohort=kalsel.cohort))["63.04"] == 8


@pytest.mark.parametrize("by", GROUPS)
def test_people_without_region_or_institution_are_counted(kalsel, make, by):
    agency = make.institution("Balai Arsip", kalsel.nation, "agency")
    make.enrolment(kalsel.cohort, make.user(institution=agency))
    make.enrolment(kalsel.cohort, make.user())

    found = ask(by, cohort=kalsel.cohort)

    nameless = [row for row in found.rows if row.code == ""]
    metric = found.metrics[0]
    assert found.rows[: len(nameless)] == nameless
    assert sum(row.figure(metric) for row in nameless) == 2
    assert len(nameless) == (2 if by == "institution" else 1)
    assert sum(by_code(found).values()) + (1 if by == "institution" else 0) == total(found) == 45


def test_an_agency_in_the_province_is_counted_where_it_lies(kalsel, make):
    agency = make.institution("Balai Arsip", kalsel.nation, "agency")
    set_region(agency, "31.71", by=None)
    make.enrolment(kalsel.cohort, make.user(institution=agency))

    assert by_code(ask("province", cohort=kalsel.cohort)) == {"31": 1, "63": 43}


def test_withdrawn_people_do_not_count(kalsel, make):
    gone = kalsel.enrolments["63.04"][0]
    complete([gone])
    make.withdrawn(gone)

    found = ask(cohort=kalsel.cohort)

    assert (by_code(found)["63.04"], total(found)) == (6, 42)
    assert total(found, "completed") == 0


def test_a_person_who_moves_later_counts_where_the_enrolment_was_made_for(kalsel):
    person = kalsel.enrolments["63.04"][0].user

    person.institution = kalsel.places["63.10"]
    db.session.flush()

    assert by_code(ask(cohort=kalsel.cohort))["63.04"] == 7


# What is counted


def test_only_published_classes_of_the_year_count(kalsel, make):
    make.enrolment(make.cohort(kalsel.course, starts_on=date(2025, 12, 31),
                               ends_on=date(2026, 1, 2)))  # fmt: skip
    draft = make.cohort(kalsel.course, publish=False)
    make.enrolment(draft)
    called_off = make.cohort(kalsel.course)
    make.enrolment(called_off)
    called_off.status = "cancelled"
    db.session.flush()

    assert total(ask(year=2026)) == 43
    assert total(ask(year=2025)) == 1
    assert total(ask(course=kalsel.course)) == 44
    assert total(ask(cohort=draft)) == 1


def test_an_institution_has_the_classes_that_it_or_one_below_hosts_or_organises(kalsel, make):
    other = make.institution("Dispusip Lain", kalsel.nation, "province")
    own = make.course(other)
    guest = make.cohort(own, kalsel.nation, organiser=other)
    make.enrolment(guest)

    assert total(ask(institution=kalsel.office)) == 43
    assert total(ask(institution=kalsel.places["63.04"])) == 0
    assert total(ask(institution=other)) == 1
    assert total(ask(institution=kalsel.nation)) == 44


def test_filters_hold_together(kalsel, make):
    make.enrolment(make.cohort(make.course(kalsel.nation)))

    assert total(ask(institution=kalsel.nation, course=kalsel.course, year=2026)) == 43
    assert total(ask(course=kalsel.course, year=2025)) == 0


@pytest.mark.parametrize(
    ("region", "codes"),
    [
        ("63", {"63": 3, "63.04": 7, "63.07": 9, "63.08": 13, "63.10": 11}),
        ("63.04", {"63.04": 7}),
        ("31", {"31": 2}),
        ("none", {"": 1}),
        ("99", {}),
    ],
)
def test_a_region_narrows_to_its_people(kalsel, make, region, codes):
    agency = make.institution("Balai Arsip", kalsel.nation, "agency")
    set_region(agency, "31", by=None)
    for home in (agency, agency, None):
        make.enrolment(kalsel.cohort, make.user(institution=home))

    found = ask(cohort=kalsel.cohort, region=region)

    assert by_code(found) == codes
    assert total(found) == sum(codes.values())


# How metrics fold


def test_a_share_is_of_all_participants_of_the_row(kalsel):
    complete(kalsel.enrolments["63.04"][:5] + kalsel.enrolments["63"])

    found = ask(cohort=kalsel.cohort)

    assert by_code(found, "completed") == {
        "63": 100, "63.04": 71.43, "63.07": 0, "63.08": 0, "63.10": 0,
    }  # fmt: skip
    assert total(found, "completed") == 18.6


def test_means_fold_by_sum_and_number_and_not_as_means_of_means(kalsel, new_metric):
    batola, tanbu = kalsel.enrolments["63.04"], kalsel.enrolments["63.10"]
    new_metric("gain", {batola[0].id: 10, batola[1].id: 20, tanbu[0].id: -60}, how="mean")

    found = ask(cohort=kalsel.cohort)

    assert by_code(found, "gain") == {
        "63": None, "63.04": 15, "63.07": None, "63.08": None, "63.10": -60,
    }  # fmt: skip
    assert (
        total(found, "gain") == by_code(ask("province", cohort=kalsel.cohort), "gain")["63"] == -10
    )


def test_counts_may_count_more_than_one_each(kalsel, new_metric):
    first, second = kalsel.enrolments["63.04"][:2]
    new_metric("papers", {first.id: 2, second.id: 1})

    found = ask(cohort=kalsel.cohort)

    assert by_code(found, "papers")["63.04"] == total(found, "papers") == 3


def test_figures_are_rounded_as_people_round(kalsel, new_metric):
    first, second = kalsel.enrolments["63.04"][:2]
    new_metric("gain", {first.id: Decimal("0.005"), second.id: Decimal("0.005")}, how="mean")

    assert total(ask(cohort=kalsel.cohort), "gain") == 0.01


@pytest.mark.parametrize("by", GROUPS)
def test_the_total_is_that_of_the_same_enrolments_counted_apart(kalsel, make, new_metric, by):
    agency = make.institution("Balai Arsip", kalsel.nation, "agency")
    for home in (agency, None):
        make.enrolment(kalsel.cohort, make.user(institution=home))
    everybody = list(db.session.scalars(sa.text("SELECT id FROM enrolment")))
    new_metric("score", {key: key % 7 for key in everybody if key % 3}, how="mean")
    complete(kalsel.everybody()[::4])

    found = ask(by, cohort=kalsel.cohort)

    for metric in found.metrics:
        folded = [row.tallies[metric.name] for row in found.rows]
        assert found.total.tallies[metric.name] == sum(folded[1:], folded[0])
    scored = [key % 7 for key in everybody if key % 3]
    assert found.total.tallies["score"].total == sum(scored)
    assert total(found, "score") == round(sum(scored) / len(scored), 2)
    assert total(found, "completed") == round(100 * 11 / 45, 2)


# Metrics that are absent or fail


def test_metrics_of_plugins_that_do_not_act_there_are_left_out(kalsel, new_metric):
    new_metric("quizzes.gain", {kalsel.everybody()[0].id: 5})

    names = [metric.name for metric in ask(cohort=kalsel.cohort).metrics]

    assert names == ["participants", "completed"]


def test_a_metric_says_nothing_of_classes_where_its_plugin_does_not_act(kalsel, make, new_metric):
    elsewhere = make.institution("Lain", kalsel.nation, "province")
    there = make.enrolment(make.cohort(kalsel.course, elsewhere))
    here = kalsel.everybody()[0]
    new_metric("quizzes.papers", {here.id: 1, there.id: 1})
    make.enabled("quizzes", elsewhere)

    found = ask(course=kalsel.course)

    assert total(found) == 44
    assert total(found, "quizzes.papers") == 1
    assert total(ask(institution=elsewhere), "quizzes.papers") == 1


def test_a_share_is_of_those_whom_the_metric_measures(kalsel, make, new_metric):
    """43 people at a host without the plugin and 4 with it, of whom one has passed."""
    elsewhere = make.institution("Lain", kalsel.nation, "province")
    set_region(elsewhere, "31", by=None)
    cohort = make.cohort(kalsel.course, elsewhere)
    homes = [elsewhere, elsewhere, elsewhere, kalsel.places["63.04"]]
    people = [make.enrolment(cohort, make.user(institution=home)) for home in homes]
    values = {one.id: int(one is people[0]) for one in people}
    new_metric("quizzes.passed", values, how="share", unit="%")
    make.enabled("quizzes", elsewhere)

    found = ask(course=kalsel.course, by="province")

    assert total(found) == 47
    assert total(found, "quizzes.passed") == 25
    assert by_code(found, "quizzes.passed") == {"31": 33.33, "63": 0}
    assert by_code(ask(course=kalsel.course), "quizzes.passed")["63.10"] is None


def test_the_lists_behind_a_share_are_those_whom_the_metric_measures(kalsel, make, new_metric):
    elsewhere = make.institution("Lain", kalsel.nation, "province")
    passed, missing, _not_concerned = (
        make.enrolment(make.cohort(kalsel.course, elsewhere)) for _n in range(3)
    )
    new_metric("quizzes.passed", {passed.id: 1, missing.id: 0}, how="share", unit="%")
    make.enabled("quizzes", elsewhere)
    question = Question(Selection(course=kalsel.course), "province")
    [measured] = [m for m in measured_in(question.selection) if m.metric.name == "quizzes.passed"]

    found = [
        [one.enrolment for one in people_behind(question, measured, Part(counted=counted))]
        for counted in (True, False)
    ]

    assert found == [[passed], [missing]]


def _raise(enrolments):
    raise RuntimeError("broken")


def _wrong_sql(enrolments):
    return sa.select(sa.literal(1), sa.literal_column("1 / 0"))


@pytest.mark.parametrize("measure", [_raise, _wrong_sql])
def test_a_metric_that_fails_is_counted_and_the_others_stay(kalsel, new_metric, measure):
    engine().failures.clear()
    new_metric("monitoring.broken", measure, weight=1)

    found = ask(cohort=kalsel.cohort)

    assert [metric.name for metric in found.failed] == ["monitoring.broken"]
    assert total(found, "monitoring.broken") is None
    assert set(by_code(found, "monitoring.broken").values()) == {None}
    assert total(found, "completed") == 0
    assert engine().failures == {("monitoring", "metric monitoring.broken"): 1}


def test_without_classes_there_are_no_rows(kalsel):
    found = ask(year=1999)

    assert found.rows == []
    assert (total(found), total(found, "completed")) == (0, None)


def test_core_metrics_are_measured_everywhere(kalsel):
    assert all(one.everywhere for one in measured_in(Selection(cohort=kalsel.cohort)))


# Cost


@pytest.mark.parametrize("by", GROUPS)
def test_the_number_of_queries_does_not_grow_with_people_and_places(kalsel, make, statements, by):
    def count():
        db.session.commit()
        statements.clear()
        found = ask(by, institution=kalsel.nation)
        return len(found.rows), len([s for s in statements if "FROM plugin_" not in s])

    _rows, few = count()
    for province in provinces()[:16]:
        home = make.institution(f"Baru {province.code}", kalsel.nation)
        set_region(home, province.code, by=None)
        make.enrolment(make.cohort(kalsel.course, home), make.user(institution=home))

    rows, queries = count()

    assert rows > 15
    assert queries == few
