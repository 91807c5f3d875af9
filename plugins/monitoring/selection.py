"""Which classes and whose enrolments are counted. Nothing here adds anything up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, get_args

import sqlalchemy as sa

from core.api import Cohort, Course, Enrolment, Institution, User, below, db, institutions_where
from plugins.regions.api import Region, regions_of

By: TypeAlias = Literal["province", "regency", "institution"]
GROUPS: tuple[By, ...] = get_args(By)
# The key of the row of people without a region, or without an institution.
NONE = "none"
Ids: TypeAlias = Collection[int | None]


@dataclass(frozen=True)
class Selection:
    """Classes by any of these together.

    `institution`: hosted or organised there or below. `year`: in which they begin. Drafts and
    cancelled classes count only where the class itself is named. `reader`: who sees names; then
    only classes that the person may view by a role.
    """

    institution: Institution | None = None
    cohort: Cohort | None = None
    course: Course | None = None
    year: int | None = None
    reader: User | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """On Cohort."""
        found = []
        if self.institution:
            found.append(classes_of_institution(self.institution))
        if self.reader:
            found.append(_of(institutions_where(self.reader, "cohorts.view")))
        if self.course:
            found.append(Cohort.course_id == self.course.id)
        if self.year:
            days = date(self.year, 1, 1), date(self.year, 12, 31)
            found.append(Cohort.starts_on.between(*days))
        published = Cohort.status == "published"
        found.append(Cohort.id == self.cohort.id if self.cohort else published)
        return found

    def enrolments(self, institutions: Ids | None = None) -> sa.Select[int]:
        """The ids of confirmed enrolments, of people of `institutions` where given."""
        query = sa.select(Enrolment.id).join(Enrolment.cohort)
        query = query.where(Enrolment.status == "confirmed", *self.conditions())
        return query if institutions is None else query.where(_from(institutions))


def classes_of_institution(institution: Institution) -> sa.ColumnElement[bool]:
    """A condition on Cohort: hosted or organised there or below."""
    return _of(below(institution))


def _of(where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Classes whose host or organiser is such an institution."""
    within = sa.select(Institution.id).where(where)
    return sa.or_(Cohort.host_id.in_(within), Cohort.organiser_id.in_(within))


def _from(institutions: Ids) -> sa.ColumnElement[bool]:
    known = [key for key in institutions if key is not None]
    where = Enrolment.institution_id.in_(known)
    return sa.or_(where, Enrolment.institution_id.is_(None)) if None in institutions else where


@dataclass(frozen=True)
class Ground:
    """Where people come from: institution id → how many, and its region. None: no institution."""

    people: Mapping[int | None, int]
    regions: Mapping[int, Region]

    def region(self, institution_id: int | None) -> Region | None:
        return self.regions.get(institution_id) if institution_id else None

    def key(self, by: By, institution_id: int | None) -> str:
        """The row in which an institution's people are counted."""
        if by == "institution":
            return str(institution_id or NONE)
        region = self.region(institution_id)
        if region is None:
            return NONE
        return region.province if by == "province" else region.code

    def within(self, region: str) -> Ids | None:
        """The institutions in a province or a regency, or with NONE in none. None is all."""
        if not region:
            return None
        by: By = "province" if len(region) == 2 else "regency"
        return [key for key in self.people if self.key(by, key) == region]


def ground_of(selection: Selection) -> Ground:
    """Two queries for any number of people."""
    query = sa.select(Enrolment.institution_id, sa.func.count()).where(
        Enrolment.id.in_(selection.enrolments())
    )
    rows = db.session.execute(query.group_by(Enrolment.institution_id))
    people = {key: count for key, count in rows}  # noqa: C416 -- rows are no tuples
    return Ground(people, regions_of(key for key in people if key is not None))
