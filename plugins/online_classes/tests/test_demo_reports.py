"""The demo's reports of the finished class, loaded as an operator loads them."""

from collections import Counter

import pytest
import sqlalchemy as sa

from core.api import Cohort, db
from plugins.attendance.api import presence_of
from plugins.online_classes import demo_reports
from plugins.online_classes.queries import session_at
from plugins.online_classes.report import read_report
from plugins.online_classes.report_models import KeptReport, ReportCase
from plugins.online_classes.report_queries import cases_of

NUMBER = 95_550_024_112


@pytest.fixture
def files(monkeypatch):
    """The report files, as they were written."""
    found = []
    write = demo_reports.import_report

    def keep(data, name, *arguments, **options):
        found.append((name, data))
        return write(data, name, *arguments, **options)

    monkeypatch.setattr(demo_reports, "import_report", keep)
    return found


@pytest.fixture
def loaded(app, files):
    result = app.test_cli_runner().invoke(args=["demo", "load", "--json"])
    assert result.exit_code == 0, result.output
    return db.session.scalars(sa.select(Cohort).filter_by(code="DKI-2020")).one()


def test_two_days_are_reported_and_settled(loaded, files):
    first, second = (read_report(data, name) for name, data in files)
    assert (first.meeting_number, second.meeting_number) == (None, NUMBER)
    assert all("CONTOH" in name for name, _data in files)
    for report in (first, second):
        assert not report.faults
        assert len(report.rows) > 200
        assert sum(not row.email for row in report.rows) > len(report.rows) / 2

    for number in (1, 2):
        session = session_at(loaded, number).scheduled
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
    assert db.session.scalar(sa.select(sa.func.count()).select_from(KeptReport)) == 2
