"""The pages for staff and participants, as HTML says it."""

import re

import pytest
import sqlalchemy as sa

from core.api import add_activity, db, schedule, sessions_of
from plugins.attendance import queries
from plugins.attendance.api import name_source, record_evidence, withdraw_evidence
from plugins.attendance.marks import mark
from plugins.attendance.models import Mark, SettledPresence
from plugins.attendance.tests.conftest import END, at, plan, seen, total


@pytest.fixture
def client(over, as_user):
    found = as_user(over.committee)
    with found.session_transaction() as session:
        session["language"] = "en"
    return found


@pytest.fixture
def reader(over, as_user):
    found = as_user(over.enrolment.user)
    with found.session_transaction() as session:
        session["language"] = "en"
    return found


def text_of(html):
    """What a reader sees, one blank between words."""
    main = html.split("<main", 1)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def named(make, room, *names):
    return [make.enrolment(room.cohort, make.user(name)) for name in names]


# The class


def test_the_class_shows_its_sessions_and_who_is_below(over, make, client):
    over.another_day()
    present, _away = named(make, over, "Aminah", "Zainal")
    over.record(seen(present, "08:00", "14:00"))

    html = client.get(over.url()).text
    words = text_of(html)

    assert "Session 1 Day 1 Ended 23 Nov 2026 08:00–14:00 WIB" in words
    assert "1 of 3 present · 2 absent" in words
    assert "Session 2 Day 2 Not begun" in words
    assert "0 of 3 present · 3 still open" in words
    assert "Below 80% of all sessions 3" in words
    assert "50% Below 80% 360 of 720" in words


def test_those_below_the_share_come_first(over, make, client):
    people = named(make, over, "Zainal", "Aminah")
    over.record(*[seen(one, "08:00", "14:00") for one in people])

    every = client.get(over.url()).text
    below = client.get(over.url("?show=below")).text

    assert every.index("Sukarno") < every.index("Aminah") < every.index("Zainal")
    assert "Sukarno" in below
    assert "Aminah" not in below


def test_excused_sessions_are_left_out_of_the_share(over, client):
    over.another_day(-1)
    over.record(seen(over.enrolment, "08:00", "13:00"))
    second = sessions_of(over.cohort)[0]
    mark(second, [over.enrolment.id], "excused", "Ill", by=over.committee)
    assert "83% 300 of 360" in text_of(client.get(over.url()).text)

    mark(over.session, [over.enrolment.id], "excused", "Ill", by=over.committee)

    assert "Excused 0 of 0" in text_of(client.get(over.url()).text)


def test_without_a_required_share_nobody_is_below(over, client):
    from core.plugin_engine.settings import change_settings  # noqa: PLC0415 -- only here

    change_settings("attendance", over.cohort, {"required_share": 0}, by=None)

    words = text_of(client.get(over.url()).text)

    assert "Presence is not required" in words
    assert "Below" not in words


def test_a_class_without_sessions_says_what_to_do(over, client):
    schedule(over.cohort, over.activity, by=None)

    assert "This class has no sessions yet." in text_of(client.get(over.url()).text)


# One session


def test_the_missing_come_before_those_who_were_there(over, make, client):
    absent, excused, present = named(make, over, "Dewi", "Candra", "Budi")
    over.record(seen(over.enrolment, "08:00", "09:00"), seen(present, "08:00", "14:00"))
    mark(over.session, [excused.id], "excused", "Ill", by=over.committee)

    html = client.get(over.url("/sessions/1")).text
    order = [html.index(name) for name in ("Dewi", "Sukarno", "Candra", "Budi")]
    words = text_of(html)

    assert order == sorted(order)
    assert "Present 1 of 4 Absent 2 Excused 1 Still open 0" in words
    assert "60 of 360 minutes (16%)" in words
    assert absent.user.number in words


def test_evidence_is_told_in_words(over, client):
    name_source("door", "Door list")
    over.record(seen(over.enrolment, "08:00", "09:30"), by=over.committee)
    over.record(total(over.enrolment, 75), source="door")
    over.record(seen(over.enrolment, "10:00", "11:00", "wrong"), source="unnamed")
    withdraw_evidence(over.session, "unnamed", ["wrong"], by=over.committee)

    words = text_of(client.get(over.url("/sessions/1")).text)

    assert "3 pieces of evidence" in words
    assert "Signed list, 08:00–09:30 WIB recorded by Maya on 23 Nov 2026 14:00 WIB" in words
    assert "Door list, 1 hour 15 minutes in all recorded on 23 Nov 2026" in words
    assert "unnamed, 10:00–11:00 WIB" in words
    assert "withdrawn by Maya on 23 Nov 2026 14:00 WIB, does not count" in words


