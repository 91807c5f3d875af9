"""Sets where an institution lies, or lets it follow the institution above."""

import sqlalchemy as sa
from flask_babel import gettext as _

from core.api import DomainError, Institution, User, audit, db
from plugins.regions.gazetteer import DATA_VERSION, region
from plugins.regions.models import InstitutionRegion


class RegionUnknown(DomainError):
    def __init__(self, code: str) -> None:
        super().__init__(_("There is no region with the code %(code)s.", code=code))


def set_region(institution: Institution, code: str | None, *, by: User | None) -> None:
    """The institution's own region; None follows the one above. Raises RegionUnknown."""
    _lock(institution)
    row = db.session.get(InstitutionRegion, institution.id, populate_existing=True)
    before = row.code if row else None
    if code == before:
        return
    if code is None:
        db.session.delete(row)
    else:
        if region(code) is None:
            raise RegionUnknown(code)
        row = row or InstitutionRegion(institution_id=institution.id)
        row.code, row.data_version = code, DATA_VERSION
        db.session.add(row)
    db.session.flush()
    audit("regions.set", institution, actor=by, institution=institution, before=before, after=code)


def _lock(institution: Institution) -> None:
    """Two who set it at the same time come one after the other."""
    query = sa.select(Institution.id).where(Institution.id == institution.id)
    db.session.execute(query.with_for_update(key_share=True))
