"""What the catalogue shows of each plugin for one institution.

Reads only; deciding is in `decisions`, what a decision would mean in `impact`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from packaging.specifiers import SpecifierSet

from core.db import db
from core.institutions.models import Institution
from core.institutions.queries import ancestors
from core.people.names import name_key
from core.plugin_engine.decisions import Choice, current_snapshot
from core.plugin_engine.discovery import Problem
from core.plugin_engine.doctor import gone
from core.plugin_engine.enablement import Effect, Snapshot
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.models import PluginDecision

State = Literal["active", "inactive", "waiting", "behind", "problem", "not_installed"]
ATTENTION = ("waiting", "behind", "problem", "not_installed")

# A manifest may name any other; that one is shown as it is written.
CATEGORIES = {
    "assessment": _l("Assessment"),
    "certificates": _l("Certificates"),
    "communication": _l("Communication"),
    "content": _l("Materials"),
    "data": _l("Reference data"),
    "integration": _l("Other systems"),
    "live": _l("Live classes"),
    "monitoring": _l("Monitoring"),
    "planning": _l("Planning"),
    "surveys": _l("Surveys"),
}


@dataclass(frozen=True)
class Need:
    """Another plugin that one requires, or that requires it; `range` such as ">=1.0".

    `found` is the version that is there, empty where none is.
    """

    name: str
    title: str
    range: str
    found: str
    fits: bool
    active: bool


@dataclass(frozen=True)
class Card:
    """One plugin as an institution's admin sees it.

    `own` is the institution's decision, `holder` the institution above that locked it,
    `origin` the one whose decision holds, `inherited` what following the parent yields.
    `version` is empty where nothing is known of it. `automatic`: nobody has decided about a link
    plugin, so it acts wherever all it links do.
    """

    name: str
    title: str
    summary: str
    category: str
    icon: str
    version: str
    state: State
    needs: tuple[Need, ...]
    needed_by: tuple[Need, ...]
    problems: tuple[Problem, ...]
    own: PluginDecision | None
    origin: Institution | None
    holder: Institution | None
    inherited: bool
    automatic: bool
    words: str

    @property
    def can_decide(self) -> bool:
        return self.holder is None and self.state not in {"behind", "problem", "not_installed"}

    @property
    def choice(self) -> str:
        """The institution's own choice as the form names it: follow, on, off."""
        if self.own is None:
            return "follow"
        return "on" if self.own.enabled else "off"

    @property
    def category_title(self) -> str:
        return category_title(self.category)

    def fits(self, text: str) -> bool:
        """Whether it has every word of `text`, in whatever case and accents."""
        wanted = name_key(text).split()
        return all(word in self.words for word in wanted) if wanted else not text


def title_of(engine: Engine, name: str) -> str:
    """The plugin's title in the reader's language; its name where it has no manifest."""
    manifest = engine.manifests.get(name)
    return manifest.title_in(str(get_locale())) if manifest else name


def category_title(category: str) -> str:
    return str(CATEGORIES.get(category, category))


def problems_of(engine: Engine, name: str, installed: Collection[str]) -> tuple[Problem, ...]:
    """Why a plugin is left out; also for one whose code is no longer there."""
    if name in engine.loaded:
        return ()  # What is wrong is another one of its name, or of another version.
    found = tuple(problem for problem in engine.problems if problem.plugin == name)
    if found or name in engine.manifests or name not in installed:
        return found
    if current_app.config["SAFE_MODE"]:
        return (Problem(name, _("The site runs in safe mode: no plugin is loaded.")),)
    return (gone(name),)


