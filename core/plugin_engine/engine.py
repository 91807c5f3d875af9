"""The engine of one app: what is loaded, what is active, and the ways to call a hook.

pluggy checks signatures and keeps the implementations; the loop over them is ours, because
pluggy stops at the first failure and here one plugin's fault never takes a page down.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast, get_args

import pluggy
import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import ARRAY

from core import hookspecs
from core.db import db, reading
from core.errors import DomainError
from core.hookspecs import Mode
from core.institutions.models import Institution, lineage_of
from core.institutions.queries import below
from core.plugin_engine.acting import Acting
from core.plugin_engine.contributions import (
    ActivityKind,
    MenuEntry,
    Metric,
    PagePanel,
    Permission,
    PublicLink,
    Refusal,
    Role,
    Settings,
    TemplateFilter,
)
from core.plugin_engine.discovery import Problem
from core.plugin_engine.enablement import EMPTY, Enablement, Snapshot
from core.plugin_engine.failures import FailureBook
from core.plugin_engine.guard import Guard
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.migrations import Revisions

EXTENSION = "bimtek"
FAILED: Any = object()
T = TypeVar("T")
# One institution, several of them (what is active in any), or None: anywhere on the site.
Where: TypeAlias = Institution | Iterable[Institution] | None


class Refused(DomainError):
    """A *decide* hook said no, or failed, which is a no as well."""

    def __init__(self, plugin: str, message: str) -> None:
        self.plugin = plugin
        super().__init__(message)


class Engine:
    def __init__(self, can: Callable[[Any, str, Any], bool]) -> None:
        self.pluggy = pluggy.PluginManager(hookspecs.PROJECT)
        self.manifests: dict[str, Manifest] = {}
        self.loaded: dict[str, Manifest] = {}
        self.problems: list[Problem] = []
        self.roles: dict[str, Role] = {}
        self.permissions: dict[str, Permission] = {}
        self.kinds: dict[str, ActivityKind] = {}
        self.menu: list[tuple[str, MenuEntry]] = []
        self.public_links: list[PublicLink] = []
        self.filters: dict[str, TemplateFilter] = {}
        self.pages: dict[str, str] = {}
        self.page_panels: dict[str, list[tuple[str, PagePanel]]] = {}
        self.metrics: dict[str, Metric] = {}
        self.settings: dict[str, Settings] = {}
        self.revisions: dict[str, Revisions] = {}
        self.failures: Counter[tuple[str, str]] = Counter()
        self.book = FailureBook()
        self.enablement = Enablement()
        self._acting = Acting(EMPTY, self.active_in)
        self.guard = Guard(self.active, self.is_installed, self.loaded, can)

    def init_app(self, app: Flask) -> None:
        app.extensions[EXTENSION] = self
        self.book.init_app(app)
        app.before_request(self.guard.before_request)

    # What is active

    def acting(self) -> Acting:
        """What acts where, by the decisions of now."""
        snapshot, acting = self.enablement.snapshot(), self._acting
        if acting.snapshot is not snapshot:
            acting = self._acting = Acting(snapshot, self.active_in)
        return acting

    def active(self, where: Where) -> frozenset[str]:
        """Loaded, installed and enabled there."""
        acting = self.acting()
        if where is None:
            return acting.anywhere
        return frozenset().union(*(acting.at(one.lineage) for one in _institutions(where)))

    def is_installed(self, plugin: str) -> bool:
        """Loaded here, and its tables are there."""
        return plugin in self.loaded and self._is_ready(plugin, self.enablement.snapshot())

    def _is_ready(self, plugin: str, snapshot: Snapshot) -> bool:
        """Installed, and not waiting for an upgrade of its tables."""
        known = self.revisions.get(plugin)
        behind = known is not None and known.is_behind(snapshot.revisions.get(plugin))
        return plugin in snapshot.installed and not behind

    def active_in(self, snapshot: Snapshot, lineage: Sequence[int]) -> frozenset[str]:
        """What acts there in a given state of decisions; without what it needs no plugin does.

        A link plugin (`auto_install`) acts wherever all it links do, unless it is switched off.
        """
        found: set[str] = set()
        for manifest in self.loaded.values():
            effect = snapshot.effect(manifest.name, lineage)
            enabled = effect.enabled or (manifest.auto_install and effect.decided_at is None)
            if enabled and self._may_act(manifest, snapshot, found):
                found.add(manifest.name)
        return frozenset(found)

    def _may_act(self, manifest: Manifest, snapshot: Snapshot, acting: Set[str]) -> bool:
        return manifest.requires.keys() <= acting and self._is_ready(manifest.name, snapshot)

    def is_active(self, plugin: str, institution: Institution | None) -> bool:
        return plugin in self.active(institution)

    def acts_within(self, plugin: str, path: str) -> bool:
        """Whether the plugin acts at the institution of `path` or anywhere below it."""
        return self.acting().within(plugin, lineage_of(path))

    def implements(self, plugin: str, hook: str) -> bool:
        found: Sequence[pluggy.HookImpl] = getattr(self.pluggy.hook, hook).get_hookimpls()
        return any(one.plugin_name == plugin for one in found)

    def available_kinds(self, institution: Institution) -> list[ActivityKind]:
        """Core's kinds and those of the active plugins."""
        active = self.active(institution)
        return [kind for kind in self.kinds.values() if not kind.plugin or kind.plugin in active]

    def kind(self, name: str, institution: Institution) -> ActivityKind | None:
        """The kind, or None where its plugin is absent or disabled."""
        kind = self.kinds.get(name)
        if kind is None or not kind.plugin or self.is_active(kind.plugin, institution):
            return kind
        return None

    def removed(self, name: str) -> bool:
        """Whether the plugin of a kind is no longer on this site, or never was."""
        plugin = owner_of(name)
        return bool(plugin) and plugin not in self.enablement.snapshot().installed

    def metrics_in(self, where: Where) -> list[Metric]:
        """The figures of core and of the active plugins, by weight and name."""
        active = self.active(where)
        found = [m for m in self.metrics.values() if owner_of(m.name) in active | {""}]
        return sorted(found, key=lambda metric: (metric.weight, metric.name))

    def add_page_panels(self, plugin: str, brought: Iterable[PagePanel]) -> None:
        """By page, so that one without any costs a look into a dictionary."""
        for panel in brought:
            on_page = self.page_panels.setdefault(panel.page, [])
            on_page.append((plugin, panel))
            on_page.sort(key=lambda found: (found[1].weight, found[0]))

    # The modes

    def build(self, plugin: str, hook: str) -> list[Any]:
        """What one plugin returns for a build hook. Its exceptions are the loader's to name."""
        return [
            item
            for implementation in self._implementations(hook, "build", frozenset({plugin}))
            for item in (_call(implementation, {}) or ())
        ]

    def during(self, plugin: str, hook: str, **arguments: Any) -> list[Any]:
        """What one plugin does and gives while it is installed or upgraded itself; its exceptions
        undo the step, so they are the caller's to name."""
        found = self._implementations(hook, "lifecycle", frozenset({plugin}))
        return [item for one in found for item in (_call(one, arguments) or ())]

    def collect(self, hook: str, where: Where, **arguments: Any) -> list[Any]:
        """All that the active plugins return, by weight and plugin; faults are skipped."""
        return [item for _plugin, item in self.collected(hook, where, **arguments)]

    def collected(self, hook: str, where: Where, **arguments: Any) -> list[tuple[str, Any]]:
        """The same with the name of the plugin that each item comes from."""
        answers = self.asked(hook, where, **arguments)
        return [(name, item) for name, item in answers if item is not FAILED]

    def asked(self, hook: str, where: Where, **arguments: Any) -> list[tuple[str, Any]]:
        """The same, with FAILED for a plugin that could not answer: where silence is no yes."""
        found: list[tuple[float, str, Any]] = []
        wanted = self.item_type(hook)
        for implementation in self._implementations(hook, "collect", self.active(where)):
            name = implementation.plugin_name
            items = self.attempt(name, hook, partial(_items, implementation, arguments, wanted))
            found += [(0.0, name, FAILED)] if items is FAILED else [(w, name, i) for w, i in items]
        ordered = sorted(found, key=lambda entry: entry[:2])
        return [(name, item) for _weight, name, item in ordered]

    def notify(self, hook: str, where: Where, **arguments: Any) -> None:
        """Tells the active plugins of a change, each in its own savepoint, in load order."""
        for implementation in self._implementations(hook, "notify", self.active(where)):
            db.session.flush()
            name = implementation.plugin_name
            self.attempt(name, hook, partial(_call, implementation, arguments))

    def decide(self, hook: str, where: Where, **arguments: Any) -> None:
        """Asks whether something may happen. Raises Refused at the first no."""
        for implementation in self._implementations(hook, "decide", self.active(where)):
            name = implementation.plugin_name
            answer = self.attempt(name, hook, partial(_answer, implementation, arguments))
            if answer is FAILED:
                text = _("Plugin %(name)s could not answer. Tell your admin.", name=name)
                raise Refused(name, text)
            if answer is not None:
                raise Refused(name, answer)

    def attempt(self, plugin: str, what: str, call: Callable[[], Any]) -> Any:
        """What `call` gives, or FAILED: a plugin's fault is counted, logged and undone."""
        try:
            with _savepoint():
                return call()
        except (Exception, SystemExit) as error:
            self.failed(plugin, what, error)
            return FAILED

    def spoken(self, plugin: str, what: str, call: Callable[[], T], otherwise: T) -> T:
        """What `call` gives, or `otherwise`: for words and addresses, which ask no database."""
        try:
            return call()
        except (Exception, SystemExit) as error:
            self.failed(plugin, what, error)
            return otherwise

    def failed(
        self, plugin: str, what: str, error: BaseException | None = None, *, trace: bool = True
    ) -> None:
        """Counts and logs a plugin's fault; without `error` the one that is being handled."""
        manifest = self.manifests.get(plugin)
        error = error or sys.exc_info()[1]
        self.failures[plugin, what] += 1
        self.book.note(plugin, what, error, manifest.path if manifest else None, trace=trace)

    def failed_job(self, name: str, error: Exception) -> None:
        """The same for a job, which Procrastinate logs; core's own count for nobody."""
        if (plugin := name.partition(".")[0]) in self.loaded:
            self.failed(plugin, f"job {name}", error, trace=False)

    def item_type(self, hook: str) -> type[Any]:
        """What a build or collect hook says that it gives a sequence of."""
        given = getattr(self.pluggy.hook, hook).spec.function.__annotations__["return"]
        return cast(type[Any], get_args(given)[0])

    def _implementations(
        self, hook: str, mode: Mode, active: frozenset[str]
    ) -> Iterator[pluggy.HookImpl]:
        caller: Any = getattr(self.pluggy.hook, hook)
        assert caller.spec.function.mode == mode, f"{hook} is not called by {mode}"
        implementations: Sequence[pluggy.HookImpl] = caller.get_hookimpls()
        # pluggy calls the last registered first; here what others stand on is told first.
        return iter([found for found in implementations if found.plugin_name in active])


