"""All that a plugin may import from core. Core itself never imports this file.

Grouped by subject; what is not listed here may change without notice.
"""

from core.cohorts.models import ActivityProgress, Cohort, Enrolment, ScheduledActivity
from core.cohorts.queries import (
    cohorts_for,
    enrolments_of,
    participants,
    progress_of,
    schedule_of,
)
from core.cohorts.services import enrolment_of, record_progress, schedule
from core.cohorts.standing import Standing
from core.commands import json_option, print_json, refuses
from core.courses.models import Activity, Course, Section
from core.courses.queries import activity_of, whole_course
from core.courses.services import add_activity, change_activity
from core.db import Base, IntPk, db, fk, now, one_of
from core.demo import Demo
from core.errors import DomainError, wants_json
from core.files import export_name
from core.formatting import clock, moment, number
from core.forms import choices
from core.hookspecs import hookimpl
from core.institutions.models import Institution
from core.jobs import enqueue, job
from core.limits import limiter
from core.markdown import render as render_markdown
from core.markdown import render_html
from core.people.access import can
from core.people.audit import audit
from core.people.models import User
from core.plugin_engine.contributions import (
    ActivityKind,
    MenuEntry,
    Panel,
    Permission,
    Refusal,
)
from core.plugin_engine.engine import plugin_is_active
from core.plugin_engine.guard import public, requires, signed_in, writes

__all__ = [
    "Activity",
    "ActivityKind",
    "ActivityProgress",
    "Base",
    "Cohort",
    "Course",
    "Demo",
    "DomainError",
    "Enrolment",
    "Institution",
    "IntPk",
    "MenuEntry",
    "Panel",
    "Permission",
    "Refusal",
    "ScheduledActivity",
    "Section",
    "Standing",
    "User",
    "activity_of",
    "add_activity",
    "audit",
    "can",
    "change_activity",
    "choices",
    "clock",
    "cohorts_for",
    "db",
    "enqueue",
    "enrolment_of",
    "enrolments_of",
    "export_name",
    "fk",
    "hookimpl",
    "job",
    "json_option",
    "limiter",
    "moment",
    "now",
    "number",
    "one_of",
    "participants",
    "plugin_is_active",
    "print_json",
    "progress_of",
    "public",
    "record_progress",
    "refuses",
    "render_html",
    "render_markdown",
    "requires",
    "schedule",
    "schedule_of",
    "signed_in",
    "wants_json",
    "whole_course",
    "writes",
]
