"""The demo's certificates."""

import pytest
import sqlalchemy as sa

from core.api import Cohort, User, db
from plugins.certificates import queries
from plugins.certificates.checking import check


@pytest.fixture
def app(demo_app):
    return demo_app


def test_the_demo_has_a_certified_class_with_one_replaced(app):
    cohort = db.session.scalars(sa.select(Cohort).filter_by(code="DKI-2020")).one()
    figures = queries.figures_of(cohort)
    found = queries.certificates_in(cohort)
    [revoked] = [one for one in found if one.revoked_at]
    new = queries.replacements([revoked])[revoked.enrolment_id]

    assert figures.certified == figures.completed > 120
    assert figures.waiting == 0
    assert found[0].number == "0001/DKI-2020/PP/XII/2020"
    assert [one.sequence for one in found] == list(range(1, len(found) + 1))
    assert {one.printed["issued_on"] for one in found} == {"2020-12-01", "2020-12-08"}
    assert all(one.content.sample for one in found)
    assert queries.to_decide(cohort) == []
    assert (new.content.name, revoked.content.name) == (
        "H. M. Arsyad Al-Banjari", "M. Arsyad Al-Banjari",
    )  # fmt: skip
    assert check(revoked.code)[0].replaced_by == new.number
    signers = {one.content.signer for one in found}
    names = set(db.session.scalars(sa.select(User.full_name)))
    assert all("CONTOH" in signer and signer not in names for signer in signers)
