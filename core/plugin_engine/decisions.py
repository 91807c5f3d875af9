"""An institution's decisions about plugins: what they would change, and making them.

Several choices are planned together and made together or not at all. Nothing here asks who
may decide; that is the page's or the command's business.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from flask_babel import get_locale
from flask_babel import gettext as _
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import SessionTransaction

from core import jobs
from core.db import db
from core.errors import Busy, DomainError
from core.institutions.models import Institution
from core.people.audit import audit
from core.people.models import User
from core.plugin_engine.enablement import Decision, Snapshot, bump_epoch, read_snapshot
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.models import PluginDecision, PluginEpoch

LONGEST_WAIT = "10s"


@dataclass(frozen=True)
class Choice:
    """What an institution wants of a plugin; `enabled` None follows the parent."""

    plugin: str
    enabled: bool | None
    locked: bool = False


@dataclass(frozen=True)
class Change:
    """A decision that would be made here, and what it changes. `asked`: not a mere requirement."""

    choice: Choice
    asked: bool
    before: bool
    after: bool


@dataclass(frozen=True)
class Plan:
    """What the choices come to; with a refusal nothing of it can be made.

    `before` and `after` are all decisions as they stand and as they would stand.
    """

    changes: tuple[Change, ...]
    refusals: tuple[DomainError, ...]
    before: Snapshot
    after: Snapshot


class UnknownPlugin(DomainError):
    def __init__(self, name: str, engine: Engine) -> None:
        reasons = "; ".join(p.message for p in engine.problems if p.plugin == name)
        super().__init__(
            _("Plugin %(name)s cannot be loaded: %(reasons)s", name=name, reasons=reasons)
            if reasons
            else _("There is no plugin %(name)s.", name=name)
            + " "
            + (did_you_mean(name, engine.loaded) or _("Run: bimtek plugins list"))
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question, or "" where nothing known is like it."""
    near = difflib.get_close_matches(name, known, n=1)
    return _("Did you mean %(name)s?", name=near[0]) if near else ""


class NotInstalled(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("%(name)s is not installed. Run: bimtek plugins install %(name)s", name=name)
        )


def not_there(engine: Engine, name: str) -> DomainError:
    """Why a plugin is not among the installed ones."""
    is_known = name in engine.manifests or any(p.plugin == name for p in engine.problems)
    return NotInstalled(name) if is_known else UnknownPlugin(name, engine)


class StillNeeded(DomainError):
    def __init__(self, name: str, others: Iterable[str], where: str) -> None:
        super().__init__(
            _("%(name)s is needed at %(place)s by %(others)s. Disable those first.",
              name=name, place=where, others=", ".join(sorted(others)))
        )  # fmt: skip


class DecisionLocked(DomainError):
    def __init__(self, name: str, where: str) -> None:
        super().__init__(
            _("%(institution)s has locked %(name)s for everybody below it.",
              institution=where, name=name)
        )  # fmt: skip


def closure(engine: Engine, names: Iterable[str]) -> list[Manifest]:
    """The named plugins and all they require, what is required first."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in engine.loaded:
            raise UnknownPlugin(name, engine)
        if name not in wanted:
            wanted.add(name)
            waiting += engine.loaded[name].requires
    return [m for m in engine.loaded.values() if m.name in wanted]


def current_snapshot() -> Snapshot:
    """The state as this session's transaction sees it, its own changes included."""
    db.session.flush()
    return read_snapshot(db.session.connection())


# Planning


def plan(engine: Engine, institution: Institution, choices: Sequence[Choice]) -> Plan:
    """What `choices` would change at `institution`, and everything that stands against it."""
    return _plan(engine, institution, choices, current_snapshot())


def _plan(
    engine: Engine, institution: Institution, choices: Sequence[Choice], now: Snapshot
) -> Plan:
    refusals: list[DomainError] = []
    asked = {choice.plugin: choice for choice in choices if _differs(now, institution, choice)}
    wanted = dict(asked)
    for name, choice in asked.items():
        try:
            _refuse(engine, institution, name, now)
            if choice.enabled:
                wanted |= _required(engine, institution, name, wanted, now)
        except DomainError as error:
            refusals.append(error)
    then = _after(now, institution, wanted.values())
    if not refusals:
        refusals += _broken_needs(engine, institution, wanted, now, then)
    before, after = (engine.active_in(state, institution.lineage) for state in (now, then))
    changes = [
        Change(choice, asked=name in asked, before=name in before, after=name in after)
        for name, choice in wanted.items()
    ]
    return Plan(tuple(changes), tuple(refusals), now, then)


def _differs(now: Snapshot, institution: Institution, choice: Choice) -> bool:
    own = now.decisions.get(choice.plugin, {}).get(institution.id)
    if own is None:
        return choice.enabled is not None
    return (own.enabled, own.locked) != (choice.enabled, choice.locked)


