"""A class below a nation with the plugin, one who takes part, and things to choose."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from core.api import Cohort, Enrolment, Institution, User, db
from core.people.access import ADMIN
from core.people.services import grant_role
from core.plugin_engine.models import PluginRecord
from plugins.particulars.models import EDUCATION, RANK, Entry
from plugins.particulars.services import add_entry


@dataclass
class Scene:
    nation: Institution
    office: Institution
    cohort: Cohort
    siti: Enrolment
    committee: User
    organiser: User
    trainer: User
    admin: User
    rank: Entry
    higher: Entry
    degree: Entry

    @property
    def base(self) -> str:
        return f"/classes/{self.cohort.code}"

    @property
    def url(self) -> str:
        return f"/particulars{self.base}"


@pytest.fixture
def nothing_brought(app):
    """Takes out the ranks and levels that come with the plugin."""
    db.session.execute(sa.delete(Entry))
    db.session.execute(sa.delete(PluginRecord).filter_by(plugin="particulars"))


@pytest.fixture
def scene(make, nothing_brought):
    nation = make.institution("Nation", kind="national")
    office = make.institution("Office", nation, "province")
    make.enabled("particulars", nation)
    cohort = make.cohort(make.course(nation), office, code="KALSEL-1", title="Bimtek Kalsel")
    siti = make.enrolment(cohort, make.user("Siti Aminah", institution=office))
    admin = make.user("Root Admin")
    grant_role(admin, ADMIN, nation, by=None)
    found = Scene(
        nation=nation,
        office=office,
        cohort=cohort,
        siti=siti,
        committee=make.cohort_staff(cohort, "committee"),
        organiser=make.staff("organiser", nation),
        trainer=make.cohort_staff(cohort, "trainer"),
        admin=admin,
        rank=add_entry(RANK, "T/a", "Test Muda", by=None),
        higher=add_entry(RANK, "T/b", "Test Madya", by=None),
        degree=add_entry(EDUCATION, "T1", "Test", by=None),
    )
    db.session.commit()
    return found
