"""The author's pages: plain forms that work without a script, and the import of GIFT."""

import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.api import db
from plugins.quizzes import queries
from plugins.quizzes.authoring import add_questions
from plugins.quizzes.models import Question
from plugins.quizzes.services import start_attempt
from plugins.quizzes.tests.conftest import Draft, DraftChoice, add_test, single

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def author(classroom, as_user, make):
    return as_user(make.staff("organiser", classroom.institution))


def questions(classroom):
    db.session.expire_all()
    return queries.questions_with_keys(classroom.test)


def rows(*texts, **more):
    """The fields of the choice rows, as the form sends them."""
    fields = {f"choices-{n}-text": text for n, text in enumerate(texts)}
    return {"points": "1", "general_feedback": "", **fields, **more}


def form_of(html):
    """The fields that a browser would send back from the page's form."""
    inputs = re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"([^>]*)>', html)
    areas = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', html)
    kept = {name: value for name, value, rest in inputs if name != "right" or "checked" in rest}
    return kept | dict(areas)


# Settings


def test_settings_are_saved(classroom, author):
    data = {
        "role": "post", "time_limit_minutes": "", "pass_mark": "65", "attempts_allowed": "2",
        "shuffle": "y", "show": "never",
    }  # fmt: skip

    response = author.post(classroom.author_url("/settings"), data=data)

    assert response.location == classroom.author_url()
    test = classroom.test
    assert (test.time_limit_minutes, test.pass_mark, test.attempts_allowed) == (None, 65, 2)
    assert (test.shuffle, test.show) == (True, "never")


@pytest.mark.parametrize(
    "wrong",
    [{"pass_mark": "101"}, {"attempts_allowed": "0"}, {"time_limit_minutes": "-5"}, {"role": "x"}],
)
def test_settings_out_of_range_are_shown_in_the_form(classroom, author, wrong):
    data = {"role": "post", "attempts_allowed": "1", "show": "never", **wrong}

    response = author.post(classroom.author_url("/settings"), data=data)

    assert response.status_code == 200
    assert 'class="err"' in response.text
    assert classroom.test.show == "after_closing"


def test_a_second_post_test_is_refused_in_the_form(classroom, author):
    other = add_test(classroom.course, "Exercise")
    url = f"/quizzes/courses/{classroom.course.id}/tests/{other.activity_id}/settings"

    response = author.post(url, data={"role": "post", "attempts_allowed": "1", "show": "never"})

    assert response.status_code == 200
    assert "“Post-test”" in response.text
    assert other.role == "exercise"


# Questions


def test_a_single_choice_question_is_added(classroom, author):
    data = rows("a", "", "b", right="2", text="Which?") | {"choices-2-feedback": "Yes."}

    response = author.post(classroom.author_url("/questions/new?kind=single"), data=data)

    assert response.location == classroom.author_url()
    new = questions(classroom)[-1]
    assert (new.text, new.kind, new.position) == ("Which?", "single", 5)
    assert [(c.text, c.key.fraction, c.feedback) for c in new.choices] == [
        ("a", 0, ""),
        ("b", 1, "Yes."),
    ]


def test_a_multiple_choice_question_is_added(classroom, author):
    shares = {"choices-0-share": "50", "choices-1-share": " 50% ", "choices-2-share": "−33,333"}

    author.post(
        classroom.author_url("/questions/new?kind=multiple"),
        data=rows("a", "b", "c", text="Which?") | shares,
    )

    fractions = [choice.key.fraction for choice in questions(classroom)[-1].choices]
    assert fractions == [Decimal("0.5"), Decimal("0.5"), Decimal("-0.33333")]


