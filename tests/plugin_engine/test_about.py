"""The page of one plugin: what it tells, to whom, and that no plugin can break it."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from core.db import db
from core.people.audit import audit
from core.people.models import AuditEntry
from core.plugin_engine import engine
from core.plugin_engine.about import LARGEST_README, history_of, readme_of
from core.plugin_engine.decisions import Choice, decide
from core.plugin_engine.discovery import BUNDLED
from core.plugin_engine.manifest import read
from core.plugin_engine.models import PluginFailure, PluginInstallation
from core.plugin_engine.removal import tables_of
from core.testing.counting import count_queries


@pytest.fixture
def south(make):
    return make.institution("South", make.institution("Nation"), "province")


@pytest.fixture
def admin(make, south):
    return make.staff("institution_admin", south)


@pytest.fixture
def platform_admin(make, south):
    return make.staff("platform_admin", south.parent)


def path(institution, name, way=""):
    return f"/institutions/{institution.id}/plugins/{name}{way}"


def change(institution, plugin, enabled, by=None):
    decide(engine(), institution, [Choice(plugin, enabled)], by=by)
    db.session.commit()


# Who sees it


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("platform_admin", 200),
        ("institution_admin", 200),
        ("organiser", 403),
        ("committee", 403),
        ("trainer", 403),
    ],
)
def test_page_is_for_those_who_manage_plugins(make, south, as_user, role, status):
    person = make.staff(role, south)

    assert as_user(person).get(path(south, "good")).status_code == status


def test_page_of_an_institution_out_of_reach_is_refused(make, south, admin, as_user):
    north = make.institution("North", south.parent, "province")

    assert as_user(admin).get(path(north, "good")).status_code == 403
    assert as_user(admin).get(path(south.parent, "good")).status_code == 403


def test_stranger_is_sent_to_sign_in(south, client):
    db.session.commit()

    assert client.get(path(south, "good")).status_code == 302


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2fgood", "good'--", "x" * 5000])
def test_plugin_that_nobody_knows_is_not_found(south, admin, as_user, name):
    assert as_user(admin).get(path(south, name)).status_code in {404, 308}


@pytest.mark.parametrize("role", ["institution_admin", "platform_admin"])
def test_every_plugin_good_or_faulty_has_a_page(make, south, as_user, found, role):
    client = as_user(make.staff(role, south.parent))
    names = {*found.manifests, *(problem.plugin for problem in found.problems)}

    answers = {name: client.get(path(south, name)).status_code for name in names}

    assert answers == dict.fromkeys(names, 200)


def test_fault_is_named_to_those_who_can_mend_it_only(south, admin, platform_admin, as_user):
    told = as_user(platform_admin).get(path(south, "broken")).text
    untold = as_user(admin).get(path(south, "broken")).text

    assert "no_such_module" in told
    assert "no_such_module" not in untold


def test_plugin_whose_code_is_gone_has_a_page_and_a_card(south, platform_admin, as_user):
    db.session.add(PluginInstallation(name="vanished", version="1.5"))
    client = as_user(platform_admin)
    client.post("/language", data={"locale": "en"})

    page = client.get(path(south, "vanished"))
    catalogue = client.get(f"/institutions/{south.id}/plugins")

    assert page.status_code == 200
    assert "It is installed, but its code is gone." in page.text
    assert "1.5" in page.text
    assert 'id="plugin-vanished"' in catalogue.text


# What it tells


def test_page_tells_of_rights_kinds_needs_and_data(south, admin, platform_admin, as_user):
    client = as_user(platform_admin)
    client.post("/language", data={"locale": "en"})

    good, friend = (client.get(path(south, name)).text for name in ("good", "friend"))

    assert str(engine().permissions["good.see"].title) in good
    assert f'href="{path(south, "friend")}"' in good
    assert f'href="{path(south, "good")}"' in friend
    assert "<code>note</code>" in good
    assert "<code>note</code>" not in as_user(admin).get(path(south, "good")).text


def test_tables_are_counted(app):
    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA counted"))
        connection.execute(
            sa.text('CREATE TABLE counted."odd name" AS SELECT generate_series(1, 7)')
        )
    try:
        [table] = tables_of(db.session.connection(), "counted")
    finally:
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA counted CASCADE"))

    assert (table.name, table.rows) == ("odd name", 7)
    assert table.bytes > 0


def test_failures_are_counted_for_all_and_worded_for_platform_admins(
    south, admin, platform_admin, as_user, clock
):
    today = clock.forward(days=0).date()
    for day, part in ((today, "course_panels"), (today.replace(year=today.year - 1), "old_part")):
        db.session.add(
            PluginFailure(plugin="good", part=part, day=day, count=12, error="KeyError in hooks.py")
        )

    told, untold = (
        as_user(person).get(path(south, "good")).text for person in (platform_admin, admin)
    )

    assert "course_panels" in told
    assert "old_part" not in told
    assert "KeyError in hooks.py" in told
    assert "course_panels" in untold
    assert "KeyError" not in untold


def test_history_is_of_here_above_and_the_site_and_of_no_other(make, south, admin):
    north = make.institution("North", south.parent, "province")
    library = make.institution("Library", south)
    for place in (south, south.parent, north, library):
        change(place, "good", True, by=admin)
    change(south, "friend", True)
    audit("plugin.settings", south, actor=admin, plugin="good", fields=[])
    db.session.add(AuditEntry(action="plugin.install", object_type="plugin", object_id="good",
                              change={"version": "1.0"}))  # fmt: skip
    db.session.flush()

    events = history_of("good", {one.id: one for one in (south.parent, south)})

    assert [event.where for event in events] == [None, south.parent, south]
    assert events[-1].by == admin.full_name


def test_number_of_queries_does_not_grow_with_history_or_institutions(
    app, make, south, admin, as_user
):
    client = as_user(admin)
    change(south, "good", True, by=admin)

    def queries():
        client.get(path(south, "good"))  # reads the new state of decisions
        with count_queries(app) as statements:
            assert client.get(path(south, "good")).status_code == 200
            return len(statements)

    before = queries()
    for number in range(5):
        change(make.institution(f"Library {number}", south), "good", False, by=make.user())
        change(south, "good", bool(number % 2), by=make.user())
    change(south, "good", True, by=make.user())

    assert queries() == before


def test_decision_on_the_page_leads_back_to_it(south, admin, as_user):
    client = as_user(admin)
    form = {"choice-good": "on", "page": "good"}

    review = client.post(path(south, "review"), data=form)
    applied = client.post(path(south, "apply"), data=form)
    elsewhere = client.post(path(south, "apply"), data={"page": "//evil.example"})

    assert f'href="{path(south, "good")}?choice-good=on"' in review.text
    assert applied.location == path(south, "good")
    assert elsewhere.location == f"/institutions/{south.id}/plugins"


# Its README


@pytest.fixture
def readme(app, tmp_path):
    """What becomes of a README with the given text."""

    def shown(text, name="README.md"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return readme_of(SimpleNamespace(path=tmp_path))

    return shown


def test_readme_is_shown_without_its_own_title(readme):
    assert (
        str(readme("# Good\n\n## Rules\n\n*Yes*").text) == "<h3>Rules</h3>\n<p><em>Yes</em></p>\n"
    )


def test_readme_in_the_readers_language_comes_first(app, readme):
    readme("# A\n\nIndonesian", "README.id.md")

    with app.test_request_context():
        found = readme("# A\n\nEnglish")

    assert (found.language, "Indonesian" in found.text) == ("id", True)


@pytest.mark.parametrize(
    "folder", sorted(BUNDLED.glob("*/plugin.toml")), ids=lambda f: f.parent.name
)
def test_bundled_plugins_speak_indonesian_of_themselves(app, folder):
    name = folder.parent.name
    manifest = read(folder.parent, f"plugins.{name}", name)

    with app.test_request_context():
        assert readme_of(manifest).language == "id"
    title = (manifest.path / "README.id.md").read_text().splitlines()[0]
    assert title == f"# {manifest.title_in('id')}"


@pytest.mark.parametrize(
    "text",
    [
        "[a](services.py)",
        "[a](/etc/passwd)",
        "[a](//evil.example/x)",
        "[a](javascript:alert(1))",
        "![a](shot.png)",
        "<img src=/x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "<a href='data:text/html,x'>a</a>",
        "<form action=/x><input></form>",
    ],
)
def test_readme_leads_nowhere_on_this_site_and_runs_nothing(readme, text):
    shown = str(readme(f"Before\n\n{text}").text)

    assert "Before" in shown
    assert not any(word in shown for word in ("href", "src", "<script", "<form", "onerror"))


def test_readme_keeps_its_links_to_the_world(readme):
    assert 'href="https://example.org/"' in readme("[a](https://example.org/)").text


@pytest.mark.parametrize("text", ["", b"x" * (LARGEST_README + 1)])
def test_readme_that_is_empty_or_too_large_is_not_shown(readme, text):
    assert readme(text) is None


def test_readme_that_is_no_utf8_is_shown_as_far_as_it_goes(readme):
    assert "caf" in readme(b"# A\n\ncaf\xe9").text


def test_readme_does_not_show_a_file_that_lies_elsewhere(app, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "README.md").symlink_to(tmp_path / "secret")

    assert readme_of(SimpleNamespace(path=tmp_path / "plugin")) is None


def test_page_stands_when_the_plugin_fails_while_it_tells(
    south, platform_admin, as_user, found, monkeypatch
):
    monkeypatch.setitem(found.kinds, "good.task", SimpleNamespace(plugin="good"))

    page = as_user(platform_admin).get(path(south, "good"))

    assert page.status_code == 200
    assert found.failures["good", "about"] == 1
