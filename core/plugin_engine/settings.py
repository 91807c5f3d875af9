"""What the site, institutions, courses and classes have set of a plugin, and what holds for one.

A field follows the nearest place that filled it in: the class, its course, its host and the
institutions above that, the site, at last the default that the plugin gives. A place's *own*
fields follow nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask import g
from sqlalchemy.dialects.postgresql import insert

from core.cohorts.models import Cohort
from core.cohorts.queries import hosts_of
from core.courses.models import Course
from core.db import db, now
from core.forms import SecretField
from core.institutions.models import Institution
from core.people.audit import audit
from core.people.models import User
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.contributions import LEVELS, Level
from core.plugin_engine.engine import Where, engine
from core.plugin_engine.models import PluginSetting
from core.sealing import seal


@dataclass(frozen=True)
class Site:
    """The whole site as a place of settings; there is one, SITE."""

    id: int = 0


SITE = Site()
Place: TypeAlias = Site | Institution | Course | Cohort
_LEVEL_OF: Mapping[type, Level] = {
    Site: "site",
    Institution: "institution",
    Course: "course",
    Cohort: "cohort",
}
_PLACES = ("institution_id", "course_id", "cohort_id")


@dataclass(frozen=True)
class Held:
    """A value and where it was filled in; `source` None is the plugin's default."""

    value: Any
    source: Place | None


def level_of(place: Place) -> Level:
    return _LEVEL_OF[type(place)]


def settable(place: Place) -> dict[str, str]:
    """Plugin → title, of those that can be set there: the site's need only be installed."""
    level = level_of(place)
    if isinstance(place, Site):
        there = frozenset(name for name in engine().loaded if engine().is_installed(name))
    else:
        there = engine().active(place.plugin_institution)
    return {
        name: title_of(engine(), name)
        for name, found in engine().settings.items()
        if name in there and level in found.levels
    }


def defaults_of(plugin: str) -> dict[str, Any]:
    """Field → default, for every field of the plugin's form that is no secret."""
    form = _blank(plugin)
    return {field.name: field.default for field in form if not isinstance(field, SecretField)}


def secrets_in(plugin: str) -> frozenset[str]:
    """The fields of the plugin's form that are secrets; `secret_settings` reads them."""
    return frozenset(field.name for field in _blank(plugin) if isinstance(field, SecretField))


def _blank(plugin: str) -> Any:
    return engine().settings[plugin].form(formdata=None, meta={"csrf": False})


def settings_of(plugin: str, place: Place) -> Mapping[str, Any]:
    """Field → the value that holds for a class, a course, an institution or SITE.

    Read once a request.
    """
    cache: dict[tuple[str, type, int], Mapping[str, Any]] = g.setdefault("plugin_settings", {})
    key = (plugin, type(place), place.id)
    if key not in cache:
        cache[key] = {name: held.value for name, held in held_at(plugin, place).items()}
    return cache[key]


def held_at(plugin: str, place: Place) -> dict[str, Held]:
    """Field → what holds at `place`, its own values included."""
    return _held(plugin, place, rows_to(plugin, place))


def above(plugin: str, place: Place) -> dict[str, Held]:
    """What an empty field yields at `place`, for the fields that are inherited."""
    rows = [(source, row) for source, row in rows_to(plugin, place) if source != place]
    own = engine().settings[plugin].own
    return {name: held for name, held in _held(plugin, place, rows).items() if name not in own}


def _held(plugin: str, place: Place, rows: list[tuple[Place, PluginSetting]]) -> dict[str, Held]:
    found = {name: Held(value, None) for name, value in defaults_of(plugin).items()}
    for source, row in rows:
        for name, value in row.values.items():
            if name in found and counts(plugin, name, source, place):
                found[name] = Held(value, source)
    return found


def counts(plugin: str, name: str, source: Place, place: Place) -> bool:
    """Whether a field that `source` filled in says anything for `place`."""
    brought = engine().settings[plugin]
    inherited = source == place or name not in brought.own
    return inherited and level_of(source) in brought.levels_of(name)


def own_values(plugin: str, place: Place) -> Mapping[str, Any]:
    row = db.session.scalar(sa.select(PluginSetting).where(_at(plugin, place)))
    return row.values if row else {}


