"""What Zoom sends: checked, kept once, worked on where the plugin is active, and let go again."""

import hashlib
import hmac
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from core.api import SITE, add_activity, change_settings, db, now, schedule, site_url
from core.people.models import AuditEntry
from core.people.services import grant_role
from core.plugin_engine.guard import MOST_WEBHOOK_BYTES
from core.testing.counting import count_queries
from plugins.online_classes import services, zoom
from plugins.online_classes.addresses import read_address
from plugins.online_classes.models import KIND
from plugins.online_classes.queries import live_class
from plugins.online_classes.services import set_meeting
from plugins.online_classes.tests.conftest import at
from plugins.online_classes.zoom_events import (
    connected,
    forget_zoom_events,
    process_zoom_event,
    tend_zoom_events,
)
from plugins.online_classes.zoom_models import ZoomEvent

SECRET = "S3cret"
NUMBER = 81234567890
URL = "/online_classes/zoom/webhook"


@pytest.fixture
def zoomed(room, client):
    """The room at ten past nine, its Zoom meeting known, the secret set."""
    room.set_address(str(NUMBER))
    change_settings("online_classes", SITE, {}, by=None, secrets={"zoom_secret_token": SECRET})
    db.session.commit()
    return room


def event(name="meeting.participant_joined", number=str(NUMBER), moment=None, who="16778240"):
    """An event in the shape that Zoom sends."""
    about = {"id": number, "uuid": "4444AAAiAAAAAiAiAiiAii==", "topic": "My Meeting", "type": 2,
             "host_id": "x1yCzABCDEfg23HiJKl4mN", "timezone": "Asia/Jakarta"}  # fmt: skip
    if "participant" in name:
        about["participant"] = {"user_id": who, "user_name": "Jill Chill", "id": "",
                                "email": "jchill@example.com", "phone_number": "8615250064084",
                                "join_time": "2026-11-23T01:10:00Z"}  # fmt: skip
    stamp = int((moment or now()).timestamp() * 1000)
    return {"event": name, "event_ts": stamp, "payload": {"account_id": "AB", "object": about}}


def send(client, message, *, secret=SECRET, age=0, **headers):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    timestamp = str(int(now().timestamp()) - age)
    signed = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256)
    given = {"x-zm-request-timestamp": timestamp, "x-zm-signature": f"v0={signed.hexdigest()}",
             "x-zm-trackingid": "v=2.0;clid=us04"}  # fmt: skip
    return client.post(
        URL, data=body, headers={**given, **headers}, content_type="application/json"
    )


def kept():
    return db.session.scalars(sa.select(ZoomEvent).order_by(ZoomEvent.id)).all()


# Who sends


def test_signature_and_challenge_are_those_of_zoom(app):
    message = {"event": zoom.VALIDATION, "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}}

    answer = zoom.challenge_answer(SECRET, message)

    assert answer["encryptedToken"] == (
        "c25d0b2279d7c377775003384cd8c0c6b27d4aec902ea6d7c343bdea6117d9bb"
    )


def test_challenge_is_answered_and_not_kept(zoomed, client):
    message = {"event": "endpoint.url_validation", "event_ts": 1626230691572,
               "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}}  # fmt: skip

    answer = send(client, message)

    assert answer.status_code == 200
    assert answer.json.keys() == {"plainToken", "encryptedToken"}
    assert kept() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"x-zm-signature": "v0=" + "0" * 64},
        {"x-zm-signature": ""},
        {"x-zm-signature": "é"},
        {"x-zm-request-timestamp": ""},
        {"x-zm-request-timestamp": "1"},
    ],
)
def test_wrong_signature_is_refused(zoomed, client, headers):
    answer = send(client, event(), **headers)

    assert answer.status_code == 401
    assert answer.is_json
    assert kept() == []


def test_signature_of_another_secret_or_body_is_refused(zoomed, client):
    other = send(client, event(), secret="other")
    changed = zoom.signature(SECRET, str(int(now().timestamp())), b"{}")
    forged = send(client, event(), **{"x-zm-signature": changed})

    assert [other.status_code, forged.status_code] == [401, 401]


