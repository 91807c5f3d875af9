"""The plugins of the whole site as the platform's admin sees them, technical ones included.

Reads only; the steps themselves are in `lifecycle` and `removal`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from core.courses.models import Activity
from core.db import db
from core.people.names import name_key
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.decisions import closure
from core.plugin_engine.discovery import Problem
from core.plugin_engine.doctor import problems_now
from core.plugin_engine.enablement import Snapshot
from core.plugin_engine.engine import Engine
from core.plugin_engine.freshness import News, news
from core.plugin_engine.lifecycle import links_with, recorded_version
from core.plugin_engine.manifest import Manifest

State = Literal["installed", "behind", "older", "not_installed", "problem", "gone", "new"]


@dataclass(frozen=True)
class SitePlugin:
    """`loaded` and `installed` are versions, empty where it is neither; `enabled_at` counts the
    institutions that decided so for themselves and those below."""

    name: str
    title: str
    icon: str
    technical: bool
    state: State
    loaded: str
    installed: str
    enabled_at: int
    needs: tuple[str, ...]
    needed_by: tuple[str, ...]
    problems: tuple[Problem, ...]
    news: News | None


def site_plugins(engine: Engine) -> list[SitePlugin]:
    """What wants something done first, then by title."""
    snapshot, fresh = engine.enablement.snapshot(), news(engine)
    problems: dict[str, list[Problem]] = {}
    for problem in problems_now(engine):
        problems.setdefault(problem.plugin, []).append(problem)
    names = {*engine.manifests, *snapshot.installed, *problems, *fresh}
    found = [_one(engine, snapshot, name, problems, fresh) for name in names]
    return sorted(found, key=lambda one: (not (one.problems or one.news), name_key(one.title)))


def _one(
    engine: Engine,
    snapshot: Snapshot,
    name: str,
    problems: Mapping[str, list[Problem]],
    fresh: Mapping[str, News],
) -> SitePlugin:
    manifest, loaded = engine.manifests.get(name), engine.loaded.get(name)
    decided = snapshot.decisions.get(name, {}).values()
    # Put there after the start: its code is not gone, it waits for the restart that its news names.
    arrived = name in fresh and fresh[name].kind == "new"
    return SitePlugin(
        name=name,
        title=title_of(engine, name),
        icon=manifest.icon if manifest else "plug",
        technical=manifest is not None and not manifest.application,
        state="new" if arrived else _state(engine, snapshot, name),
        loaded=str(loaded.version) if loaded else "",
        installed=snapshot.installed.get(name, ""),
        enabled_at=sum(snapshot.effect(name, one.lineage).enabled for one in decided),
        needs=tuple(title_of(engine, other) for other in (manifest.requires if manifest else ())),
        needed_by=tuple(
            title_of(engine, m.name) for m in engine.manifests.values() if name in m.requires
        ),
        problems=() if arrived else tuple(problems.get(name, ())),
        news=fresh.get(name),
    )


def _state(engine: Engine, snapshot: Snapshot, name: str) -> State:
    if name in engine.loaded:
        if name not in snapshot.installed:
            return "not_installed"
        if _is_older(engine, snapshot, name):
            return "older"
        return "behind" if _is_behind(engine, snapshot, name) else "installed"
    known = name in engine.manifests or any(p.plugin == name for p in engine.problems)
    return "problem" if known else "gone"


def _is_older(engine: Engine, snapshot: Snapshot, name: str) -> bool:
    """Whether newer code was installed before: there is no way back, an upgrade would refuse."""
    return engine.loaded[name].version < recorded_version(snapshot.installed[name])


def _is_behind(engine: Engine, snapshot: Snapshot, name: str) -> bool:
    """Whether an upgrade would do something: newer code, or newer tables."""
    newer = engine.loaded[name].version > recorded_version(snapshot.installed[name])
    return newer or engine.revisions[name].is_behind(snapshot.revisions.get(name))


def behind(engine: Engine) -> list[str]:
    """What there is to upgrade, without code that is older than what is installed."""
    snapshot = engine.enablement.snapshot()
    installed = [name for name in engine.loaded if name in snapshot.installed]
    return [name for name in installed if _state(engine, snapshot, name) == "behind"]


def comes_along(engine: Engine, name: str) -> list[Manifest]:
    """What installing a plugin installs, itself and links included. Raises UnknownPlugin."""
    installed = engine.enablement.snapshot().installed
    wanted = closure(engine, [name])
    names = {one.name for one in wanted}
    wanted += links_with(engine, installed.keys() | names, names)
    return [manifest for manifest in wanted if manifest.name not in installed]


def left_in_courses(names: Iterable[str]) -> int:
    """Activities of the kinds of plugins that are to be installed: an earlier removal left them."""
    ours = (Activity.kind.startswith(f"{name}.", autoescape=True) for name in names)
    query = sa.select(sa.func.count(Activity.id)).where(sa.or_(sa.false(), *ours))
    return db.session.scalar(query) or 0
