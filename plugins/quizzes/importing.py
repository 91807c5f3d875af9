"""From a GIFT file to drafts of questions, and a report that a person or a program can read.

Reading the format is `gift.py`; writing questions is `authoring.py`.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from core.api import User
from plugins.quizzes import gift
from plugins.quizzes.authoring import Draft, DraftChoice, QuestionRefused, add_questions, check
from plugins.quizzes.models import KINDS, Question, Test


@dataclass(frozen=True)
class Fault:
    """What was left out and why; `line` is 0 when it is the file as a whole."""

    line: int
    message: str


@dataclass(frozen=True)
class Reading:
    """What a file holds: questions that can be imported, and what cannot."""

    drafts: tuple[Draft, ...]
    faults: tuple[Fault, ...]

    @property
    def by_kind(self) -> dict[str, int]:
        counted = Counter(draft.kind for draft in self.drafts)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    def summary(self) -> dict[str, Any]:
        """As the command prints it with `--json`."""
        errors = [{"line": fault.line, "message": fault.message} for fault in self.faults]
        return {"items": len(self.drafts), "by_kind": self.by_kind, "errors": errors}


def read_gift(data: bytes | str) -> Reading:
    """Reads an uploaded file or pasted text; whatever it is, nothing is raised."""
    file = gift.read(data) if isinstance(data, bytes) else gift.parse(data)
    drafts = []
    faults = [Fault(problem.line, problem.message) for problem in file.problems]
    for question in file.questions:
        draft = _draft(question)
        try:
            check(draft)
        except QuestionRefused as refused:
            text = _("Line %(line)s: %(reason)s", line=question.line, reason=refused.message)
            faults.append(Fault(question.line, text))
        else:
            drafts.append(draft)
    return Reading(tuple(drafts), tuple(sorted(faults, key=lambda fault: fault.line)))


def _draft(question: gift.GiftQuestion) -> Draft:
    return Draft(
        kind=question.kind,
        text=question.text,
        choices=tuple(DraftChoice(c.text, c.fraction, c.feedback) for c in question.choices),
        text_format=question.text_format,
        general_feedback=question.general_feedback,
        external_id=question.external_id,
    )


def import_questions(test: Test, reading: Reading, *, by: User | None) -> list[Question]:
    """Adds all that could be read, in one go. Raises Locked, or QuestionRefused when empty."""
    if not reading.drafts:
        raise QuestionRefused(_("There is no question that can be imported."))
    return add_questions(test, reading.drafts, by=by)