@dataclass(frozen=True)
class Ground:
    """What holds at an institution, read once for all cards; `known` from the root to it."""

    engine: Engine
    snapshot: Snapshot
    known: Mapping[int, Institution]
    own: Mapping[str, PluginDecision]
    active: frozenset[str]

    def names(self) -> set[str]:
        """Every plugin that there is anything to say about."""
        engine, installed = self.engine, self.snapshot.installed
        return {*engine.manifests, *installed, *(problem.plugin for problem in engine.problems)}

    def card(self, name: str) -> Card:
        manifest = self.engine.manifests.get(name)
        effect = self.snapshot.effect(name, self.known)
        above = self.snapshot.effect(name, list(self.known)[:-1])
        language = str(get_locale())
        title, category = title_of(self.engine, name), manifest.category if manifest else ""
        summary = manifest.summary_in(language) if manifest else ""
        spellings = (name, title, summary, category_title(category), category)
        return Card(
            name=name,
            title=title,
            summary=summary,
            category=category,
            icon=manifest.icon if manifest else "plug",
            version=str(manifest.version) if manifest else self.snapshot.installed.get(name, ""),
            state=self._state(name, effect),
            needs=self._needs(manifest),
            needed_by=self._needed_by(name),
            problems=problems_of(self.engine, name, self.snapshot.installed),
            own=self.own.get(name),
            origin=self.known.get(effect.decided_at or 0),
            holder=self.known.get(above.locked_by or 0),
            inherited=above.enabled or (self._links(manifest, above) and name in self.active),
            automatic=self._links(manifest, effect),
            words=name_key(" ".join((*spellings, manifest.title if manifest else ""))),
        )

    def _state(self, name: str, effect: Effect) -> State:
        if name not in self.engine.loaded:
            return "problem"
        if name not in self.snapshot.installed:
            return "not_installed"
        if self.engine.revisions[name].is_behind(self.snapshot.revisions.get(name)):
            return "behind"
        if name in self.active:
            return "active"
        waits = effect.enabled or self._links(self.engine.loaded[name], effect)
        return "waiting" if waits else "inactive"

    def _links(self, manifest: Manifest | None, effect: Effect) -> bool:
        return bool(manifest and manifest.auto_install and effect.decided_at is None)

    def _needs(self, manifest: Manifest | None) -> tuple[Need, ...]:
        wanted = manifest.requires if manifest else {}
        return tuple(self._need(other, other, wanted[other]) for other in wanted)

    def _needed_by(self, name: str) -> tuple[Need, ...]:
        found = [m for m in self.engine.manifests.values() if name in m.requires]
        return tuple(self._need(m.name, name, m.requires[name]) for m in found)

    def _need(self, shown: str, required: str, wanted: SpecifierSet) -> Need:
        there = self.engine.manifests.get(required)
        return Need(
            name=shown,
            title=title_of(self.engine, shown),
            range=_in_words(wanted),
            found=str(there.version) if there else "",
            fits=there is not None and there.version in wanted,
            active=shown in self.active,
        )


def _in_words(wanted: SpecifierSet) -> str:
    """The lowest version first: "≥ 1.0, < 2"."""
    signs = {">=": "≥ ", "<=": "≤ ", "!=": "≠ ", "==": "= "}
    found = sorted(wanted, key=str, reverse=True)
    return ", ".join(signs.get(one.operator, f"{one.operator} ") + one.version for one in found)


def ground(engine: Engine, institution: Institution) -> Ground:
    snapshot = current_snapshot()
    query = sa.select(PluginDecision).filter_by(institution_id=institution.id)
    return Ground(
        engine,
        snapshot,
        known={one.id: one for one in ancestors(institution)},
        own={row.plugin: row for row in db.session.scalars(query)},
        active=engine.active_in(snapshot, institution.lineage),
    )


def cards(engine: Engine, institution: Institution) -> list[Card]:
    """The applications among the plugins, and what is installed without code, by title."""
    found = ground(engine, institution)
    names = {manifest.name for manifest in engine.manifests.values() if manifest.application}
    names |= found.snapshot.installed.keys() - engine.manifests.keys()
    return sorted(map(found.card, names), key=lambda card: name_key(card.title))


def other_problems(engine: Engine, shown: Iterable[Card]) -> list[Problem]:
    """Problems of what has no card: technical plugins, and manifests that cannot be read."""
    names = {card.name for card in shown}
    apart = names - engine.loaded.keys()
    return [problem for problem in engine.problems if problem.plugin not in apart]


# Searching and filtering

FILTERS: Mapping[str, Callable[[Card], bool]] = {
    "": lambda card: True,
    "active": lambda card: card.state == "active",
    "inactive": lambda card: card.state == "inactive",
    "attention": lambda card: card.state in ATTENTION,
    "locked": lambda card: card.holder is not None,
}


@dataclass(frozen=True)
class Selection:
    """The cards that fit. `states` and `categories` count what each other choice would show;
    a choice that is not known counts as none."""

    cards: Sequence[Card]
    state: str
    category: str
    states: Mapping[str, int]
    categories: Mapping[str, int]


def select(found: Sequence[Card], search: str, state: str, category: str) -> Selection:
    state = state if state in FILTERS else ""
    known = sorted({card.category for card in found} - {""}, key=category_title)
    category = category if category in known else ""
    fitting = [card for card in found if card.fits(search)]
    in_category = [card for card in fitting if category in {"", card.category}]
    in_state = [card for card in fitting if FILTERS[state](card)]
    return Selection(
        [card for card in in_category if FILTERS[state](card)],
        state,
        category,
        {key: sum(map(fits, in_category)) for key, fits in FILTERS.items()},
        {key: sum(card.category == key for card in in_state) for key in known},
    )


def divided(found: Sequence[Card], *, may_install: bool) -> tuple[list[Card], list[Card]]:
    """What there is something to decide about or to do for, and what only others can install."""
    absent = [card for card in found if card.state == "not_installed" and not may_install]
    return [card for card in found if card not in absent], absent


def fields_of(choices: Iterable[Choice]) -> dict[str, Any]:
    """The fields of a form that carries the choices; `choices_in` reads them."""
    words = {None: "follow", True: "on", False: "off"}
    fields: dict[str, Any] = {}
    for choice in choices:
        fields[f"choice-{choice.plugin}"] = words[choice.enabled]
        if choice.locked:
            fields[f"lock-{choice.plugin}"] = "1"
    return fields


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
