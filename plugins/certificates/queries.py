"""Reads of certificates and of those who may get one. Nothing here writes or decides."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from core.api import (
    Activity,
    ActivityProgress,
    Cohort,
    Enrolment,
    Institution,
    Requirement,
    Section,
    User,
    db,
    requirements_of,
)
from plugins.certificates.models import Certificate, NumberSeries

VALID = Certificate.revoked_at.is_(None)
UNMADE = sa.and_(VALID, Certificate.file_id.is_(None))
COMPLETED = sa.and_(Enrolment.status == "confirmed", Enrolment.completed_at.is_not(None))


def _has(*conditions: sa.ColumnElement[bool]) -> sa.Exists:
    """A condition on Enrolment: it has a certificate of that kind."""
    own = Certificate.enrolment_id == Enrolment.id
    return sa.exists().where(own, *conditions).correlate(Enrolment)


READY = sa.and_(COMPLETED, ~_has())
IN_WORK = _has(UNMADE, Certificate.failure == "")


# Who gets one


def waiting(cohort: Cohort) -> Sequence[Enrolment]:
    """Who has completed the class and never had a certificate of it, by name."""
    return _entitled(Enrolment.cohort_id == cohort.id, ~_has())


def still_entitled(certificate: Certificate) -> Enrolment | None:
    """Whose the certificate was, where a new one may take its place."""
    found = _entitled(Enrolment.id == certificate.enrolment_id, ~_has(VALID))
    return found[0] if found else None


def _entitled(*conditions: sa.ColumnElement[bool]) -> Sequence[Enrolment]:
    query = (
        sa.select(Enrolment)
        .join(Enrolment.user)
        .where(COMPLETED, *conditions)
        .options(contains_eager(Enrolment.user))
        .order_by(User.name_key, Enrolment.id)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query).all()


def last_number(institution: Institution, year: int) -> int:
    query = sa.select(NumberSeries.last).filter_by(institution_id=institution.id, year=year)
    return db.session.scalar(query) or 0


def unfinished(
    cohort: Cohort, *, after: Enrolment | None = None, limit: int
) -> Sequence[Enrolment]:
    """Who has not completed the class, by name; `after` is the last one shown."""
    query = (
        sa.select(Enrolment)
        .join(Enrolment.user)
        .where(
            Enrolment.cohort_id == cohort.id,
            Enrolment.status == "confirmed",
            Enrolment.completed_at.is_(None),
            ~_has(VALID),
        )
        .options(contains_eager(Enrolment.user))
        .order_by(User.name_key, Enrolment.id)
        .limit(limit)
    )
    if after:
        last = (after.user.name_key, after.id)
        query = query.where(sa.tuple_(User.name_key, Enrolment.id) > sa.tuple_(*last))
    return db.session.scalars(query).all()


def enrolment_in(cohort: Cohort, enrolment_id: int) -> Enrolment | None:
    query = sa.select(Enrolment).filter_by(id=enrolment_id, cohort_id=cohort.id)
    return db.session.scalar(query.options(joinedload(Enrolment.user)))


@dataclass(frozen=True)
class Missing:
    """Why somebody has not completed the class: activities by title, and unmet requirements."""

    activities: list[str] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)


def missing_of(cohort: Cohort, enrolments: Sequence[Enrolment]) -> Mapping[int, Missing]:
    """Enrolment id → what is missing; the same few queries for any number."""
    done = _done(enrolments)
    required = db.session.execute(
        sa.select(Activity.id, Activity.title)
        .join(Section)
        .where(Section.course_id == cohort.course_id, Activity.required)
        .order_by(Section.position, Activity.position)
    ).all()
    demands = requirements_of(cohort, enrolments) if enrolments else {}
    return {
        one.id: Missing(
            [title for key, title in required if key not in done[one.id]],
            [demand for demand in demands.get(one.id, ()) if not demand.met],
        )
        for one in enrolments
    }


def _done(enrolments: Iterable[Enrolment]) -> defaultdict[int, set[int]]:
    rows = db.session.execute(
        sa.select(ActivityProgress.enrolment_id, ActivityProgress.activity_id).where(
            ActivityProgress.enrolment_id.in_([one.id for one in enrolments]),
            ActivityProgress.state == "done",
        )
    )
    found: defaultdict[int, set[int]] = defaultdict(set)
    for enrolment_id, activity_id in rows:
        found[enrolment_id].add(activity_id)
    return found


# The certificates of a class


@dataclass(frozen=True)
class Figures:
    """A class in figures; `making` and `failed` are valid certificates without their file."""

    people: int
    completed: int
    certified: int
    waiting: int
    making: int
    failed: int


def figures_of(cohort: Cohort) -> Figures:
    """One query, whatever the size of the class."""
    confirmed = Enrolment.status == "confirmed"
    row = db.session.execute(
        sa.select(
            sa.func.count().filter(confirmed),
            sa.func.count().filter(COMPLETED),
            sa.func.count(Certificate.id),
            sa.func.count().filter(COMPLETED, ~_has()),
            sa.func.count().filter(UNMADE, Certificate.failure == ""),
            sa.func.count().filter(UNMADE, Certificate.failure != ""),
        )
        .select_from(Enrolment)
        .outerjoin(Certificate, sa.and_(Certificate.enrolment_id == Enrolment.id, VALID))
        .where(Enrolment.cohort_id == cohort.id)
    ).one()
    return Figures(*row)


def _in(cohort: Cohort) -> sa.Select[Certificate]:
    """The certificates of a class, with what their lines show."""
    return (
        sa.select(Certificate)
        .join(Certificate.enrolment)
        .join(Enrolment.user)
        .where(Enrolment.cohort_id == cohort.id)
        .options(
            contains_eager(Certificate.enrolment).contains_eager(Enrolment.user),
            joinedload(Certificate.file),
        )
        .order_by(Certificate.id)
    )


def certificates_in(
    cohort: Cohort, *, search: str = "", after: int = 0, limit: int | None = None
) -> Sequence[Certificate]:
    """By number; `after` is the id of the last one shown."""
    query = _in(cohort).where(Certificate.id > after).limit(limit)
    if search:
        name = Certificate.printed["name"].astext
        found = [column.icontains(search, autoescape=True) for column in (name, Certificate.number)]
        query = query.where(sa.or_(*found))
    return db.session.scalars(query).all()


def certificate_in(cohort: Cohort, certificate_id: int) -> Certificate | None:
    return db.session.scalar(_in(cohort).where(Certificate.id == certificate_id))


def valid_in(cohort: Cohort) -> Sequence[Certificate]:
    return db.session.scalars(_in(cohort).where(VALID)).all()


def unmade_in(cohort: Cohort) -> Sequence[Certificate]:
    """Valid certificates without their file, those that failed first."""
    query = _in(cohort).where(UNMADE).order_by(None)
    return db.session.scalars(query.order_by(Certificate.failure == "", Certificate.id)).all()


def to_decide(cohort: Cohort) -> Sequence[Certificate]:
    """Valid certificates that no longer fit: no longer earned, or another name today."""
    return [
        one
        for one in valid_in(cohort)
        if not one.earned or one.printed["name"] != one.enrolment.user.display_name
    ]


def replacements(certificates: Iterable[Certificate]) -> Mapping[int, Certificate]:
    """Enrolment id → the certificate that is valid today in place of a revoked one."""
    revoked = [one.enrolment_id for one in certificates if one.revoked_at]
    query = sa.select(Certificate).where(Certificate.enrolment_id.in_(revoked), VALID)
    return {one.enrolment_id: one for one in db.session.scalars(query)} if revoked else {}


# A person's own


def own(user: User, certificate_id: int) -> Certificate | None:
    """The person's own, as long as it is valid."""
    query = sa.select(Certificate).join(Certificate.enrolment)
    query = query.where(Certificate.id == certificate_id, Enrolment.user_id == user.id, VALID)
    return db.session.scalar(query.options(joinedload(Certificate.file)))


