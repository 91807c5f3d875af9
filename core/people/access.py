"""Who may do what: roles, core's permissions, and `can`.

A grant holds in its institution and everything below it. A person's grants are read once a
request; each check after that is plain Python.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import g
from flask_babel import lazy_gettext as _l

from core.db import db, now
from core.institutions.models import Institution
from core.people.models import Grant, User
from core.plugin_engine.contributions import Permission, Role
from core.plugin_engine.engine import engine, owner_of
from core.plugin_engine.guard import Scope

ADMIN = "platform_admin"
# The highest first.
CORE_ROLES = (
    Role(ADMIN, _l("Platform admin")),
    Role(
        "institution_admin",
        _l("Institution admin"),
        _l("Gives roles, enables plugins, manages institutions, and all that organisers do."),
    ),
    Role(
        "organiser",
        _l("Organiser"),
        _l("Writes courses, sets up classes, and all that the committee does."),
    ),
    Role(
        "committee",
        _l("Committee"),
        _l("Enrols participants, gives them access, sees their phone numbers and e-mails."),
    ),
    Role("trainer", _l("Trainer"), _l("Sees courses, and classes with their progress.")),
    Role("participant", _l("Participant")),
)
_RANKS = {role.name: rank for rank, role in enumerate(CORE_ROLES)}
GRANTABLE = ("institution_admin", "organiser", "committee", "trainer")

_RUN = ("institution_admin", "organiser")
_HELP = (*_RUN, "committee")
_STAFF = (*_HELP, "trainer")

CORE_PERMISSIONS = (
    Permission("institutions.view", _l("See institutions"), _STAFF),
    Permission("institutions.manage", _l("Manage institutions"), ("institution_admin",)),
    Permission("grants.manage", _l("Give and take roles"), ("institution_admin",)),
    Permission("plugins.manage", _l("Enable and disable plugins"), ("institution_admin",)),
    Permission("plugins.install", _l("Install and remove plugins")),
    Permission("courses.view", _l("See courses being written"), _STAFF),
    Permission("courses.author", _l("Write courses"), _RUN),
    Permission("cohorts.view", _l("See a cohort and its progress"), _STAFF),
    Permission("cohorts.manage", _l("Set up cohorts"), _RUN),
    Permission("cohorts.enrol", _l("Enrol participants"), _HELP),
    Permission("people.contacts", _l("See phone numbers and e-mails"), _HELP),
    Permission("people.invite", _l("Give out one-time access"), _HELP),
    Permission("courses.learn", _l("Take part in a course"), ("participant", *_STAFF)),
)


@dataclass(frozen=True)
class Held:
    """A role that a person holds now, and the path below which it counts."""

    role: str
    path: str
    institution_id: int


def role_title(role: str) -> str:
    """As people call it; of a plugin that is gone, the name that is stored."""
    found = engine().roles.get(role)
    if found is None:
        return role
    plugin = role.partition(".")[0]
    return engine().spoken(plugin, f"title of {role}", lambda: str(found.title), role)


def role_summary(role: str) -> str:
    """What its holder may do, in a line; empty where nobody says so."""
    found = engine().roles.get(role)
    if found is None:
        return ""
    plugin = role.partition(".")[0]
    return engine().spoken(plugin, f"summary of {role}", lambda: str(found.summary), "")


def rank_of(role: str) -> int:
    """0 is the highest. The roles of plugins, which hold nothing of core, come after core's."""
    return _RANKS.get(role, len(_RANKS))


def covers(mine: str, other: str) -> bool:
    """Whether who holds one role has whatever the other gives.

    Core's stand in order; one of a plugin gives the permissions that name it. What one of a
    plugin that is gone will give is not known.
    """
    if mine == ADMIN or other in _RANKS:
        return rank_of(mine) <= rank_of(other)
    given = [found for found in engine().permissions.values() if other in found.roles]
    return other in engine().roles and all(mine in found.roles for found in given)