def _institutions(where: Institution | Iterable[Institution]) -> Iterable[Institution]:
    return (where,) if isinstance(where, Institution) else where


def owner_of(name: str) -> str:
    """The plugin that a prefixed name belongs to; "" for core's own."""
    plugin, dot, _rest = name.partition(".")
    return plugin if dot else ""


def _call(implementation: pluggy.HookImpl, arguments: dict[str, Any]) -> Any:
    return implementation.function(*(arguments[name] for name in implementation.argnames))


def _items(
    implementation: pluggy.HookImpl, arguments: dict[str, Any], wanted: type[Any]
) -> list[tuple[float, Any]]:
    items = list(_call(implementation, arguments) or ())
    for item in items:
        if not isinstance(item, wanted):
            raise TypeError(f"{item!r} is no {wanted.__name__}")
    return [(float(getattr(item, "weight", 50)), item) for item in items]


def _answer(implementation: pluggy.HookImpl, arguments: dict[str, Any]) -> str | None:
    """The sentence of a no. Only None is a yes; an answer that is neither is a fault."""
    answer = _call(implementation, arguments)
    if answer is None:
        return None
    if isinstance(answer, Refusal):
        return str(answer.message)
    raise TypeError(f"{answer!r} is neither None nor a Refusal")


@contextmanager
def _savepoint() -> Iterator[None]:
    """Undoes what was written when the block fails.

    A reading request has no transaction to save; there a write fails, at the latest here.
    """
    if not reading():
        with db.session.begin_nested():
            yield
        return
    try:
        yield
        db.session.flush()
    except Exception:
        db.session.rollback()
        raise


