"""What kinds say about activities, and what a plugin's fault does not break."""

from core.courses.facts import edit_urls, facts_of, view_urls
from core.courses.services import add_activity
from core.db import db
from core.plugin_engine import engine


def test_each_kind_is_asked_once_for_all_its_activities(office, written, board):
    for n in range(3):
        add_activity(written.two, board.name, f"Talk {n}", by=None)
    written.a.minutes = 8

    found = facts_of(written.course.activities, office)

    assert board.calls == [3]
    assert len(found) == 4
    assert "8" in found[written.a.id]


def test_fault_of_a_plugin_leaves_the_others_their_facts(app, office, written, board):
    talk = add_activity(written.two, board.name, "Talk", by=None)
    written.a.minutes = 8
    board.fails = True
    before = engine().failures.total()

    activities = written.course.activities
    db.session.commit()
    with app.test_request_context():
        answers = [ask(activities, office) for ask in (facts_of, edit_urls, view_urls)]

    assert all(talk.id not in answer for answer in answers)
    assert all(written.a.id in answer for answer in answers)
    assert engine().failures.total() == before + 3


def test_plugin_that_is_away_is_not_asked(office, written, board):
    talk = add_activity(written.two, board.name, "Talk", by=None)
    board.enable(False)

    assert talk.id not in facts_of(written.course.activities, office)
    assert board.calls == []


def test_view_of_a_cohort_is_another_page_than_the_preview(make, office, app, written, board):
    talk = add_activity(written.two, board.name, "Talk", by=None)
    cohort = make.cohort(written.course, publish=False)
    db.session.commit()

    with app.test_request_context():
        assert view_urls([talk], office, cohort) == {talk.id: f"/talk/{talk.id}/{cohort.code}"}
        assert view_urls([talk], office) == {talk.id: f"/talk/{talk.id}/preview"}


def test_editor_stays_whole_when_a_plugin_fails(as_user, author, written, board):
    add_activity(written.two, board.name, "Talk", by=None)
    board.fails = True
    client = as_user(author)

    editor = client.get(written.url)
    published = client.post(f"{written.url}/publish", follow_redirects=True)

    assert editor.status_code == 200
    assert "Talk" in editor.text
    assert "“Talk”" in published.text
    assert written.course.status == "draft"