def roles_to_give(user: User, institution: Institution) -> list[Role]:
    """What the person may give there: of the plugins that are active, no role that reaches
    further than the own ones."""
    givers = roles_with("grants.manage")
    own = [held.role for held in held_by(user) if institution.path.startswith(held.path)]
    giving = [role for role in own if role in givers]
    known, active = engine().roles, engine().active(institution)
    brought = [role for role in known.values() if owner_of(role.name) in active]
    covered = [one for one in brought if any(covers(mine, one.name) for mine in giving)]
    return [*(known[role] for role in GRANTABLE), *covered] if giving else []


def read_grants(users: Iterable[User]) -> None:
    """Reads the grants in force of several people at once; `held_by` then asks nothing more."""
    cache = _grants_read()
    wanted = {user.id for user in users} - cache.keys()
    if not wanted:
        return
    rows = db.session.execute(
        sa.select(Grant.user_id, Grant.role, Institution.path, Institution.id)
        .join(Institution, Institution.id == Grant.institution_id)
        .where(Grant.user_id.in_(wanted), in_force())
    )
    found: dict[int, list[Held]] = {user_id: [] for user_id in wanted}
    for user_id, role, path, home in rows:
        found[user_id].append(Held(role, path, home))
    cache.update({user_id: tuple(grants) for user_id, grants in found.items()})


def held_by(user: User) -> tuple[Held, ...]:
    """The person's grants in force; one query a request."""
    grants = _grants_read().get(user.id)
    if grants is None:
        read_grants([user])
        grants = _grants_read()[user.id]
    return grants


def _grants_read() -> dict[int, tuple[Held, ...]]:
    cache: dict[int, tuple[Held, ...]] = g.setdefault("grants_held", {})
    return cache


def in_force() -> sa.ColumnElement[bool]:
    """A condition on Grant: it holds now."""
    moment = now()
    return sa.and_(
        sa.or_(Grant.starts_at.is_(None), Grant.starts_at <= moment),
        sa.or_(Grant.ends_at.is_(None), Grant.ends_at > moment),
    )


def forget_grants() -> None:
    """After a change of grants within the same request."""
    g.pop("grants_held", None)


def roles_with(permission: str) -> frozenset[str]:
    found = engine().permissions.get(permission)
    return frozenset({ADMIN, *found.roles}) if found else frozenset()


def _acts_in(permission: str, scope: Scope) -> bool:
    """Whether the permission's plugin is active where `scope` belongs; core always is."""
    plugin = permission.partition(".")[0]
    return plugin not in engine().manifests or engine().is_active(plugin, scope.plugin_institution)


def can(user: Any, permission: str, scope: Scope | None = None) -> bool:
    """Whether the person holds `permission` for `scope`; None asks "anywhere at all"."""
    if not user.is_authenticated:
        return False
    roles = roles_with(permission)
    held = [grant for grant in held_by(user) if grant.role in roles]
    if scope is None:
        return any(_acts_below(permission, grant) for grant in held)
    if not _acts_in(permission, scope):
        return False
    if any(_covers(held, institution.path) for institution in scope.scope_institutions):
        return True
    return bool(scope.roles_of(user) & roles)


def _acts_below(permission: str, held: Held) -> bool:
    """Whether the permission's plugin is active somewhere that the grant reaches."""
    plugin = permission.partition(".")[0]
    return plugin not in engine().manifests or engine().acts_within(plugin, held.path)


def _covers(held: Iterable[Held], path: str) -> bool:
    return any(path.startswith(grant.path) for grant in held)


def paths_where(user: User, permission: str) -> list[str]:
    """The paths at and below which a grant gives `permission`."""
    roles = roles_with(permission)
    return [grant.path for grant in held_by(user) if grant.role in roles]


def institutions_where(user: User, permission: str) -> sa.ColumnElement[bool]:
    """A condition on Institution: those where a grant gives `permission`."""
    paths = paths_where(user, permission)
    if not paths:
        return sa.false()
    return sa.or_(*(Institution.path.startswith(path, autoescape=True) for path in paths))