def test_people_are_marked_and_the_mark_is_undone_on_the_page(over, make, client):
    [other] = named(make, over, "Aminah")
    ids = [over.enrolment.id, other.id]
    data = {"verdict": "present", "reason": "Paper  list\n<b>", "enrolment": ids, **over.named}

    answer = client.post(over.url("/sessions/1/marks?q=a&show=absent"), data=data)
    page = client.get(over.url("/sessions/1")).text

    assert answer.location == over.url("/sessions/1?q=a&show=absent")
    assert over.verdict == ("present", 360)
    assert "Decided by Maya on 23 Nov 2026 14:00 WIB: Paper list &lt;b&gt;" in page
    assert page.count(">Undo<") == 2

    client.post(over.url("/sessions/1/marks/undo"), data={"enrolment": other.id, **over.named})

    assert over.presence(other).verdict == "absent"
    assert client.get(over.url("/sessions/1")).text.count(">Undo<") == 1


def test_a_decision_without_reason_or_people_keeps_what_was_ticked(over, client):
    tick = f'value="{over.enrolment.id}" checked'
    one = {"verdict": "absent", "enrolment": over.enrolment.id, **over.named}

    without_reason = client.post(over.url("/sessions/1/marks"), data=one)
    without_people = client.post(over.url("/sessions/1/marks"), data={**one, "enrolment": []})

    assert without_reason.status_code == without_people.status_code == 200
    assert tick in without_reason.text
    assert "Please fill this in." in without_reason.text
    assert '<details class="card sticky-bottom" open>' in without_reason.text
    assert "Tick at least one person in the list." in without_people.text
    assert db.session.scalars(sa.select(Mark)).all() == []


def hidden_in(html, action):
    """The hidden fields of the form that leads to `action`."""
    form = next(one for one in html.split("<form") if f'action="{action}"' in one)
    inputs = re.findall(r'<input[^>]*type="hidden"[^>]*>', form.split("</form>")[0])
    return {
        re.search(r'name="(.*?)"', one)[1]: re.search(r'value="(.*?)"', one)[1] for one in inputs
    }


@pytest.mark.parametrize("path", ["/sessions/1/marks", "/sessions/1/marks/undo"])
def test_a_decision_never_lands_on_another_session_than_was_on_the_page(over, client, path):
    mark(over.session, [over.enrolment.id], "excused", "Ill", by=over.committee)
    sent = hidden_in(client.get(over.url("/sessions/1")).text, over.url(path))
    data = {"verdict": "present", "reason": "Seen", "enrolment": over.enrolment.id, **sent}
    earlier = over.another_day(-1)
    mark(earlier, [over.enrolment.id], "excused", "Ill", by=over.committee)

    answer = client.post(over.url(path), data=data, follow_redirects=True)

    assert "The timetable has changed meanwhile. Look again." in answer.text
    assert [one.verdict for one in db.session.scalars(sa.select(Mark))] == ["excused", "excused"]
    moved = path.replace("1", "2")
    assert client.post(over.url(moved), data=data).status_code == 302
    assert over.presence(session=earlier).verdict == "excused"
    assert over.presence().verdict != "excused"


@pytest.mark.parametrize("named", [[], ["0"], ["x"], ["9" * 400]])
def test_a_decision_names_its_session(over, client, named):
    data = {"verdict": "present", "reason": "x", "enrolment": over.enrolment.id, "session": named}

    answer = client.post(over.url("/sessions/1/marks"), data=data)

    assert answer.location == over.url()
    assert db.session.scalars(sa.select(Mark)).all() == []


@pytest.mark.parametrize(
    "data",
    [
        {"verdict": "none"},
        {"verdict": "deleted"},
        {"verdict": ""},
        {"reason": "x" * 501},
        {"reason": "   "},
        {"enrolment": "abc"},
        {"enrolment": "-1"},
        {"enrolment": "٣"},
        {"enrolment": "9" * 400},
        {"enrolment": "1e3"},
    ],
)
def test_hostile_decisions_change_nothing(over, client, data):
    one = {"verdict": "present", "reason": "x", "enrolment": over.enrolment.id, **over.named}
    sent = {**one, **data}

    marked = client.post(over.url("/sessions/1/marks"), data=sent)
    undone = client.post(over.url("/sessions/1/marks/undo"), data=sent)

    assert marked.status_code == 200
    assert undone.status_code == 302
    assert db.session.scalars(sa.select(Mark)).all() == []


