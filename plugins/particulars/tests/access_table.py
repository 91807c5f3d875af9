"""Who may call which address of this plugin, for the table of all addresses."""

from collections.abc import Mapping
from typing import Any

from core.people.access import ADMIN

ENDPOINTS = {
    "particulars.class_csv": "particulars.view",
    "particulars.class_xlsx": "particulars.view",
    "particulars.entries": "particulars.manage",
    "particulars.entry": "particulars.manage",
    "particulars.of_class": "particulars.view",
    "particulars.own_letter": "signed_in",
}
_HELP = {"institution_admin", "organiser", "committee", ADMIN}
HOLDERS = {
    "particulars.edit": _HELP,
    "particulars.manage": {ADMIN},
    "particulars.view": _HELP,
}


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    """Endpoint → what stands in its address; called once, before the course is published."""
    return {"particulars.entry": {"entry_id": 1}}
