"""The demo's institutions have their regions."""

import pytest
import sqlalchemy as sa

from core.api import Institution, db
from core.institutions.queries import root
from plugins.regions.api import regions_of


@pytest.fixture
def app(demo_app):
    return demo_app


def test_everything_in_the_demo_lies_somewhere_but_the_nation(app):
    everything = db.session.scalars(sa.select(Institution)).all()
    found = regions_of(one.id for one in everything)
    offices = [one for one in everything if one.kind in {"province", "regency"}]

    assert {one.id for one in everything} - found.keys() == {root().id}
    assert all(found[one.id].code == one.code for one in offices)
    assert len(offices) == 38 + 6 + 13
    agencies = [found[one.id].code for one in everything if one.kind == "agency"]
    assert sorted(agencies) == ["31.71", "31.73", "31.74", "31.75"]
    assert all(found[one.id].timezone == one.timezone for one in everything if one.id in found)
