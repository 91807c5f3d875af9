"""Who may call which address of this plugin, for the table of all addresses."""

from collections.abc import Mapping
from typing import Any

from core.courses.services import add_activity
from core.people.access import ADMIN

ENDPOINTS = {
    "quizzes.attempt": "quizzes.take",
    "quizzes.delete_question": "quizzes.author",
    "quizzes.import_gift": "quizzes.author",
    "quizzes.intro": "courses.learn",
    "quizzes.move_question": "quizzes.author",
    "quizzes.new_question": "quizzes.author",
    "quizzes.preview": "quizzes.view",
    "quizzes.question": "quizzes.author",
    "quizzes.result": "quizzes.take",
    "quizzes.review": "quizzes.take",
    "quizzes.save": "quizzes.take",
    "quizzes.score_list": "quizzes.see_scores",
    "quizzes.scores": "quizzes.see_scores",
    "quizzes.scores_csv": "quizzes.see_scores",
    "quizzes.settings": "quizzes.author",
    "quizzes.start": "quizzes.take",
    "quizzes.static": "public",
    "quizzes.submit": "quizzes.take",
    "quizzes.test": "quizzes.view",
}
_RUN = {"institution_admin", "organiser", ADMIN}
HOLDERS = {
    "quizzes.author": _RUN,
    "quizzes.see_scores": _RUN | {"committee", "trainer"},
    "quizzes.take": {"participant", ADMIN},
    "quizzes.view": _RUN | {"trainer"},
}


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    """Endpoint → what stands in its address; called once, before the course is published."""
    quiz = add_activity(section, "quizzes.test", "Test")
    of_quiz = {endpoint: {"activity_id": quiz.id} for endpoint in ENDPOINTS}
    return {**of_quiz, "quizzes.static": {"filename": "test.js"}}
