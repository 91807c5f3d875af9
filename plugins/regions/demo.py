"""The demo's offices lie where their codes say, the central agencies in Jakarta."""

from itertools import cycle

import sqlalchemy as sa

from core.api import Demo, Institution, db
from plugins.regions.services import set_region

JAKARTA = ("31.71", "31.73", "31.74", "31.75")


def load(demo: Demo) -> None:
    for code, office in {**demo.offices, **demo.regencies}.items():
        set_region(office, code, by=None)
    query = sa.select(Institution).filter_by(parent_id=demo.top.id, kind="agency")
    agencies = db.session.scalars(query.order_by(Institution.id))
    for agency, code in zip(agencies, cycle(JAKARTA), strict=False):
        set_region(agency, code, by=None)
