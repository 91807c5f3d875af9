"""What lies on disk but is not loaded is named, with its version, and loads nothing."""

import shutil
import sys

import pytest

from core.plugin_engine import engine
from core.plugin_engine.freshness import News, news


@pytest.fixture
def running(database_url, make_app, write_plugin):
    """An app with one plugin, and the folder that it came from."""
    folder = write_plugin("known")
    app = make_app(database_url, folder.parent)
    with app.app_context():
        yield folder


def manifest(folder, old, new):
    file = folder / "plugin.toml"
    file.write_text(file.read_text().replace(old, new))


def test_nothing_is_new_right_after_the_start(running):
    assert news(engine()) == {}


def test_new_folder_is_named_and_its_code_left_alone(running, write_plugin):
    write_plugin("fresh", hooks="raise RuntimeError")

    assert news(engine()) == {"fresh": News("fresh", "new", "1.0")}
    assert "plugins.fresh.hooks" not in sys.modules


def test_new_folder_whose_manifest_cannot_be_read_is_named_without_a_version(running, write_plugin):
    manifest(write_plugin("fresh"), "version", "versoin")

    assert news(engine()) == {"fresh": News("fresh", "new", "")}


def test_other_version_is_named(running):
    manifest(running, '"1.0"', '"1.1"')

    assert news(engine()) == {"known": News("known", "other", "1.1")}


@pytest.mark.parametrize("text", ["", "no toml [", 'name = "other"'])
def test_manifest_that_broke_meanwhile_is_named(running, text):
    (running / "plugin.toml").write_text(text)

    assert news(engine()) == {"known": News("known", "other", "")}


def test_folder_that_was_taken_away_is_named(running):
    shutil.rmtree(running)

    assert news(engine()) == {"known": News("known", "gone")}


def test_safe_mode_has_no_news(database_url, make_app, write_plugin):
    folder = write_plugin("known")

    with make_app(database_url, folder.parent, SAFE_MODE=True).app_context():
        assert news(engine()) == {}


def test_new_distribution_is_named(running, tmp_path, monkeypatch):
    place = tmp_path / "site" / "bimtek_new-2.5.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: bimtek-new\nVersion: 2.5\n")
    (place / "entry_points.txt").write_text("[bimtek.plugins]\npackaged = bimtek_new\n")
    monkeypatch.syspath_prepend(str(place.parent))

    assert news(engine())["packaged"] == News("packaged", "new", "2.5")
    assert "bimtek_new" not in sys.modules
