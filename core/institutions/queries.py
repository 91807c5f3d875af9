"""Reads of the institution tree."""

from collections.abc import Sequence

import sqlalchemy as sa

from core.db import db
from core.institutions.models import Institution, InstitutionAlias
from core.people.names import name_key


def below(institution: Institution) -> sa.ColumnElement[bool]:
    """A condition: this institution and everything below it."""
    return Institution.path.startswith(institution.path, autoescape=True)


def ancestors(institution: Institution) -> Sequence[Institution]:
    """From the root to the institution itself."""
    query = sa.select(Institution).where(Institution.id.in_(institution.lineage))
    return db.session.scalars(query.order_by(sa.func.length(Institution.path))).all()


def children(institution: Institution) -> Sequence[Institution]:
    query = sa.select(Institution).filter_by(parent_id=institution.id)
    return db.session.scalars(query.order_by(Institution.code.nulls_last(), Institution.name)).all()


def count_below(institution: Institution) -> int:
    query = sa.select(sa.func.count()).select_from(Institution).where(below(institution))
    return (db.session.scalar(query) or 1) - 1


def root() -> Institution | None:
    return db.session.scalar(sa.select(Institution).filter_by(parent_id=None).order_by(Institution.id))


def named(text: str) -> sa.ColumnElement[bool]:
    """A condition: name, short name or alias equals `text`, whatever its spelling."""
    key = name_key(text)
    by_alias = sa.select(InstitutionAlias.institution_id).where(InstitutionAlias.key == key)
    return sa.or_(Institution.name_key == key, Institution.id.in_(by_alias))
