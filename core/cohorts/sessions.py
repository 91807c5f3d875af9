"""The sessions of a class: its activities of kinds that are held at a time, in their order."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from core.cohorts.models import Cohort, ScheduledActivity
from core.courses.models import Activity
from core.db import db
from core.plugin_engine.engine import engine


def sessions_of(cohort: Cohort) -> Sequence[ScheduledActivity]:
    """By the time they begin; session number N is the N-th. Those without both times are left out.

    A kind whose plugin is disabled at the host has no sessions.
    """
    kinds = [kind.name for kind in engine().available_kinds(cohort.host) if kind.opens_before]
    query = (
        sa.select(ScheduledActivity)
        .join(ScheduledActivity.activity)
        .where(
            ScheduledActivity.cohort_id == cohort.id,
            ScheduledActivity.starts_at.is_not(None),
            ScheduledActivity.ends_at.is_not(None),
            Activity.kind.in_(kinds),
        )
        .options(joinedload(ScheduledActivity.activity))
        .order_by(ScheduledActivity.starts_at, ScheduledActivity.id)
    )
    return db.session.scalars(query).all()
