import json
from pathlib import Path

import pytest

from core.i18n_tool import main

VIEWS = """
from flask_babel import gettext as _, lazy_gettext as _l, ngettext

TITLE = _l("Courses")

def greet(name, n):
    return _("Welcome, %(name)s", name=name), ngettext("%(num)d person", "%(num)d people", n)
"""
TRANSLATIONS = {
    "Courses": "Kursus",
    "Welcome, %(name)s": "Selamat datang, %(name)s",
    "%(num)d person": ["%(num)d orang"],
    "Save": "Simpan",
    "Quiz": "Kuis",
}


@pytest.fixture
def project(tmp_path) -> Path:
    files = {
        "core/views.py": VIEWS,
        "core/testing/tests/test_x.py": '_("Only in a test")',
        "templates/base.html": "<button>{{ _('Save') }}</button>",
        "plugins/quizzes/plugin.toml": 'name = "quizzes"',
        "plugins/quizzes/templates/quizzes/page.html": "{{ _('Quiz') }} {{ _('Save') }}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def fill(project: Path, translations: dict) -> int:
    file = project / "given.json"
    file.write_text(json.dumps(translations))
    return main(["fill", str(file)], project)


def catalogue(project: Path, owner: str) -> Path:
    return project / owner / "translations/id/LC_MESSAGES/messages.po"


def printed(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_missing_lists_each_text_once(project, capsys):
    status = main(["missing"], project)

    assert status == 0
    assert {json.dumps(json.loads(line)) for line in printed(capsys)} == {
        '"Courses"',
        '"Welcome, %(name)s"',
        '["%(num)d person", "%(num)d people"]',
        '"Save"',
        '"Quiz"',
    }


def test_a_filled_project_passes_the_check(project, capsys):
    assert fill(project, TRANSLATIONS) == 0

    assert main(["check"], project) == 0
    assert printed(capsys) == []


def test_a_plugin_does_not_repeat_what_core_translates(project):
    fill(project, TRANSLATIONS)

    assert 'msgid "Save"' in catalogue(project, "core").read_text()
    assert 'msgid "Save"' not in catalogue(project, "plugins/quizzes").read_text()


def test_a_catalogue_is_the_same_however_often_and_wherever_it_is_written(project):
    fill(project, TRANSLATIONS)
    before = catalogue(project, "core").read_text()
    (project / "core/views.py").write_text("# A line more.\n\n" + VIEWS)

    main(["update"], project)

    assert catalogue(project, "core").read_text() == before


def test_update_keeps_translations_and_drops_what_the_code_no_longer_says(project):
    fill(project, TRANSLATIONS)
    (project / "core/views.py").write_text('_("Courses"); _("Sections")')

    main(["update"], project)

    text = catalogue(project, "core").read_text()
    assert 'msgid "Courses"\nmsgstr "Kursus"' in text
    assert 'msgid "Sections"\nmsgstr ""' in text
    assert "Welcome" not in text


def test_a_plugin_without_own_texts_has_no_catalogue(project):
    fill(project, TRANSLATIONS)
    (project / "plugins/quizzes/templates/quizzes/page.html").write_text("{{ _('Save') }}")

    main(["update"], project)

    assert not catalogue(project, "plugins/quizzes").exists()


def test_check_names_a_missing_text_and_an_obsolete_one(project, capsys):
    fill(project, TRANSLATIONS)
    (project / "templates/base.html").write_text("{{ _('Store') }}")

    status = main(["check"], project)

    assert status == 1
    assert printed(capsys) == [
        'core/translations/id/LC_MESSAGES/messages.po: not translated: "Store"',
        'core/translations/id/LC_MESSAGES/messages.po: no longer needed: "Save"',
        'plugins/quizzes/translations/id/LC_MESSAGES/messages.po: not translated: "Save"',
    ]


def test_check_counts_a_guess_as_missing(project, capsys):
    fill(project, TRANSLATIONS)
    path = catalogue(project, "plugins/quizzes")
    path.write_text(path.read_text().replace("#: plugins", "#, fuzzy\n#: plugins"))

    status = main(["check"], project)

    assert status == 1
    assert printed(capsys)[0].endswith('not translated: "Quiz"')


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("Welcome, %(name)s", "Selamat datang"),
        ("Welcome, %(name)s", "Selamat datang, %(nama)s"),
        ("Welcome, %(name)s", "Selamat datang, %(name) Anda"),
        ("Welcome, %(name)s", "100% selamat, %(name)s"),
        ("%(num)d person", ["%(jumlah)d orang"]),
        ("Courses", "100% kursus"),
    ],
)
def test_check_refuses_a_translation_that_would_fail_to_format(project, capsys, text, translation):
    fill(project, TRANSLATIONS | {text: translation})

    status = main(["check"], project)

    assert status == 1
    assert printed(capsys)[0].endswith(f"other placeholders: {json.dumps(text)}")


def test_fill_names_texts_that_the_code_does_not_have(project, capsys):
    status = fill(project, TRANSLATIONS | {"Course": "Kursus"})

    assert status == 1
    assert capsys.readouterr().err == 'not in the code: "Course"\n'
