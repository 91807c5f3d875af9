"""The script of the plugin's pages: kept by browsers, sent without asking the database."""

from core.testing.counting import count_queries
from core.wiring import asset


def test_script_is_kept_for_a_year_and_needs_no_query_and_no_session(app, make, as_user):
    make.enabled("quizzes", make.institution())
    person = as_user(make.user())
    with app.test_request_context():
        address = asset("test.js", "quizzes")
    person.get(address, buffered=True)

    with count_queries(app) as statements:
        answer = person.get(address, buffered=True)

    # What is enabled is read anew when it changed, whatever the request is for.
    assert [one for one in statements if "FROM plugin_" not in one] == []
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_script_is_gone_where_the_plugin_is_disabled_everywhere(app, client):
    with app.test_request_context():
        address = asset("test.js", "quizzes")

    answer = client.get(address, buffered=True)

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "private, no-store"
