"""Rules of taking a test: starting, saving answers, handing in, closing at the deadline.

The server's clock decides, never the device's. Whoever looks at an attempt whose time is over
closes it; the job at the deadline does the same, and twice is once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any, Literal

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from core.api import (
    Cohort,
    DomainError,
    Enrolment,
    clock,
    db,
    moment,
    now,
    record_progress,
)
from plugins.quizzes import queries
from plugins.quizzes.jobs import plan_close
from plugins.quizzes.models import GRACE, Answer, Attempt, PaperItem, Question, Test
from plugins.quizzes.scoring import score

# Nobody's time is cut off without this much warning.
LEAST_LEFT = timedelta(minutes=1)
# JavaScript counts exactly up to here.
HIGHEST_SEQUENCE = 2**53 - 1


class NotSittable(DomainError):
    """The test cannot be started now; the sentence says why."""


class AttemptClosed(DomainError):
    """The attempt takes no more answers."""


class WrongAnswer(DomainError):
    """An answer that this paper does not offer; no button of ours sends it."""

    status = 422

    def __init__(self) -> None:
        super().__init__(_("This answer does not belong to the question. Reload the page."))


# Starting


def start_attempt(test: Test, enrolment: Enrolment) -> Attempt:
    """Begins an attempt, or gives the one that is open. Raises NotSittable.

    Two starts at once give one attempt: the database keeps one open attempt a person.
    """
    _hold_still(test)
    # Counted before looking: an attempt begun in between is then found as the open one.
    made = len(queries.attempts_of(test, enrolment))
    found = _open_attempt(test, enrolment)
    if found is not None:
        return found
    at = now()
    window = queries.window_of(enrolment.cohort_id, test.activity_id)
    _refuse_outside(window, enrolment.cohort, at)
    if made >= test.attempts_allowed:
        raise NotSittable(_("You have used all your attempts at this test."))
    inserted = db.session.scalar(
        insert(Attempt)
        .values(
            test_id=test.id,
            enrolment_id=enrolment.id,
            number=made + 1,
            started_at=at,
            deadline_at=deadline(test, window, at),
            paper=new_paper(_questions(test), shuffled=test.shuffle),
        )
        .on_conflict_do_nothing()
        .returning(Attempt)
    )
    if inserted is None:
        return _started_meanwhile(test, enrolment)
    record_progress(enrolment, test.activity, "started")
    if inserted.deadline_at is not None:
        plan_close(inserted, closing_time(inserted.deadline_at))
    return inserted


def _open_attempt(test: Test, enrolment: Enrolment) -> Attempt | None:
    found = db.session.scalar(
        sa.select(Attempt).filter_by(test_id=test.id, enrolment_id=enrolment.id, submitted_at=None)
    )
    return found if found is not None and not close_if_overdue(found) else None


def _started_meanwhile(test: Test, enrolment: Enrolment) -> Attempt:
    found = _open_attempt(test, enrolment)
    if found is None:
        raise NotSittable(_("The test was started twice at once. Try again."))
    return found


def _refuse_outside(window: queries.Window, cohort: Cohort, at: datetime) -> None:
    state = window.state(at)
    if state == "not_open" and window.opens_at:
        opens = moment(window.opens_at, cohort.timezone)
        raise NotSittable(_("This test opens on %(moment)s.", moment=opens))
    if state == "closed" and window.closes_at:
        closed = moment(window.closes_at, cohort.timezone)
        raise NotSittable(_("This test closed on %(moment)s.", moment=closed))


def _hold_still(test: Test) -> None:
    """Nobody changes the questions, the limit or the window until this transaction ends."""
    settings = ["time_limit_minutes", "attempts_allowed", "shuffle"]
    db.session.refresh(test, settings, with_for_update={"read": True, "key_share": True})


def hold_starts(test: Test) -> None:
    """Waits for starts that are under way; none can begin until this transaction ends."""
    db.session.execute(sa.select(Test.id).filter_by(id=test.id).with_for_update())


def _questions(test: Test) -> Sequence[Question]:
    questions = queries.questions_of(test)
    if not questions:
        raise NotSittable(_("This test has no questions yet."))
    return questions


def deadline(test: Test, window: queries.Window, started_at: datetime) -> datetime | None:
    """The earlier of the time limit and the end of the window; None without either."""
    limit = test.time_limit_minutes
    ends = [window.closes_at, started_at + timedelta(minutes=limit) if limit else None]
    return min((end for end in ends if end is not None), default=None)


def closing_time(deadline_at: datetime) -> datetime:
    """When the job closes the attempt: just after the last answer that still counts."""
    return deadline_at + GRACE + timedelta(seconds=1)


def move_deadlines(test: Test, cohort_id: int | None = None) -> None:
    """Brings attempts under way, in one class or in all, in line with a new limit or window.

    A later end gives more time. An earlier one takes time away, but leaves a minute from now,
    or what there was if that is less. An attempt whose time is over stays over.
    """
    hold_starts(test)
    at = now()
    for attempt, opens_at, closes_at in queries.under_way_to_hold(test, cohort_id):
        if not attempt.is_overdue(at):
            window = queries.Window(opens_at, closes_at)
            _move_deadline(attempt, deadline(test, window, attempt.started_at), at)
    db.session.flush()


def _move_deadline(attempt: Attempt, wanted: datetime | None, at: datetime) -> None:
    """A job at the former deadline plans itself again; an earlier one needs one of its own."""
    former = attempt.deadline_at
    if wanted is None or (former is not None and wanted >= former):
        attempt.deadline_at = wanted
        return
    soonest = at + LEAST_LEFT
    moved = max(wanted, soonest if former is None else min(former, soonest))
    if moved != former:
        attempt.deadline_at = moved
        plan_close(attempt, closing_time(moved))


def new_paper(questions: Sequence[Question], *, shuffled: bool) -> list[PaperItem]:
    """The order in which one participant sees questions and choices."""
    random = SystemRandom()
    order = random.sample(questions, len(questions)) if shuffled else questions
    paper = []
    for question in order:
        choices = [choice.id for choice in question.choices]
        if shuffled and question.kind != "true_false":
            random.shuffle(choices)
        several = question.kind == "multiple"
        paper.append(PaperItem(question=question.id, choices=choices, several=several))
    return paper


# Answering


@dataclass(frozen=True)
class Saved:
    """What the server holds now. `stored` is False where it already had a newer answer."""

    stored: bool
    picked: tuple[int, ...]
    flagged: bool
    sequence: int


def save_answer(
    attempt: Attempt,
    number: int,
    picked: Collection[int],
    *,
    flagged: bool = False,
    sequence: int | None = None,
) -> Saved:
    """Keeps what was picked for item `number` of the paper. Raises AttemptClosed, WrongAnswer.

    `picked`: places on the paper, from 0; none takes the answer back. `sequence` grows with
    each change on the device: an older answer never replaces a newer one, and the same one
    twice is once. Without it (no JavaScript) the order of arrival counts.
    Call it with an attempt from `queries.attempt_to_save_in`, which makes handing in wait.
    """
    at = now()
    _refuse_closed(attempt, at)
    place = _place(attempt, number, picked)
    if sequence is not None and not 1 <= sequence <= HIGHEST_SEQUENCE:
        raise WrongAnswer
    chosen = [place["choices"][pick] for pick in sorted(set(picked))]
    kept = _upsert(
        attempt_id=attempt.id,
        question_id=place["question"],
        choices=chosen,
        flagged=flagged,
        sequence=sequence,
        saved_at=at,
    )
    if kept is not None:
        return Saved(True, tuple(sorted(set(picked))), flagged, kept)
    newer = db.session.get_one(Answer, (attempt.id, place["question"]), populate_existing=True)
    shown = tuple(place["choices"].index(choice) for choice in newer.choices)
    return Saved(False, shown, newer.flagged, newer.sequence)


def _upsert(*, sequence: int | None, **values: Any) -> int | None:
    """The sequence that is stored now; None when the stored answer is newer."""
    new = insert(Answer).values(sequence=sequence or 1, **values)
    by_arrival = sequence is None
    return db.session.scalar(
        new.on_conflict_do_update(
            index_elements=[Answer.attempt_id, Answer.question_id],
            set_={
                "choices": new.excluded.choices,
                "flagged": new.excluded.flagged,
                "saved_at": new.excluded.saved_at,
                "sequence": Answer.sequence + 1 if by_arrival else new.excluded.sequence,
            },
            where=None if by_arrival else Answer.sequence <= new.excluded.sequence,
        ).returning(Answer.sequence)
    )


def _refuse_closed(attempt: Attempt, at: datetime) -> None:
    if not attempt.is_open:
        raise AttemptClosed(
            _("This attempt was handed in already. What you had answered until then counts.")
        )
    if attempt.is_overdue(at) and attempt.deadline_at:
        ended = clock(attempt.deadline_at, attempt.enrolment.cohort.timezone)
        raise AttemptClosed(
            _("The time ended at %(clock)s. What was saved until then counts and is handed in.",
              clock=ended)
        )  # fmt: skip


def _place(attempt: Attempt, number: int, picked: Collection[int]) -> PaperItem:
    if not 1 <= number <= len(attempt.paper):
        raise WrongAnswer
    place = attempt.paper[number - 1]
    if any(not 0 <= pick < len(place["choices"]) for pick in picked):
        raise WrongAnswer
    if len(set(picked)) > 1 and not place["several"]:
        raise WrongAnswer
    return place


# Handing in and closing


def submit_attempt(attempt: Attempt) -> None:
    """Hands in for the participant; twice is once. After the deadline the server does it."""
    at = now()
    held = _hold(attempt.id)
    if held is not None and held.is_open and not _close_overdue(held, at):
        _close(held, "participant", at)


def close_if_overdue(attempt: Attempt) -> bool:
    """Closes an open attempt whose time is over; True when its time is over."""
    if not attempt.is_overdue(now()):
        return False
    held = _hold(attempt.id)
    return held is not None and (not held.is_open or _close_overdue(held, now()))


def close_overdue_in(cohort: Cohort) -> int:
    """Closes what the job at the deadline has not reached yet; gives how many there were."""
    at = now()
    found = queries.overdue_in(cohort, at - GRACE)
    for attempt_id in found:
        held = _hold(attempt_id)
        if held is not None:
            _close_overdue(held, at)
    return len(found)


def close_by_job(attempt_id: int) -> bool:
    """False when it is not time yet: the deadline was moved, or two machines' clocks differ."""
    held = _hold(attempt_id)
    return held is None or not held.is_open or _close_overdue(held, now())


