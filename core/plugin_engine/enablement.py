"""Which plugins are active for an institution: one answer for hooks, guard, menu and all else.

A process keeps a snapshot of the decisions and asks for the epoch at most once a second,
so an ordinary request pays no query for it.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from core.db import db
from core.institutions.models import Institution, lineage_of
from core.plugin_engine.models import PluginDecision, PluginEpoch, PluginInstallation

log = logging.getLogger(__name__)
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Effect:
    """What holds for a plugin at an institution, and which institution decided it, if any."""

    enabled: bool
    decided_at: int | None
    locked_by: int | None


@dataclass(frozen=True)
class Decision:
    """What one institution decided for itself and everything below it."""

    lineage: tuple[int, ...]
    enabled: bool
    locked: bool = False


@dataclass(frozen=True)
class Snapshot:
    """`installed`: name → version. `decisions`: plugin → institution id → decision.

    `revisions`: name → the revision that its tables are at.
    """

    epoch: int
    installed: Mapping[str, str]
    decisions: Mapping[str, Mapping[int, Decision]]
    revisions: Mapping[str, str | None] = field(default_factory=dict)

    def effect(self, plugin: str, lineage: Iterable[int]) -> Effect:
        """From the root down: the nearest decision holds, unless one above it is locked."""
        if plugin not in self.installed:
            return NOTHING
        effect = NOTHING
        decisions = self.decisions.get(plugin, {})
        for institution_id in lineage:
            if decision := decisions.get(institution_id):
                locked_by = institution_id if decision.locked else None
                effect = Effect(decision.enabled, institution_id, locked_by)
                if locked_by:
                    break
        return effect

    def below(self, plugin: str, institution_id: int) -> list[Decision]:
        """The decisions of institutions below this one."""
        decisions = self.decisions.get(plugin, {}).values()
        return [decision for decision in decisions if institution_id in decision.lineage[:-1]]

    def anywhere(self, plugin: str) -> bool:
        decisions = self.decisions.get(plugin, {}).values()
        return any(self.effect(plugin, decision.lineage).enabled for decision in decisions)


NOTHING = Effect(False, None, None)
EMPTY = Snapshot(-1, {}, {})


def read_snapshot(connection: sa.Connection) -> Snapshot:
    epoch = connection.scalar(sa.select(PluginEpoch.number)) or 0
    rows = connection.execute(
        sa.select(PluginInstallation.name, PluginInstallation.version, PluginInstallation.revision)
    ).all()
    installed = {name: version for name, version, _revision in rows}
    revisions = {name: revision for name, _version, revision in rows}
    decisions: dict[str, dict[int, Decision]] = {}
    decided = connection.execute(
        sa.select(
            PluginDecision.plugin,
            Institution.id,
            Institution.path,
            PluginDecision.enabled,
            PluginDecision.locked,
        ).join(Institution, Institution.id == PluginDecision.institution_id)
    )
    for plugin, institution_id, path, enabled, locked in decided:
        decision = Decision(lineage_of(path), enabled, locked)
        decisions.setdefault(plugin, {})[institution_id] = decision
    return Snapshot(epoch, installed, decisions, revisions)


class Enablement:
    """The process's view of what is installed and enabled.

    One thread looks at a time; the others go on with the last answer meanwhile, and all do while
    the database is away. Only a change made in this very process is waited for.
    """

    def __init__(self) -> None:
        self._snapshot = EMPTY
        self._looking = Lock()
        self._forgotten = 1
        # How often had been forgotten when the answer was read, and until when it is good.
        self._good = (0, float("-inf"))
        self._whole = 0
        self._own: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        if self._own is not None:
            return self._own
        if not self._is_good() and self._looking.acquire(blocking=self._is_forgotten()):
            try:
                if not self._is_good():
                    self._look()
            finally:
                self._looking.release()
        return self._snapshot

    def _is_good(self) -> bool:
        forgotten, until = self._good
        return forgotten == self._forgotten and time.monotonic() < until

    def _is_forgotten(self) -> bool:
        return self._good[0] != self._forgotten

    def _look(self) -> None:
        forgotten = self._forgotten
        try:
            self._read(whole=forgotten != self._whole)
            self._whole = forgotten
        except SQLAlchemyError as error:
            if self._snapshot is EMPTY:
                raise
            log.warning("plugins: the database did not answer (%s)", type(error).__name__)
        self._good = (forgotten, time.monotonic() + POLL_SECONDS)

    def _read(self, *, whole: bool) -> None:
        # Not from a replica: what somebody has just decided would come back late.
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            epoch = connection.scalar(sa.select(PluginEpoch.number)) or 0
            if whole or epoch != self._snapshot.epoch:
                self._snapshot = read_snapshot(connection)

    def forget(self) -> None:
        """The next question reads the database again; until then the last answer stands."""
        self._forgotten += 1

    @contextmanager
    def within(self, connection: sa.Connection) -> Iterator[None]:
        """Answers by what the open transaction of `connection` decided; for this process alone."""
        self._own = read_snapshot(connection)
        try:
            yield
        finally:
            self._own = None
            self.forget()


def bump_epoch() -> None:
    """Tells every process to look again; part of the change's own transaction."""
    bumped = db.session.execute(
        sa.update(PluginEpoch).values(number=PluginEpoch.number + 1).returning(PluginEpoch.number)
    )
    if bumped.first() is None:
        db.session.add(PluginEpoch(id=1, number=1))
    db.session.flush()