def all_of(user: User) -> Sequence[Certificate]:
    """The person's newest certificate of each class, newest first."""
    newest = (
        sa.select(sa.func.max(Certificate.id))
        .join(Certificate.enrolment)
        .where(Enrolment.user_id == user.id)
        .group_by(Certificate.enrolment_id)
    )
    query = (
        sa.select(Certificate)
        .where(Certificate.id.in_(newest))
        .options(
            joinedload(Certificate.file),
            joinedload(Certificate.enrolment).joinedload(Enrolment.cohort),
        )
    )
    return db.session.scalars(query.order_by(Certificate.issued_at.desc())).all()


def newest_of(enrolment: Enrolment) -> Certificate | None:
    query = sa.select(Certificate).filter_by(enrolment_id=enrolment.id)
    query = query.options(joinedload(Certificate.file))
    return db.session.scalar(query.order_by(Certificate.id.desc()).limit(1))


# For strangers

_WITH_CLASS = joinedload(Certificate.enrolment).joinedload(Enrolment.cohort)


def by_code(code: str) -> Certificate | None:
    return db.session.scalar(sa.select(Certificate).filter_by(code=code).options(_WITH_CLASS))


def by_number(text: str, *, limit: int) -> Sequence[Certificate]:
    """However its letters and spaces were typed; those of the highest institution first, so that
    nobody below pushes them out."""
    spellings = {" ".join(text.split()), "".join(text.split())}
    upper = [sa.func.upper(spelling) for spelling in spellings]
    query = (
        sa.select(Certificate)
        .join(Institution, Institution.id == Certificate.issuer_id)
        .where(sa.func.upper(Certificate.number).in_(upper))
        .order_by(sa.func.length(Institution.path), Certificate.id)
        .limit(limit)
    )
    return db.session.scalars(query.options(_WITH_CLASS)).all()