@pytest.mark.parametrize(("right", "expected"), [("0", [1, 0]), ("1", [0, 1])])
def test_a_true_false_question_is_added(classroom, author, right, expected):
    data = {"text": "So?", "points": "1", "right": right} | {
        f"choices-{n}-feedback": "" for n in range(2)
    }

    author.post(classroom.author_url("/questions/new?kind=true_false"), data=data)

    new = questions(classroom)[-1]
    assert [choice.text for choice in new.choices] == ["true", "false"]
    assert [choice.key.fraction for choice in new.choices] == expected


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("single", rows("a", "b", text="No right one")),
        ("single", rows("a", right="0", text="One answer")),
        ("single", rows("a", "b", right="0", text="")),
        ("single", rows("a", "b", right="0", text="Points", points="0")),
        ("single", rows("a", "b", right="7", text="Elsewhere")),
        ("multiple", rows("a", "b", text="Words", **{"choices-0-share": "half"})),
        ("multiple", rows("a", "b", text="Endless", **{"choices-0-share": "Infinity"})),
        ("multiple", rows("a", "b", text="Nothing", **{"choices-0-share": "NaN"})),
        ("multiple", rows("a", "b", text="Huge", **{"choices-0-share": "1e99999999"})),
        ("multiple", rows("a", "b", text="Tiny", **{"choices-0-share": "1e-99999999"})),
        ("multiple", rows("a", "b", text="Too little", **{"choices-0-share": "20"})),
    ],
)
def test_a_question_that_cannot_be_scored_stays_in_the_form(classroom, author, kind, data):
    url = classroom.author_url(f"/questions/new?kind={kind}")

    response = author.post(url, data=data)

    assert response.status_code == 200
    assert 'role="alert"' in response.text or 'class="err"' in response.text
    assert data["text"] in response.text
    assert len(questions(classroom)) == 4


def test_an_unknown_kind_of_question_is_not_found(classroom, author):
    assert author.get(classroom.author_url("/questions/new?kind=essay")).status_code == 404


@pytest.mark.parametrize("index", [0, 2, 3])
def test_saving_a_question_unchanged_changes_nothing(classroom, author, index):
    before = questions(classroom)[index]
    state = (before.text, [(c.id, c.text, c.key.fraction) for c in before.choices])
    url = classroom.author_url(f"/questions/{before.id}")

    response = author.post(url, data=form_of(author.get(url).text))

    assert response.status_code == 302
    after = questions(classroom)[index]
    assert (after.text, [(c.id, c.text, c.key.fraction) for c in after.choices]) == state


def test_part_of_the_points_for_a_wrong_choice_survives_an_edit(classroom, author):
    choices = (DraftChoice("a", Decimal(1)), DraftChoice("b", Decimal("0.5")))
    [asked] = add_questions(classroom.test, [Draft("single", "Half", choices)], by=None)
    url = classroom.author_url(f"/questions/{asked.id}")

    author.post(url, data=form_of(author.get(url).text) | {"text": "Half?"})

    assert [c.key.fraction for c in questions(classroom)[-1].choices] == [1, Decimal("0.5")]
    assert questions(classroom)[-1].text == "Half?"


def test_wording_is_mended_by_the_form_after_the_first_start(classroom, author):
    start_attempt(classroom.test, classroom.enrolment)
    asked = questions(classroom)[3]
    url = classroom.author_url(f"/questions/{asked.id}")
    fields = form_of(author.get(url).text)

    mended = author.post(url, data=fields | {"text": "Four, mended"})
    assert mended.status_code == 302
    assert questions(classroom)[3].text == "Four, mended"

    forced = author.post(url, data=fields | {"choices-2-share": "50", "choices-0-share": "0"})
    assert forced.status_code == 200
    assert 'role="alert"' in forced.text
    assert questions(classroom)[3].choices[0].key.fraction == Decimal("0.5")


def test_questions_are_moved_and_deleted_by_buttons(classroom, author):
    first = questions(classroom)[0]
    base = classroom.author_url(f"/questions/{first.id}")

    author.post(f"{base}/move", data={"step": "1"})
    assert [q.text for q in questions(classroom)] == ["Two", "One", "Three", "Four"]

    assert "One" in author.get(f"{base}/delete").text
    assert len(questions(classroom)) == 4
    author.post(f"{base}/delete")
    assert [q.text for q in questions(classroom)] == ["Two", "Three", "Four"]


