"""What pages of core show of particulars: to the staff with the right, and to the person."""

from core.api import Cohort, Course, Enrolment, Panel, User, can
from plugins.particulars import queries
from plugins.particulars.models import Audience, Basis, Letter

VIEW = "particulars.view"
WEIGHT = 60


def of_enrolment(enrolment: Enrolment, user: User) -> list[Panel]:
    if not can(user, VIEW, enrolment.cohort):
        return []
    [row] = queries.rows([enrolment])
    return [Panel("particulars/enrolment_panel.html", {"row": row}, WEIGHT)]


def of_participant(enrolment: Enrolment) -> list[Panel]:
    context = {"enrolment": enrolment, "letter": Letter.of(enrolment)}
    return [Panel("particulars/participant_panel.html", context, WEIGHT)]


def of_cohort(cohort: Cohort, user: User) -> list[Panel]:
    if not can(user, VIEW, cohort):
        return []
    context = {
        "cohort": cohort,
        "basis": Basis.of(cohort),
        "missing": queries.missing_letters(cohort),
    }
    return [Panel("particulars/cohort_panel.html", context, WEIGHT)]


def of_course(course: Course) -> list[Panel]:
    found = Audience.of(course)
    if found is None or not (found.target or found.needs):
        return []
    return [Panel("particulars/course_panel.html", {"audience": found}, WEIGHT)]
