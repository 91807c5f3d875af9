"""What a person is handed to get in: link, code, and a message ready for a messenger.

Made once from fresh one-time access; neither the code nor the link can be shown again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from flask import url_for
from flask_babel import gettext as _

from core.cohorts.models import Cohort
from core.formatting import moment, phone
from core.people.models import User
from core.people.services import Handout


@dataclass(frozen=True)
class Slip:
    person: User
    sign_in_name: str
    code: str
    link: str
    valid_until: str
    message: str

    @property
    def share_url(self) -> str:
        """Opens a messenger with the message; the sender chooses to whom it goes."""
        return f"https://wa.me/?text={quote(self.message)}"

    @property
    def whatsapp_url(self) -> str:
        """The same, to the person's own number; empty without one."""
        number = (self.person.phone or "").lstrip("+")
        return f"https://wa.me/{number}?text={quote(self.message)}" if number else ""


def slips_for(cohort: Cohort, handouts: Iterable[Handout]) -> list[Slip]:
    return [_slip(cohort, handout) for handout in handouts]


def _slip(cohort: Cohort, handout: Handout) -> Slip:
    link = url_for("people.link", token=handout.token, _external=True)
    until = moment(handout.expires_at, cohort.timezone)
    name = handout.sign_in_name
    return Slip(
        person=handout.user,
        sign_in_name=phone(name) if name == handout.user.phone else name,
        code=handout.printed_code,
        link=link,
        valid_until=until,
        message=_(
            "Dear %(name)s,\nThis is your way into the class %(title)s: %(link)s\n"
            "It is yours alone and works once, until %(until)s. Please do not share it.",
            name=handout.user.display_name,
            title=cohort.title,
            link=link,
            until=until,
        ),
    )