def test_participants_of_another_class_cannot_be_marked_through_this_one(over, make, client):
    cohort = make.cohort(over.course)
    other = make.enrolment(cohort)
    ids = [over.enrolment.id, other.id]
    data = {"verdict": "present", "reason": "x", "enrolment": ids, **over.named}

    answer = client.post(over.url("/sessions/1/marks"), data=data)

    assert "not in this class" in answer.text
    assert db.session.scalars(sa.select(Mark)).all() == []


def test_the_list_is_searched_and_filtered(over, make, client):
    aminah, _zainal = named(make, over, "Aminah", "Zainal")
    over.record(seen(aminah, "08:00", "14:00"))

    def names(query):
        html = client.get(over.url(f"/sessions/1?{query}")).text
        return [name for name in ("Aminah", "Sukarno", "Zainal") if f"<b>{name}</b>" in html]

    assert names("q=amin") == ["Aminah"]
    assert names(f"q={aminah.user.number.lower()}") == ["Aminah"]
    assert names("show=absent") == ["Sukarno", "Zainal"]
    assert names("show=absent&q=zai") == ["Zainal"]
    assert names("show=excused") == []
    assert names("show=%27--&after=abc") == ["Aminah", "Sukarno", "Zainal"]
    assert names(f"after={10**30}") == names("after=-3") == ["Aminah", "Sukarno", "Zainal"]
    assert names("q=" + "%25" * 300) == []


def test_a_long_list_goes_on_by_key(over, make, client, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 4)
    people = named(make, over, *[f"Person {letter}" for letter in "FEDCBA"])
    over.record(*[seen(one, "08:00", "14:00") for one in people[::2]])

    def walk(path):
        found = []
        while path:
            html = client.get(path).text
            found += re.findall(r"Person [A-F]|Sukarno", html.split("<main")[1])
            more = re.search(r'rel="next" href="([^"]+)"', html)
            path = more and more[1].replace("&amp;", "&")
        return "".join(name[-1] for name in found)

    assert walk(over.url("/sessions/1")) == "ACEoBDF"
    assert walk(over.url()) == "ACEoBDF"
    assert walk(over.url("/sessions/1?show=present&q=person")) == "BDF"


def test_a_hundred_and_fifty_people_take_no_more_queries_than_five(over, make, client, statements):
    def cost(path):
        client.get(path)
        del statements[:]
        assert client.get(path).status_code == 200
        return len(statements)

    paths = [over.url(), over.url("/sessions/1"), over.url("/presence.csv")]
    paths.append(f"/classes/{over.cohort.code}/manage")
    few = [cost(path) for path in paths]
    people = [make.enrolment(over.cohort) for _number in range(150)]
    over.record(*[seen(one, "08:00", "14:00") for one in people], by=over.committee)
    mark(over.session, [one.id for one in people[:20]], "absent", "Left", by=over.committee)
    many = [cost(path) for path in paths]

    assert many == few
    assert max(few[:3]) <= 25


def test_looking_settles_what_the_job_has_not_reached(room, client, clock, make):
    room.record(seen(make.enrolment(room.cohort), "08:00", "10:00"))
    clock.set(END)

    assert "2 absent" in text_of(client.get(room.url()).text)

    assert list(db.session.scalars(sa.select(SettledPresence.verdict))) == ["absent"] * 2


def test_while_it_runs_the_session_is_open(room, as_user):
    room.record(seen(room.enrolment, "08:00", "10:00"))

    html = as_user(room.committee).get(room.url("/sessions/1")).text

    assert "120 dari 360" in html
    assert room.verdict == ("open", 120)


# The file


def test_the_file_has_names_and_presence_and_no_contacts(over, make, client):
    over.another_day()
    user = make.user("=cmd()", email="siti@example.org", phone="+6281234567890")
    late = make.enrolment(over.cohort, user)
    over.record(seen(over.enrolment, "08:00", "13:00"))
    mark(over.session, [late.id], "excused", "Ill", by=over.committee)

    answer = client.get(over.url("/presence.csv"))
    lines = answer.text.lstrip("\ufeff").splitlines()

    assert lines[0] == (
        "Participant number;Name;Institution;1. Day 1, minutes;1. Day 1, presence;"
        "2. Day 2, minutes;2. Day 2, presence;Share of all sessions in %"
    )
    number = over.enrolment.user.number
    assert f"{number};Sukarno;National library;300;Present;0;Not settled;41" in lines
    assert f"{user.number};'=cmd();;0;Excused;0;Not settled;0" in lines
    assert "siti@" not in answer.text
    assert "0812" not in answer.text


