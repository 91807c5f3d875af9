"""A plugin is taken in whole or not at all, and a faulty one leaves nothing behind."""

import sys
from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy.orm import configure_mappers

from core.db import Base
from core.plugin_engine.guard import MissingAccessRule, check_views
from core.plugin_engine.loader import BUILD_HOOKS, SPECS, MappedState

# What is said, and where: of each faulty plugin beside this file.
PROBLEMS = {
    "broken": ("ModuleNotFoundError: No module named 'no_such_module'", "hooks.py, line 3"),
    "needs_broken": ("needs_broken needs broken, left out as well", "plugin.toml"),
    "needy": ("needy needs absent >=2.0; it is not there", "plugin.toml"),
    "cyclic_a": ("dependency cycle: cyclic_a -> cyclic_b -> cyclic_a", "plugin.toml"),
    "cyclic_b": ("dependency cycle: cyclic_a -> cyclic_b -> cyclic_a", "plugin.toml"),
    "greedy_table": (
        "'greedy_thing' must lie in the schema 'greedy_table'",
        "hooks.py, line 8",
    ),
    "greedy_route": ("route '/home/greedy' must begin with '/greedy_route/'", "hooks.py, line 10"),
    "greedy_everywhere": (
        "may not hook into every page (before_request_funcs)",
        "hooks.py, line 15",
    ),
    "greedy_view": ("has no access rule; add @requires(…)", "hooks.py, line 10"),
    "greedy_webhook": (
        "webhook '/greedy_webhook/intake' must be for POST alone",
        "hooks.py, line 10",
    ),
    "greedy_hook": ("there is no hook 'cohort_panel'", "hooks.py, line 6"),
    "greedy_signature": ("Argument(s) {'moon'} are declared in the hookimpl", "hooks.py, line 6"),
}


@pytest.mark.parametrize("plugin", PROBLEMS)
def test_faulty_plugin_is_left_out_and_named_with_file_and_next_step(whole_app, plugin):
    found = whole_app.extensions["bimtek"]
    message, file = PROBLEMS[plugin]

    problem = next(p for p in found.problems if p.plugin == plugin and message in p.message)

    assert problem.file == f"{plugin}/{file}"
    assert problem.step.endswith(".")
    assert plugin not in found.loaded
    assert not found.pluggy.has_plugin(plugin)


def test_all_problems_are_named_together_and_the_good_ones_are_loaded(whole_app):
    found = whole_app.extensions["bimtek"]

    assert {p.plugin for p in found.problems} == PROBLEMS.keys()
    assert list(found.loaded) == ["extras", "good", "friend"]


def test_faulty_plugins_leave_no_table_class_module_or_page(whole_app):
    tables = [name for name in Base.metadata.tables if "greedy" in name or "broken" in name]
    classes = {mapper.class_.__name__ for mapper in Base.registry.mappers}
    modules = [
        name for name in sys.modules if name.startswith(("plugins.greedy", "plugins.broken"))
    ]
    rules = [rule.rule for rule in whole_app.url_map.iter_rules() if "greedy" in rule.rule]

    assert tables == modules == rules == []
    assert not classes & {"GreedyThing", "BrokenThing"}
    assert "Note" in classes


def test_each_app_sees_its_own_folders_only(database_url, make_app, write_plugin):
    one, other = write_plugin("of_one", root="one"), write_plugin("of_other", root="other")

    apps = [make_app(database_url, folder.parent) for folder in (one, other)]

    assert [list(app.extensions["bimtek"].loaded) for app in apps] == [["of_one"], ["of_other"]]
    assert import_module("plugins.of_one.hooks")
    assert import_module("plugins.of_other.hooks")


def test_second_plugin_of_a_name_in_one_process_is_a_problem(database_url, make_app, write_plugin):
    one, other = write_plugin("same", root="one"), write_plugin("same", root="other")
    make_app(database_url, one.parent)

    app = make_app(database_url, other.parent)

    [problem] = app.extensions["bimtek"].problems
    assert f"'plugins.same' is already imported from {one}" in problem.message


def test_two_apps_can_load_the_same_plugin(database_url, make_app, whole_app):
    again = make_app(database_url, whole_app.config["PLUGIN_FOLDERS"])

    assert list(again.extensions["bimtek"].loaded) == ["extras", "good", "friend"]


@pytest.fixture
def problem_of(database_url, make_app, write_plugin, caplog):
    """The one problem of an app whose only plugin is this one."""

    def load(name, hooks="", more="", **files):
        folder = write_plugin(name, hooks, more, **files)
        app = make_app(database_url, folder.parent)
        assert app.test_client().get("/sign-in").status_code == 200
        engine = app.extensions["bimtek"]
        assert engine.loaded == {}
        assert engine.menu == []
        [problem] = engine.problems
        assert problem.step
        return f"{problem.message} ({problem.file})"

    return load


HEAD = """
import click
from flask import Blueprint
from core.api import *
from core.api import hookimpl, public, requires
pages = Blueprint("{name}", __name__, url_prefix="/{name}")
@hookimpl
def blueprints(): return [pages]
"""


