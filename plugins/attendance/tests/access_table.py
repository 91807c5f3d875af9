"""Who may call which address of this plugin, for the table of all addresses."""

from collections.abc import Mapping
from typing import Any

from core.courses.services import add_activity
from core.people.access import ADMIN
from plugins.attendance.tests.conftest import plan

ENDPOINTS = {
    "attendance.book": "attendance.view",
    "attendance.mark": "attendance.view",
    "attendance.own": "courses.learn",
    "attendance.presence_csv": "attendance.view",
    "attendance.preview": "courses.view",
    "attendance.session": "attendance.view",
    "attendance.undo": "attendance.view",
}
HOLDERS = {
    "attendance.view": {"institution_admin", "organiser", "committee", "trainer", ADMIN},
}


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    """Endpoint → what stands in its address; called once, before the course is published."""
    session = add_activity(section, "attendance.session", "Day 1")
    plan(cohort, session, "08:00", "12:00")
    of_session = {"activity_id": session.id, "number": 1}
    return dict.fromkeys(ENDPOINTS, of_session)
