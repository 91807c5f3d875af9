"""Reads of where institutions lie: the own region, else that of the nearest institution above."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.api import Institution, db
from plugins.regions.gazetteer import Region, region, region_or_bare
from plugins.regions.models import InstitutionRegion

_IDS = ARRAY(sa.BigInteger)


@dataclass(frozen=True)
class Placed:
    """A region, and the institution that it was set for."""

    region: Region
    source_id: int


def placed(institution_ids: Iterable[int]) -> dict[int, Placed]:
    """Institution id → where it lies; one query for any number. Without a region: left out."""
    wanted = sa.literal(list(institution_ids), _IDS)
    way = sa.cast(sa.func.string_to_array(sa.func.rtrim(Institution.path, "."), "."), _IDS)
    source = InstitutionRegion.institution_id
    query = (
        sa.select(Institution.id, InstitutionRegion.code, source)
        .join(InstitutionRegion, source == sa.any_(way))
        .where(Institution.id == sa.any_(wanted))
        .order_by(sa.func.array_position(way, source))
    )
    # The nearest comes last and stays.
    return {
        key: Placed(region_or_bare(code), source_id)
        for key, code, source_id in db.session.execute(query)
    }


def regions_of(institution_ids: Iterable[int]) -> dict[int, Region]:
    """Institution id → where it lies; one query for any number. Without a region: left out."""
    return {key: found.region for key, found in placed(institution_ids).items()}


def unplaced(where: sa.ColumnElement[bool], limit: int) -> Sequence[Institution]:
    """Institutions that lie nowhere, by name. What belongs to the whole country is left out."""
    way = sa.cast(sa.func.string_to_array(sa.func.rtrim(Institution.path, "."), "."), _IDS)
    known = sa.exists().where(InstitutionRegion.institution_id == sa.any_(way))
    query = sa.select(Institution).where(where, Institution.kind != "national", ~known)
    return db.session.scalars(query.order_by(Institution.name_key).limit(limit)).all()


def unplaced_offices() -> Sequence[Institution]:
    """Offices without an own region whose code is that of a region, by code."""
    own = sa.select(InstitutionRegion.institution_id)
    query = sa.select(Institution).where(
        Institution.kind.in_(("province", "regency")),
        Institution.code.is_not(None),
        Institution.id.not_in(own),
    )
    offices = db.session.scalars(query.order_by(Institution.code)).all()
    return [office for office in offices if office.code and region(office.code)]
