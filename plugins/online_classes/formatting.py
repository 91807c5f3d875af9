"""How lengths of time are said on the plugin's pages."""

from datetime import timedelta

from core.api import number


def minutes(length: int | timedelta) -> str:
    """Whole minutes that have passed, of seconds or of a span: "1.204"."""
    seconds = int(length.total_seconds()) if isinstance(length, timedelta) else length
    return number(seconds // 60)
