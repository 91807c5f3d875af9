"""Each way in which a plugin can be faulty: core's pages answer as without it, and it is named.

All faulty plugins are in one app beside the good one: what one of them does is contained by itself.
"""

import logging
import os
import re
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from core.db import db
from core.plugin_engine import engine, lifecycle
from core.plugin_engine.doctor import examine
from core.plugin_engine.enablement import bump_epoch
from core.plugin_engine.loader import SPECS
from core.plugin_engine.models import PluginInstallation
from core.testing import database
from core.testing.factories import Factory
from core.testing.pages import core_pages
from tests.plugin_engine.conftest import TINY
from tests.plugin_engine.moving_kit import take_out

HEAD = """
import sys
from flask import Blueprint
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Optional
from core.api import *
from core.api import hookimpl, public, requires
pages = Blueprint("NAME", __name__, url_prefix="/NAME", template_folder="templates")
def fails(*given, **named): raise RuntimeError("told to")
bad = LazyString(fails)
@pages.get("/page")
@requires("NAME.see")
def page(): return ""
@pages.get("/open")
@public
def open_page(): return ""
@hookimpl
def blueprints(): return [pages]
@hookimpl
def permissions(): return [Permission("NAME.see", bad, ("organiser", "participant"))]
"""
PANELS = HEAD + "@hookimpl\ndef cohort_panels(): return {}\n"
KIND = HEAD + "@hookimpl\ndef activity_kinds(): return [ActivityKind('NAME.kind', {})]\n"
FORM = """
class Odd(FlaskForm):
    word = StringField("Word", [Optional()], default="x")
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        from flask import current_app
        if current_app.name != "probe": raise RuntimeError("told to")
@hookimpl
def settings(): return [Settings(Odd, levels=("institution", "cohort", "course", "site"))]
"""


WHO = ("admin", "participant")  # They see all that an organiser and a stranger see.


def hooks_that_raise():
    """Every hook of core that is called while the site runs."""
    names = [
        name
        for spec in SPECS
        for name, function in vars(spec).items()
        if getattr(function, "mode", "") in {"collect", "notify", "decide"}
    ]
    return HEAD + "".join(f"@hookimpl\ndef {name}(): fails()\n" for name in names)


# Name → its hooks, and what is said of it after everybody has been everywhere.
FAILING = {
    "raises_everywhere": (hooks_that_raise(), "RuntimeError hooks.py"),
    "exits_in_a_panel": (PANELS.format("sys.exit(3)"), "SystemExit hooks.py"),
    "shows_no_template": (
        PANELS.format("[Panel('NAME/gone.html')]"),
        "TemplateNotFound shows_no_template/gone.html",
    ),
    "shows_broken_template": (
        PANELS.format("[Panel('NAME/broken.html')]"),
        "TemplateSyntaxError templates/shows_broken_template/broken.html:2",
    ),
    "shows_failing_template": (
        PANELS.format("[Panel('NAME/fails.html', {'fails': fails})]"),
        "RuntimeError hooks.py",
    ),
    "gives_wrong_panels": (PANELS.format("['a text']"), "TypeError"),
    "gives_no_list": (PANELS.format("7"), "TypeError"),
    "weighs_nothing": (PANELS.format("[Panel('x', weight=None)]"), "TypeError"),
    "kind_raises": (
        KIND.format("'Kind', 'flag', fails, fails, fails, fails"),
        "RuntimeError hooks.py",
    ),
    "kind_gives_nonsense": (
        KIND.format("'Kind', 'flag', lambda *a: None, lambda *a: 5, lambda *a: 7, lambda *a: bad"),
        "TypeError",
    ),
    "kind_has_no_title": (KIND.format("bad, 'flag', fails"), "RuntimeError hooks.py"),
    "labels_fail": (
        HEAD + "@hookimpl\ndef menu_entries(): return [MenuEntry(bad, 'NAME.page', 'NAME.see')]\n"
        "@hookimpl\ndef public_links(): return [PublicLink(bad, 'NAME.open_page')]\n",
        "RuntimeError hooks.py",
    ),
    "addresses_fail": (
        HEAD + "pages.url_defaults(fails)\n"
        "@hookimpl\ndef menu_entries(): return [MenuEntry('T', 'NAME.page', 'NAME.see')]\n",
        "RuntimeError hooks.py",
    ),
    "settings_fail": (HEAD + FORM, "RuntimeError hooks.py"),
    "texts_are_broken": (HEAD, "its translations"),
}
# Name → its hooks, and the reason for which it is left out.
LEFT_OUT = {
    "raises": ("1 / 0", "ZeroDivisionError"),
    "hangs": ("import time\ntime.sleep(1e6)", "took longer than"),
    "roles_are_no_texts": (
        "from core.api import *\nfrom core.api import hookimpl\n@hookimpl\n"
        "def permissions(): return [Permission('roles_are_no_texts.x', 'T', None)]",
        "'roles' of Permission is None",
    ),
    "weight_is_a_text": (
        HEAD + "@hookimpl\ndef public_links(): return [PublicLink('T', 'NAME.open_page', 'x')]\n",
        "'weight' of PublicLink is 'x'",
    ),
    "opens_at_a_text": (
        KIND.format("'T', 'flag', fails, opens_before='30'"),
        "'opens_before' of ActivityKind is '30'",
    ),
    # A second plugin of this name; the first is loaded.
    "friend": ("", "the name is taken by"),
}
BESIDE = [  # The faulty ones of other tests.
    "broken", "cyclic_a", "greedy_everywhere", "greedy_hook", "greedy_route", "greedy_signature",
    "greedy_table", "greedy_view", "greedy_webhook", "needs_broken", "needy",
]  # fmt: skip