def _refuse(engine: Engine, institution: Institution, name: str, now: Snapshot) -> None:
    if name not in engine.loaded:
        raise UnknownPlugin(name, engine)
    if name not in now.installed:
        raise NotInstalled(name)
    if holder := now.effect(name, institution.lineage[:-1]).locked_by:
        raise DecisionLocked(_title(engine, name), _short_name(holder))


def _required(
    engine: Engine,
    institution: Institution,
    name: str,
    wanted: Mapping[str, Choice],
    now: Snapshot,
) -> dict[str, Choice]:
    """What must come along: required, not active here, and nothing else asked of it."""
    found = {}
    for manifest in closure(engine, [name]):
        active = now.effect(manifest.name, institution.lineage).enabled
        if manifest.name not in wanted and not active:
            _refuse(engine, institution, manifest.name, now)
            found[manifest.name] = Choice(manifest.name, True)
    return found


def _after(now: Snapshot, institution: Institution, choices: Iterable[Choice]) -> Snapshot:
    """The state that the choices would lead to."""
    decisions = {plugin: dict(found) for plugin, found in now.decisions.items()}
    for choice in choices:
        of_plugin = decisions.setdefault(choice.plugin, {})
        of_plugin.pop(institution.id, None)
        if choice.enabled is not None:
            of_plugin[institution.id] = Decision(institution.lineage, choice.enabled, choice.locked)
    return replace(now, decisions=decisions)


def _broken_needs(
    engine: Engine, institution: Institution, wanted: Iterable[str], now: Snapshot, then: Snapshot
) -> list[DomainError]:
    """What the choices would take from an enabled plugin that requires it, here or below.

    Who switched a requirement off below does not keep those above from enabling.
    """
    here = institution.lineage
    lineages = {here}
    for name in engine.loaded:
        lineages |= {decision.lineage for decision in then.below(name, institution.id)}
    errors: dict[str, DomainError] = {}
    for lineage in sorted(lineages):
        for name in wanted:
            taken = lineage == here or now.effect(name, lineage).enabled
            needing = _needing(engine, name, lineage, then)
            if taken and needing and not then.effect(name, lineage).enabled:
                place = _short_name(lineage[-1])
                errors.setdefault(name, StillNeeded(_title(engine, name), needing, place))
    return list(errors.values())


def _needing(engine: Engine, name: str, lineage: Sequence[int], then: Snapshot) -> list[str]:
    """The titles of the enabled plugins that require `name`."""
    return [
        _title(engine, m.name)
        for m in engine.loaded.values()
        if name in m.requires and then.effect(m.name, lineage).enabled
    ]


def _title(engine: Engine, name: str) -> str:
    return engine.loaded[name].title_in(str(get_locale() or "id"))


def _short_name(institution_id: int) -> str:
    found = db.session.get(Institution, institution_id)
    return found.short_name if found else "?"


# Deciding


def decide(
    engine: Engine, institution: Institution, choices: Sequence[Choice], *, by: User | None
) -> Plan:
    """Makes all the choices and what comes along, or raises the first refusal and makes none."""
    _wait_for_others()
    made = plan(engine, institution, choices)
    if made.refusals:
        raise made.refusals[0]
    if made.changes:
        bump_epoch()
        for change in made.changes:
            _record(institution, change.choice, by)
        jobs.enqueue(jobs.release_held)
        _forget_at_end(engine)
    return made


def _wait_for_others() -> None:
    """Locks the epoch's row, so that two who decide at once see each other.

    Raises Busy: an uninstall holds the row for as long as it writes an archive.
    """
    try:
        with db.session.begin_nested():
            db.session.execute(sa.text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))
            db.session.execute(sa.select(PluginEpoch.id).with_for_update())
            db.session.execute(sa.text("SET LOCAL lock_timeout TO DEFAULT"))
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise Busy from error
        raise


def _record(institution: Institution, choice: Choice, by: User | None) -> None:
    row = db.session.scalar(
        sa.select(PluginDecision).filter_by(institution_id=institution.id, plugin=choice.plugin)
    )
    if choice.enabled is None:
        db.session.delete(row)
        action = "plugin.follow_parent"
    else:
        row = row or PluginDecision(institution_id=institution.id, plugin=choice.plugin)
        row.enabled, row.locked = choice.enabled, choice.locked
        row.decided_by_id, row.decided_at = by.id if by else None, sa.func.now()
        db.session.add(row)
        action = "plugin.enable" if choice.enabled else "plugin.disable"
    db.session.flush()
    audit(action, row, actor=by, institution=institution, plugin=choice.plugin,
          locked=choice.locked)  # fmt: skip


def _forget_at_end(engine: Engine) -> None:
    """This process looks again as soon as the transaction has ended."""

    def forget(_session: object, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            engine.enablement.forget()

    sa.event.listen(db.session(), "after_transaction_end", forget)
