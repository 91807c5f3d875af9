"""Who may call which address of this plugin, for the table of all addresses."""

from collections.abc import Mapping
from typing import Any

from core.people.access import ADMIN

ENDPOINTS = {
    "certificates.by_code": "public",
    "certificates.file": "certificates.view",
    "certificates.issue": "certificates.issue",
    "certificates.issue_anew": "certificates.issue",
    "certificates.make_again": "certificates.issue",
    "certificates.mine": "signed_in",
    "certificates.of_class": "certificates.view",
    "certificates.revoke": "certificates.issue",
    "certificates.unfinished": "certificates.view",
    "certificates.verify": "public",
}
_RUN = {"institution_admin", "organiser", ADMIN}
HOLDERS = {
    "certificates.issue": _RUN,
    "certificates.view": _RUN | {"committee", "trainer"},
}
_ONE = ("file", "issue_anew", "mine", "revoke")


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    """Endpoint → what stands in its address; called once, before the course is published."""
    invented = {f"certificates.{name}": {"certificate_id": 1} for name in _ONE}
    return {**invented, "certificates.by_code": {"code": "7KQ2-M4XD-9PTA"}}
