"""Secrets among the settings of a plugin: sealed in the database, read only by asking for one.

They are in no `settings_of`, no page, no log and no audit entry; of those only that they changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.db import db
from core.plugin_engine.models import PluginSetting
from core.plugin_engine.settings import Place, counts, rows_to, secrets_in
from core.sealing import Unreadable, seal_anew, sealed_at, unseal


@dataclass(frozen=True)
class SecretState:
    """Where the secret that holds was filled in, and when; `at` None: it cannot be read."""

    source: Place
    at: datetime | None


def secret_of(plugin: str, field: str, place: Place) -> str | None:
    """The secret that holds at `place`, or None where nobody filled it in.

    Raises `Unreadable`, a DomainError with its sentence, when SECRET_KEY has changed.
    """
    if field not in secrets_in(plugin):
        raise LookupError(f"the settings of {plugin} have no SecretField '{field}'")
    found = _sealed(plugin, field, place)
    return unseal(found[1], f"{plugin}.{field}") if found else None


def secret_states(plugin: str, place: Place) -> Mapping[str, SecretState]:
    """Field → its state, of the secrets that are filled in; what they are stays sealed."""
    found = {name: _sealed(plugin, name, place) for name in secrets_in(plugin)}
    return {
        name: SecretState(held[0], _moment(held[1], f"{plugin}.{name}"))
        for name, held in found.items()
        if held
    }


def _sealed(plugin: str, field: str, place: Place) -> tuple[Place, str] | None:
    """The nearest place that filled it in, and what it sealed."""
    found = [
        (source, row.secrets[field])
        for source, row in rows_to(plugin, place)
        if field in row.secrets and counts(plugin, field, source, place)
    ]
    return found[-1] if found else None


def _moment(sealed: str, purpose: str) -> datetime | None:
    try:
        return sealed_at(sealed, purpose)
    except Unreadable:
        return None


@dataclass(frozen=True)
class Resealed:
    """How many secrets have the present key now, and the names of those that no key opens."""

    done: int
    unreadable: tuple[str, ...]


def seal_all_anew() -> Resealed:
    """Seals every secret with the present key, so that a former one can be given up."""
    query = sa.select(PluginSetting).where(PluginSetting.secrets != {})
    done, unreadable = 0, []
    for row in db.session.scalars(query.order_by(PluginSetting.id).with_for_update()):
        fresh = dict(row.secrets)
        for field, sealed in row.secrets.items():
            purpose = f"{row.plugin}.{field}"
            try:
                fresh[field] = seal_anew(sealed, purpose)
                done += 1
            except Unreadable:
                unreadable.append(purpose)
        row.secrets = fresh
    db.session.flush()
    return Resealed(done, tuple(unreadable))
