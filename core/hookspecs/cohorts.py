"""What plugins show on the pages of a cohort, ask in its forms, and hear of it."""

from collections.abc import Sequence

from core.cohorts.models import ActivityProgress, Cohort, Enrolment, ScheduledActivity
from core.hookspecs import hookspec
from core.institutions.models import Institution
from core.people.models import User
from core.plugin_engine.contributions import FormPart, Panel, Refusal, Requirement


@hookspec("collect", page="cohorts.manage")
def cohort_panels(cohort: Cohort, user: User) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels on the staff's page of a cohort, below the facts."""


@hookspec("collect", page="cohorts.learn")
def participant_panels(enrolment: Enrolment) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels beside the course on the participant's page of a cohort."""


@hookspec("collect", page="cohorts.participant")
def enrolment_panels(enrolment: Enrolment, user: User) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels on the staff's page of one participant; `user` is who reads it."""


@hookspec("collect")
def cohort_form_parts(  # type: ignore[empty-body]
    cohort: Cohort | None, host: Institution, by: User
) -> Sequence[FormPart]:
    """Fields in the settings of a cohort, or in the form of a new one.

    `host` is the one chosen in the form, and its plugins are asked.
    """


@hookspec("collect")
def enrolment_form_parts(  # type: ignore[empty-body]
    enrolment: Enrolment | None, cohort: Cohort, by: User
) -> Sequence[FormPart]:
    """Fields about a place in a cohort, when the staff enrol one person or change the enrolment.

    `enrolment` is None for a new one. Lists of participants, keys and the console do not ask, so
    what is needed later must not count on an answer.
    """


@hookspec("decide")
def may_enrol(user: User, cohort: Cohort) -> Refusal | None:
    """Asked before a person is enrolled, by whatever way."""


@hookspec("notify")
def enrolment_withdrawn(enrolment: Enrolment) -> None:
    """A participant was taken out of a cohort; what they did is kept."""


@hookspec("notify")
def activity_scheduled(scheduled: ScheduledActivity) -> None:
    """Somebody has set when an activity is open and held in a cohort, perhaps as it was before."""


@hookspec("notify")
def activity_completed(enrolment: Enrolment, progress: ActivityProgress) -> None:
    """A participant has done an activity, for the first time.

    What was open when the participant was withdrawn may count afterwards: `enrolment.status`
    tells.
    """


@hookspec("collect")
def completion_requirements(  # type: ignore[empty-body]
    cohort: Cohort, enrolments: Sequence[Enrolment]
) -> Sequence[Requirement]:
    """What each of `enrolments` must have for the class to count as completed, met or not.

    Asked for a list at once, so answer in a few queries. A plugin that fails here holds
    completion back. When an answer changes, call `reconsider`.
    """


@hookspec("notify")
def enrolments_completed(cohort: Cohort, enrolments: Sequence[Enrolment]) -> None:
    """Participants have completed the class: all required activities and all requirements."""


@hookspec("notify")
def completion_taken_back(cohort: Cohort, enrolments: Sequence[Enrolment]) -> None:
    """What the completion of these participants rested on was taken back by a person."""
