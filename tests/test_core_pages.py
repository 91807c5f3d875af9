"""Every page of core answers everybody, with the bundled plugins and all that they bring."""

from collections import Counter

import pytest

from core.testing.pages import NO_PLUGIN, Answer, core_pages

# An activity without a file, a plugin without settings or unknown, a result that another kept.
MAY_BE_ABSENT = ("/files/", "/settings", "/roster/done/", f"/plugins/{NO_PLUGIN}", "/plugins/site/")


@pytest.fixture
def walk(app, make):
    return core_pages(app, make)


def test_every_page_of_core_answers_everybody(app, walk):
    answers = walk.answers(app)

    seen = Counter(who for (who, _path), answer in answers.items() if answer.status == 200)
    refused = {
        path
        for (who, path), answer in answers.items()
        if who == "admin" and answer.status not in {200, 302}
    }
    assert {key: answer for key, answer in answers.items() if answer.status >= 500} == {}
    assert all(any(part in path for part in MAY_BE_ABSENT) for path in refused)
    assert seen["admin"] > seen["participant"] > seen["stranger"] > 3


def test_failing_page_is_reported_with_its_error(app, walk, monkeypatch):
    def fails(*_arguments):
        raise RuntimeError("told to")

    monkeypatch.setitem(app.view_functions, "people.help", fails)
    fails.bimtek_access = app.view_functions["people.start"].bimtek_access

    answers = walk.answers(app, ["stranger"])

    assert answers["stranger", "/help"] == Answer(500, error="RuntimeError: told to")


def test_new_page_with_an_unknown_word_must_be_taught(app, make, monkeypatch):
    from core.testing import pages  # noqa: PLC0415 -- its inner function is replaced here

    monkeypatch.setattr(pages, "_points", lambda *_given: [{"plugin": NO_PLUGIN}])

    with pytest.raises(LookupError, match="knows no value for an address like"):
        core_pages(app, make)
