"""The demo's reports of the finished class."""

from collections import Counter

import pytest
import sqlalchemy as sa

from core.api import Cohort, db
from plugins.attendance.api import presence_of
from plugins.online_classes.queries import session_at
from plugins.online_classes.report_models import KeptReport, ReportCase
from plugins.online_classes.report_queries import cases_of

NUMBER = 95_550_024_112


@pytest.fixture
def app(demo_app):
    return demo_app


def test_two_days_are_reported_and_settled(app):
    cohort = db.session.scalars(sa.select(Cohort).filter_by(code="DKI-2020")).one()
    reports = db.session.scalars(sa.select(KeptReport).order_by(KeptReport.id)).all()
    assert [one.meeting_number for one in reports] == [None, NUMBER]
    assert all("CONTOH" in one.file_name for one in reports)
    for report in reports:
        stays = sa.select(ReportCase.email).join(ReportCase.rows).filter_by(report_id=report.id)
        emails = db.session.scalars(stays).all()
        assert len(emails) > 200
        assert emails.count("") > len(emails) / 2

    for number in (1, 2):
        session = session_at(cohort, number).scheduled
        states = Counter(case.state for case in cases_of(session))
        verdicts = Counter(one.verdict for one in presence_of(session).values())
        assert (states["open"], states["dismissed"], states["staff"]) == (0, 2, 4)
        assert verdicts == {"present": 145, "absent": 5}
        shares = sorted(one.share for one in presence_of(session).values())
        assert shares[4] < 65
        assert shares[5] > 80

    shared = [case for case in cases_of(session) if len(case.people) > 1]
    assert len(shared) == 1
    ways = db.session.scalars(sa.select(ReportCase.how).distinct()).all()
    assert set(ways) == {"email", "decision", "person", "name"}
