"""Where plugins are found; nothing is imported, and an app sees only its own folders."""

import sys

import pytest

from core.plugin_engine.discovery import BUNDLED, discover


def names(found):
    return [m.name for m in found.manifests]


def test_bundled_plugins_are_found_unless_they_are_switched_off():
    assert "quizzes" in names(discover())
    assert names(discover(bundled=False)) == []


def test_configured_folder_is_found_without_importing_anything(write_plugin):
    folder = write_plugin("discovered", "raise SystemExit('imported')")

    found = discover([folder.parent], bundled=False)

    assert names(found) == ["discovered"]
    assert found.problems == ()
    assert "plugins.discovered" not in sys.modules


def test_one_search_leaves_no_trace_in_the_next(write_plugin):
    folder = write_plugin("traceless")

    discover([folder.parent], bundled=False)

    assert names(discover(bundled=False)) == []


def test_folder_that_is_not_there_is_a_problem(tmp_path):
    [problem] = discover([tmp_path / "typo"], bundled=False).problems

    assert f"{tmp_path / 'typo'} is not there" in problem.message


def test_unreadable_manifests_are_problems_and_the_others_are_found(write_plugin):
    bad = write_plugin("bad_manifest", more="sumary = 'x'\ncategry = 'y'\n")
    binary = write_plugin("binary_manifest")
    (binary / "plugin.toml").write_bytes(b"\xff\xfe")
    write_plugin("fine_manifest")

    found = discover([bad.parent], bundled=False)

    assert names(found) == ["fine_manifest"]
    assert [(p.plugin, p.path) for p in found.problems] == [
        ("bad_manifest", bad / "plugin.toml"),
        ("bad_manifest", bad / "plugin.toml"),
        ("binary_manifest", binary / "plugin.toml"),
    ]
    assert {p.file for p in found.problems} == {
        "bad_manifest/plugin.toml",
        "binary_manifest/plugin.toml",
    }


def test_name_found_twice_belongs_to_the_first(write_plugin, tmp_path):
    first = write_plugin("twice")
    second = tmp_path / "more" / "twice"
    second.parent.mkdir()
    second.symlink_to(first)

    found = discover([first.parent, second.parent], bundled=False)

    assert [m.path for m in found.manifests] == [first]
    assert found.problems[0].message == f"the name is taken by {first}"
    assert found.problems[0].step == "Remove or rename one of the two, then restart."
    assert found.problems[0].path == second


def test_same_folder_given_twice_is_read_once(write_plugin):
    folder = write_plugin("once")

    found = discover([folder.parent, folder.parent, BUNDLED])

    assert names(found).count("once") == 1
    assert found.problems == ()


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """Makes a distribution importable whose entry points are the given lines."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(site)

    def make(points, **packages):
        info = site / "bimtek_things-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bimtek-things\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[bimtek.plugins]\n{points}\n")
        for package, name in packages.items():
            (site / package).mkdir()
            (site / package / "__init__.py").write_text("raise RuntimeError('imported')")
            (site / package / "plugin.toml").write_text(
                f'name = "{name}"\nversion = "1"\ntitle = "T"\nrequires_core = ">=0"\n'
            )

    return make


def test_installed_distribution_is_found_by_its_entry_point(distribution):
    distribution("things = bimtek_things", bimtek_things="things")

    found = discover(bundled=False)

    assert [(m.name, m.module) for m in found.manifests] == [("things", "bimtek_things")]


def test_name_of_an_installed_plugin_is_that_of_its_entry_point(distribution):
    distribution("stuff = bimtek_things", bimtek_things="things")

    [problem] = discover(bundled=False).problems

    assert "name 'things' differs from where it lies: 'stuff'" in problem.message


def test_entry_point_that_leads_nowhere_is_a_problem(distribution):
    distribution("gone = no_such_package\ninside = bimtek_bad.part", bimtek_bad="bad")

    problems = {p.plugin: p.message for p in discover(bundled=False).problems}

    assert problems == {
        "gone": "entry point names no package: no_such_package",
        "inside": "entry point names no package: bimtek_bad.part",
    }
