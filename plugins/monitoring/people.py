"""The people behind a number: names and institutions, never contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from core.api import Enrolment, User, db
from plugins.monitoring.figures import Measured, Question, rounded
from plugins.monitoring.selection import Selection, ground_of

PAGE = 100


@dataclass(frozen=True)
class Listed:
    """`value` is None where it says nothing more than that the person counts."""

    enrolment: Enrolment
    value: int | float | None


def key_of(selection: Selection, enrolment_id: int) -> tuple[str, int] | None:
    """(name_key, id) by which a list goes on after somebody of these classes, even if taken out
    meanwhile; so no address needs the name."""
    query = (
        sa.select(User.name_key, Enrolment.id)
        .join(Enrolment.user)
        .join(Enrolment.cohort)
        .where(Enrolment.id == enrolment_id, *selection.conditions())
    )
    found = db.session.execute(query).first()
    return (found[0], found[1]) if found else None


@dataclass(frozen=True)
class Part:
    """Which people: those of a row of the table ("" is the total), who count or who do not."""

    row: str = ""
    counted: bool = True


def people_behind(
    question: Question,
    measured: Measured,
    part: Part,
    *,
    after: tuple[str, int] | None = None,
) -> Sequence[Listed] | None:
    """By name, one page; None where the metric fails. `after`: (name_key, id) of the last one.

    Of those whom the metric measures. Who counts has a value, in a count or a share one other
    than 0.
    """
    ground = ground_of(question.selection)
    within = ground.within(question.region)
    if part.row:
        places = ground.people if within is None else within
        within = [key for key in places if ground.key(question.by, key) == part.row]
    enrolments = measured.of(question.selection.enrolments(within))
    found: list[Listed] | None = measured.contained(
        partial(_listed, measured, enrolments, part, after)
    )
    return found


def _listed(
    measured: Measured, enrolments: sa.Select[Any], part: Part, after: tuple[str, int] | None
) -> list[Listed]:
    values = measured.values(enrolments)
    key, value = values.c
    mean = measured.metric.how == "mean"
    counts = value.is_not(None) if mean else sa.func.coalesce(value, 0) != 0
    # A share does not concern whoever has no value at all.
    others = value == 0 if measured.metric.how == "share" else sa.not_(counts)
    query = (
        sa.select(Enrolment, value)
        .join(Enrolment.user)
        .outerjoin(values, key == Enrolment.id)
        .where(Enrolment.id.in_(enrolments), counts if part.counted else others)
        .options(
            contains_eager(Enrolment.user),
            joinedload(Enrolment.institution),
            joinedload(Enrolment.cohort),
        )
        .order_by(User.name_key, Enrolment.id)
        .limit(PAGE)
    )
    if after:
        query = query.where(sa.tuple_(User.name_key, Enrolment.id) > sa.tuple_(*after))
    telling = mean and part.counted
    return [
        Listed(one, rounded(number) if number is not None and (telling or number != 1) else None)
        for one, number in db.session.execute(query)
    ]
