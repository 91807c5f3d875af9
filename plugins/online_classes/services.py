"""Rules of live classes: where they are held, who may go in when, how they begin and end."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from core.api import Cohort, DomainError, User, audit, close_activity, db, now
from core.api import open_activity as open_in_class
from plugins.online_classes.addresses import Address, host_address, join_address
from plugins.online_classes.models import Meeting, Visit
from plugins.online_classes.queries import LiveClass, Switch


class NotOpen(DomainError):
    """Nobody can go in now; the sentence says why."""


class TimetableChanged(DomainError):
    """What was sent is of a session that has another number by now."""

    def __init__(self) -> None:
        super().__init__(_("The timetable has changed meanwhile. Look again."))


def refuse_other_session(live: LiveClass, sent_for: str | None) -> None:
    """Sessions go by their number, which moves when one is added before; forms name the session.

    Raises TimetableChanged unless `sent_for` is the id of this one.
    """
    if live.scheduled is None or sent_for != str(live.scheduled.id):
        raise TimetableChanged


def set_meeting(live: LiveClass, address: Address, *, notes: str, by: User) -> Meeting:
    """Where the session is held; an empty address takes it away."""
    meeting = _held_meeting(live)
    meeting.join_url, meeting.meeting_number = address.join_url, address.number
    meeting.passcode, meeting.notes = address.passcode, notes.strip()
    db.session.flush()
    _note("change", live, meeting, by)
    return meeting


def _held_meeting(live: LiveClass) -> Meeting:
    """The session's own row, made where there is none, locked until the transaction ends."""
    assert live.scheduled is not None  # noqa: S101 -- only a session with a time has a number
    own = {"scheduled_activity_id": live.scheduled.id}
    unique = [Meeting.__table__.c.scheduled_activity_id]
    db.session.execute(insert(Meeting).values(own).on_conflict_do_nothing(index_elements=unique))
    query = sa.select(Meeting).filter_by(**own).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _note(action: str, live: LiveClass, meeting: Meeting, by: User, **change: Any) -> None:
    """Never the address: whoever reads it can go in."""
    audit(f"meeting.{action}", meeting, actor=by, institution=live.cohort.host, **change)


# Going in


def enter(live: LiveClass, user: User) -> str:
    """Notes the visit and gives the address to go to. Raises NotOpen.

    A visit is no presence. Going in again after the line broke is the same visit.
    """
    if live.phase == "over":
        raise NotOpen(_("This class is over."))
    if live.phase != "open" or live.scheduled is None:
        raise NotOpen(_("This class is not open yet."))
    if live.meeting is None or not live.meeting.has_address:
        raise NotOpen(_("The address of this class has not been set yet."))
    moment = now()
    visit = insert(Visit).values(
        scheduled_activity_id=live.scheduled.id, user_id=user.id, first_at=moment, last_at=moment
    )
    again = {"last_at": moment, "count": Visit.count + 1}
    unique = [Visit.__table__.c.scheduled_activity_id, Visit.__table__.c.user_id]
    db.session.execute(visit.on_conflict_do_update(index_elements=unique, set_=again))
    return join_address(live.meeting)


# Running it


def start(live: LiveClass, *, by: User) -> str:
    """Gives the address under which staff open the meeting.

    The class counts as begun from the first time that this happens while its doors are open.
    Raises NotOpen where no address is set.
    """
    if live.meeting is None or not live.meeting.has_address:
        raise NotOpen(_("The address of this class has not been set yet."))
    if live.phase == "open" and live.started_at is None:
        live.meeting.started_at, live.meeting.started_by_id = now(), by.id
        _note("start", live, live.meeting, by)
    return host_address(live.meeting)


def note_begun(live: LiveClass, moment: datetime) -> None:
    """Zoom says that the meeting began: so has the class, where its doors were open then."""
    opens_at, closes_at = live.opens_at, live.closes_at
    if live.meeting is None or live.started_at or opens_at is None or closes_at is None:
        return
    if opens_at <= moment < closes_at:
        live.meeting.started_at, live.meeting.started_by_id = moment, None
        audit("meeting.start", live.meeting, actor=None, institution=live.cohort.host, by="zoom")


def end(live: LiveClass, *, by: User) -> None:
    """Ends the class before its time: nobody can go in any more. Raises NotOpen."""
    if live.phase != "open":
        raise NotOpen(_("This class is not open at the moment."))
    meeting = _held_meeting(live)
    meeting.ended_at = now()
    _note("end", live, meeting, by)


def go_on(live: LiveClass, *, by: User) -> None:
    """Takes the end back: participants can go in again until the class's time is over."""
    if live.meeting is not None and live.meeting.ended_at is not None:
        live.meeting.ended_at = None
        _note("go_on", live, live.meeting, by)


def turn(cohort: Cohort, switch: Switch, to: Literal["open", "closed"], *, by: User) -> None:
    """Opens or closes an activity for the class; as it is already, nothing changes."""
    if (to == "open") == switch.is_open:
        return
    change = open_in_class if to == "open" else close_activity
    change(cohort, switch.activity, by=by)
