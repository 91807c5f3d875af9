from pathlib import Path

import pytest
from flask import Flask, render_template_string, session
from flask_babel import force_locale, get_locale, get_timezone, gettext, ngettext
from flask_login import LoginManager, UserMixin, login_user
from sqlalchemy.exc import OperationalError

from core.i18n import add_texts, init_i18n, po_file

HEADER = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""
CORE = (
    HEADER
    + """
msgid "Save"
msgstr "Simpan"

#, python-format
msgid "%(num)d person"
msgid_plural "%(num)d people"
msgstr[0] "%(num)d orang"

#, fuzzy
msgid "Delete"
msgstr "Hapuskah"

#~ msgid "Cancel"
#~ msgstr "Batal"

msgid "Open"
msgstr ""
"""
)
PLUGIN = (
    HEADER
    + """
msgid "Save"
msgstr "Rekam"

msgid "Open"
msgstr "Buka"

msgid "Quiz"
msgstr "Kuis"
"""
)


class Person(UserMixin):
    def __init__(self, language, timezone):
        self.id = "1"
        self.language = language
        self.timezone = timezone


def write_catalogue(directory: Path, text: str) -> Path:
    path = po_file(directory, "id")
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    return directory


@pytest.fixture
def app(tmp_path):
    app = Flask(__name__)
    app.secret_key = "for tests"
    core = write_catalogue(tmp_path / "core", CORE)
    plugin = write_catalogue(tmp_path / "plugin", PLUGIN)
    init_i18n(app, [core, plugin, tmp_path / "a plugin without texts"])
    return app


@pytest.fixture
def person(app):
    """Signed in to every request of `app`."""
    person = Person("en", "Asia/Jayapura")
    LoginManager(app).user_loader(lambda _id: person)
    return person


def test_texts_come_from_po_files_and_the_first_folder_wins(app):
    with app.test_request_context():
        texts = [gettext(text) for text in ("Save", "Open", "Quiz")]

    assert texts == ["Simpan", "Buka", "Kuis"]


ENGLISH = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Save"
msgstr "Sell"

msgid "%(num)d person"
msgstr "%(num)d customer"

msgid "Delete"
msgid_plural "Delete all"
msgstr[0] "Keep"
msgstr[1] "Keep all"

msgid "Open"
msgstr "Shut"

msgid "Quiz"
msgstr "Test"
"""


def test_plugin_changes_no_text_of_core_in_any_language(tmp_path):
    app = Flask(__name__)
    plugin = write_catalogue(tmp_path / "plugin", PLUGIN)
    english = po_file(plugin, "en")
    english.parent.mkdir(parents=True)
    english.write_text(
        HEADER.replace("nplurals=1; plural=0", "nplurals=2; plural=(n != 1)") + ENGLISH
    )
    init_i18n(app, [write_catalogue(tmp_path / "core", CORE)])
    add_texts(app, plugin, lambda: None)

    with app.test_request_context():
        indonesian = [gettext(text) for text in ("Save", "Open", "Quiz")]
        with force_locale("en"):
            texts = [gettext(text) for text in ("Save", "Delete", "Open", "Quiz")]
            people = ngettext("%(num)d person", "%(num)d people", 1)

    assert indonesian == ["Simpan", "Open", "Kuis"]
    assert (texts, people) == (["Save", "Delete", "Open", "Test"], "1 person")


def test_guesses_and_leftovers_are_not_shown(app):
    with app.test_request_context():
        assert gettext("Delete") == "Delete"
        assert gettext("Cancel") == "Cancel"


def test_indonesian_has_one_form_where_english_has_two(app):
    with app.test_request_context():
        indonesian = [ngettext("%(num)d person", "%(num)d people", n) for n in (1, 43)]
        with force_locale("en"):
            english = [ngettext("%(num)d person", "%(num)d people", n) for n in (1, 43)]

    assert indonesian == ["1 orang", "43 orang"]
    assert english == ["1 person", "43 people"]


def test_templates_are_translated(app):
    template = "{{ _('Save') }}, {{ ngettext('%(num)d person', '%(num)d people', 2) }}"

    with app.test_request_context():
        text = render_template_string(template)

    assert text == "Simpan, 2 orang"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en-US,en;q=0.9", "en"),
        ("id-ID,id;q=0.9,en;q=0.8", "id"),
        ("jv-ID,id;q=0.8,en;q=0.7", "id"),
        ("fr", "id"),
        ("", "id"),
    ],
)
def test_a_stranger_reads_what_the_browser_asks_for(app, accepted, language):
    with app.test_request_context(headers={"Accept-Language": accepted}):
        assert str(get_locale()) == language


def test_the_signed_in_persons_language_and_zone_win_over_the_browser(app, person):
    with app.test_request_context(headers={"Accept-Language": "id"}):
        login_user(person)

        assert str(get_locale()) == "en"
        assert str(get_timezone()) == "Asia/Jayapura"


def test_the_language_chosen_in_this_session_wins_over_all(app, person):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        login_user(person)
        session["language"] = "id"

        assert str(get_locale()) == "id"


def test_an_unknown_language_in_the_session_is_passed_over(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        session["language"] = "../../etc"

        assert str(get_locale()) == "en"


def test_someone_not_signed_in_reads_jakartas_clock(app, person):
    with app.test_request_context():
        assert str(get_timezone()) == "Asia/Jakarta"


def test_a_page_has_a_language_while_the_database_is_down(app):
    def fails(_id):
        raise OperationalError("SELECT", {}, Exception("the server is gone"))

    LoginManager(app).user_loader(fails)
    with app.test_request_context(headers={"Accept-Language": "en"}):
        session["_user_id"] = "1"

        assert str(get_locale()) == "en"
        assert str(get_timezone()) == "Asia/Jakarta"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "id_ID.UTF-8"}, "id"),
        ({"LANG": "C.UTF-8"}, "id"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "id_ID.UTF-8"}, "id"),
        ({"LANGUAGE": "en:id", "LC_ALL": "C"}, "en"),
        ({}, "id"),
    ],
)
def test_outside_a_request_the_environment_decides(app, monkeypatch, environment, language):
    for name in ("LANGUAGE", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with app.app_context():
        assert str(get_locale()) == language