def change_settings(
    plugin: str,
    place: Place,
    values: Mapping[str, Any],
    *,
    by: User | None,
    secrets: Mapping[str, str | None] | None = None,
) -> bool:
    """Keeps the filled-in values of a place; True when something changed.

    What is None or "" follows what is above. Of `secrets` only those that are named change: text
    replaces, None removes. The plugins hear of the change.
    """
    wanted = {name: value for name, value in values.items() if value not in {None, ""}}
    given = secrets or {}
    for name in given:
        _refuse_secret(plugin, name, place)
    if wanted or any(given.values()):  # Two who fill it in for the first time share one row.
        new = insert(PluginSetting).values(plugin=plugin, **_key(place))
        db.session.execute(new.on_conflict_do_nothing())
    row = _held_row(plugin, place)
    if row is None:
        return False
    fields = {
        name for name in row.values.keys() | wanted if row.values.get(name) != wanted.get(name)
    }
    fields |= {name for name, text in given.items() if text or name in row.secrets}
    if not fields:
        return False
    row.values, row.secrets = wanted, _with_secrets(row.secrets, plugin, given)
    row.changed_by_id, row.changed_at = by.id if by else None, now()
    db.session.flush()
    g.pop("plugin_settings", None)
    _tell(plugin, place, row, sorted(fields), by)
    return True


def _refuse_secret(plugin: str, name: str, place: Place) -> None:
    """Raises LookupError for what is no secret of the plugin, or has no business at that place."""
    level = level_of(place)
    if name not in secrets_in(plugin) or level not in engine().settings[plugin].levels_of(name):
        raise LookupError(f"the settings of {plugin} have no secret '{name}' for a {level}")


def _with_secrets(
    kept: Mapping[str, str], plugin: str, given: Mapping[str, str | None]
) -> dict[str, str]:
    """The sealed secrets after a change; what nobody touched stays as it is, readable or not."""
    sealed = {name: seal(text, f"{plugin}.{name}") for name, text in given.items() if text}
    return {name: text for name, text in kept.items() if name not in given} | sealed


def _held_row(plugin: str, place: Place) -> PluginSetting | None:
    query = sa.select(PluginSetting).where(_at(plugin, place)).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _tell(
    plugin: str, place: Place, row: PluginSetting, fields: list[str], by: User | None
) -> None:
    institution = institution_of(place)
    audit("plugin.settings", row, actor=by, institution=institution, plugin=plugin, fields=fields)
    engine().notify(
        "settings_changed",
        _concerned(place),
        plugin=plugin,
        institution=place if isinstance(place, Institution) else None,
        course=place if isinstance(place, Course) else None,
        cohort=place if isinstance(place, Cohort) else None,
    )


def _concerned(place: Place) -> Where:
    """Where plugins hear of a change: a course's classes may be held by other institutions."""
    if isinstance(place, Course):
        return [place.institution, *hosts_of(place)]
    return institution_of(place)


def institution_of(place: Place) -> Institution | None:
    """Whose institutions lie above a place; None for the site."""
    return None if isinstance(place, Site) else place.plugin_institution


def _key(place: Place) -> dict[str, int]:
    return {} if isinstance(place, Site) else {f"{level_of(place)}_id": place.id}


def _at(plugin: str, place: Place) -> sa.ColumnElement[bool]:
    """The place's own row; the site's has no place."""
    key = _key(place)
    columns = (getattr(PluginSetting, name) == key.get(name) for name in _PLACES)
    return sa.and_(PluginSetting.plugin == plugin, *columns)


def rows_to(plugin: str, place: Place) -> list[tuple[Place, PluginSetting]]:
    """From the site down to `place`, with the place that each row belongs to; one query."""
    institution = institution_of(place)
    places: list[Place] = [SITE, place]
    if isinstance(place, Cohort):
        places.append(place.course)
    query = (
        sa.select(PluginSetting, Institution)
        .outerjoin(Institution, Institution.id == PluginSetting.institution_id)
        .where(
            PluginSetting.plugin == plugin,
            sa.or_(
                *(_at(plugin, one) for one in places),
                PluginSetting.institution_id.in_(institution.lineage if institution else ()),
            ),
        )
    )
    rows = [(_whose(row, found, place), row) for row, found in db.session.execute(query)]
    return sorted(rows, key=lambda one: _depth(one[0]))


def _whose(row: PluginSetting, institution: Institution | None, place: Place) -> Place:
    """The place of a row on the way to `place`."""
    if institution is not None:
        return institution
    if row.course_id and isinstance(place, Cohort):
        return place.course
    return place if row.course_id or row.cohort_id else SITE


def _depth(place: Place) -> tuple[int, int]:
    lineage = place.lineage if isinstance(place, Institution) else ()
    return LEVELS.index(level_of(place)), len(lineage)
