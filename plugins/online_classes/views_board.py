"""The staff's pages of live classes: the list, the board of one that runs, its address."""

from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from core.api import Cohort, User, can, db, now, requires, writes
from plugins.attendance.api import may_settle
from plugins.online_classes import queries, services
from plugins.online_classes.addresses import AddressRefused, grouped
from plugins.online_classes.blueprint import pages
from plugins.online_classes.forms import MeetingForm
from plugins.online_classes.queries import LiveClass
from plugins.online_classes.reminders import whatsapp_url
from plugins.online_classes.zoom_events import connected

BOARD = "/classes/<cohort_code>/board/<int:number>"


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _session(number: int) -> LiveClass:
    live = queries.session_at(g.scope, number) or abort(404)
    if request.method == "POST":
        services.refuse_other_session(live, request.form.get("session"))
    return live


def _back(number: int) -> ResponseReturnValue:
    return redirect(url_for("online_classes.board", cohort_code=g.scope.code, number=number))


@pages.get("/classes/<cohort_code>")
@requires("online_classes.run")
def sessions(cohort_code: str) -> ResponseReturnValue:
    """The live classes of the cohort, and those that have no time yet."""
    cohort: Cohort = g.scope
    found = queries.live_classes(cohort)
    return render_template(
        "online_classes/sessions.html",
        cohort=cohort,
        sessions=found,
        without_time=queries.without_time(cohort, found),
        may_schedule=can(current_user, "cohorts.manage", cohort),
    )


# The board


@pages.get(BOARD)
@requires("online_classes.run")
def board(cohort_code: str, number: int) -> ResponseReturnValue:
    """Who is missing, who has come, and what can be opened."""
    return render_template("online_classes/board.html", **_board(_session(number)))


@pages.get(f"{BOARD}/now")
@requires("online_classes.run")
def board_now(cohort_code: str, number: int) -> ResponseReturnValue:
    """The parts of the board that change, for the page to put in place of the old ones."""
    return render_template("online_classes/board_now.html", **_board(_session(number)))


def _board(live: LiveClass) -> dict[str, Any]:
    cohort = live.cohort
    return {
        "cohort": cohort,
        "live": live,
        "now": now(),
        "roll": queries.roll_of(live),
        "connected": connected(live.scheduled) if live.scheduled else None,
        "switches": queries.switches(cohort),
        "grouped": grouped,
        "contacts": can(current_user, "people.contacts", cohort),
        "may_settle": may_settle(_me(), cohort),
        "whatsapp": lambda person: whatsapp_url(live, person),
    }


@pages.get(f"{BOARD}/host")
@requires("online_classes.run")
@writes
def host(cohort_code: str, number: int) -> ResponseReturnValue:
    """Leads staff into the meeting; the class counts as begun from the first time."""
    live = _session(number)
    try:
        address = services.start(live, by=_me())
    except services.NotOpen as refused:
        db.session.rollback()
        flash(refused.message, "warn")
        return _back(number)
    db.session.commit()
    return redirect(address)


@pages.post(f"{BOARD}/end")
@requires("online_classes.run")
def end(cohort_code: str, number: int) -> ResponseReturnValue:
    """Ends the class before its time, or with `on=1` lets it go on."""
    live = _session(number)
    if request.form.get("on") == "1":
        services.go_on(live, by=_me())
    else:
        services.end(live, by=_me())
    db.session.commit()
    return _back(number)


@pages.post(f"{BOARD}/activities/<int:activity_id>")
@requires("online_classes.run")
def switch(cohort_code: str, number: int, activity_id: int) -> ResponseReturnValue:
    """Opens or closes a test for the class."""
    live, offered = _session(number), queries.switches(g.scope)
    found = next((one for one in offered if one.activity.id == activity_id), None) or abort(404)
    to_open = request.form.get("on") == "1"
    services.turn(live.cohort, found, "open" if to_open else "closed", by=_me())
    db.session.commit()
    return _back(number)


# Where it is held


@pages.route("/classes/<cohort_code>/sessions/<int:number>/meeting", methods=["GET", "POST"])
@requires("online_classes.run")
def meeting(cohort_code: str, number: int) -> ResponseReturnValue:
    """Sets the address of the session."""
    live = _session(number)
    form = MeetingForm.of(live.meeting)
    if form.validate_on_submit():
        try:
            address = form.read()
        except AddressRefused as refused:
            form.address.errors = [refused.message]
        else:
            services.set_meeting(live, address, notes=form.notes.data or "", by=_me())
            db.session.commit()
            flash(_("Saved."), "ok")
            return _back(number)
    return render_template("online_classes/meeting.html", cohort=live.cohort, live=live, form=form)
