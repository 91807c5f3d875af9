"""What plugins show a person about the person's own things."""

from collections.abc import Sequence

from core.hookspecs import hookspec
from core.people.models import User
from core.plugin_engine.contributions import Panel


@hookspec("collect", page="people.home")
def home_panels(user: User) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels on the home page, below the classes; asked where any of the person's classes is."""