# Participants and authors


def test_a_participant_reads_when_where_by_whom_and_the_own_presence(over, make, reader):
    trainer = make.cohort_staff(over.cohort, "trainer", "Hasan Basri")
    plan(over.cohort, over.activity, "08:00", "14:00", staff=[trainer])
    over.record(seen(over.enrolment, "08:00", "13:12"))

    words = text_of(reader.get(over.url(f"/activities/{over.activity.id}")).text)
    panel = text_of(reader.get(f"/classes/{over.cohort.code}").text)

    assert "Day Monday, 23 November 2026 Time 08:00–14:00 WIB Place Hall A" in words
    assert "Taught by Hasan Basri My presence Present, 312 of 360 minutes" in words
    assert "My attendance Day 1 Present, 312 of 360 minutes" in panel
    assert "Attendance 86% of the sessions; 80% are needed" in panel


def test_the_reason_of_a_mark_is_for_staff_only(over, reader, client):
    mark(over.session, [over.enrolment.id], "excused", "Ill with fever", by=over.committee)
    own = [over.url(f"/activities/{over.activity.id}"), f"/classes/{over.cohort.code}"]
    person = f"/classes/{over.cohort.code}/participants/{over.enrolment.id}"

    for path in own:
        html = reader.get(path).text
        assert "Excused" in html
        assert "fever" not in html
    assert "Decided by Maya on 23 Nov 2026 14:00 WIB: Ill with fever" in client.get(person).text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(None, "Absent, 60 of 360 minutes"), ("absent", "Absent, 0 of 360 minutes")],
)
def test_absence_is_said_with_its_minutes(over, reader, verdict, words):
    over.record(seen(over.enrolment, "08:00", "09:00"))
    if verdict:
        mark(over.session, [over.enrolment.id], verdict, "x", by=over.committee)

    assert words in text_of(reader.get(f"/classes/{over.cohort.code}").text)


def test_a_session_without_a_time_says_so(over, reader):
    schedule(over.cohort, over.activity, by=None, opens_at=at("08:00"))

    words = text_of(reader.get(over.url(f"/activities/{over.activity.id}")).text)

    assert "Time Not set yet." in words
    assert "My presence" not in words


def test_staff_who_look_in_have_no_presence_of_their_own(over, client):
    words = text_of(client.get(over.url(f"/activities/{over.activity.id}")).text)

    assert "My presence" not in words


def test_authors_add_the_kind_and_preview_it(over, make, as_user):
    client = as_user(make.staff("organiser", over.institution))
    course = over.course

    kinds = client.get(f"/courses/{course.id}/activities/new").text
    preview = client.get(f"/courses/{course.id}/activities/{over.activity.id}/preview")
    page = client.get(f"/attendance/courses/{course.id}/sessions/{over.activity.id}")
    other = make.course(over.institution)

    assert "attendance.session" in kinds
    assert preview.status_code in {302, 404}
    assert page.status_code == 200
    assert (
        client.get(f"/attendance/courses/{other.id}/sessions/{over.activity.id}").status_code == 404
    )


def test_a_session_with_presence_cannot_be_deleted(over, make, as_user):
    client = as_user(make.staff("organiser", over.institution))
    spare = add_activity(over.course.sections[0], "attendance.session", "Spare")
    over.record(seen(over.enrolment, "08:00", "14:00"))

    def delete(activity):
        path = f"/courses/{over.course.id}/activities/{activity.id}/delete"
        client.post(path)
        db.session.expire_all()
        return [one.title for section in over.course.sections for one in section.activities]

    assert "Day 1" in delete(over.activity)
    assert "Spare" not in delete(spare)


def test_evidence_of_a_session_held_by_another_kind_counts_the_same(over, make):
    """The ledger asks no kind where it comes from, only when it is held."""
    second = over.another_day(-1)
    record_evidence(second, "list", [seen(over.enrolment, "08:00", "14:00", day=-1)], by=None)

    sessions = queries.in_figures(over.cohort, [second, over.session])

    assert [one.counts["present"] for one in sessions] == [1, 0]
