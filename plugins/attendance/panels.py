"""What attendance shows on pages of core; nothing where a class has no sessions."""

from collections.abc import Sequence

from core.api import Cohort, Enrolment, Panel, User, can, sessions_of
from plugins.attendance import queries
from plugins.attendance.rules import required_share


def of_cohort(cohort: Cohort, user: User) -> list[Panel]:
    sessions = sessions_of(cohort) if can(user, "attendance.view", cohort) else ()
    if not sessions:
        return []
    context = {"cohort": cohort, "sessions": queries.in_figures(cohort, sessions)}
    return [Panel("attendance/cohort_panel.html", context, weight=10)]


def of_enrolment(enrolment: Enrolment, user: User) -> list[Panel]:
    if not can(user, "attendance.view", enrolment.cohort):
        return []
    return _own("attendance/enrolment_panel.html", enrolment)


def of_participant(enrolment: Enrolment) -> list[Panel]:
    return _own("attendance/participant_panel.html", enrolment)


def _own(template: str, enrolment: Enrolment) -> list[Panel]:
    """One person's sessions, in time order: (session, presence, mark or None)."""
    cohort = enrolment.cohort
    sessions: Sequence = sessions_of(cohort)
    if not sessions:
        return []
    presence = queries.presence_in(sessions, [enrolment.id])[enrolment.id]
    marks = queries.marks_in(sessions, [enrolment.id])
    context = {
        "cohort": cohort,
        "rows": [(one, presence[one.id], marks.get((one.id, enrolment.id))) for one in sessions],
        "overall": queries.overall_of(sessions, [enrolment.id])[enrolment.id],
        "required": required_share(cohort),
    }
    return [Panel(template, context, weight=10)]
