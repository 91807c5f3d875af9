"""What institutions and classes have set of a plugin, and what therefore holds for one of them.

A field follows the nearest place that filled it in: the class, its host and the institutions
above that, at last the default that the plugin gives. A place's *own* fields follow nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask import g
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped

from core.cohorts.models import Cohort
from core.db import db, now
from core.institutions.models import Institution
from core.people.audit import audit
from core.people.models import User
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.contributions import Level
from core.plugin_engine.engine import engine
from core.plugin_engine.models import PluginSetting

Place: TypeAlias = Institution | Cohort


@dataclass(frozen=True)
class Held:
    """A value and where it was filled in; `source` None is the plugin's default."""

    value: Any
    source: Place | None


def settable(place: Place, level: Level) -> dict[str, str]:
    """Plugin → title, of those that are active at `place` and can be set on that level."""
    active = engine().active(place.plugin_institution)
    return {
        name: title_of(engine(), name)
        for name, found in engine().settings.items()
        if name in active and level in found.levels
    }


def defaults_of(plugin: str) -> dict[str, Any]:
    """Field → default, for every field of the plugin's form."""
    form = engine().settings[plugin].form(formdata=None, meta={"csrf": False})
    return {field.name: field.default for field in form}


def settings_of(plugin: str, place: Place) -> Mapping[str, Any]:
    """Field → the value that holds for a class or an institution; read once a request."""
    cache: dict[tuple[str, type, int], Mapping[str, Any]] = g.setdefault("plugin_settings", {})
    key = (plugin, type(place), place.id)
    if key not in cache:
        cache[key] = {name: held.value for name, held in held_at(plugin, place).items()}
    return cache[key]


def held_at(plugin: str, place: Place) -> dict[str, Held]:
    """Field → what holds at `place`, its own values included."""
    known = defaults_of(plugin)
    found = {name: Held(value, None) for name, value in known.items()}
    for source, row in _rows(plugin, place):
        counts = known.keys() if source == place else inherited(plugin)
        found |= {n: Held(v, source) for n, v in row.values.items() if n in counts}
    return found


def inherited(plugin: str) -> frozenset[str]:
    """The fields that follow what is above them."""
    return frozenset(defaults_of(plugin)) - engine().settings[plugin].own


def above(plugin: str, place: Place) -> dict[str, Held]:
    """What an empty field yields at `place`, for the fields that are inherited."""
    parent = place.host if isinstance(place, Cohort) else place.parent
    if parent is None:
        found = {name: Held(value, None) for name, value in defaults_of(plugin).items()}
    else:
        found = held_at(plugin, parent)
    return {name: held for name, held in found.items() if name in inherited(plugin)}


def own_values(plugin: str, place: Place) -> Mapping[str, Any]:
    row = db.session.scalar(sa.select(PluginSetting).where(_at(plugin, place)))
    return row.values if row else {}


def change_settings(
    plugin: str, place: Place, values: Mapping[str, Any], *, by: User | None
) -> bool:
    """Keeps the filled-in values of a place; True when something changed.

    What is None or "" follows what is above. The plugins hear of the change.
    """
    wanted = {name: value for name, value in values.items() if value not in {None, ""}}
    if wanted:  # Two who fill it in for the first time at once share one row.
        new = insert(PluginSetting).values(plugin=plugin, **_key(place))
        db.session.execute(new.on_conflict_do_nothing())
    row = _held_row(plugin, place)
    before = row.values if row else {}
    if row is None or before == wanted:
        return False
    row.values, row.changed_at = wanted, now()
    row.changed_by_id = by.id if by else None
    db.session.flush()
    g.pop("plugin_settings", None)
    _tell(plugin, place, row, before, by)
    return True


def _held_row(plugin: str, place: Place) -> PluginSetting | None:
    query = sa.select(PluginSetting).where(_at(plugin, place)).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _tell(
    plugin: str, place: Place, row: PluginSetting, before: Mapping[str, Any], by: User | None
) -> None:
    cohort = place if isinstance(place, Cohort) else None
    institution = place.host if isinstance(place, Cohort) else place
    fields = sorted(
        name for name in before.keys() | row.values if before.get(name) != row.values.get(name)
    )
    audit("plugin.settings", row, actor=by, institution=institution, plugin=plugin, fields=fields)
    engine().notify(
        "settings_changed", institution, plugin=plugin, institution=institution, cohort=cohort
    )


def _key(place: Place) -> dict[str, int]:
    return {"cohort_id" if isinstance(place, Cohort) else "institution_id": place.id}


def _at(plugin: str, place: Place) -> sa.ColumnElement[bool]:
    column: Mapped[int | None] = (
        PluginSetting.cohort_id if isinstance(place, Cohort) else PluginSetting.institution_id
    )
    return sa.and_(PluginSetting.plugin == plugin, column == place.id)


def _rows(plugin: str, place: Place) -> Sequence[tuple[Place, PluginSetting]]:
    """From the root down to `place`, with the place that each row belongs to."""
    institution = place.host if isinstance(place, Cohort) else place
    query = (
        sa.select(Institution, PluginSetting)
        .join(PluginSetting, PluginSetting.institution_id == Institution.id)
        .where(PluginSetting.plugin == plugin, Institution.id.in_(institution.lineage))
        .order_by(sa.func.length(Institution.path))
    )
    rows: list[tuple[Place, PluginSetting]] = [(i, row) for i, row in db.session.execute(query)]
    if isinstance(place, Cohort):
        own = db.session.scalar(sa.select(PluginSetting).where(_at(plugin, place)))
        rows += [(place, own)] if own else []
    return rows
