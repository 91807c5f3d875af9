"""What decisions about plugins would mean before they are made: where, and for whom.

Reads only. A decision reaches those below until one of them has decided for itself; a lock
overrules those, and taking it back gives them their own decision again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from core.cohorts.queries import running_in, waiting_for_plugin
from core.db import db
from core.institutions.models import Institution
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.decisions import Change, Plan
from core.plugin_engine.enablement import Effect, Snapshot
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest

Lineage = tuple[int, ...]


@dataclass(frozen=True)
class Impact:
    """What one change means for an institution and those below it.

    `following`: institutions below that do as this one does; `keeping`: those whose own decision
    goes on; `overruled`, `revived`: those whose own decision no longer counts, or counts again.
    `changing`: institutions, this one included, where it becomes active or inactive, with
    `classes` that run today and the `people` in them; `vanishes`: inactive at some of them.
    `waiting`: participants who would lose a required activity. `frees`: what it requires to
    complete a class no longer counts.
    """

    change: Change
    title: str
    following: int
    keeping: int
    overruled: int
    revived: int
    changing: int
    classes: int
    people: int
    vanishes: bool
    waiting: int
    frees: bool


def impacts(engine: Engine, institution: Institution, plan: Plan) -> list[Impact]:
    return [_impact(engine, institution, plan, change) for change in plan.changes]


@dataclass(frozen=True)
class Along:
    """Titles of plugins that nobody decides about now, and that act, or cease to, all the same:
    they need what is decided about."""

    waking: list[str]
    resting: list[str]


def along(engine: Engine, institution: Institution, plan: Plan) -> Along:
    now, then = (engine.active_in(s, institution.lineage) for s in (plan.before, plan.after))
    decided = {change.choice.plugin for change in plan.changes}
    waking, resting = (
        sorted(title_of(engine, name) for name in names - decided)
        for names in (then - now, now - then)
    )
    return Along(waking, resting)


def _impact(engine: Engine, institution: Institution, plan: Plan, change: Change) -> Impact:
    name = change.choice.plugin
    ground = _Ground(engine.loaded[name], plan.before, plan.after, institution)
    changing = ground.where(ground.changing)
    classes, people = running_in(changing) if ground.changing else (0, 0)
    before, after = (ground.deciders(effects) for effects in (ground.before, ground.after))
    return Impact(
        change=change,
        title=title_of(engine, name),
        following=_count(ground.where(ground.following)) - 1,
        keeping=len(before & after),
        overruled=len(before - after),
        revived=len(after - before),
        changing=_count(changing),
        classes=classes,
        people=people,
        vanishes=bool(ground.losing),
        waiting=waiting_for_plugin(name, ground.where(ground.losing)) if ground.losing else 0,
        frees=bool(ground.losing) and engine.implements(name, "completion_requirements"),
    )


class _Ground:
    """An institution and those below it that have decided about a plugin, before and after.

    Everybody else follows the nearest of these places.
    """

    def __init__(
        self, plugin: Manifest, before: Snapshot, after: Snapshot, here: Institution
    ) -> None:
        self.links, self.here = plugin.auto_install, here.lineage
        self.below = {decision.lineage for decision in before.below(plugin.name, here.id)}
        self.places = {self.here, *self.below}
        self.before, self.after = (
            {place: state.effect(plugin.name, place) for place in self.places}
            for state in (before, after)
        )

    @property
    def following(self) -> set[Lineage]:
        decider = self.after[self.here].decided_at
        return {place for place in self.places if self.after[place].decided_at == decider}

    @property
    def changing(self) -> set[Lineage]:
        return {p for p in self.places if self._on(self.before[p]) != self._on(self.after[p])}

    @property
    def losing(self) -> set[Lineage]:
        return {place for place in self.changing if self._on(self.before[place])}

    def _on(self, effect: Effect) -> bool:
        return effect.enabled or (self.links and effect.decided_at is None)

    def deciders(self, effects: Mapping[Lineage, Effect]) -> set[Lineage]:
        """The places below whose own decision counts."""
        return {place for place in self.below if effects[place].decided_at == place[-1]}

    def where(self, wanted: Iterable[Lineage]) -> sa.ColumnElement[bool]:
        """A condition on Institution: the nearest of the places is a wanted one."""
        chosen = set(wanted)
        if chosen == self.places:
            return Institution.path.startswith(_path(self.here))
        return sa.or_(sa.false(), *(self._alone(place) for place in sorted(chosen)))

    def _alone(self, place: Lineage) -> sa.ColumnElement[bool]:
        inner = [p for p in self.below if p != place and p[: len(place)] == place]
        return sa.and_(
            Institution.path.startswith(_path(place)),
            *(~Institution.path.startswith(_path(other)) for other in sorted(inner)),
        )


def _path(lineage: Lineage) -> str:
    return "".join(f"{key}." for key in lineage)


def _count(where: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Institution).where(where)) or 0
