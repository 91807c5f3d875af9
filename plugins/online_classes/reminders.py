"""The message that staff send to somebody who is missing: it leads to the course page.

Never to the meeting itself: who has that link can go in, and nobody sees who it is.
"""

from urllib.parse import quote

from flask_babel import gettext as _

from core.api import User, moment, site_url
from plugins.online_classes.queries import LiveClass


def reminder(live: LiveClass, person: User) -> str:
    cohort = live.cohort
    starts_at = live.scheduled.starts_at if live.scheduled else None
    facts = {
        "name": person.display_name,
        "title": cohort.title,
        "moment": moment(starts_at, cohort.timezone, person.timezone) if starts_at else "",
        "link": site_url("cohorts.learn", cohort_code=cohort.code),
    }
    if live.phase == "ahead":
        return _("Dear %(name)s,\nThe class “%(title)s” begins on %(moment)s. "
                 "Please come in through your course page: %(link)s", **facts)  # fmt: skip
    return _("Dear %(name)s,\nWe do not see you yet in the class “%(title)s”, %(moment)s. "
             "Please come in through your course page: %(link)s", **facts)  # fmt: skip


def whatsapp_url(live: LiveClass, person: User) -> str:
    """Opens a chat with the reminder ready to send; empty for somebody without a number."""
    number = (person.phone or "").lstrip("+")
    return f"https://wa.me/{number}?text={quote(reminder(live, person))}" if number else ""
