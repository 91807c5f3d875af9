"""Reads of the institution tree."""

from collections.abc import Iterable, Sequence

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


Mark = tuple[str, int]


def page_of(
    where: sa.ColumnElement[bool], *, after: Mark | None = None, limit: int = 50
) -> tuple[Sequence[Institution], Mark | None]:
    """Institutions by name, and the mark of the last one where there are more."""
    query = sa.select(Institution).where(where)
    if after:
        query = query.where(sa.tuple_(Institution.name_key, Institution.id) > sa.tuple_(*after))
    query = query.order_by(Institution.name_key, Institution.id)
    found = db.session.scalars(query.limit(limit + 1)).all()
    shown = found[:limit]
    return shown, (shown[-1].name_key, shown[-1].id) if len(found) > limit else None


def called(text: str) -> sa.ColumnElement[bool]:
    """A condition: every word of `text` is in the name, the short name or one alias."""
    words = name_key(text).split()
    if not words:
        return sa.false()
    short = sa.func.lower(Institution.short_name)
    in_alias = sa.select(InstitutionAlias.institution_id).where(_words(InstitutionAlias.key, words))
    return sa.or_(
        _words(Institution.name_key, words),
        _words(short, words),
        Institution.id.in_(in_alias),
        Institution.code == text.strip(),
    )


def _words(column: sa.SQLColumnExpression[str], words: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column.contains(word, autoescape=True) for word in words))


def tops(paths: Iterable[str]) -> Sequence[Institution]:
    """The institutions of `paths` without those that lie below another of them."""
    highest: list[str] = []
    for path in sorted(set(paths), key=len):
        if not path.startswith(tuple(highest)):
            highest.append(path)
    query = sa.select(Institution).where(Institution.path.in_(highest))
    return db.session.scalars(query.order_by(Institution.name_key, Institution.id)).all()


def places_of(institutions: Iterable[Institution]) -> dict[int, list[str]]:
    """Institution id → the short names above it, from the root down; one query."""
    institutions = list(institutions)
    ids = {key for institution in institutions for key in institution.lineage[:-1]}
    query = sa.select(Institution.id, Institution.short_name).where(Institution.id.in_(ids))
    names = dict(db.session.execute(query).all())
    return {i.id: [names[key] for key in i.lineage[:-1]] for i in institutions}


def count_below(institution: Institution) -> int:
    query = sa.select(sa.func.count()).select_from(Institution).where(below(institution))
    return (db.session.scalar(query) or 1) - 1


def root() -> Institution | None:
    return db.session.scalar(
        sa.select(Institution).filter_by(parent_id=None).order_by(Institution.id)
    )


def named(text: str) -> sa.ColumnElement[bool]:
    """A condition: name, short name or alias equals `text`, whatever its spelling."""
    key = name_key(text)
    by_alias = sa.select(InstitutionAlias.institution_id).where(InstitutionAlias.key == key)
    return sa.or_(Institution.name_key == key, Institution.id.in_(by_alias))
