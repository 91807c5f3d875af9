"""Who may call which address of this plugin, for the table of all addresses."""

from collections.abc import Mapping
from typing import Any

from core.people.access import ADMIN

ENDPOINTS = dict.fromkeys(
    (
        "monitoring.chart",
        "monitoring.figures",
        "monitoring.figures_csv",
        "monitoring.figures_xlsx",
        "monitoring.people",
        "monitoring.start",
    ),
    "monitoring.view",
)
_ROLES = {"institution_admin", "organiser", "committee", "trainer", "monitoring.observer", ADMIN}
HOLDERS = {"monitoring.view": _ROLES}


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    """Institution and class are all that the addresses name."""
    return {}