def test_a_question_is_reached_through_its_own_test_only(classroom, author):
    other = add_test(classroom.course, "Exercise")
    foreign = queries.questions_of(other)[0]

    for path, method in (("", "get"), ("", "post"), ("/move", "post"), ("/delete", "post")):
        url = classroom.author_url(f"/questions/{foreign.id}{path}")
        assert getattr(author, method)(url).status_code == 404
    assert db.session.get(Question, foreign.id) is not None


def test_pages_show_the_questions_with_keys_and_the_preview_without(classroom, author):
    page = author.get(classroom.author_url())
    preview = author.get(classroom.author_url("/preview"))

    assert page.text.count("check") >= 3
    assert page.text.count("50%") == 3  # Two right choices, and one that takes points away.
    assert "50%" not in preview.text
    assert preview.text.count('name="choice"') == 11


def test_pages_of_a_large_test_take_a_fixed_number_of_queries(classroom, author, statements):
    address = classroom.author_url()

    def count():
        db.session.commit()
        statements.clear()
        assert author.get(address).status_code == 200
        return len([s for s in statements if "FROM plugin_" not in s])

    count()
    few = count()
    add_questions(classroom.test, [single(f"Question {n}") for n in range(40)], by=None)

    assert count() == few


# Import


def upload(name):
    return {"file": (io.BytesIO((SAMPLES / name).read_bytes()), name)}


def test_a_check_lists_counts_and_problems_and_writes_nothing(classroom, author):
    response = author.post(classroom.author_url("/import"), data=upload("mixed.gift"))

    assert response.status_code == 200
    assert len(re.findall(r'<li><svg class="icon"[^>]*><use[^>]*#alert', response.text)) == 5
    assert 'name="confirm"' in response.text
    assert "Penyiangan" in response.text
    assert len(questions(classroom)) == 4


def test_the_checked_text_is_imported_after_confirming(classroom, author):
    text = (SAMPLES / "mixed.gift").read_text(encoding="utf-8")

    response = author.post(
        classroom.author_url("/import"), data={"text": text.replace("\n", "\r\n"), "confirm": "1"}
    )

    assert response.location == classroom.author_url()
    new = questions(classroom)[4:]
    assert [question.kind for question in new] == ["true_false", "multiple", "single"]
    assert [len(question.choices) for question in new] == [2, 3, 3]
    assert sum(choice.key.fraction for choice in new[1].choices) == 0


def test_every_question_of_a_good_file_arrives_with_its_key_and_texts(classroom, author):
    text = (SAMPLES / "good.gift").read_text(encoding="utf-8")

    author.post(classroom.author_url("/import"), data={"text": text, "confirm": "1"})

    new = questions(classroom)[4:]
    assert len(new) == 12
    first = new[0]
    assert first.external_id == "OLAH-01"
    assert first.choices[0].feedback == "Tepat. Kelas 200 memuat ilmu agama."
    assert first.general_feedback.startswith("Bagan sepuluh")
    assert all(any(c.key.fraction > 0 for c in question.choices) for question in new)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": "no questions here {"},
        {"text": "", "confirm": "1"},
        {"text": "::Essay:: Write. {}", "confirm": "1"},
        {"text": "x" * 1_000_001, "confirm": "1"},
        {"file": (io.BytesIO(b"PK\x03\x04nothing"), "x.gift"), "confirm": "1"},
    ],
)
def test_nothing_importable_is_said_and_nothing_written(classroom, author, data):
    response = author.post(classroom.author_url("/import"), data=data)

    assert response.status_code == 200
    assert 'role="alert"' in response.text or "#alert" in response.text
    assert len(questions(classroom)) == 4


def test_a_test_that_was_started_takes_no_import(classroom, author):
    start_attempt(classroom.test, classroom.enrolment)

    response = author.post(
        classroom.author_url("/import"), data={"text": "So? {T}", "confirm": "1"}
    )

    assert 'role="alert"' in response.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Question)) == 4
