"""Pages on which authors write a test; trainers may look, keys included."""

from collections.abc import Callable
from functools import partial
from typing import cast

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm

from core.api import Course, DomainError, User, can, db, requires
from plugins.quizzes import authoring, queries, services
from plugins.quizzes.blueprint import pages
from plugins.quizzes.forms import (
    KIND_NAMES,
    ROLE_NAMES,
    SHOW_NAMES,
    ImportForm,
    QuestionForm,
    SettingsForm,
)
from plugins.quizzes.importing import Reading, import_questions, read_gift
from plugins.quizzes.models import Question, Test

LONGEST_IMPORT = 1_000_000


def _authored(activity_id: int) -> Test:
    """The test of the page's course; 404 when the course has no such test."""
    return queries.test_in(g.scope, activity_id) or abort(404)


def _me() -> User:
    return cast(User, current_user._get_current_object())


def _question(test: Test, question_id: int) -> Question:
    return queries.question_with_keys(test, question_id) or abort(404)


def _to_test(test: Test, anchor: str | None = None) -> ResponseReturnValue:
    course: Course = g.scope
    return redirect(
        url_for("quizzes.test", course_id=course.id, activity_id=test.activity_id, _anchor=anchor)
    )


def _written(form: FlaskForm, change: Callable[[], object]) -> bool:
    """Whether the change was made; a refusal goes to the head of the form."""
    try:
        change()
    except (DomainError, ValueError) as refused:
        db.session.rollback()
        form.form_errors.append(str(refused))
        return False
    db.session.commit()
    return True


@pages.get("/courses/<int:course_id>/tests/<int:activity_id>")
@requires("quizzes.view")
def test(course_id: int, activity_id: int) -> ResponseReturnValue:
    found = _authored(activity_id)
    return render_template(
        "quizzes/test.html",
        course=g.scope,
        test=found,
        questions=queries.questions_with_keys(found),
        locked=queries.has_attempts(found),
        may_author=can(current_user, "quizzes.author", g.scope),
        names={"kind": KIND_NAMES, "role": ROLE_NAMES, "show": SHOW_NAMES},
    )


@pages.route("/courses/<int:course_id>/tests/<int:activity_id>/settings", methods=["GET", "POST"])
@requires("quizzes.author")
def settings(course_id: int, activity_id: int) -> ResponseReturnValue:
    found = _authored(activity_id)
    form = SettingsForm(obj=found)
    change = partial(authoring.change_test, found, by=_me())
    if form.validate_on_submit() and _written(form, lambda: change(**form.settings())):
        flash(_("Saved."), "ok")
        return _to_test(found)
    return render_template("quizzes/settings.html", course=g.scope, test=found, form=form)


@pages.route(
    "/courses/<int:course_id>/tests/<int:activity_id>/questions/new", methods=["GET", "POST"]
)
@requires("quizzes.author")
def new_question(course_id: int, activity_id: int) -> ResponseReturnValue:
    found = _authored(activity_id)
    kind = request.args.get("kind", "single")
    if kind not in KIND_NAMES:
        abort(404)
    if queries.has_attempts(found):
        flash(str(authoring.Locked()), "error")
        return _to_test(found)
    form = QuestionForm(points=1)
    add = partial(authoring.add_questions, found, by=_me())
    if form.validate_on_submit() and _written(form, lambda: add([form.draft(kind)])):
        return _to_test(found)
    return _question_page(found, form, kind, None)


@pages.route(
    "/courses/<int:course_id>/tests/<int:activity_id>/questions/<int:question_id>",
    methods=["GET", "POST"],
)
@requires("quizzes.author")
def question(course_id: int, activity_id: int, question_id: int) -> ResponseReturnValue:
    found = _authored(activity_id)
    asked = _question(found, question_id)
    form = QuestionForm() if request.method == "POST" else QuestionForm.of(asked)
    change = partial(authoring.change_question, found, asked, by=_me())
    if form.validate_on_submit() and _written(form, lambda: change(form.draft(asked.kind, asked))):
        return _to_test(found, f"question-{question_id}")
    return _question_page(found, form, asked.kind, asked)


def _question_page(
    found: Test, form: QuestionForm, kind: str, asked: Question | None
) -> ResponseReturnValue:
    locked = queries.has_attempts(found)
    form.fill_up(kind, spare=not locked)
    return render_template(
        "quizzes/question.html",
        course=g.scope,
        test=found,
        form=form,
        kind=kind,
        names=KIND_NAMES,
        question=asked,
        locked=locked,
    )


@pages.route(
    "/courses/<int:course_id>/tests/<int:activity_id>/questions/<int:question_id>/delete",
    methods=["GET", "POST"],
)
@requires("quizzes.author")
def delete_question(course_id: int, activity_id: int, question_id: int) -> ResponseReturnValue:
    """Shows the question that would be lost, then deletes it."""
    found = _authored(activity_id)
    asked = _question(found, question_id)
    if request.method == "POST":
        authoring.delete_question(found, asked, by=_me())
        db.session.commit()
        flash(_("The question was deleted."), "ok")
        return _to_test(found)
    return render_template("quizzes/delete.html", course=g.scope, test=found, question=asked)


@pages.post("/courses/<int:course_id>/tests/<int:activity_id>/questions/<int:question_id>/move")
@requires("quizzes.author")
def move_question(course_id: int, activity_id: int, question_id: int) -> ResponseReturnValue:
    found = _authored(activity_id)
    step = -1 if request.form.get("step") == "-1" else 1
    authoring.move_question(found, _question(found, question_id), step)
    db.session.commit()
    return _to_test(found, f"question-{question_id}")


@pages.route("/courses/<int:course_id>/tests/<int:activity_id>/import", methods=["GET", "POST"])
@requires("quizzes.author")
def import_gift(course_id: int, activity_id: int) -> ResponseReturnValue:
    """First a check of the file, with its text to mend; then the same text is imported."""
    found = _authored(activity_id)
    form = ImportForm()
    reading = _read(form) if form.validate_on_submit() else None
    if reading and "confirm" in request.form:
        write = partial(import_questions, found, reading, by=_me())
        if _written(form, write):
            flash(_("%(count)s questions were imported.", count=len(reading.drafts)), "ok")
            return _to_test(found)
    return render_template(
        "quizzes/import.html",
        course=g.scope,
        test=found,
        form=form,
        reading=reading,
        locked=queries.has_attempts(found),
        names=KIND_NAMES,
    )


def _read(form: ImportForm) -> Reading | None:
    """What the file or the pasted text holds; a readable file's text goes into the form."""
    upload = form.file.data
    data: bytes | str = upload.read() if upload else form.text.data or ""
    if len(data) > LONGEST_IMPORT:
        form.form_errors.append(
            _("This is more than 1 MB. Ask the operator to import it with: bimtek quizzes import")
        )
        return None
    if not data:
        form.form_errors.append(_("Choose a file or paste the questions."))
        return None
    reading = read_gift(data)
    if isinstance(data, bytes) and not any(fault.line == 0 for fault in reading.faults):
        form.text.data = data.decode("utf-8-sig")
    return reading


@pages.get("/courses/<int:course_id>/tests/<int:activity_id>/preview")
@requires("quizzes.view")
def preview(course_id: int, activity_id: int) -> ResponseReturnValue:
    """The paper as a participant sees it; nothing is kept."""
    found = _authored(activity_id)
    questions = queries.questions_of(found)
    items = queries.items_of(services.new_paper(questions, shuffled=False), questions)
    return render_template(
        "quizzes/preview.html",
        course=g.scope,
        test=found,
        items=items,
    )
