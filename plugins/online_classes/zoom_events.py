"""Keeps the events of Zoom, finds the class that each belongs to, and lets the old ones go."""

from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.api import (
    Cohort,
    Institution,
    ScheduledActivity,
    acting_where,
    contained,
    db,
    enqueue,
    job,
    now,
)
from plugins.online_classes import queries, services
from plugins.online_classes.models import Meeting
from plugins.online_classes.zoom import ENDED, JOINED, LEFT, STARTED, Event
from plugins.online_classes.zoom_models import ZoomEvent

PLUGIN = "online_classes"
KEPT = timedelta(days=30)
# Of the account's other meetings, which are no class here: long enough for a late address.
STRANGE_KEPT = timedelta(days=2)
# People come early and stay on; one meeting number may serve the class of the next day as well.
AROUND = timedelta(hours=3)


def keep(event: Event) -> bool:
    """Keeps it, and has it worked on once this transaction ends; False for one that is known."""
    row = insert(ZoomEvent).values(
        name=event.name,
        digest=event.digest,
        meeting_number=event.meeting_number,
        connection=event.connection,
        happened_at=event.happened_at,
        received_at=now(),
    )
    unique = [ZoomEvent.__table__.c.digest]
    new = row.on_conflict_do_nothing(index_elements=unique).returning(ZoomEvent.id)
    event_id = db.session.scalar(new)
    if event_id is None:
        return False
    enqueue(process_zoom_event, event_id=event_id)
    return True


@job("online_classes.process_zoom_event")
def process_zoom_event(event_id: int) -> None:
    event = db.session.get(ZoomEvent, event_id, with_for_update=True)
    if event is not None and event.processed_at is None:
        _process(event)


@job("online_classes.tend_zoom_events", cron="*/10 * * * *")
def tend_zoom_events() -> None:
    """Takes up what waited for its class's address or for the plugin; lets go of strange ones."""
    awake, asleep = _numbers_waiting()
    waiting = ZoomEvent.processed_at.is_(None)
    ready = sa.select(ZoomEvent).where(waiting, ZoomEvent.meeting_number.in_(awake))
    for event in db.session.scalars(ready.order_by(ZoomEvent.id).with_for_update()).all():
        # One that fails, whatever the reason, keeps none of the others waiting.
        contained(PLUGIN, "working on an event of Zoom", partial(_process, event))
    strange = sa.and_(
        waiting,
        ZoomEvent.received_at < now() - STRANGE_KEPT,
        ZoomEvent.meeting_number.not_in(asleep),
    )
    db.session.execute(sa.delete(ZoomEvent).where(strange))


@job("online_classes.forget_zoom_events", cron="5 * * * *")
def forget_zoom_events() -> None:
    """Deletes what is old, whether it was worked on or not; by itself, so that nothing stops it."""
    old = ZoomEvent.received_at < now() - KEPT
    db.session.execute(sa.delete(ZoomEvent).where(old))


def _numbers_waiting() -> tuple[set[int | None], set[int | None]]:
    """Numbers of what waits: of meetings whose host has the plugin, and whose host has it not."""
    waiting = sa.select(ZoomEvent.meeting_number).where(ZoomEvent.processed_at.is_(None))
    query = (
        sa.select(Meeting.meeting_number, acting_where(PLUGIN))
        .join(ScheduledActivity, ScheduledActivity.id == Meeting.scheduled_activity_id)
        .join(Cohort, Cohort.id == ScheduledActivity.cohort_id)
        .join(Institution, Institution.id == Cohort.host_id)
        .where(Meeting.meeting_number.in_(waiting))
        .distinct()
    )
    awake: set[int | None] = set()
    asleep: set[int | None] = set()
    for number, acts in db.session.execute(query):
        (awake if acts else asleep).add(number)
    return awake, asleep


def _process(event: ZoomEvent) -> None:
    """Says which session it belongs to; without one, or with the plugin disabled, it waits."""
    session = _session_of(event.meeting_number, event.happened_at)
    if session is None:
        return
    event.scheduled_activity_id, event.processed_at = session.id, now()
    if event.name == STARTED:
        cohort = db.session.get_one(Cohort, session.cohort_id)
        services.note_begun(queries.live_class(cohort, session.activity), event.happened_at)


def _session_of(meeting_number: int, moment: datetime) -> ScheduledActivity | None:
    """The session that the meeting was held for at that moment; of several the nearest.

    Where two hosts claim the number at that time, none: whoever enters the number of another's
    meeting learns nothing of it.
    """
    query = (
        sa.select(ScheduledActivity, Cohort.host_id)
        .join(Meeting, Meeting.scheduled_activity_id == ScheduledActivity.id)
        .join(Cohort, Cohort.id == ScheduledActivity.cohort_id)
        .join(Institution, Institution.id == Cohort.host_id)
        .where(
            Meeting.meeting_number == meeting_number,
            ScheduledActivity.starts_at <= moment + AROUND,
            ScheduledActivity.ends_at >= moment - AROUND,
            acting_where(PLUGIN),
        )
        .order_by(sa.func.abs(sa.extract("epoch", ScheduledActivity.starts_at - moment)))
    )
    found = db.session.execute(query).all()
    hosts = {host_id for _session, host_id in found}
    return found[0][0] if len(hosts) == 1 else None


def connected(session: ScheduledActivity) -> int | None:
    """How many devices are in the meeting now; None where Zoom has told nothing of it.

    Events come in any order: a connection is in when it joined, has not left, and the meeting has
    not ended since.
    """
    of_session = ZoomEvent.scheduled_activity_id == session.id
    ended = sa.select(sa.func.max(ZoomEvent.happened_at)).where(of_session, ZoomEvent.name == ENDED)
    joined = sa.func.max(ZoomEvent.happened_at).filter(ZoomEvent.name == JOINED)
    stays = (
        sa.select(joined.label("at"), sa.func.bool_or(ZoomEvent.name == LEFT).label("left"))
        .where(of_session)
        .group_by(ZoomEvent.connection)
        .subquery()
    )
    since_end = sa.or_(ended.scalar_subquery().is_(None), stays.c.at > ended.scalar_subquery())
    inside = sa.func.count().filter(stays.c.at.is_not(None), ~stays.c.left, since_end)
    told, here = db.session.execute(sa.select(sa.func.count(), inside).select_from(stays)).one()
    return int(here) if told else None
