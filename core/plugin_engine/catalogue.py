"""What the catalogue shows of each plugin for one institution, and what a plan would mean.

Reads only; deciding is in `decisions`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from flask_babel import get_locale
from packaging.specifiers import SpecifierSet

from core.cohorts.queries import waiting_for_plugin
from core.db import db
from core.institutions.models import Institution
from core.institutions.queries import ancestors, count_below
from core.plugin_engine.decisions import Change, Choice, current_snapshot
from core.plugin_engine.discovery import Problem
from core.plugin_engine.enablement import Effect, Snapshot
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.models import PluginDecision

State = Literal["active", "inactive", "waiting", "problem", "not_installed"]
ATTENTION = ("waiting", "problem", "not_installed")


@dataclass(frozen=True)
class Need:
    """A plugin that another requires; `range` such as ">=1.0"."""

    name: str
    title: str
    range: str
    active: bool


@dataclass(frozen=True)
class Card:
    """One plugin as an institution's admin sees it.

    `own` is the institution's decision, `holder` the institution above that locked it,
    `origin` the one whose decision holds, `inherited` what following the parent yields.
    """

    manifest: Manifest
    title: str
    summary: str
    state: State
    needs: tuple[Need, ...]
    problems: tuple[str, ...]
    own: PluginDecision | None
    origin: Institution | None
    holder: Institution | None
    inherited: bool

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def can_decide(self) -> bool:
        return self.holder is None and self.state not in {"problem", "not_installed"}

    @property
    def choice(self) -> str:
        """The institution's own choice as the form names it: follow, on, off."""
        if self.own is None:
            return "follow"
        return "on" if self.own.enabled else "off"

    def fits(self, text: str) -> bool:
        return text.casefold() in f"{self.title} {self.summary} {self.name}".casefold()


def title_of(engine: Engine, name: str) -> str:
    """The plugin's title in the reader's language; its name where it has no manifest."""
    manifest = engine.manifests.get(name)
    return manifest.title_in(str(get_locale())) if manifest else name


@dataclass(frozen=True)
class _Ground:
    """What holds at an institution, read once for all cards; `known` from the root to it."""

    engine: Engine
    snapshot: Snapshot
    known: Mapping[int, Institution]
    own: Mapping[str, PluginDecision]
    active: frozenset[str]

    def card(self, manifest: Manifest) -> Card:
        effect = self.snapshot.effect(manifest.name, self.known)
        above = self.snapshot.effect(manifest.name, list(self.known)[:-1])
        language = str(get_locale())
        return Card(
            manifest=manifest,
            title=manifest.title_in(language),
            summary=manifest.summary_in(language),
            state=self.state(manifest, effect),
            needs=tuple(
                Need(name, title_of(self.engine, name), _in_words(wanted), name in self.active)
                for name, wanted in manifest.requires.items()
            ),
            problems=tuple(p.message for p in self.engine.problems if p.plugin == manifest.name),
            own=self.own.get(manifest.name),
            origin=self.known.get(effect.decided_at or 0),
            holder=self.known.get(above.locked_by or 0),
            inherited=above.enabled,
        )

    def state(self, manifest: Manifest, effect: Effect) -> State:
        if manifest.name not in self.engine.loaded:
            return "problem"
        if manifest.name not in self.snapshot.installed:
            return "not_installed"
        if manifest.name in self.active:
            return "active"
        return "waiting" if effect.enabled else "inactive"


def _in_words(wanted: SpecifierSet) -> str:
    """The lowest version first: ">=1.0, <2"."""
    return ", ".join(sorted(map(str, wanted), reverse=True))


def cards(engine: Engine, institution: Institution) -> list[Card]:
    """The applications among the plugins, by title."""
    snapshot = current_snapshot()
    query = sa.select(PluginDecision).filter_by(institution_id=institution.id)
    ground = _Ground(
        engine,
        snapshot,
        known={one.id: one for one in ancestors(institution)},
        own={row.plugin: row for row in db.session.scalars(query)},
        active=engine.active_in(snapshot, institution.lineage),
    )
    found = [ground.card(m) for m in engine.manifests.values() if m.application]
    return sorted(found, key=lambda card: card.title.casefold())


def other_problems(engine: Engine) -> list[Problem]:
    """Problems of what has no card: technical plugins, and manifests that cannot be read."""
    shown = {m.name for m in engine.manifests.values() if m.application}
    return [problem for problem in engine.problems if problem.plugin not in shown]


@dataclass(frozen=True)
class Impact:
    """What one change means. `deciding`: institutions below with a decision of their own;
    `following`: those below that the change reaches; `waiting`: participants who would lose a
    required activity; `frees`: what the plugin requires to complete a class no longer counts."""

    change: Change
    title: str
    deciding: int
    following: int
    waiting: int
    frees: bool


def impacts(engine: Engine, institution: Institution, changes: Sequence[Change]) -> list[Impact]:
    snapshot = current_snapshot()
    return [_impact(engine, institution, change, snapshot) for change in changes]


def _impact(engine: Engine, institution: Institution, change: Change, snapshot: Snapshot) -> Impact:
    name, vanishes = change.choice.plugin, change.before and not change.after
    deciders = _institutions(d.lineage[-1] for d in snapshot.below(name, institution.id))
    apart = [] if change.choice.locked else _highest(deciders)
    return Impact(
        change=change,
        title=title_of(engine, name),
        deciding=len(deciders),
        following=count_below(institution) - sum(1 + count_below(one) for one in apart),
        waiting=_waiting(name, institution, apart) if vanishes else 0,
        frees=vanishes and engine.implements(name, "completion_requirements"),
    )


def _institutions(ids: Iterable[int]) -> Sequence[Institution]:
    return db.session.scalars(sa.select(Institution).where(Institution.id.in_(list(ids)))).all()


def _highest(institutions: Iterable[Institution]) -> list[Institution]:
    """Without those that lie below another of them."""
    found: list[Institution] = []
    for one in sorted(institutions, key=lambda institution: len(institution.path)):
        if not any(one.path.startswith(other.path) for other in found):
            found.append(one)
    return found


def _waiting(plugin: str, institution: Institution, apart: Iterable[Institution]) -> int:
    """Only where the change reaches: those who decided otherwise keep what they have."""
    everywhere = waiting_for_plugin(plugin, institution)
    return everywhere - sum(waiting_for_plugin(plugin, one) for one in apart)


def choices_in(engine: Engine, form: Mapping[str, str]) -> list[Choice]:
    """The choices that a form of the catalogue carries; anything else in it is left aside."""
    enabled = {"follow": None, "on": True, "off": False}
    return [
        Choice(
            name,
            enabled[chosen],
            locked=chosen != "follow" and form.get(f"lock-{name}") == "1",
        )
        for name in engine.loaded
        if (chosen := form.get(f"choice-{name}", "")) in enabled
    ]
