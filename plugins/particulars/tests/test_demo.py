"""The demo's people have ranks and letters, its classes a decree."""

import pytest
import sqlalchemy as sa

from core.api import Cohort, Enrolment, db
from plugins.particulars.demo import CLASSES
from plugins.particulars.models import Audience, Basis, Letter, Person
from plugins.particulars.queries import missing_letters


@pytest.fixture
def app(demo_app):
    return demo_app


def test_most_of_the_demo_is_filled_in_and_all_of_it_is_marked(app):
    people = db.session.scalars(sa.select(Person)).all()
    letters = db.session.scalars(sa.select(Letter.number)).all()
    bases = db.session.scalars(sa.select(Basis.number)).all()
    enrolled = db.session.scalar(sa.select(sa.func.count()).select_from(Enrolment))
    assert all(person.rank and person.education for person in people)
    assert enrolled * 0.7 < len(letters) < enrolled
    assert len(bases) == len(CLASSES)
    assert all(number.startswith("CONTOH-") for number in [*letters, *bases])
    assert len(db.session.scalars(sa.select(Audience)).all()) == 2
    for cohort in db.session.scalars(sa.select(Cohort).where(Cohort.code.in_(CLASSES))):
        assert missing_letters(cohort) > 0
