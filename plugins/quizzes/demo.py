"""The demo's tests: a finished class with pre-test and post-test, and one open today.

Questions and results are invented. Attempts are written in bulk, but scored by the same function
and reported to the course in the same way as real ones.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.api import (
    Cohort,
    Demo,
    Enrolment,
    Section,
    add_activity,
    db,
    now,
    record_progress,
    schedule,
    whole_course,
)
from plugins.quizzes import queries
from plugins.quizzes.authoring import add_questions, change_test
from plugins.quizzes.facts import KIND
from plugins.quizzes.importing import read_gift
from plugins.quizzes.models import Answer, Attempt, PaperItem, Test
from plugins.quizzes.scoring import Key, score
from plugins.quizzes.services import deadline, new_paper

QUESTIONS = Path(__file__).parent / "demo_questions.gift"
COURSE, FINISHED, RUNNING = "BTP-2020", "DKI-2020", "BTP-2026"
BOTH = ("AKI", "MED")
PRE = ("TPB-01", "ADV-01", "TIK-01", "MON-01")
POST = (
    "TPB-03", "TPB-05", "ADV-02", "ADV-03", "TIK-02", "TIK-03", "KEL-03", "MON-02", "MON-03",
)  # fmt: skip
PASS_MARK = 70
NOT_PASSED = {17, 58, 96, 131}
MISSED_PRE, MISSED_POST = {23, 104}, {77}
CLOSED_BY_SERVER = {9, 66, 120}


def load(demo: Demo) -> None:
    course = whole_course(found.id) if (found := demo.course(COURSE)) else None
    if course is None:
        return
    plain = [section for section in course.sections if not section.numbered]
    pre = _test(plain[0], "Tes awal", PRE, role="pre", time_limit_minutes=20)
    post = _test(
        plain[-1], "Tes akhir", POST, role="post", time_limit_minutes=30, pass_mark=PASS_MARK
    )
    if cohort := demo.cohort(FINISHED):
        _finished(demo, cohort, pre, post)
    if cohort := demo.cohort(RUNNING):
        _running(demo, cohort, pre, post)


def _test(section: Section, title: str, codes: Collection[str], **settings: Any) -> Test:
    activity = add_activity(section, KIND, title)
    test = queries.test_of_activity(activity.id)
    assert test is not None  # noqa: S101 -- made when the activity was
    change_test(test, by=None, shuffle=True, **settings)
    drafts = [
        draft
        for draft in read_gift(QUESTIONS.read_bytes()).drafts
        if draft.external_id in codes or draft.external_id.startswith(BOTH)
    ]
    add_questions(test, drafts, by=None)
    return test


def _at(day: date, clock: str, cohort: Cohort) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(cohort.timezone))


def _finished(demo: Demo, cohort: Cohort, pre: Test, post: Test) -> None:
    first, last = cohort.starts_on, cohort.ends_on
    morning = _open(pre, cohort, _at(first, "08:00", cohort), _at(first, "09:00", cohort))
    evening = _open(post, cohort, _at(last, "15:00", cohort), _at(last, "16:30", cohort))
    before, after = [], []
    for number, enrolment in enumerate(demo.enrolments(FINISHED)):
        ability = demo.random.gauss(0, 1)
        slow = number in CLOSED_BY_SERVER
        if number not in MISSED_PRE:
            right = _within(8.5 + 2.0 * ability + demo.random.gauss(0, 1), 2, 14)
            before.append(_Sitting(enrolment, right, slow))
        if number not in MISSED_POST:
            low = number in NOT_PASSED
            right = _within(16.2 + 1.3 * ability + demo.random.gauss(0, 0.7), 14, 20)
            after.append(_Sitting(enrolment, demo.random.randint(11, 13) if low else right, slow))
    _sit(demo.random, pre, morning, before)
    _sit(demo.random, post, evening, after)


def _running(demo: Demo, cohort: Cohort, pre: Test, post: Test) -> None:
    """The pre-test is open now, and about half the class has handed it in."""
    opened = now() - timedelta(hours=1)
    window = _open(pre, cohort, opened, _at(cohort.ends_on, "23:00", cohort))
    afternoon = _at(cohort.ends_on, "15:00", cohort), _at(cohort.ends_on, "16:30", cohort)
    _open(post, cohort, *afternoon)
    people = list(demo.enrolments(RUNNING))
    early = demo.random.sample([p for p in people if p.user.email], min(20, len(people) // 2))
    marks = [_Sitting(p, _within(demo.random.gauss(8, 2), 2, 14), False) for p in early]
    _sit(demo.random, pre, window, marks)


def _within(value: float, lowest: int, highest: int) -> int:
    return min(max(round(value), lowest), highest)


def _open(test: Test, cohort: Cohort, opens: datetime, closes: datetime) -> queries.Window:
    schedule(cohort, test.activity, by=None, opens_at=opens, closes_at=closes)
    return queries.Window(opens, closes)


@dataclass(frozen=True)
class _Sitting:
    """How many answers a participant knew, and whether the time ran out."""

    enrolment: Enrolment
    right: int
    slow: bool


def _sit(random: Random, test: Test, window: queries.Window, sittings: Sequence[_Sitting]) -> None:
    """Writes the attempts and answers of a class in two statements."""
    questions, keys = queries.questions_of(test), queries.keys_of(test.id)
    attempts, chosen = [], []
    for sitting in sittings:
        paper = new_paper(questions, shuffled=True)
        picked = _picks(random, paper, keys, sitting.right)
        row = {
            "test_id": test.id,
            "enrolment_id": sitting.enrolment.id,
            "number": 1,
            "closed_by": "server" if sitting.slow else "participant",
            "score": score(keys, picked),
            "paper": paper,
        }
        attempts.append(row | _times(random, test, window, slow=sitting.slow))
        chosen.append(picked)
    returning = sa.insert(Attempt).returning(Attempt, sort_by_parameter_order=True)
    written = db.session.scalars(returning, attempts).all()
    answers: list[dict[str, Any]] = []
    for attempt, picked in zip(written, chosen, strict=True):
        answers += _answers(attempt, picked)
    db.session.execute(sa.insert(Answer), answers)
    for attempt, sitting in zip(written, sittings, strict=True):
        mark = attempt.score or Decimal(0)
        state = "done" if test.is_passed(mark) else "failed"
        record_progress(sitting.enrolment, test.activity, state, score=float(mark))


def _picks(
    random: Random, paper: Sequence[PaperItem], keys: Mapping[int, Key], right: int
) -> dict[int, list[int]]:
    """Question id → chosen choice: `right` of them known, the others guessed wrongly."""
    known = {place["question"] for place in random.sample(paper, min(right, len(paper)))}
    picked = {}
    for place in paper:
        knows, fractions = place["question"] in known, keys[place["question"]].fractions
        fitting = [choice for choice in place["choices"] if (fractions[choice] == 1) == knows]
        picked[place["question"]] = [random.choice(fitting)]
    return picked


def _times(
    random: Random, test: Test, window: queries.Window, *, slow: bool
) -> dict[str, datetime | None]:
    opened = window.opens_at or now()
    began = opened + timedelta(seconds=random.randint(20, 12 * 60))
    ends = deadline(test, window, began) or began
    used = ends - began if slow else timedelta(seconds=random.randint(9 * 60, 19 * 60))
    return {"started_at": began, "deadline_at": ends, "submitted_at": began + used}


def _answers(attempt: Attempt, picked: Mapping[int, list[int]]) -> list[dict[str, Any]]:
    """Spread evenly over the time that the participant took."""
    step = ((attempt.submitted_at or attempt.started_at) - attempt.started_at) / (len(picked) + 1)
    return [
        {
            "attempt_id": attempt.id,
            "question_id": question_id,
            "choices": choices,
            "flagged": False,
            "sequence": 1,
            "saved_at": attempt.started_at + place * step,
        }
        for place, (question_id, choices) in enumerate(picked.items(), start=1)
    ]
