"""A live class in a real browser: a participant comes in, staff see it and open the test.

The meeting is a page of our own on https, since a class is sent to nothing else.
"""

import shutil
import ssl
import subprocess
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.api import add_activity, db, now, schedule
from plugins.quizzes import queries as quizzes
from plugins.quizzes.authoring import add_questions
from plugins.quizzes.tests.conftest import single

pytestmark = pytest.mark.journey


class MeetingPage(BaseHTTPRequestHandler):
    def do_GET(self):
        words = b"<title>Meeting</title><h1>You are in the meeting</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)

    def log_message(self, *_anything):
        pass


@pytest.fixture
def meeting(tmp_path):
    """The address of a page that stands for the meeting."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine: the meeting's page needs a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), MeetingPage)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/kelas"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def held_now(room_in, make, meeting):
    """A live class that began an hour ago by the browser's clock, and a test that is closed."""
    room = room_in("Asia/Makassar")
    make.enabled("quizzes", room.institution)
    hour = timedelta(hours=1)
    schedule(room.cohort, room.activity, by=None, starts_at=now() - hour, ends_at=now() + 5 * hour)
    room.set_address(meeting)
    activity = add_activity(room.course.sections[0], "quizzes.test", "Pre-test")
    add_questions(quizzes.test_of_activity(activity.id), [single("One")], by=None)
    schedule(room.cohort, activity, by=None, opens_at=now() + 3 * hour)
    db.session.commit()
    return room


def test_a_participant_comes_in_appears_on_the_board_and_starts_the_opened_test(
    held_now, make, open_page
):
    trainer = make.cohort_staff(held_now.cohort, "trainer")
    board = open_page(trainer)
    board.goto(held_now.board_url())
    assert "Ni'matul" in board.locator("[data-live=missing]").inner_text()

    phone = open_page(held_now.user, ignore_https_errors=True)
    complaints = []
    phone.on("console", lambda said: complaints.append(said.text))
    phone.goto("/home")
    phone.locator(".lead-card .btn-primary").click()
    with phone.expect_popup() as opened:
        phone.locator(".lead-card .btn-primary").click()
    opened.value.wait_for_selector("text=You are in the meeting")
    assert complaints == []

    # The board catches up by itself when it is looked at again; nobody reloads it.
    board.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    board.wait_for_selector("[data-live=here] >> text=Ni'matul")
    assert "Ni'matul" not in board.locator("[data-live=missing]").inner_text()

    test = f"/quizzes/classes/{held_now.cohort.code}/tests/{held_now.course.activities[-1].id}"
    phone.goto(test)
    assert phone.locator(".lead-card .btn-primary").count() == 0

    board.locator("[data-live=switches] button[role=switch]").click()
    board.wait_for_selector("[data-live=switches] [aria-checked=true]")
    phone.goto(test)
    phone.locator(".lead-card .btn-primary").click()
    phone.wait_for_url("**/attempts/1")


def test_the_board_says_when_it_is_no_longer_up_to_date(held_now, make, open_page):
    board = open_page(make.cohort_staff(held_now.cohort, "committee"))
    board.goto(held_now.board_url())
    stale = board.locator("[data-stale]")
    assert not stale.is_visible()

    board.context.set_offline(True)
    board.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    stale.wait_for(state="visible")

    board.context.set_offline(False)
    board.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    stale.wait_for(state="hidden")
    assert board.locator("[data-live=missing] li").count() == 1


def test_the_board_is_brought_up_to_date_without_script_by_a_link(held_now, make, open_page):
    board = open_page(make.cohort_staff(held_now.cohort, "committee"), java_script_enabled=False)
    board.goto(held_now.board_url())
    make.enrolment(held_now.cohort, make.user("Zainal"))
    db.session.commit()

    board.locator("[data-live=figures] a").first.click()

    assert "Zainal" in board.locator("[data-live=missing]").inner_text()


def test_the_policy_would_stop_a_form_that_leads_to_the_meeting(held_now, open_page):
    """Why the button is a link: this is what a form in its place meets."""
    page = open_page(held_now.user, ignore_https_errors=True)
    page.goto(held_now.url())

    with page.expect_console_message(lambda said: "form-action" in said.text):
        page.evaluate(
            """address => {
              const form = document.createElement("form");
              form.action = address;
              document.body.append(form);
              form.submit();
            }""",
            held_now.url("/join"),
        )

    assert page.url.endswith(held_now.url())
