"""Reads what people paste as the address of a meeting, and builds the addresses to open.

A plain https link of any platform, a Zoom meeting number in any spelling, or a whole Zoom
invitation. Nothing here stores or shows anything.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from flask_babel import gettext as _

from core.api import DomainError
from plugins.online_classes.models import LONGEST_PASSCODE, LONGEST_URL, Meeting

LONGEST_PASTE = 5000
ZOOM_HOSTS = ("zoom.us", "zoom.com")
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
# A link that was typed without its beginning: zoom.us/j/81234567890
_BARE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+/[^\s<>\"']*", re.IGNORECASE)
_NUMBER = re.compile(r"[1-9]\d{8,10}")
# /j/ joins, /w/ is a webinar, /wc/ is Zoom in the browser.
_ZOOM_PATH = re.compile(r"/(?:j|w|wc|wc/join)/([1-9]\d{8,10})(?:/join)?/?")
# English and Indonesian invitations.
_NUMBER_LINE = re.compile(
    r"(?:meeting id|webinar id|id rapat|id webinar)\s*:\s*([\d \xa0-]+)", re.I
)
_PASSCODE_LINE = re.compile(
    r"^\W*(?:passcode|password|kode sandi|kata sandi|kode akses)\s*:\s*(\S+)\s*$", re.I | re.M
)
_APART = str.maketrans("", "", " \xa0\u2009\u202f-\u2010\u2011\u2012\u2013.")


class AddressRefused(DomainError):
    """What was given is no address that a class can be sent to; the sentence says why."""


@dataclass(frozen=True)
class Address:
    """`join_url` as it was given, or empty where only the number is known."""

    join_url: str = ""
    number: int | None = None
    passcode: str = ""


def read_address(text: str, passcode: str = "") -> Address:
    """The address in what was typed or pasted; empty from nothing. Raises AddressRefused.

    A passcode written in an invitation goes before `passcode`: it belongs to that link.
    """
    text = text.strip()
    if not text:
        return Address(passcode=_checked_passcode(passcode))
    if len(text) > LONGEST_PASTE:
        raise AddressRefused(_("This is too long. Paste only the link of the meeting."))
    found = _PASSCODE_LINE.search(text)
    code = _checked_passcode(found[1] if found else passcode)
    if link := _link_in(text):
        return Address(link, _number_of(link), code)
    return Address("", _number_in(text), code)


def _checked_passcode(passcode: str) -> str:
    code = passcode.strip()
    if len(code) > LONGEST_PASSCODE or not code.isprintable():
        raise AddressRefused(
            _("A passcode has at most %(count)s characters.", count=LONGEST_PASSCODE)
        )
    return code


def _link_in(text: str) -> str:
    """The link to join; an invitation holds others, such as a list of telephone numbers."""
    if _BARE.fullmatch(text):
        text = f"https://{text}"
    links = [one.rstrip(".,;)") for one in _LINK.findall(text)]
    if not links and "://" in text:
        raise AddressRefused(_("The link must begin with https://."))
    link = next((one for one in links if _looks_like_zoom(one)), links[0] if links else "")
    return _checked_link(link) if link else ""


def _looks_like_zoom(link: str) -> bool:
    try:
        return _number_of(link) is not None
    except ValueError:
        return False


def _checked_link(link: str) -> str:
    """The link with its scheme in small letters."""
    if len(link) > LONGEST_URL:
        raise AddressRefused(_("The link is too long: %(most)s characters fit.", most=LONGEST_URL))
    if not link.lower().startswith("https://"):
        raise AddressRefused(_("The link must begin with https://."))
    try:
        parts = urlsplit(link)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or "." not in host or "\\" in link or not link.isprintable():
        raise AddressRefused(_("This is not a link. Copy it again from the invitation."))
    if "@" in parts.netloc:
        raise AddressRefused(_("The link must not contain a user name or a password."))
    if _is_zoom(host) and (parts.path.startswith("/s/") or "zak" in parse_qs(parts.query)):
        raise AddressRefused(
            _("This is the link with which the host starts the meeting. Whoever opens it becomes "
              "the host. Paste the invitation for participants instead.")
        )  # fmt: skip
    return "https" + link[5:]


def _is_zoom(host: str) -> bool:
    return any(host == zoom or host.endswith(f".{zoom}") for zoom in ZOOM_HOSTS)


def _number_of(link: str) -> int | None:
    """The meeting number in a Zoom link; None in any other."""
    parts = urlsplit(link)
    found = _ZOOM_PATH.fullmatch(parts.path) if _is_zoom(parts.hostname or "") else None
    return int(found[1]) if found else None


def _number_in(text: str) -> int:
    named = _NUMBER_LINE.search(text)
    digits = (named[1] if named else text).translate(_APART)
    if not _NUMBER.fullmatch(digits):
        raise AddressRefused(
            _("Paste a link that begins with https://, or a Zoom meeting number of 9 to 11 digits, "
              "for example 812 3456 7890.")
        )  # fmt: skip
    return int(digits)


def join_address(meeting: Meeting) -> str:
    """Where a participant is sent; empty where none is set."""
    if meeting.join_url or not meeting.meeting_number:
        return meeting.join_url
    passcode = f"?pwd={quote(meeting.passcode, safe='')}" if meeting.passcode else ""
    return f"https://zoom.us/j/{meeting.meeting_number}{passcode}"


def host_address(meeting: Meeting) -> str:
    """Where staff open the meeting: as its host on Zoom, by the link elsewhere."""
    if meeting.meeting_number:
        return f"https://zoom.us/s/{meeting.meeting_number}"
    return meeting.join_url


def grouped(number: int) -> str:
    """812 3456 7890, as Zoom writes it."""
    digits = str(number)
    middle = 6 if len(digits) < 11 else 7
    return f"{digits[:3]} {digits[3:middle]} {digits[middle:]}"
