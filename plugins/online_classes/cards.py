"""The key figure on the home page of staff: names in reports that wait for a decision."""

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from core.api import Cohort, DashboardCard, ScheduledActivity, User, classes_where, db
from plugins.online_classes.report_models import ReportCase


def cards(user: User) -> list[DashboardCard]:
    """One figure over all classes; it leads to the one where most names wait."""
    waiting = db.session.execute(
        sa.select(Cohort.code, sa.func.count().label("names"))
        .select_from(ReportCase)
        .join(ScheduledActivity, ScheduledActivity.id == ReportCase.scheduled_activity_id)
        .join(Cohort, Cohort.id == ScheduledActivity.cohort_id)
        .where(ReportCase.state == "open", classes_where(user, "online_classes.settle"))
        .group_by(Cohort.code)
        .order_by(sa.desc("names"), Cohort.code)
    ).all()
    if not waiting:
        return []
    code = waiting[0].code
    url = url_for("online_classes.sessions", cohort_code=code)
    total = sum(row.names for row in waiting)
    return [DashboardCard(_("Names to decide"), total, url, note=code, weight=10)]
