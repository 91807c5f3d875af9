"""Work at a given time: an attempt ends at its deadline although nobody looks."""

from datetime import datetime

from core.api import db, enqueue, job, now
from plugins.quizzes.models import GRACE, Attempt


@job("quizzes.close_at_deadline")
def close_at_deadline(attempt_id: int) -> None:
    """Hands in what was saved, or comes again where the deadline was moved to a later time.

    Held while the plugin is disabled at the host: the attempt waits until it is back.
    """
    from plugins.quizzes import services  # noqa: PLC0415 -- services enqueue this job

    attempt = db.session.get(Attempt, attempt_id)
    if attempt is None:
        return
    if not services.close_by_job(attempt_id) and attempt.deadline_at is not None:
        # Not at once even where the clocks of two machines differ.
        at = max(services.closing_time(attempt.deadline_at), now() + GRACE)
        plan_close(attempt, at)


def plan_close(attempt: Attempt, at: datetime) -> None:
    host = attempt.enrolment.cohort.host
    enqueue(close_at_deadline, institution=host, at=at, attempt_id=attempt.id)
