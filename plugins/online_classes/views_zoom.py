"""Where Zoom sends what happens in meetings: checked, kept, answered; the rest is a job."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.api import SITE, DomainError, db, secret_of, webhook
from plugins.online_classes import zoom, zoom_events
from plugins.online_classes.blueprint import pages


class NoSecret(DomainError):
    """Nobody could tell who sends; Zoom tries again later."""

    status = 503


@pages.post("/zoom/webhook")
@webhook
def zoom_webhook() -> ResponseReturnValue:
    secret, body = _secret(), request.get_data()
    headers = request.headers
    timestamp = headers.get("x-zm-request-timestamp", "")
    zoom.refuse_strangers(secret, timestamp, headers.get("x-zm-signature", ""), body)
    message = zoom.read(body)
    if message.get("event") == zoom.VALIDATION:
        return zoom.challenge_answer(secret, message)
    event = zoom.event_in(message)
    if event and zoom_events.keep(event):
        db.session.commit()
    return "", 204


def _secret() -> str:
    found = secret_of("online_classes", "zoom_secret_token", SITE)
    if not found:
        raise NoSecret(_("The secret token of Zoom is not set in the settings of this site."))
    return found