@pytest.mark.parametrize(
    ("age", "status"), [(85 * 60, 204), (7200, 204), (7201, 401), (-300, 204), (-301, 401)]
)
def test_old_and_future_requests_are_refused(zoomed, client, age, status):
    assert send(client, event(), age=age).status_code == status


@pytest.mark.parametrize("timestamp", ["soon", "٣", "-5", "1e9", "9" * 30])
def test_time_that_is_none_is_refused_even_when_signed(zoomed, client, timestamp):
    body = json.dumps(event()).encode()
    signed = zoom.signature(SECRET, timestamp, body)

    with pytest.raises(zoom.NotFromZoom):
        zoom.refuse_strangers(SECRET, timestamp, signed, body)


def test_without_a_secret_nothing_is_taken(room, client):
    answer = send(client, event())

    assert answer.status_code == 503
    assert "Zoom" in answer.json["error"]
    assert kept() == []


def test_secret_that_cannot_be_read_is_a_503_too(zoomed, client, app, monkeypatch):
    monkeypatch.setitem(app.config, "SECRET_KEY", "another")

    answer = send(client, event())

    assert answer.status_code == 503
    assert "SECRET_KEY" in answer.json["error"]


# What is sent


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"null", b"1", b'{"event": 1}', b"[" * 100_000, b"\xff\xfe",
     b'{"event": "meeting.started", "payload": []}'],
)  # fmt: skip
def test_what_is_no_event_is_refused(zoomed, client, body):
    assert send(client, body).status_code == 400
    assert kept() == []


@pytest.mark.parametrize("number", [None, "", "abc", True, 1.5, "9" * 40, [], {}, -1, "１２"])
def test_event_without_a_right_number_is_refused(zoomed, client, number):
    assert send(client, event(number=number)).status_code == 400


@pytest.mark.parametrize("stamp", [None, "x", 10**15 - 1, -1, True, []])
def test_event_without_a_right_moment_is_refused(zoomed, client, stamp):
    assert send(client, {**event(), "event_ts": stamp}).status_code == 400


@pytest.mark.parametrize("token", [None, 1, "", "a" * 201, "é"])
def test_challenge_without_a_right_token_is_refused(zoomed, client, token):
    message = {"event": "endpoint.url_validation", "payload": {"plainToken": token}}

    assert send(client, message).status_code == 400


def test_huge_body_is_refused(zoomed, client):
    assert send(client, b" " * (MOST_WEBHOOK_BYTES + 1)).status_code == 413


def test_other_events_are_answered_and_not_kept(zoomed, client):
    message = {**event(), "event": "recording.completed"}

    assert send(client, message).status_code == 204
    assert kept() == []


def test_event_is_kept_once_however_often_it_comes(zoomed, client):
    message = event()
    answers = [send(client, message), send(client, message, age=-60),
               send(client, dict(reversed(message.items())))]  # fmt: skip

    jobs = sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :name")
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert len(kept()) == 1
    assert db.session.scalar(jobs, {"name": process_zoom_event.name}) == 1


def test_nothing_personal_is_kept(zoomed, client):
    message = event(who="16778240\x00")
    send(client, message)

    whole = db.session.scalar(sa.text("SELECT row(e)::text FROM online_classes.zoom_event e"))
    for word in ("Jill", "jchill", "8615250064084"):
        assert word not in whole


@pytest.mark.parametrize("number", [NUMBER, str(NUMBER)])
def test_number_is_read_as_text_and_as_number(zoomed, client, run_jobs, number):
    send(client, event(number=number))
    run_jobs()

    assert [one.scheduled_activity_id for one in kept()] == [zoomed.session.id]


# What it means


def test_meeting_that_starts_begins_the_class_while_its_doors_are_open(zoomed, client, run_jobs):
    moment = now() - timedelta(minutes=1)

    send(client, event("meeting.started", NUMBER, moment))
    run_jobs()

    noted = db.session.scalar(sa.select(AuditEntry).filter_by(action="meeting.start"))
    assert zoomed.live.started_at == moment
    assert noted.change == {"by": "zoom"}
    assert kept()[0].processed_at is not None


