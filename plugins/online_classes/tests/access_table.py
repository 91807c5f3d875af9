"""Who may call which address of this plugin, for the table of all addresses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.api import add_activity, schedule
from core.people.access import ADMIN

ENDPOINTS = {
    "online_classes.board": "online_classes.run",
    "online_classes.board_now": "online_classes.run",
    "online_classes.end": "online_classes.run",
    "online_classes.host": "online_classes.run",
    "online_classes.import_report": "online_classes.settle",
    "online_classes.join": "courses.learn",
    "online_classes.live": "courses.learn",
    "online_classes.meeting": "online_classes.run",
    "online_classes.preview": "courses.view",
    "online_classes.proposals": "online_classes.settle",
    "online_classes.reports": "online_classes.settle",
    "online_classes.sessions": "online_classes.run",
    "online_classes.settle_case": "online_classes.settle",
    "online_classes.static": "public",
    "online_classes.switch": "online_classes.run",
    "online_classes.take_back_report": "online_classes.settle",
    "online_classes.undo_decision": "online_classes.settle",
    "online_classes.zoom_webhook": "webhook",
}
_STAFF = {"institution_admin", "organiser", "committee", "trainer", ADMIN}
HOLDERS = {
    "online_classes.run": _STAFF,
    # Trainers as the class's setting says, and only those on its staff list.
    "online_classes.settle": _STAFF - {"trainer"},
}


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    """Endpoint → what stands in its address; called once, before the course is published."""
    activity = add_activity(section, "online_classes.live", "Live class", required=False)
    starts, ends = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (1, 9))
    schedule(cohort, activity, by=None, starts_at=starts, ends_at=ends)
    invented = {"report_id": 1, "case_id": 1, "decision_id": 1}
    of_class = {
        endpoint: {"activity_id": activity.id, "number": 1, **invented} for endpoint in ENDPOINTS
    }
    return {**of_class, "online_classes.static": {"filename": "board.js"}}
