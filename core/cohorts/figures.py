"""Core's own figures for monitoring: who takes part, and who has completed."""

from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.cohorts.models import Enrolment
from core.plugin_engine.contributions import Metric


def _everybody(enrolments: Any) -> sa.Select[int, int]:
    return sa.select(Enrolment.id, sa.literal(1)).where(Enrolment.id.in_(enrolments))


def _completed(enrolments: Any) -> sa.Select[int, int]:
    done = sa.case((Enrolment.completed_at.is_not(None), 1), else_=0)
    return sa.select(Enrolment.id, done).where(Enrolment.id.in_(enrolments))


CORE_METRICS = (
    Metric(
        "participants",
        _l("Participants"),
        _l("People with a confirmed place in a class."),
        _everybody,
        weight=0,
    ),
    Metric(
        "completed",
        _l("Completed"),
        _l("Participants who have done all that the class requires, as a share of all."),
        _completed,
        how="share",
        unit="%",
        weight=40,
    ),
)
