"""Wants an argument that the hook does not have."""

from core.api import hookimpl


@hookimpl
def cohort_panels(cohort, moon):
    return []
