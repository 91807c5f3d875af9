"""Who may call which address of this plugin, for the table of all addresses: it has none."""

from collections.abc import Mapping
from typing import Any

ENDPOINTS: Mapping[str, str] = {}
HOLDERS: Mapping[str, set[str]] = {}


def arguments(section: Any, cohort: Any, enrolment: Any) -> Mapping[str, Mapping[str, Any]]:
    return {}
