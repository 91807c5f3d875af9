"""Reads about people."""

from collections.abc import Sequence

import sqlalchemy as sa
from lokal import normalize_phone
from sqlalchemy.orm import contains_eager

from core.db import db
from core.people.models import Grant, OneTimeAccess, User
from core.people.names import name_key


def by_sign_in_name(text: str) -> Sequence[User]:
    """Everybody who may mean themselves by an e-mail, phone or participant number."""
    text = text.strip()[:200]
    phone = normalize_phone(text)
    conditions: list[sa.ColumnElement[bool]] = [User.number == text.upper()]
    if "@" in text:
        conditions.append(User.email == text.lower())
    if phone:
        conditions.append(User.phone == phone)
    query = sa.select(User).where(sa.or_(*conditions), User.active).order_by(User.id)
    return db.session.scalars(query).all()


def by_number(number: str) -> User | None:
    return db.session.scalar(sa.select(User).filter_by(number=number.strip().upper()))


def search(text: str, near: sa.ColumnElement[bool], limit: int = 20) -> Sequence[User]:
    """Those who are `near` by the beginning of their name; all by number, e-mail or phone."""
    key = name_key(text)
    exact = [user.id for user in by_sign_in_name(text)]
    conditions: list[sa.ColumnElement[bool]] = [User.id.in_(exact)]
    if key:
        conditions.append(sa.and_(User.name_key.startswith(key, autoescape=True), near))
    query = sa.select(User).where(sa.or_(*conditions), User.active)
    return db.session.scalars(query.order_by(User.name_key, User.id).limit(limit)).all()


def grants_in(institution_id: int) -> Sequence[Grant]:
    query = sa.select(Grant).filter_by(institution_id=institution_id).join(Grant.user)
    query = query.options(contains_eager(Grant.user))
    return db.session.scalars(query.order_by(Grant.role, User.name_key, Grant.id)).all()


def with_open_access(user_ids: Sequence[int]) -> frozenset[int]:
    """Those of `user_ids` who hold a link or code that still works."""
    query = sa.select(OneTimeAccess.user_id).where(
        OneTimeAccess.user_id.in_(user_ids),
        OneTimeAccess.used_at.is_(None),
        OneTimeAccess.revoked_at.is_(None),
        OneTimeAccess.expires_at > sa.func.now(),
    )
    return frozenset(db.session.scalars(query))