def test_meeting_that_starts_for_a_rehearsal_begins_no_class(zoomed, client, run_jobs, clock):
    clock.set(at("07.50", "Asia/Makassar"))

    send(client, event("meeting.started", NUMBER))
    run_jobs()

    assert zoomed.live.meeting.started_at is None
    assert kept()[0].scheduled_activity_id == zoomed.session.id


def test_devices_are_counted_in_whatever_order_events_come(zoomed, client, run_jobs, clock):
    assert connected(zoomed.session) is None
    start = now()
    told = [("left", "1", 5), ("joined", "1", 0), ("joined", "2", 1), ("joined", "3", 2),
            ("joined", "1b", 6)]  # fmt: skip
    for what, who, minutes in told:
        moment = start + timedelta(minutes=minutes)
        send(client, event(f"meeting.participant_{what}", moment=moment, who=who))
    run_jobs()
    assert connected(zoomed.session) == 3

    send(client, event("meeting.ended", moment=start + timedelta(minutes=8)))
    run_jobs()
    assert connected(zoomed.session) == 0

    send(client, event(moment=start + timedelta(minutes=9), who="4"))
    run_jobs()
    assert connected(zoomed.session) == 1


def test_board_says_how_many_devices_are_in(zoomed, client, run_jobs, make, as_user):
    organiser = as_user(make.staff("organiser", zoomed.institution))
    without = organiser.get(zoomed.board_url()).text
    send(client, event())
    run_jobs()

    for path in (zoomed.board_url(), zoomed.board_url("/now")):
        page = organiser.get(path).text
        assert "Menurut Zoom: 1 perangkat" in page
        assert "Jill" not in page
    assert "Menurut Zoom" not in without


def test_meeting_of_two_days_belongs_to_the_nearer_session(zoomed, client, run_jobs):
    again = add_activity(zoomed.activity.section, KIND, "Second day", required=False)
    day = timedelta(days=1)
    second = schedule(zoomed.cohort, again, by=None, starts_at=zoomed.session.starts_at + day,
                      ends_at=zoomed.session.ends_at + day)  # fmt: skip
    live = live_class(zoomed.cohort, again)
    set_meeting(live, read_address(str(NUMBER), ""), notes="", by=zoomed.user)

    send(client, event())
    send(client, event(moment=now() + day))
    run_jobs()

    assert [e.scheduled_activity_id for e in kept()] == [zoomed.session.id, second.id]


def test_unknown_meeting_waits_and_is_soon_let_go(zoomed, client, run_jobs, clock):
    send(client, event(number="99999999999"))
    run_jobs()
    waiting = kept()[0].processed_at

    clock.forward(days=2)
    tend_zoom_events.func.__wrapped__()
    assert (waiting, len(kept())) == (None, 1)

    clock.forward(seconds=1)
    tend_zoom_events.func.__wrapped__()
    assert kept() == []


def test_other_meeting_under_the_number_of_a_class_is_soon_let_go(zoomed, client, run_jobs, clock):
    clock.set(zoomed.session.ends_at + timedelta(hours=3, seconds=1))
    send(client, event())
    run_jobs()
    tend_zoom_events.func.__wrapped__()
    waiting = [one.scheduled_activity_id for one in kept()]
    clock.forward(days=2, seconds=1)
    tend_zoom_events.func.__wrapped__()

    assert (waiting, kept()) == ([None], [])


def test_address_that_is_set_later_finds_what_was_sent(zoomed, client, run_jobs):
    zoomed.set_address("https://meet.example/elsewhere")
    send(client, event())
    run_jobs()
    assert kept()[0].processed_at is None

    zoomed.set_address(str(NUMBER))
    tend_zoom_events.func.__wrapped__()

    assert kept()[0].scheduled_activity_id == zoomed.session.id


def test_disabled_plugin_keeps_and_works_on_it_once_it_is_enabled(
    zoomed, client, run_jobs, make, clock
):
    make.disabled("online_classes", zoomed.institution)
    taken = send(client, event("meeting.started", NUMBER))
    run_jobs()
    clock.forward(days=3)
    tend_zoom_events.func.__wrapped__()
    waiting = [(e.processed_at, e.scheduled_activity_id) for e in kept()]

    make.enabled("online_classes", zoomed.institution)
    db.session.commit()
    tend_zoom_events.func.__wrapped__()

    assert taken.status_code == 204
    assert waiting == [(None, None)]
    assert kept()[0].scheduled_activity_id == zoomed.session.id
    assert zoomed.live.meeting.started_at is not None


