"""Key figures on the home page of staff: certificates that wait to be issued or to be made."""

from collections.abc import Mapping

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from core.api import Cohort, DashboardCard, Enrolment, User, classes_where, db
from plugins.certificates.queries import IN_WORK, READY


def cards(user: User) -> list[DashboardCard]:
    """For who may issue; each figure leads to the class where most wait."""
    ready, making = (sa.func.count().filter(what) for what in (READY, IN_WORK))
    query = (
        sa.select(Cohort.code, ready, making)
        .join(Enrolment, Enrolment.cohort_id == Cohort.id)
        .where(classes_where(user, "certificates.issue"), sa.or_(READY, IN_WORK))
        .group_by(Cohort.code)
        .order_by(Cohort.code)
    )
    to_issue: dict[str, int] = {}
    in_work: dict[str, int] = {}
    for code, *counts in db.session.execute(query):
        to_issue[code], in_work[code] = counts
    return [
        *_card(_("Certificates to issue"), to_issue),
        *_card(_("Certificates being made"), in_work),
    ]


def _card(title: str, counted: Mapping[str, int]) -> list[DashboardCard]:
    total = sum(counted.values())
    if not total:
        return []
    code = max(counted, key=counted.__getitem__)
    url = url_for("certificates.of_class", cohort_code=code)
    return [DashboardCard(title, total, url, note=code, weight=20)]
