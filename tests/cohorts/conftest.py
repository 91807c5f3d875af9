"""People around one class: a province that runs it, a library below it, and strangers."""

from types import SimpleNamespace

import pytest

from core.cohorts.services import add_staff


@pytest.fixture
def scene(make):
    """The class of a provincial office, who runs it, and another province beside it."""
    nation = make.institution("National Library")
    province = make.institution("Dinas Kalsel", nation, "province")
    other = make.institution("Dinas Jabar", nation, "province")
    library = make.institution("Perpusdes Mawar", province)
    course = make.course(province, pages=2, code="BTP", title="Basics")
    cohort = make.cohort(course, province, code="KALSEL-7", title="Class seven")
    committee = make.user("Wati Committee", institution=library)
    add_staff(cohort, committee, "committee", by=None)
    trainer = make.user("Rahmat Trainer", institution=province)
    add_staff(cohort, trainer, "trainer", by=None)
    return SimpleNamespace(
        nation=nation,
        province=province,
        other=other,
        library=library,
        course=course,
        cohort=cohort,
        organiser=make.staff("organiser", province, "Oman Organiser"),
        committee=committee,
        trainer=trainer,
        stranger=make.staff("organiser", other, "Sandi Stranger"),
    )


@pytest.fixture
def reading(as_user):
    """A client that has signed in and reads English, so that tests may quote the pages."""

    def sign_in(user):
        client = as_user(user)
        with client.session_transaction() as session:
            session["language"] = "en"
        return client

    return sign_in