def engine() -> Engine:
    """The engine of the current app."""
    return cast(Engine, current_app.extensions[EXTENSION])


def plugin_is_active(plugin: str, institution: Institution) -> bool:
    """Whether a plugin acts for the institution; its jobs ask before they do anything."""
    return engine().is_active(plugin, institution)


def acting_where(plugin: str) -> sa.ColumnElement[bool]:
    """A condition on Institution: where the plugin acts. It holds no more values where there are
    more institutions, nor where more of them have decided."""
    cases: list[tuple[sa.ColumnElement[bool], bool]] = []
    for depth, (begins, stops) in sorted(engine().acting().turns(plugin).items(), reverse=True):
        ancestor = sa.func.split_part(Institution.path, ".", depth)
        cases += [(ancestor == sa.any_(_array(begins)), True)]
        cases += [(ancestor == sa.any_(_array(stops)), False)]
    return sa.case(*cases, else_=False) if cases else sa.false()


def _array(values: list[str]) -> sa.BindParameter[list[str]]:
    return sa.literal(values, ARRAY(sa.Text))


def acting_below(plugin: str, institution: Institution) -> sa.ColumnElement[bool]:
    """A condition on Institution, for a job that runs for each institution: this one and those
    below it for which the job acts. Parts where the plugin is switched off are left out, and so
    are those where it begins anew, which have a job of their own."""
    cut = [
        Institution.path.startswith("".join(f"{one}." for one in lineage), autoescape=True)
        for lineage in engine().acting().cut_below(plugin, institution.id)
    ]
    return sa.and_(below(institution), sa.not_(sa.or_(sa.false(), *cut)))


def metrics_in(where: Where) -> list[Metric]:
    """The figures of core and of the plugins that are active there."""
    return engine().metrics_in(where)


def contained(plugin: str, what: str, call: Callable[[], T]) -> T | None:
    """What `call` gives, or None: a fault in a part of `plugin` is counted, logged and undone."""
    answer = engine().attempt(plugin, what, call)
    return None if answer is FAILED else cast(T, answer)


def kind_of(activity: Any, institution: Institution) -> ActivityKind | None:
    """An activity's kind, or None where its plugin is absent or disabled."""
    return engine().kind(activity.kind, institution)
