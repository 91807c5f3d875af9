"""Writing a test: what a question must have, and what stays once somebody has started."""

from dataclasses import replace
from decimal import Decimal

import pytest
import sqlalchemy as sa

from core.api import ActivityProgress, DomainError, db
from plugins.quizzes import queries
from plugins.quizzes.authoring import (
    LONGEST_TEXT,
    DraftChoice,
    Locked,
    QuestionRefused,
    add_questions,
    change_question,
    change_test,
    check,
    delete_question,
    move_question,
)
from plugins.quizzes.services import start_attempt
from plugins.quizzes.tests.conftest import add_test, multiple, single, truth

GOOD = single("Question")


def questions(classroom):
    return list(queries.questions_with_keys(classroom.test))


def texts(classroom):
    return [question.text for question in questions(classroom)]


def as_written(question):
    """A draft that says what the question says already."""
    choices = tuple(DraftChoice(c.text, c.key.fraction, c.feedback) for c in question.choices)
    draft = replace(GOOD, kind=question.kind, text=question.text, choices=choices)
    return replace(draft, points=question.points, general_feedback=question.general_feedback)


@pytest.mark.parametrize(
    "draft",
    [
        replace(GOOD, text=" \n"),
        replace(GOOD, text="x" * (LONGEST_TEXT + 1)),
        replace(GOOD, choices=GOOD.choices[:1]),
        replace(GOOD, choices=(GOOD.choices[0], replace(GOOD.choices[1], text=" right "))),
        replace(GOOD, choices=GOOD.choices[1:]),
        replace(GOOD, choices=(*GOOD.choices, DraftChoice("also", Decimal(1)))),
        replace(GOOD, choices=(*GOOD.choices, DraftChoice("odd", Decimal("-1.5")))),
        multiple("Shares", ["0.5", "0.4"]),
        multiple("Shares", ["0", "-1"]),
        multiple("Many", ["0.02"] * 51),
    ],
)
def test_a_question_that_cannot_be_scored_is_refused(draft):
    with pytest.raises(QuestionRefused):
        check(draft)


@pytest.mark.parametrize(
    "draft", [GOOD, truth("True?", right=False), multiple("Thirds", ["0.33333"] * 3)]
)
def test_a_question_that_can_be_scored_is_taken(draft):
    check(draft)


def test_questions_are_added_at_the_end_all_or_none(classroom):
    bad = replace(GOOD, text="")

    with pytest.raises(QuestionRefused):
        add_questions(classroom.test, [GOOD, bad], by=None)
    db.session.rollback()
    add_questions(classroom.test, [single("Five"), single("Six")], by=None)

    assert texts(classroom) == ["One", "Two", "Three", "Four", "Five", "Six"]


def test_a_question_is_rewritten_with_fewer_and_more_choices(classroom):
    asked = questions(classroom)[0]

    change_question(classroom.test, asked, single("New", "a", ("b",), points=5), by=None)
    db.session.expire_all()
    again = questions(classroom)[0]
    assert (again.text, again.points) == ("New", 5)
    assert [(c.text, c.key.fraction) for c in again.choices] == [("a", 1), ("b", 0)]

    change_question(classroom.test, again, single("New", "b", ("a", "c", "d")), by=None)
    db.session.expire_all()
    texts_now = [(c.text, c.key.fraction) for c in questions(classroom)[0].choices]
    assert texts_now == [("b", 1), ("a", 0), ("c", 0), ("d", 0)]


def test_questions_move_and_the_numbers_stay_dense(classroom):
    first = questions(classroom)[0]

    move_question(classroom.test, first, 1)
    move_question(classroom.test, first, 1)
    move_question(classroom.test, questions(classroom)[-1], 1)
    delete_question(classroom.test, questions(classroom)[0], by=None)

    assert texts(classroom) == ["Three", "One", "Four"]
    assert [question.position for question in questions(classroom)] == [1, 2, 3]


