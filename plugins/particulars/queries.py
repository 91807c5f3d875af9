"""Reads of particulars; a list costs as many queries as one person."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from core.api import Cohort, Enrolment, User, db
from plugins.particulars.models import Entry, Letter, Person


@dataclass(frozen=True)
class Row:
    """One participant of a class; what is not known is None."""

    enrolment: Enrolment
    person: Person | None
    letter: Letter | None


def entries(kind: str) -> Sequence[Entry]:
    query = sa.select(Entry).filter_by(kind=kind)
    return db.session.scalars(query.order_by(Entry.position, Entry.id)).all()


def entry(entry_id: int) -> Entry | None:
    return db.session.get(Entry, entry_id)


def choosers(kind: str) -> dict[int, int]:
    """Entry id → how many people have chosen it."""
    column = {"rank": Person.rank_id, "education": Person.education_id}[kind]
    rows = db.session.execute(sa.select(column, sa.func.count()).group_by(column))
    return {entry_id: count for entry_id, count in rows if entry_id is not None}


def person_of(user: User) -> Person | None:
    return db.session.scalar(_people().where(Person.user_id == user.id))


def rows(enrolments: Sequence[Enrolment]) -> list[Row]:
    """What is known of each, in the order given; two queries."""
    ids = [one.user_id for one in enrolments]
    people = {p.user_id: p for p in db.session.scalars(_people().where(Person.user_id.in_(ids)))}
    letters = Letter.map(enrolments)
    return [Row(one, people.get(one.user_id), letters.get(one.id)) for one in enrolments]


def _people() -> sa.Select[Person]:
    return sa.select(Person).options(joinedload(Person.rank), joinedload(Person.education))


def missing_letters(cohort: Cohort) -> int:
    """Participants of the class without the number of a letter."""
    known = sa.select(Letter.enrolment_id).where(Letter.number != "")
    query = sa.select(sa.func.count()).select_from(Enrolment)
    query = query.filter_by(cohort_id=cohort.id, status="confirmed")
    return db.session.scalar(query.where(Enrolment.id.not_in(known))) or 0


def enrolment_in(cohort: Cohort, enrolment_id: int) -> Enrolment | None:
    query = sa.select(Enrolment).filter_by(cohort_id=cohort.id, id=min(enrolment_id, 2**63 - 1))
    return db.session.scalar(query)
