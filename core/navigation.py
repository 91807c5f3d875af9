"""The main navigation: at most five entries by what the person may do, the rest behind "More"."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from core.cohorts.queries import works_in_a_cohort
from core.db import db
from core.institutions.models import Institution
from core.people.access import can, held_by, rank_of, role_title
from core.people.models import User
from core.plugin_engine.contributions import MenuEntry, PublicLink
from core.plugin_engine.engine import engine

MOST = 5


@dataclass(frozen=True)
class Entry:
    label: str
    url: str
    active: bool


def _entry(label: str, endpoint: str, *blueprints: str, **arguments: Any) -> Entry:
    here = request.endpoint or ""
    active = here == endpoint or here.partition(".")[0] in blueprints
    return Entry(label, url_for(endpoint, **arguments), active)


def _entries(user: User) -> Iterator[Entry]:
    home = request.endpoint in {"people.home", "cohorts.learn", "cohorts.activity"}
    yield Entry(_("Home"), url_for("people.home"), home)
    if can(user, "cohorts.view") or works_in_a_cohort(user):
        active = (request.endpoint or "").startswith("cohorts.") and not home
        yield Entry(_("Classes"), url_for("cohorts.listing"), active)
    if can(user, "courses.view"):
        yield _entry(_("Courses"), "courses.listing", "courses")
    if can(user, "institutions.view"):
        yield _entry(_("Institutions"), "institutions.listing", "institutions")
    if can(user, "plugins.manage"):
        yield _entry(_("Plugins"), "plugins.start", "plugins")
    for plugin, entry in engine().menu:
        if can(user, entry.permission) and (found := _of_plugin(plugin, entry, plugin)):
            yield found


def _of_plugin(plugin: str, brought: MenuEntry | PublicLink, *blueprints: str) -> Entry | None:
    """None where the plugin cannot say how its page is called or where it is."""

    def make() -> Entry | None:
        return _entry(str(brought.label), brought.endpoint, *blueprints)

    return engine().spoken(plugin, f"label of {brought.endpoint}", make, None)


def all_entries() -> list[Entry]:
    return (
        list(_entries(current_user._get_current_object())) if current_user.is_authenticated else []
    )


def navigation() -> list[Entry]:
    """What base.html shows; a single entry is no navigation."""
    entries = all_entries()
    if len(entries) <= MOST:
        return entries if len(entries) > 1 else []
    more = Entry(_("More"), url_for("people.more"), request.endpoint == "people.more")
    return [*entries[: MOST - 1], more]


def role_line() -> str:
    """The person's highest role and where it holds, shown under the name."""
    if not current_user.is_authenticated:
        return ""
    held = sorted(held_by(current_user), key=lambda grant: (rank_of(grant.role), grant.path))
    if not held:
        return ""
    institution = db.session.get(Institution, held[0].institution_id)
    return f"{role_title(held[0].role)} · {institution.short_name if institution else ''}"


def public_links() -> list[Entry]:
    """Pages of plugins for everybody, each while it is there at all."""
    found = engine()
    links = sorted(found.public_links, key=lambda link: (link.weight, link.endpoint))
    shown = [
        _of_plugin(link.endpoint.partition(".")[0], link)
        for link in links
        if found.guard.present(link.endpoint, None)
    ]
    return [entry for entry in shown if entry]