# After the first start


@pytest.fixture
def started(classroom):
    start_attempt(classroom.test, classroom.enrolment)
    return classroom


def test_wording_can_still_be_mended(started):
    asked = questions(started)[0]
    draft = as_written(asked)
    mended = replace(
        draft,
        text="One, better",
        general_feedback="Because.",
        choices=(
            replace(draft.choices[0], text="quite right", feedback="Yes."),
            *draft.choices[1:],
        ),
    )

    change_question(started.test, asked, mended, by=None)

    assert questions(started)[0].text == "One, better"
    assert questions(started)[0].choices[0].text == "quite right"


@pytest.mark.parametrize("change", ["points", "key", "fewer", "more"])
def test_what_counts_can_no_longer_be_changed(started, change):
    asked = questions(started)[0]
    draft = as_written(asked)
    right, wrong, worse = draft.choices
    changed = {
        "points": replace(draft, points=2),
        "key": replace(draft, choices=(replace(right, fraction=Decimal(0)),
                                       replace(wrong, fraction=Decimal(1)), worse)),
        "fewer": replace(draft, choices=(right, wrong)),
        "more": replace(draft, choices=(*draft.choices, DraftChoice("new", Decimal(0)))),
    }  # fmt: skip

    with pytest.raises(Locked):
        change_question(started.test, asked, changed[change], by=None)


def test_questions_can_no_longer_be_added_or_deleted(started):
    with pytest.raises(Locked):
        add_questions(started.test, [GOOD], by=None)
    with pytest.raises(Locked):
        delete_question(started.test, questions(started)[0], by=None)

    assert len(questions(started)) == 4


@pytest.mark.parametrize("setting", [{"pass_mark": 60}, {"role": "pre"}])
def test_role_and_pass_mark_can_no_longer_be_changed(started, setting):
    with pytest.raises(Locked):
        change_test(started.test, by=None, **setting)


def test_other_settings_can_still_be_changed(started):
    change_test(started.test, by=None, attempts_allowed=3, time_limit_minutes=45, pass_mark=70)

    assert (started.test.attempts_allowed, started.test.time_limit_minutes) == (3, 45)


# Beside the questions


def test_a_course_has_one_test_of_a_role(classroom):
    with pytest.raises(DomainError, match="Post-test"):
        add_test(classroom.course, "Another", role="post")


def test_a_course_has_as_many_exercises_as_it_likes(classroom):
    add_test(classroom.course, "First exercise")
    add_test(classroom.course, "Second exercise")

    assert len(queries.tests_by_role(classroom.course.id).exercises) == 2


def test_a_test_without_questions_keeps_the_course_from_being_published(classroom, make, as_user):
    organiser = as_user(make.staff("organiser", classroom.institution))
    publish = f"/courses/{classroom.course.id}/publish"
    classroom.course.status = "draft"
    empty = add_test(classroom.course, "Empty", drafts=[])

    refused = organiser.post(publish, follow_redirects=True)
    assert "“Empty”" in refused.text
    assert classroom.course.status == "draft"

    add_questions(empty, [GOOD], by=None)
    organiser.post(publish)
    assert classroom.course.status == "published"


@pytest.mark.parametrize("taken", [True, False])
def test_an_activity_is_deleted_only_while_nobody_has_started(classroom, make, as_user, taken):
    organiser = as_user(make.staff("organiser", classroom.institution))
    if taken:
        # Progress alone would keep the activity: here the attempt has to.
        start_attempt(classroom.test, classroom.enrolment)
        db.session.execute(sa.delete(ActivityProgress))
    activity_id, test_id = classroom.activity.id, classroom.test.id

    organiser.post(f"/courses/{classroom.course.id}/activities/{activity_id}/delete")

    assert (queries.test_of_activity(activity_id) is not None) == taken
    assert len(queries.keys_of(test_id)) == (4 if taken else 0)
