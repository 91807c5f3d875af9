"""How each activity of a course stands for one participant: done, open, closed, unavailable.

One place says it for the home page, the course page and the guard of an activity's page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.cohorts.models import ActivityProgress, Cohort, ScheduledActivity
from core.courses.models import Activity
from core.db import now
from core.plugin_engine.contributions import ActivityKind
from core.plugin_engine.engine import engine

State = Literal["done", "failed", "started", "open", "not_open", "closed", "unavailable"]


@dataclass(frozen=True)
class Standing:
    """`state` of an activity; `opens_at`, `closes_at` and `starts_at` where scheduled."""

    activity: Activity
    state: State
    score: float | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    held: bool = False

    @property
    def held_now(self) -> bool:
        """A session whose doors are open: what its participants want first."""
        return self.held and self.starts_at is not None and self.state in {"open", "started"}

    @property
    def reachable(self) -> bool:
        """Whether its page can be opened now."""
        return self.state not in {"not_open", "unavailable"}

    @property
    def spine(self) -> str:
        """Its spine on the shelf: d done, u unavailable, else empty."""
        return {"done": "d", "unavailable": "u"}.get(self.state, "")


def window(
    kind: ActivityKind | None, scheduled: ScheduledActivity | None
) -> tuple[datetime | None, datetime | None]:
    """When an activity opens and closes; a session by its own times where nothing else is set."""
    if scheduled is None:
        return None, None
    opens_at, closes_at = scheduled.opens_at, scheduled.closes_at
    if kind is not None and kind.opens_before is not None:
        if scheduled.starts_at:
            opens_at = opens_at or scheduled.starts_at - kind.opens_before
        closes_at = closes_at or scheduled.ends_at
    return opens_at, closes_at


def _state(
    kind: ActivityKind | None,
    opens_at: datetime | None,
    closes_at: datetime | None,
    progress: ActivityProgress | None,
    moment: datetime,
) -> State:
    if kind is None:
        return "unavailable"
    if progress is not None and progress.state == "done":
        return "done"
    if opens_at and moment < opens_at:
        return "not_open"
    if progress is not None and progress.state == "failed":
        return "failed"
    if closes_at and moment >= closes_at:
        return "closed"
    return "started" if progress is not None else "open"


def standings(
    cohort: Cohort,
    activities: Sequence[Activity],
    schedule: Mapping[int, ScheduledActivity],
    progress: Mapping[int, ActivityProgress],
) -> dict[int, Standing]:
    """Activity id → how it stands. `schedule` and `progress` are keyed by activity id."""
    moment = now()
    found = {}
    for activity in activities:
        planned, done = schedule.get(activity.id), progress.get(activity.id)
        kind = engine().kind(activity.kind, cohort.host)
        opens_at, closes_at = window(kind, planned)
        found[activity.id] = Standing(
            activity=activity,
            state=_state(kind, opens_at, closes_at, done, moment),
            score=done.score if done else None,
            opens_at=opens_at,
            closes_at=closes_at,
            held=kind is not None and kind.opens_before is not None,
            starts_at=planned.starts_at if planned else None,
            ends_at=planned.ends_at if planned else None,
        )
    return found


def shelf(standing: Sequence[Standing]) -> list[str]:
    """The shelf's spines; the first that can be done now is the next one."""
    spines = [one.spine for one in standing]
    for index, one in enumerate(standing):
        if one.state in {"open", "started", "failed"}:
            spines[index] = "n"
            break
    return spines


def blocking(standing: Sequence[Standing]) -> list[Standing]:
    """Required activities that cannot be done because their plugin is away."""
    return [one for one in standing if one.state == "unavailable" and one.activity.required]