def write(root, name, hooks):
    folder = root / name
    templates = folder / "templates" / name
    templates.mkdir(parents=True)
    manifest = f'name = "{name}"\nversion = "1.0"\ntitle = "{name}"\nrequires_core = ">=0.1"\n'
    (folder / "plugin.toml").write_text(manifest)
    (folder / "hooks.py").write_text(hooks.replace("NAME", name))
    (templates / "broken.html").write_text("<p>\n{% if x %}")
    (templates / "fails.html").write_text("{{ fails() }}")
    texts = folder / "translations" / "en" / "LC_MESSAGES"
    texts.mkdir(parents=True)
    content = b"\xff\xfe\x00" if name == "texts_are_broken" else b""
    (texts / "messages.po").write_bytes(content)


class Lines(logging.Handler):
    """Everything that was logged, one text a line."""

    def __init__(self):
        super().__init__()
        self.text = ""

    def emit(self, record):
        self.text += record.getMessage() + "\n"


@pytest.fixture(scope="module")
def walked(whole_app, database_url, make_app, tmp_path_factory):
    """The pages of core, walked without and with the faulty plugins, and what was said of these."""
    root = tmp_path_factory.mktemp("faulty")
    for name, (hooks, _said) in (FAILING | LEFT_OUT).items():
        write(root, name, hooks)
    lines = Lines()
    logging.getLogger("core.plugin_engine").addHandler(lines)
    folders = f"{TINY}{os.pathsep}{root}"
    app = make_app(database_url, folders, PLUGIN_LOAD_SECONDS=2)
    with app.app_context():
        yield _walk(app, whole_app, lines)
        logging.getLogger("core.plugin_engine").removeHandler(lines)
        engine().book.forget()
        db.session.remove()
        take_out(*FAILING)
        db.session.execute(sa.delete(PluginInstallation).filter_by(name="vanished"))
        bump_epoch()
        db.session.commit()
        database.empty(db.engine)
    engine_of(whole_app).enablement.forget()


def engine_of(app):
    return app.extensions["bimtek"]


def _walk(app, whole_app, lines):
    late = "raises_everywhere"  # It would refuse the world its participant.
    lifecycle.install(engine(), FAILING)
    db.session.merge(PluginInstallation(name="vanished", version="1.0"))
    make = Factory()
    walk = core_pages(app, make, ["good", *(name for name in FAILING if name != late)])
    nation = walk.institution_id
    from core.institutions.models import Institution  # noqa: PLC0415 -- one name of many

    make.enabled(late, db.session.get(Institution, nation))
    before = walk.answers(whole_app, WHO)
    answers = walk.answers(app, WHO)
    engine().book.write(everything=True)
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id=walk.people["admin"], _fresh=True, language="en")
    place = f"/institutions/{nation}/plugins"
    return SimpleNamespace(
        before=before,
        answers=answers,
        log=lines.text,
        doctor=examine(engine()),
        catalogue=client.get(place).text,
        about=lambda name: client.get(f"{place}/{name}"),
        problems=engine().problems,
        loaded=set(engine().loaded),
    )


def test_site_starts_with_all_that_can_be_loaded(walked):
    assert {"good", "friend", "extras", *FAILING} <= walked.loaded
    assert not walked.loaded & ({*LEFT_OUT, *BESIDE} - {"friend"})


def test_every_page_of_core_answers_everybody_as_without_the_faulty_plugins(walked):
    # What a plugin asks of an enrolment has a page of its own, which is not there without one.
    names = re.compile("|".join([*FAILING, r"participants/\d+/enrolment$"]))
    other = {
        key: (answer, walked.before.get(key))
        for key, answer in walked.answers.items()
        if answer != walked.before.get(key) and not names.search(key[1])
    }

    assert other == {}


def test_no_page_of_core_fails_not_even_about_a_faulty_plugin(walked):
    failed = {key: answer for key, answer in walked.answers.items() if answer.status >= 500}

    assert failed == {}


@pytest.mark.parametrize("name", FAILING)
def test_plugin_that_fails_is_named_in_doctor_catalogue_and_log(walked, name):
    said = FAILING[name][1]
    notes = [note.sentence for note in walked.doctor.notes if note.plugin == name]
    page = walked.about(name)

    assert any(said in note for note in notes), notes
    assert all("The log says more" in note or "log" in note for note in notes)
    assert f"plugin {name} failed in" in walked.log
    assert page.status_code == 200
    assert said.split()[0] in page.text


@pytest.mark.parametrize("name", [*LEFT_OUT, *BESIDE])
def test_plugin_that_is_left_out_is_named_in_doctor_catalogue_and_log(walked, name):
    said = LEFT_OUT.get(name, ("", ""))[1]
    problems = [problem for problem in walked.problems if problem.plugin == name]

    assert any(said in problem.message for problem in problems)
    for problem in problems:
        assert problem.file
        assert problem.step
        assert problem in walked.doctor.problems
        assert f"plugin {name} left out: {problem.sentence}" in walked.log
    assert name in walked.catalogue
    assert problems[0].step.partition("'")[0] in walked.catalogue


def test_plugin_that_is_gone_from_disk_is_named(walked):
    [problem] = [p for p in walked.doctor.problems if p.plugin == "vanished"]

    assert "bimtek plugins forget vanished" in problem.step
    assert "bimtek plugins forget vanished" in walked.catalogue


def test_broken_template_is_a_problem_before_anybody_sees_it(walked):
    files = {p.file for p in walked.doctor.problems}

    assert "shows_broken_template/templates/shows_broken_template/broken.html, line 2" in files
