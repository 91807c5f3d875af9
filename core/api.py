"""All that a plugin may import from core. Core itself never imports this file.

Grouped by subject; what is not listed here may change without notice.
"""

from core.addresses import site_url
from core.cohorts.forms import Day
from core.cohorts.kept_files import NoLongerKept
from core.cohorts.kept_files import drop as drop_kept
from core.cohorts.kept_files import keep as keep_for_a_day
from core.cohorts.kept_files import take as take_kept
from core.cohorts.models import ActivityProgress, Cohort, Enrolment, ScheduledActivity
from core.cohorts.queries import (
    classes_where,
    cohorts_for,
    enrolments_of,
    participants,
    progress_of,
    schedule_of,
)
from core.cohorts.requirements import requirements_of
from core.cohorts.services import (
    close_activity,
    enrolment_of,
    open_activity,
    reconsider,
    record_done,
    record_progress,
    schedule,
    take_back_progress,
)
from core.cohorts.sessions import sessions_of
from core.cohorts.standing import Standing, window
from core.commands import json_option, print_json, refuses
from core.courses.downloads import send_stored_file
from core.courses.models import Activity, Course, Section, StoredFile
from core.courses.queries import activity_of, whole_course
from core.courses.services import add_activity, change_activity, move_activity
from core.courses.uploads import bytes_of, keep_made
from core.db import Base, Extension, IntPk, db, extends, fk, now, one_of
from core.demo import Demo
from core.errors import DomainError, wants_json
from core.exports import csv_answer, csv_text, xlsx_answer, xlsx_bytes
from core.files import export_name
from core.formatting import clock, date_long, date_range, date_short, moment, number, part_of
from core.forms import NEEDED, OUT_OF_RANGE, TOO_LONG, ZONES, OptionalNumber, SecretField, choices
from core.hookspecs import hookimpl
from core.institutions.models import Institution
from core.institutions.queries import ancestors, below, tops
from core.jobs import enqueue, job
from core.limits import limiter
from core.markdown import render as render_markdown
from core.markdown import render_html
from core.people.access import can, institutions_where, paths_where
from core.people.audit import audit
from core.people.models import User
from core.people.names import name_key, split_titles
from core.plugin_engine.contributions import (
    ActivityKind,
    DashboardCard,
    FormPart,
    Level,
    MenuEntry,
    Metric,
    PagePanel,
    Panel,
    Permission,
    PublicLink,
    Record,
    RecordRef,
    Refusal,
    Requirement,
    Role,
    Settings,
    TemplateFilter,
)
from core.plugin_engine.engine import (
    acting_below,
    acting_where,
    contained,
    kind_of,
    metrics_in,
    plugin_is_active,
)
from core.plugin_engine.guard import lasting, public, requires, signed_in, webhook, writes
from core.plugin_engine.records import record_id
from core.plugin_engine.secret_settings import secret_of
from core.plugin_engine.settings import SITE, change_settings, settings_of
from core.sealing import Unreadable
from core.spreadsheets import MAX_BYTES as MOST_TABLE_BYTES
from core.spreadsheets import Table, TableLine, TableUnreadable, one_line, shown, tables_in

__all__ = [
    "MOST_TABLE_BYTES",
    "NEEDED",
    "OUT_OF_RANGE",
    "SITE",
    "TOO_LONG",
    "ZONES",
    "Activity",
    "ActivityKind",
    "ActivityProgress",
    "Base",
    "Cohort",
    "Course",
    "DashboardCard",
    "Day",
    "Demo",
    "DomainError",
    "Enrolment",
    "Extension",
    "FormPart",
    "Institution",
    "IntPk",
    "Level",
    "MenuEntry",
    "Metric",
    "NoLongerKept",
    "OptionalNumber",
    "PagePanel",
    "Panel",
    "Permission",
    "PublicLink",
    "Record",
    "RecordRef",
    "Refusal",
    "Requirement",
    "Role",
    "ScheduledActivity",
    "SecretField",
    "Section",
    "Settings",
    "Standing",
    "StoredFile",
    "Table",
    "TableLine",
    "TableUnreadable",
    "TemplateFilter",
    "Unreadable",
    "User",
    "acting_below",
    "acting_where",
    "activity_of",
    "add_activity",
    "ancestors",
    "audit",
    "below",
    "bytes_of",
    "can",
    "change_activity",
    "change_settings",
    "choices",
    "classes_where",
    "clock",
    "close_activity",
    "cohorts_for",
    "contained",
    "csv_answer",
    "csv_text",
    "date_long",
    "date_range",
    "date_short",
    "db",
    "drop_kept",
    "enqueue",
    "enrolment_of",
    "enrolments_of",
    "export_name",
    "extends",
    "fk",
    "hookimpl",
    "institutions_where",
    "job",
    "json_option",
    "keep_for_a_day",
    "keep_made",
    "kind_of",
    "lasting",
    "limiter",
    "metrics_in",
    "moment",
    "move_activity",
    "name_key",
    "now",
    "number",
    "one_line",
    "one_of",
    "open_activity",
    "part_of",
    "participants",
    "paths_where",
    "plugin_is_active",
    "print_json",
    "progress_of",
    "public",
    "reconsider",
    "record_done",
    "record_id",
    "record_progress",
    "refuses",
    "render_html",
    "render_markdown",
    "requirements_of",
    "requires",
    "schedule",
    "schedule_of",
    "secret_of",
    "send_stored_file",
    "sessions_of",
    "settings_of",
    "shown",
    "signed_in",
    "site_url",
    "split_titles",
    "tables_in",
    "take_back_progress",
    "take_kept",
    "tops",
    "wants_json",
    "webhook",
    "whole_course",
    "window",
    "writes",
    "xlsx_answer",
    "xlsx_bytes",
]
