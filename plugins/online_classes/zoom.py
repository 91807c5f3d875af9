"""What Zoom sends: who may have sent it, and what it says. Knows no database and no settings.

Zoom signs the raw body with the secret token of its app: "v0=" and the HMAC-SHA256 of
"v0:<timestamp>:<body>". Any other Zoom meeting of the account is told of as well.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from core.api import DomainError, now

VALIDATION = "endpoint.url_validation"
JOINED, LEFT = "meeting.participant_joined", "meeting.participant_left"
STARTED, ENDED = "meeting.started", "meeting.ended"
EVENTS = (STARTED, ENDED, JOINED, LEFT)
# What was not answered is sent again until 85 minutes later; what is replayed is kept once anyway.
OLDEST = timedelta(hours=2)
AHEAD = timedelta(minutes=5)
LONGEST_WORD = 200


class NotFromZoom(DomainError):
    """No signature of ours, or one that is too old."""

    status = 401


class NotUnderstood(DomainError):
    """Signed, but not what Zoom sends."""

    status = 400


@dataclass(frozen=True)
class Event:
    """One event of a meeting. `connection`: one stay of one device, new each time it comes back.

    Names, e-mails and telephone numbers are left behind: nothing here needs them.
    """

    name: str
    meeting_number: int
    happened_at: datetime
    connection: str
    digest: str


def signature(secret: str, timestamp: str, body: bytes) -> str:
    signed = b"v0:" + timestamp.encode() + b":" + body
    return f"v0={_hmac(secret, signed)}"


def refuse_strangers(secret: str, timestamp: str, signed: str, body: bytes) -> None:
    """Raises NotFromZoom unless `body` was signed with our secret, and lately."""
    wanted = signature(secret, timestamp, body)
    if not hmac.compare_digest(wanted.encode(), signed.encode()):
        raise NotFromZoom(_("The signature does not fit."))
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise NotFromZoom(_("The time of sending is missing."))
    if not -AHEAD <= now() - datetime.fromtimestamp(int(timestamp), UTC) <= OLDEST:
        raise NotFromZoom(_("This was sent too long ago."))


def read(body: bytes) -> dict[str, Any]:
    """The message as an object with a name and a payload. Raises NotUnderstood."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("payload"), dict):
        raise NotUnderstood(_("This is no event of Zoom."))
    return message


def challenge_answer(secret: str, message: dict[str, Any]) -> dict[str, str]:
    """Proves to Zoom that this address knows the secret. Raises NotUnderstood."""
    token = message["payload"].get("plainToken")
    if not isinstance(token, str) or not token.isascii() or not 0 < len(token) <= LONGEST_WORD:
        raise NotUnderstood(_("This is no event of Zoom."))
    return {"plainToken": token, "encryptedToken": _hmac(secret, token.encode())}


def event_in(message: dict[str, Any]) -> Event | None:
    """The event, or None for one that nobody here asks about. Raises NotUnderstood."""
    if message.get("event") not in EVENTS:
        return None
    try:
        about = message["payload"]["object"]
        person = about.get("participant") or {}
        return Event(
            name=message["event"],
            meeting_number=_number(about["id"]),
            happened_at=datetime.fromtimestamp(_number(message["event_ts"]) / 1000, UTC),
            connection=_word(person.get("user_id") or person.get("participant_uuid") or ""),
            digest=hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest(),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise NotUnderstood(_("This is no event of Zoom.")) from error


def _number(value: Any) -> int:
    """A meeting's number is text in some events and a number in others."""
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,15}", str(value)):
        raise ValueError
    return int(value)


def _word(value: Any) -> str:
    return str(value)[:LONGEST_WORD].replace("\x00", "")


def _hmac(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