@pytest.mark.parametrize(
    ("name", "hooks", "said"),
    [
        ("exits", "raise SystemExit(3)", "SystemExit: 3 (exits/hooks.py, line 1)"),
        ("syntax", "x = 1\ndef (", "(syntax/hooks.py, line 2)"),
        ("wrong_blueprint", HEAD.format(name="other"), "blueprint 'other' must be named"),
        (
            "two_blueprints",
            HEAD + "twin = Blueprint('two_blueprints', __name__)\n"
            "@hookimpl\ndef blueprints(): return [pages, twin]",
            "ValueError",
        ),
        (
            "fake_static",
            HEAD + "@pages.get('/static')\ndef static(): return 'secret'",
            "has no access rule",
        ),
        (
            "unknown_right",
            HEAD + "@pages.get('/x')\n@requires('unknown_right.tkae')\ndef x(): return ''",
            "requires 'unknown_right.tkae', unknown here",
        ),
        (
            "foreign_right",
            HEAD + "@hookimpl\ndef permissions(): return [Permission('courses.view', 'T')]",
            "'courses.view' must begin with 'foreign_right.'",
        ),
        (
            "foreign_kind",
            HEAD + "@hookimpl\ndef activity_kinds():\n"
            "    return [ActivityKind('page', 'T', 'page', str, str)]",
            "'page' must begin with 'foreign_kind.'",
        ),
        (
            "menu_nowhere",
            HEAD + "@hookimpl\ndef permissions(): return [Permission('menu_nowhere.x', 'T')]\n"
            "@hookimpl\ndef menu_entries():\n"
            "    return [MenuEntry('T', 'menu_nowhere.gone', 'menu_nowhere.x')]",
            "names no page without arguments",
        ),
        (
            "menu_borrowed",
            HEAD + "@pages.get('/x')\n@public\ndef x(): return ''\n"
            "@hookimpl\ndef menu_entries():\n"
            "    return [MenuEntry('T', 'menu_borrowed.x', 'cohorts.view')]",
            "needs a permission of its own plugin",
        ),
        (
            "wrong_values",
            HEAD + "@hookimpl\ndef permissions(): return ['wrong_values.see']",
            "permissions gave 'wrong_values.see'; it must give Permission only",
        ),
        (
            "wrong_group",
            HEAD + "@hookimpl\ndef cli_groups(): return [click.Group('db')]",
            "command group 'db' must be named 'wrong-group'",
        ),
        (
            "error_pages",
            HEAD + "@pages.app_errorhandler(404)\ndef mine(error): return 'mine'",
            "may not hook into every page (error_handler_spec)",
        ),
        (
            "all_templates",
            HEAD + "@pages.app_template_filter('clock')\ndef mine(text): return 'mine'",
            "template name 'clock' may not come with a blueprint; bring template_filters",
        ),
        (
            "all_filters",
            HEAD + "@hookimpl\ndef template_filters(): return [TemplateFilter('clock', str)]",
            "filter 'clock' must begin with 'all_filters_' and be one word",
        ),
        (
            "two_words",
            HEAD + "@hookimpl\ndef template_filters():\n"
            "    return [TemplateFilter('two_words_a-b', str)]",
            "filter 'two_words_a-b' must begin with 'two_words_' and be one word",
        ),
        (
            "no_function",
            HEAD + "@hookimpl\ndef template_filters():\n"
            "    return [TemplateFilter('no_function_x', 'x')]",
            "'apply' of TemplateFilter is 'x'",
        ),
        (
            "foreign_role",
            HEAD + "@hookimpl\ndef roles(): return [Role('committee', 'T')]",
            "'committee' must begin with 'foreign_role.'",
        ),
        (
            "mistyped_role",
            HEAD + "@hookimpl\ndef permissions():\n"
            "    return [Permission('mistyped_role.x', 'T', ('organizer',))]",
            "permission 'mistyped_role.x': no role 'organizer' here; did you mean 'organiser'?",
        ),
        (
            "borrowed_role",
            HEAD + "@hookimpl\ndef permissions():\n"
            "    return [Permission('borrowed_role.x', 'T', ('good.watcher',))]",
            "permission 'borrowed_role.x': no role 'good.watcher' here",
        ),
        (
            "lost_panel",
            HEAD + "@hookimpl\ndef page_panels():\n"
            "    return [PagePanel('cohorts.participant_list', print)]",
            "core has no page 'cohorts.participant_list' for a panel; "
            "did you mean 'cohorts.participant",
        ),
        (
            "panel_on_a_file",
            HEAD + "@hookimpl\ndef page_panels(): return [PagePanel('people.health', print)]",
            "core has no page 'people.health' for a panel",
        ),
        (
            "panel_at_the_side",
            HEAD + "@hookimpl\ndef page_panels():\n"
            "    return [PagePanel('people.home', print, place='left')]",
            "'place' of PagePanel is 'left'",
        ),
        (
            "wraps",
            "from core.api import hookimpl\n"
            "@hookimpl(wrapper=True)\ndef cohort_panels(cohort):\n    return (yield)",
            "hook 'cohort_panels' may not be a wrapper",
        ),
        (
            "fails_in_words",
            "class Bad(Exception):\n    def __str__(self): raise self\nraise Bad",
            "Bad: ",
        ),
        ("own_end", "class End(BaseException): pass\nraise End", "End: "),
        (
            "foreign_job",
            "from core.api import job\n@job('core.something')\ndef something(): pass",
            "job 'core.something' must begin with 'foreign_job.' (foreign_job/hooks.py, line 2)",
        ),
        (
            "late_failure",
            HEAD + "@pages.get('/x')\n@public\ndef x(): return ''\n"
            "pages.record(lambda state: 1 / (state.app.name == 'probe'))",
            "ZeroDivisionError: division by zero (late_failure/hooks.py, line 12)",
        ),
        (
            "build_fails",
            HEAD + "@hookimpl\ndef permissions(): raise RuntimeError('told to')",
            "RuntimeError: told to (build_fails/hooks.py, line 10)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_at_load(problem_of, name, hooks, said):
    assert said in problem_of(name, hooks.replace("{name}", name))


def test_relationship_that_cannot_be_resolved_stops_only_its_plugin(problem_of, make, found):
    models = """
from core.api import Base, IntPk
from sqlalchemy.orm import Mapped, relationship
class Dangling(Base):
    __tablename__ = "dangling"
    __table_args__ = {"schema": "dangling"}
    id: Mapped[IntPk]
    other = relationship("NoSuchClass")
"""

    said = problem_of("dangling", **{"models.py": models})

    assert "NoSuchClass" in said
    configure_mappers()
    assert make.institution().id


def test_class_named_like_one_of_core_harms_nothing(
    database_url, make_app, write_plugin, make, found
):
    models = """
from core.api import Base, IntPk
from sqlalchemy.orm import Mapped
class User(Base):
    __tablename__ = "user"
    __table_args__ = {"schema": "namesake"}
    id: Mapped[IntPk]
"""
    folder = write_plugin("namesake", **{"models.py": models})
    before = MappedState()

    app = make_app(database_url, folder.parent)

    assert list(app.extensions["bimtek"].loaded) == ["namesake"]
    assert make.staff("organiser", make.institution()).id
    before.restore()  # Other tests still have classes to map.


def test_template_outside_its_own_folder_is_refused(problem_of, tmp_path):
    outside = tmp_path / "plugins" / "shadow" / "templates" / "quizzes"
    hooks = """
from flask import Blueprint
from core.api import hookimpl
@hookimpl
def blueprints():
    import pathlib
    folder = pathlib.Path(__file__).parent / "templates" / "quizzes"
    folder.mkdir(parents=True)
    (folder / "panel.html").write_text("mine")
    return [Blueprint("shadow", __name__, template_folder="templates")]
"""

    said = problem_of("shadow", hooks)

    assert "template 'quizzes/panel.html' must lie in templates/shadow/" in said
    assert "(shadow/templates/quizzes/panel.html)" in said
    assert outside.exists()


def test_translations_of_a_loaded_plugin_are_used(as_user, make):
    nation = make.institution()
    cohort = make.cohort(make.course(nation))
    make.enabled("good", nation)
    organiser = make.staff("organiser", nation)

    page = as_user(organiser).get(f"/good/classes/{cohort.code}/notes/")

    assert "Catatan baik" in page.text


def test_core_refuses_to_start_with_a_view_that_has_no_rule():
    app = Flask("core")
    app.add_url_rule("/secret", "secret", lambda: "secret")

    with pytest.raises(MissingAccessRule, match="view 'secret'"):
        check_views(app)


def test_installed_distribution_is_loaded_by_its_entry_point(
    database_url, make_app, tmp_path, monkeypatch
):
    package = tmp_path / "site" / "bimtek_parcel"
    package.mkdir(parents=True)
    manifest = 'name = "parcel"\nversion = "1"\ntitle = "T"\nrequires_core = ">=0"\n'
    for name, text in {"__init__": "", "hooks": "", "plugin": manifest}.items():
        (package / f"{name}.{'toml' if name == 'plugin' else 'py'}").write_text(text)
    info = tmp_path / "site" / "bimtek_parcel-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bimtek-parcel\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[bimtek.plugins]\nparcel = bimtek_parcel\n")
    monkeypatch.syspath_prepend(tmp_path / "site")

    app = make_app(database_url)

    assert app.extensions["bimtek"].problems == []
    assert app.extensions["bimtek"].loaded["parcel"].module == "bimtek_parcel"


def test_every_build_hook_is_asked_at_load():
    hooks = {
        name
        for spec in SPECS
        for name, value in vars(spec).items()
        if getattr(value, "mode", "") == "build"
    }

    assert set(BUILD_HOOKS) == hooks
