"""What people paste as the address of a meeting, and what is refused."""

import pytest
from flask_babel import force_locale

from plugins.online_classes.addresses import (
    Address,
    AddressRefused,
    grouped,
    host_address,
    join_address,
    read_address,
)
from plugins.online_classes.models import Meeting


@pytest.fixture(autouse=True)
def in_english(app):
    with force_locale("en"):
        yield


LINK = "https://us02web.zoom.us/j/81234567890?pwd=QWErtY12.1"
ENGLISH = f"""\
Bimtek invites you to a scheduled Zoom meeting.

Topic: Class (example)
Time: Nov 23, 2026 08:30 AM Jakarta

Join Zoom Meeting
{LINK}

Meeting ID: 812 3456 7890
Passcode: 445566

---
One tap mobile
+622150806006,,81234567890#,,,,*445566# Indonesia
Find your local number: https://us02web.zoom.us/u/kbExample
"""
INDONESIAN = f"""\
Bergabung Rapat Zoom
{LINK}

ID Rapat: 812 3456 7890
Kode Sandi: kelas7
"""


@pytest.mark.parametrize(
    "typed", ["812 3456 7890", "812-3456-7890", "81234567890", " 812 3456 7890\n"]
)
def test_meeting_number_is_read_in_every_spelling(typed):
    assert read_address(typed, " 123456 ") == Address("", 81234567890, "123456")


@pytest.mark.parametrize(("pasted", "code"), [(ENGLISH, "445566"), (INDONESIAN, "kelas7")])
def test_whole_invitation_gives_link_number_and_passcode(pasted, code):
    assert read_address(pasted) == Address(LINK, 81234567890, code)


def test_invitation_without_a_link_gives_its_number():
    pasted = "Meeting ID: 812 3456 7890\nPasscode: 445566\n"

    assert read_address(pasted) == Address("", 81234567890, "445566")


def test_passcode_of_the_invitation_goes_before_the_one_of_the_link_before():
    assert read_address(INDONESIAN, passcode="old").passcode == "kelas7"


@pytest.mark.parametrize(
    ("link", "number"),
    [
        (LINK, 81234567890),
        ("https://perpus.zoom.us/w/812345678", 812345678),
        ("https://app.zoom.us/wc/join/8123456789?pwd=1", 8123456789),
        ("https://app.zoom.us/wc/8123456789/join", 8123456789),
        ("https://zoom.us/my/perpustakaan", None),
        ("https://meet.google.com/abc-defg-hij", None),
        ("https://notzoom.us/j/81234567890", None),
        ("https://jitsi.example:8443/kelas#config.a=1", None),
    ],
)
def test_link_is_kept_whole_and_its_zoom_number_is_read(link, number):
    assert read_address(link) == Address(link, number, "")


def test_capital_letters_and_a_full_stop_after_the_link_do_no_harm():
    assert read_address("Klik HTTPS://meet.example/Kelas.").join_url == "https://meet.example/Kelas"


def test_nothing_is_no_address():
    assert read_address("  ") == Address()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("http://zoom.us/j/81234567890", "begin with https"),
        ("ftp://meet.example/kelas", "begin with https"),
        ("javascript:alert(1)", "begins with https"),
        ("data:text/html;base64,PHA+", "begins with https"),
        ("//meet.example/kelas", "begins with https"),
        ("https://", "begin with https"),
        ("https://:443/kelas", "not a link"),
        ("https://[meet/kelas", "not a link"),
        ("https://meet.example:port/kelas", "not a link"),
        ("https://meet.example\\@evil.example/", "not a link"),
        ("https://zoom.us@evil.example/j/81234567890", "user name"),
        ("https://user:secret@meet.example/kelas", "user name"),
        ("https://meet.example/\u202egro.live", "not a link"),
        ("https://meet.example/" + "a" * 2000, "too long"),
        ("https://meet.example/" + "a" * 10_000, "too long"),
        ("8" * 10_000, "too long"),
        ("12345678", "9 to 11 digits"),
        ("812 3456 7890 12", "9 to 11 digits"),
        ("012345678", "9 to 11 digits"),
        ("nanti menyusul", "9 to 11 digits"),
        ("https://us02web.zoom.us/s/81234567890?zak=eyJ", "host"),
        ("https://us02web.zoom.us/j/81234567890?zak=eyJ", "host"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(typed, sentence):
    with pytest.raises(AddressRefused, match=sentence):
        read_address(typed)


@pytest.mark.parametrize("passcode", ["1" * 51, "12\n34"])
def test_passcode_that_nobody_can_type_is_refused(passcode):
    with pytest.raises(AddressRefused, match="passcode"):
        read_address("812 3456 7890", passcode)


def test_addresses_of_a_number_are_built_for_participants_and_for_the_host():
    meeting = Meeting(join_url="", meeting_number=81234567890, passcode="a b&c")

    assert join_address(meeting) == "https://zoom.us/j/81234567890?pwd=a%20b%26c"
    assert host_address(meeting) == "https://zoom.us/s/81234567890"


def test_zoom_link_is_used_as_it_was_given():
    meeting = Meeting(join_url=LINK, meeting_number=81234567890, passcode="445566")

    assert join_address(meeting) == LINK
    assert host_address(meeting) == "https://zoom.us/s/81234567890"


def test_link_of_another_platform_is_the_same_for_everybody():
    meeting = Meeting(join_url="https://meet.example/kelas", meeting_number=None, passcode="")

    assert (join_address(meeting), host_address(meeting)) == ("https://meet.example/kelas",) * 2


def test_number_is_shown_as_zoom_writes_it():
    numbers = [812345678, 8123456789, 81234567890]

    assert [grouped(n) for n in numbers] == ["812 345 678", "812 345 6789", "812 3456 7890"]
