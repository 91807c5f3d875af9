"""What other plugins may use of attendance."""

from collections.abc import Mapping

from core.api import ScheduledActivity
from plugins.attendance import queries
from plugins.attendance.evidence import (
    EvidenceItem,
    EvidenceRefused,
    record_evidence,
    withdraw_evidence,
)
from plugins.attendance.reckoning import Presence
from plugins.attendance.rules import may_settle
from plugins.attendance.sources import name_source

__all__ = [
    "EvidenceItem",
    "EvidenceRefused",
    "Presence",
    "may_settle",
    "name_source",
    "presence_of",
    "record_evidence",
    "withdraw_evidence",
]


def presence_of(session: ScheduledActivity) -> Mapping[int, Presence]:
    """Enrolment id → presence, of all who are in the class now."""
    return queries.presence_of(session)
