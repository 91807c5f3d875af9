"""The forms in which staff set where a session is held, and the platform admin the key of Zoom."""

from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import Length, Optional

from core.api import TOO_LONG, SecretField, site_url
from plugins.online_classes.addresses import LONGEST_PASTE, Address, grouped, read_address
from plugins.online_classes.models import LONGEST_PASSCODE, Meeting

LONGEST_NOTES = 1000
LONGEST_TOKEN = 200


def _area(label: Any, most: int, description: Any) -> TextAreaField:
    limits = [Optional(), Length(max=most, message=TOO_LONG)]
    return TextAreaField(label, limits, description=description)


class MeetingForm(FlaskForm):
    address = _area(
        _l("Link or meeting number"),
        LONGEST_PASTE,
        _l("A link that begins with https://, a Zoom meeting number such as 812 3456 7890, or the "
           "whole Zoom invitation. Leave it empty to take the address away."),
    )  # fmt: skip
    passcode = StringField(
        _l("Passcode"),
        [Optional(), Length(max=LONGEST_PASSCODE, message=TOO_LONG)],
        description=_l("Only where participants have to type one. An invitation brings its own."),
    )
    notes = _area(
        _l("Note for participants"), LONGEST_NOTES, _l("For example what to have at hand.")
    )

    @classmethod
    def of(cls, meeting: Meeting | None) -> "MeetingForm":
        if meeting is None:
            return cls()
        number = grouped(meeting.meeting_number) if meeting.meeting_number else ""
        shown = {"address": meeting.join_url or number}
        return cls(data={**shown, "passcode": meeting.passcode, "notes": meeting.notes})

    def read(self) -> Address:
        """What was typed or pasted. Raises AddressRefused."""
        return read_address(self.address.data or "", self.passcode.data or "")


def _where_zoom_has_it() -> str:
    """Asked when the page is shown: while the form is made, the site has no addresses yet."""
    url = site_url("online_classes.zoom_webhook")
    return _("Enter %(url)s as the endpoint of the app's event subscription in the Zoom App"
             " Marketplace; the token stands there.", url=url)  # fmt: skip


class SettingsForm(FlaskForm):
    zoom_secret_token = SecretField(
        _l("Secret token of Zoom"),
        [Optional(), Length(max=LONGEST_TOKEN, message=TOO_LONG)],
        description=LazyString(_where_zoom_has_it),
    )
