"""What attendance asks of a participant to complete a class, and its figure for monitoring."""

from collections.abc import Sequence
from math import floor
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.api import (
    Cohort,
    Enrolment,
    Metric,
    Requirement,
    ScheduledActivity,
    now,
    number,
    sessions_of,
)
from plugins.attendance import queries
from plugins.attendance.models import SettledPresence
from plugins.attendance.reckoning import is_enough
from plugins.attendance.rules import required_share


def requirements(cohort: Cohort, enrolments: Sequence[Enrolment]) -> list[Requirement]:
    """Σ seconds present ÷ Σ seconds of all sessions of the class, against the required share.

    Sessions to come count as not attended yet; those that somebody is excused from are left out
    of both sums. Whoever is excused from all of them has not met it.
    """
    required, sessions = required_share(cohort), sessions_of(cohort)
    if not required or not sessions:
        return []
    found = queries.overall_of(sessions, [one.id for one in enrolments])
    return [_requirement(key, overall, required) for key, overall in found.items()]


def _requirement(enrolment_id: int, overall: queries.Overall, required: int) -> Requirement:
    return Requirement(
        enrolment_id,
        _("Attendance"),
        met=is_enough(overall.seconds, overall.of_seconds, required),
        note=_note(overall, required),
        weight=10,
    )


def _note(overall: queries.Overall, required: int) -> str:
    if not overall.of_seconds:
        return _("Excused from every session")
    return _("%(share)s%% of the sessions; %(required)s%% are needed",
             share=shown_share(overall.share), required=required)  # fmt: skip


def shown_share(share: float) -> str:
    """Rounded down, so that what is below a limit never reads as if it had reached it."""
    return number(floor(share))


def _measure(enrolments: Any) -> Any:
    """One row for each participant of a class that has held sessions; 0 without any presence.

    A session is one in which somebody's presence was settled: that holds wherever it was held,
    and stays when the plugin that held it is disabled.
    """
    held = (
        sa.select(
            ScheduledActivity.id,
            ScheduledActivity.cohort_id,
            queries.seconds_of(ScheduledActivity).label("length"),
        )
        .where(
            ScheduledActivity.ends_at <= now(),
            sa.select(SettledPresence.enrolment_id)
            .where(SettledPresence.scheduled_activity_id == ScheduledActivity.id)
            .exists(),
        )
        .subquery("held")
    )
    of_both = sa.and_(
        SettledPresence.scheduled_activity_id == held.c.id,
        SettledPresence.enrolment_id == Enrolment.id,
    )
    share = 100.0 * sa.func.coalesce(sa.func.sum(SettledPresence.seconds), 0)
    return (
        sa.select(Enrolment.id, share / sa.func.sum(held.c.length))
        .join(held, held.c.cohort_id == Enrolment.cohort_id)
        .outerjoin(SettledPresence, of_both)
        .where(
            Enrolment.id.in_(enrolments),
            SettledPresence.verdict.is_distinct_from("excused"),
        )
        .group_by(Enrolment.id)
    )


SHARE = Metric(
    "attendance.share",
    _l("Attendance"),
    _l(
        "Minutes present as a share of all minutes of the sessions that have ended, on average of"
        " the participants; sessions somebody was excused from are left out."
    ),
    _measure,
    how="mean",
    unit="%",
    weight=10,
)
