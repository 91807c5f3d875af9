"""Scores of a class: the table, the gain on matched pairs, the file, and the panels."""

import csv
import io
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core.api import Enrolment, db, schedule
from plugins.quizzes import queries
from plugins.quizzes.metrics import METRICS
from plugins.quizzes.services import save_answer, start_attempt, submit_attempt
from plugins.quizzes.tests.conftest import add_test


def sit(test, enrolment, right, *, hand_in=True):
    """Answers the first `right` of the four questions rightly."""
    attempt = start_attempt(test, enrolment)
    for number in range(1, right + 1):
        save_answer(attempt, number, [0, 1] if number == 4 else [0])
    if hand_in:
        submit_attempt(attempt)
    return attempt


@pytest.fixture
def pre(classroom):
    test = add_test(classroom.course, "Pre-test", role="pre", time_limit_minutes=20)
    schedule(classroom.cohort, test.activity, by=None)
    return test


@pytest.fixture
def trainer(classroom, as_user, make):
    return as_user(make.cohort_staff(classroom.cohort, "trainer"))


def url(classroom, path="/scores"):
    return f"/quizzes/classes/{classroom.cohort.code}{path}"


def summary(classroom):
    tests = queries.tests_by_role(classroom.course.id)
    return queries.summary_of(classroom.cohort, tests)


def test_the_gain_counts_matched_pairs_only(classroom, pre, make):
    both, also_both, only_pre, only_post = (make.enrolment(classroom.cohort) for _n in range(4))
    for enrolment, before, after in [
        (both, 1, 3), (also_both, 2, 4), (only_pre, 4, None), (only_post, None, 0),
    ]:  # fmt: skip
        if before is not None:
            sit(pre, enrolment, before)
        if after is not None:
            sit(classroom.test, enrolment, after)

    found = summary(classroom)

    assert found.people == 5
    assert (found.pre_people, found.pre_mean) == (3, pytest.approx(Decimal(175) / 3))
    assert (found.post_people, found.post_mean) == (3, pytest.approx(Decimal(175) / 3))
    assert (found.pairs, found.gain_mean) == (2, 50)
    assert found.passed == 2


def test_the_best_of_several_attempts_counts(classroom, pre):
    classroom.test.attempts_allowed = 3
    sit(pre, classroom.enrolment, 1)
    for right in (2, 4, 1):
        sit(classroom.test, classroom.enrolment, right)

    assert (summary(classroom).post_mean, summary(classroom).gain_mean) == (100, 75)


def test_withdrawn_participants_and_other_classes_do_not_count(classroom, pre, make):
    gone = make.enrolment(classroom.cohort)
    sit(classroom.test, gone, 4)
    make.withdrawn(gone)
    elsewhere = make.enrolment(make.cohort(classroom.course))
    sit(classroom.test, elsewhere, 4)

    found = summary(classroom)

    assert (found.people, found.post_people, found.passed) == (1, 0, 0)


def test_a_class_without_scores_has_no_means(classroom, pre):
    found = summary(classroom)

    assert (found.pre_mean, found.post_mean, found.gain_mean, found.pairs) == (None, None, None, 0)


def test_the_table_says_who_has_done_what(classroom, pre, trainer, make, clock):
    names = ("Handed in", "Working", "Closed", "Absent")
    people = [make.enrolment(classroom.cohort, make.user(name)) for name in names]
    sit(pre, people[0], 1)
    sit(classroom.test, people[0], 3)
    late = sit(classroom.test, people[2], 2, hand_in=False)
    clock.set(late.deadline_at)
    clock.forward(minutes=1)
    sit(classroom.test, people[1], 1, hand_in=False)

    html = trainer.get(url(classroom)).text

    lines = {name: line for line in re.findall(r"<tr>.*?</tr>", html, re.S) for name in names
             if f">{name}<" in line}  # fmt: skip
    cell = re.compile(r'<td class="num">(.*?)</td>', re.S)
    plain = {
        name: [re.sub("<[^>]+>", " ", text).split() for text in cell.findall(line)]
        for name, line in lines.items()
    }
    assert plain["Handed in"] == [["25"], ["75", "+50"]]  # The gain stands here on a phone.
    assert plain["Closed"][1][0] == "50"
    assert not any(cell and cell[0].isdigit() for cell in plain["Working"] + plain["Absent"])
    assert plain["Working"][1] != plain["Absent"][1]
    assert late.closed_by == "server"


def test_staff_see_no_contacts(classroom, pre, trainer):
    classroom.user.phone, classroom.user.email = "+6281234567890", "nimatul@example.org"
    sit(classroom.test, classroom.enrolment, 4)

    for path in ("/scores", "/scores.csv"):
        text = trainer.get(url(classroom, path)).text
        assert "matul" in text
        assert not re.search(r"1234|example\.org", text)


def test_the_table_takes_the_same_number_of_queries_for_any_class(
    classroom, pre, trainer, make, statements
):
    address = url(classroom)

    def count():
        db.session.commit()
        statements.clear()
        assert trainer.get(address).status_code == 200
        return len([s for s in statements if "FROM plugin_" not in s])

    count()
    few = count()
    for _n in range(30):
        sit(classroom.test, make.enrolment(classroom.cohort), 2)

    assert count() == few


