"""A nation with two provinces and what lies below one of them; the plugin is enabled for all."""

from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from core.api import Institution, User, db
from core.people.access import ADMIN
from core.people.models import AuditEntry
from core.people.services import grant_role
from plugins.regions.models import InstitutionRegion
from plugins.regions.services import set_region


@dataclass
class Tree:
    nation: Institution
    south: Institution
    west: Institution
    banjar: Institution
    library: Institution
    admin: User
    office_admin: User


@pytest.fixture
def tree(make):
    """South Kalimantan and West Java have their regions; the rest follows them."""
    nation = make.institution("Nation", kind="national", code="NATION")
    south = make.institution("South office", nation, "province", code="63", short_name="South",
                             timezone="Asia/Makassar")  # fmt: skip
    west = make.institution("West office", nation, "province", code="32")
    banjar = make.institution("Banjar office", south, "regency", code="63.03")
    library = make.institution("Village library", banjar)
    make.enabled("regions", nation)
    set_region(south, "63", by=None)
    set_region(west, "32", by=None)
    admin = make.user("Root Admin")
    grant_role(admin, ADMIN, nation, by=None)
    office_admin = make.staff("institution_admin", south, "Office Admin")
    db.session.commit()
    return Tree(nation, south, west, banjar, library, admin, office_admin)


@pytest.fixture
def own_codes():
    """Institution id → the code that is kept for it."""

    def read() -> dict[int, str]:
        rows = db.session.execute(
            sa.select(InstitutionRegion.institution_id, InstitutionRegion.code)
        )
        return dict(rows.all())

    return read


@pytest.fixture
def audited():
    """The changes of regions that the audit log knows, the oldest first."""

    def read() -> list[tuple[str, int | None, dict[str, Any]]]:
        query = sa.select(AuditEntry).filter_by(action="regions.set").order_by(AuditEntry.id)
        return [
            (entry.object_id, entry.actor_id, entry.change) for entry in db.session.scalars(query)
        ]

    return read