def close_withdrawn(enrolment: Enrolment) -> None:
    """Closes what a withdrawn participant had open. It counts when the participant comes back.

    An attempt that is being handed in at this moment is passed over rather than waited for:
    whoever holds it closes it.
    """
    query = sa.select(Attempt).filter_by(enrolment_id=enrolment.id, submitted_at=None)
    for attempt in db.session.scalars(query.with_for_update(skip_locked=True)):
        _close(attempt, "server", now())


def shows_explanations(test: Test, cohort: Cohort, window: queries.Window) -> bool:
    """Whether right answers may be seen now. The score itself is never held back.

    After closing: when no answer from the class can count any more.
    """
    if test.show != "after_closing":
        return test.show == "at_once"
    before = now() - GRACE
    closed = window.closes_at is not None and window.closes_at < before
    return closed and not queries.is_under_way(test, cohort.id, before)


def _hold(attempt_id: int) -> Attempt | None:
    """The attempt as it is now, and nobody else's until the transaction ends."""
    query = sa.select(Attempt).filter_by(id=attempt_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _close_overdue(attempt: Attempt, at: datetime) -> bool:
    if not attempt.is_overdue(at) or attempt.deadline_at is None:
        return False
    _close(attempt, "server", attempt.deadline_at)
    return True


def _close(attempt: Attempt, by: Literal["participant", "server"], at: datetime) -> None:
    keys = queries.keys_of(attempt.test_id)
    answers = {key: answer.choices for key, answer in queries.answers_of(attempt).items()}
    attempt.score = score(keys, answers)
    attempt.closed_by, attempt.submitted_at = by, at
    db.session.flush()
    state = "done" if attempt.test.is_passed(attempt.score) else "failed"
    record_progress(attempt.enrolment, attempt.test.activity, state, score=float(attempt.score))