def test_those_who_have_not_handed_in_are_listed_apart(classroom, pre, trainer, make):
    done, working, absent = (
        make.enrolment(classroom.cohort, make.user(name)) for name in ("Done", "Working", "Absent")
    )
    sit(classroom.test, done, 2)
    sit(classroom.test, working, 2, hand_in=False)
    sit(pre, absent, 1)

    def names(missing):
        html = trainer.get(f"{url(classroom)}?missing={missing}").text
        return re.findall(r'<th scope="row">(\w+)', html)

    assert names("post") == ["Absent", "Ni", "Working"]
    assert names("pre") == ["Done", "Ni", "Working"]


def test_a_long_list_goes_on_by_key(classroom, trainer, make, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    defaults = {**queries.rows_of.__kwdefaults__, "limit": 2}
    monkeypatch.setattr(queries.rows_of, "__kwdefaults__", defaults)
    for name in ("Adi", "Budi", "Citra", "Citra"):
        make.enrolment(classroom.cohort, make.user(name))

    shown, address = [], url(classroom)
    while address:
        html = trainer.get(address).text
        shown += re.findall(r'<th scope="row">([^<]+)<', html)
        more = re.search(r'rel="next" href="([^"]+)"', html)
        address = more[1].replace("&amp;", "&") if more else None

    assert [name.replace("&#39;", "'") for name in shown] == [
        "Adi", "Budi", "Citra", "Citra", "Ni'matul",
    ]  # fmt: skip


def test_the_file_holds_every_participant_and_no_formula(classroom, pre, trainer, make):
    classroom.test.activity.title = "=Post"
    evil = make.enrolment(classroom.cohort, make.user("=HYPERLINK(1)"))
    sit(pre, evil, 3)
    sit(classroom.test, evil, 1)

    response = trainer.get(url(classroom, "/scores.csv"))

    assert response.mimetype == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    head, *lines = csv.reader(io.StringIO(response.data.decode("utf-8-sig")), delimiter=";")
    assert len(lines) == 2
    cells = dict(zip(head, lines[0], strict=True))
    assert head[5] == "'=Post"
    assert lines[0][:2] == [evil.user.number, "'=HYPERLINK(1)"]
    assert cells["'=Post"] == "25"
    assert lines[0][-1] == "-50"
    assert lines[1][3] == ""


# Figures for monitoring


def measured(name, *enrolments):
    metric = next(metric for metric in METRICS if metric.name == name)
    asked = sa.select(Enrolment.id).where(Enrolment.id.in_([one.id for one in enrolments]))
    return dict(db.session.execute(metric.measure(asked)).all())


def test_figures_for_monitoring_are_those_of_the_class(classroom, pre, make):
    passed, failed, only_post, nothing = (make.enrolment(classroom.cohort) for _n in range(4))
    for enrolment, before, after in [(passed, 1, 4), (failed, 2, 2), (only_post, None, 4)]:
        if before is not None:
            sit(pre, enrolment, before)
        sit(classroom.test, enrolment, after)
    everybody = (passed, failed, only_post, nothing)

    assert measured("quizzes.passed", *everybody) == {
        passed.id: 1, failed.id: 0, only_post.id: 1, nothing.id: 0,
    }  # fmt: skip
    assert measured("quizzes.gain", *everybody) == {passed.id: 75, failed.id: 0}
    assert summary(classroom).passed == 2
    assert measured("quizzes.gain", nothing) == {}
    classroom.test.pass_mark = None
    assert measured("quizzes.passed", *everybody) == {}


# Panels


def test_staff_find_the_figures_on_the_page_of_the_class(classroom, pre, trainer):
    sit(pre, classroom.enrolment, 1)
    sit(classroom.test, classroom.enrolment, 4)

    html = trainer.get(f"/classes/{classroom.cohort.code}/manage").text

    assert 'id="quizzes-scores"' in html
    assert url(classroom) in html
    assert "+75" in html


def test_participants_find_their_own_scores_beside_the_course(classroom, pre, as_user, make):
    sit(pre, classroom.enrolment, 1)
    sit(classroom.test, classroom.enrolment, 4)
    other = make.enrolment(classroom.cohort)

    own = as_user(classroom.user).get(f"/classes/{classroom.cohort.code}").text
    none = as_user(other.user).get(f"/classes/{classroom.cohort.code}").text

    assert 'id="quizzes-own"' in own
    assert "+75" in own
    assert 'id="quizzes-own"' not in none


def test_the_result_page_tells_the_gain(classroom, pre, as_user):
    sit(pre, classroom.enrolment, 1)
    sit(classroom.test, classroom.enrolment, 4)

    html = as_user(classroom.user).get(classroom.url("/attempts/1/result")).text

    assert "+75" in html


@pytest.mark.parametrize("key", [2**63, -(2**63) - 1, 10**30])
def test_a_place_that_no_row_has_shows_the_list_from_the_start(classroom, trainer, key):
    response = trainer.get(url(classroom), query_string={"after": "zzz", "id": key})

    assert response.status_code == 200
    assert "Ni&#39;matul" in response.text
