"""Rules of the institution tree: create, rename, find by any of its names."""

from collections.abc import Iterable

import sqlalchemy as sa
from flask_babel import gettext as _

from core.db import db
from core.errors import DomainError
from core.institutions.models import Institution, InstitutionAlias
from core.people.audit import audit
from core.people.models import User
from core.people.names import name_key


class NameTaken(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(_("There is already an institution “%(name)s” here.", name=name))


def create_institution(
    name: str,
    *,
    kind: str,
    parent: Institution | None,
    short_name: str = "",
    code: str | None = None,
    timezone: str | None = None,
    aliases: Iterable[str] = (),
    by: User | None = None,
) -> Institution:
    """A new institution below `parent`. Raises NameTaken for the same name beside it."""
    name = " ".join(name.split())
    if parent is not None and _sibling(parent, name_key(name)):
        raise NameTaken(name)
    institution = Institution(
        parent=parent,
        kind=kind,
        name=name,
        short_name=short_name or name,
        name_key=name_key(name),
        code=code or None,
        timezone=timezone or (parent.timezone if parent else "Asia/Jakarta"),
        path="",
    )
    institution.id = db.session.execute(
        sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence("institution", "id")))
    ).scalar_one()
    institution.path = f"{parent.path if parent else ''}{institution.id}."
    db.session.add(institution)
    set_aliases(institution, aliases)
    db.session.flush()
    audit("institution.create", institution, actor=by, institution=institution, kind=kind)
    return institution


def _sibling(parent: Institution, key: str) -> bool:
    query = sa.select(Institution.id).filter_by(parent_id=parent.id, name_key=key)
    return db.session.scalar(query) is not None


def set_aliases(institution: Institution, aliases: Iterable[str]) -> None:
    """Replaces the other names; repeated and empty ones are dropped."""
    wanted = {name_key(alias): alias.strip() for alias in aliases if name_key(alias)}
    # A kept alias keeps its row: a new one would meet the old one's key.
    known = {alias.key: alias for alias in institution.aliases}
    institution.aliases = [known.get(key) or InstitutionAlias(key=key) for key in wanted]
    for alias in institution.aliases:
        alias.alias = wanted[alias.key]


def change_institution(
    institution: Institution,
    *,
    name: str,
    short_name: str,
    kind: str,
    timezone: str,
    aliases: Iterable[str],
    by: User | None,
) -> None:
    """New names, kind and zone. Raises NameTaken for the name of one beside it."""
    name = " ".join(name.split())
    key = name_key(name)
    if key != institution.name_key and institution.parent and _sibling(institution.parent, key):
        raise NameTaken(name)
    institution.name, institution.name_key = name, key
    institution.short_name = short_name or name
    institution.kind, institution.timezone = kind, timezone
    set_aliases(institution, aliases)
    db.session.flush()
    audit("institution.change", institution, actor=by, institution=institution)
