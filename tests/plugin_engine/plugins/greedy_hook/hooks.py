"""Implements a hook that does not exist."""

from core.api import hookimpl


@hookimpl
def cohort_panel():
    return []
