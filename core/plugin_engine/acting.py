"""Which plugins act where, in one state of decisions: each answer is worked out once.

An answer depends only on those of an institution's lineage that decided something, so a country
of villages needs no more answers than there are places that decided differently.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from core.plugin_engine.enablement import Snapshot

Lineage = tuple[int, ...]


class Acting:
    def __init__(
        self, snapshot: Snapshot, work_out: Callable[[Snapshot, Lineage], frozenset[str]]
    ) -> None:
        self.snapshot = snapshot
        self._work_out = work_out
        self._places = {
            institution_id: decision.lineage
            for decisions in snapshot.decisions.values()
            for institution_id, decision in decisions.items()
        }
        self._answers: dict[Lineage, frozenset[str]] = {}

    def at(self, lineage: Sequence[int]) -> frozenset[str]:
        deciding = tuple(one for one in lineage if one in self._places)
        found = self._answers.get(deciding)
        if found is None:
            found = self._answers[deciding] = self._work_out(self.snapshot, deciding)
        return found

    @cached_property
    def anywhere(self) -> frozenset[str]:
        return self.at(()).union(*map(self.at, self._places.values()))

    def within(self, plugin: str, lineage: Sequence[int]) -> bool:
        """Whether the plugin acts at an institution or anywhere below it."""
        return plugin in self.at(lineage) or lineage[-1] in self._above.get(plugin, ())

    @cached_property
    def _above(self) -> Mapping[str, set[int]]:
        """Plugin → the institutions at or above a place that decided, where it acts."""
        found: dict[str, set[int]] = {}
        for lineage in self._places.values():
            for plugin in self.at(lineage):
                found.setdefault(plugin, set()).update(lineage)
        return found

    def roots(self, plugin: str) -> list[int]:
        """The institutions where the plugin begins to act: at their parent it does not."""
        return sorted(
            {lineage[-1] for lineage in self._places.values() if self._begins(plugin, lineage)}
        )

    def cut_below(self, plugin: str, institution_id: int) -> list[Lineage]:
        """Below an institution: where the plugin stops to act, and where it begins anew."""
        return [
            lineage
            for lineage in self._places.values()
            if institution_id in lineage[:-1]
            and (plugin not in self.at(lineage) or self._begins(plugin, lineage))
        ]

    def turns(self, plugin: str) -> Mapping[int, tuple[list[str], list[str]]]:
        """Depth → the ids of where the plugin begins to act there, and of where it stops.

        The deepest of an institution's lineage holds for it.
        """
        found: dict[int, tuple[list[str], list[str]]] = {}
        for lineage in self._places.values():
            acts = plugin in self.at(lineage)
            if acts != (plugin in self.at(lineage[:-1])):
                begins, stops = found.setdefault(len(lineage), ([], []))
                (begins if acts else stops).append(str(lineage[-1]))
        return found

    def _begins(self, plugin: str, lineage: Lineage) -> bool:
        return plugin in self.at(lineage) and plugin not in self.at(lineage[:-1])