def test_events_are_kept_for_thirty_days(zoomed, client, run_jobs, clock):
    send(client, event())
    run_jobs()
    clock.forward(days=30)
    forget_zoom_events.func.__wrapped__()
    assert len(kept()) == 1

    clock.forward(seconds=1)
    forget_zoom_events.func.__wrapped__()

    assert kept() == []


def test_event_that_fails_keeps_no_other_waiting_and_is_counted(
    zoomed, client, app, monkeypatch, caplog
):
    send(client, event("meeting.started", NUMBER))
    send(client, event())

    def breaks(*_given):
        db.session.execute(sa.text("SELECT 1/0"))

    monkeypatch.setattr(services, "note_begun", breaks)
    failures = app.extensions["bimtek"].failures
    counted = ("online_classes", "working on an event of Zoom")
    before = failures[counted]

    tend_zoom_events.func.__wrapped__()
    db.session.commit()

    assert [e.scheduled_activity_id for e in kept()] == [None, zoomed.session.id]
    assert failures[counted] == before + 1
    assert str(NUMBER) not in caplog.text


# A number that several claim


@pytest.fixture
def elsewhere(zoomed, make):
    """A class of another institution at the same time, under the same number."""
    host = make.institution("Elsewhere")
    make.enabled("online_classes", host)
    cohort = make.cohort(make.course(host), host)
    activity = add_activity(cohort.course.sections[0], KIND, "Theirs", required=False)
    found = schedule(cohort, activity, by=None, starts_at=zoomed.session.starts_at,
                     ends_at=zoomed.session.ends_at)  # fmt: skip
    live = live_class(cohort, activity)
    set_meeting(live, read_address(str(NUMBER), ""), notes="", by=zoomed.user)
    db.session.commit()
    return SimpleNamespace(host=host, session=found, live=live)


def test_event_of_a_number_that_two_hosts_claim_is_told_to_neither(
    zoomed, elsewhere, client, run_jobs
):
    send(client, event("meeting.started", NUMBER))
    run_jobs()
    tend_zoom_events.func.__wrapped__()
    told = (kept()[0].scheduled_activity_id, zoomed.live.started_at, elsewhere.live.started_at)

    set_meeting(elsewhere.live, read_address("https://meet.example/x", ""), notes="",
                by=zoomed.user)  # fmt: skip
    tend_zoom_events.func.__wrapped__()

    assert told == (None, None, None)
    assert kept()[0].scheduled_activity_id == zoomed.session.id


def test_claim_of_a_host_without_the_plugin_counts_for_nothing(
    zoomed, elsewhere, client, run_jobs, make
):
    elsewhere.session.starts_at = now()  # nearer than the other
    make.disabled("online_classes", elsewhere.host)
    db.session.commit()

    send(client, event())
    run_jobs()

    assert kept()[0].scheduled_activity_id == zoomed.session.id


def test_answer_costs_few_queries(zoomed, client, app):
    send(client, event())

    with count_queries(app) as statements:
        send(client, event(who="2"))

    # Without those that read who has which plugin: the clock decides whether a request makes them.
    own = [one for one in statements if "FROM plugin_installation" not in one]
    own = [one for one in own if "FROM plugin_decision" not in one]
    assert len(own) == 3  # the secret, the event, its job


# The setting


def test_platform_admin_sets_the_secret_for_the_site(zoomed, make, as_user):
    admin = make.user()
    grant_role(admin, "platform_admin", zoomed.institution, by=None)
    client = as_user(admin)

    sent = client.post("/plugins/site/online_classes", data={"zoom_secret_token": "new-secret"})

    assert sent.status_code == 302
    page = client.get("/plugins/site/online_classes").text
    assert "new-secret" not in page
    assert site_url("online_classes.zoom_webhook") in page
    assert send(client, event(), secret="new-secret").status_code == 204
