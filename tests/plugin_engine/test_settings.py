"""What site, institutions, courses and classes set of a plugin: what holds, and the pages."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Optional

from core.db import db
from core.people.models import AuditEntry
from core.people.services import grant_role
from core.plugin_engine import engine
from core.plugin_engine.checks import PluginFault, _check_settings
from core.plugin_engine.contributions import Settings
from core.plugin_engine.settings import SITE, above, change_settings, held_at, settings_of
from core.testing.counting import count_queries


def test_nearest_place_that_filled_a_setting_in_decides(place, make):
    elsewhere = make.institution("Elsewhere", place.nation)
    change_settings("extras", place.nation, {"share": 90, "trainers": "yes"}, by=None)
    change_settings("extras", place.office, {"share": 70}, by=None)
    change_settings("extras", place.cohort, {"note": "own"}, by=None)

    assert settings_of("extras", place.cohort) == {"share": 70, "trainers": "yes", "note": "own"}
    assert settings_of("extras", place.office)["note"] == ""
    assert settings_of("extras", elsewhere)["share"] == 90
    assert held_at("extras", place.cohort)["trainers"].source == place.nation


def test_field_of_ones_own_counts_only_where_it_was_filled_in(place, monkeypatch):
    brought = replace(engine().settings["extras"], own=frozenset({"note"}))
    monkeypatch.setitem(engine().settings, "extras", brought)
    change_settings("extras", place.nation, {"share": 90, "note": "ours"}, by=None)

    assert settings_of("extras", place.nation)["note"] == "ours"
    assert settings_of("extras", place.office) == {"share": 90, "trainers": "no", "note": ""}
    assert settings_of("extras", place.cohort)["note"] == ""


def test_settings_page_says_what_is_ones_own(place, as_user, monkeypatch):
    brought = replace(engine().settings["extras"], own=frozenset({"note", "trainers"}))
    monkeypatch.setitem(engine().settings, "extras", brought)
    change_settings("extras", place.nation, {"trainers": "yes", "note": "signed"}, by=None)
    path = f"/institutions/{place.office.id}/plugins/extras/settings"

    page = as_user(place.admin).get(path).text

    assert page.count("Hanya untuk Office sendiri") == 2
    assert "signed" not in page


def test_emptied_setting_follows_what_is_above_again(place):
    change_settings("extras", place.office, {"share": 70, "note": "x"}, by=None)

    changed = change_settings("extras", place.office, {"share": None, "note": "x"}, by=None)

    assert changed
    assert settings_of("extras", place.cohort)["share"] == 80
    assert not change_settings("extras", place.office, {"note": "x"}, by=None)


def test_zero_is_a_value_of_its_own(place):
    change_settings("extras", place.office, {"share": 0}, by=None)

    assert settings_of("extras", place.cohort)["share"] == 0


def test_change_of_settings_is_told_and_audited(place, state):
    change_settings("extras", place.cohort, {"share": 60}, by=place.organiser)

    entry = db.session.scalar(sa.select(AuditEntry).filter_by(action="plugin.settings"))
    assert state.heard == [("settings", "extras", "Cohort", place.cohort.id)]
    assert entry.change == {"plugin": "extras", "fields": ["share"]}
    assert entry.actor_id == place.organiser.id


def test_first_settings_of_a_place_by_two_at_once_are_both_kept(place, app):
    places = [(type(where), where.id) for where in (place.office, place.cohort)]
    together = Barrier(2)

    def work(share):
        with app.app_context():
            found = [db.session.get(*key) for key in places]
            together.wait()
            for where in found:
                change_settings("extras", where, {"share": share}, by=None)
            db.session.commit()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (60, 70)))

    assert settings_of("extras", place.office)["share"] in {60, 70}
    assert settings_of("extras", place.office) == settings_of("extras", place.cohort)


def test_settings_page_says_what_an_empty_field_yields_and_saves(place, as_user):
    change_settings("extras", place.nation, {"share": 90, "trainers": "yes"}, by=None)
    client = as_user(place.admin)
    path = f"/institutions/{place.office.id}/plugins/extras/settings"

    page = client.get(path).text
    saved = client.post(path, data={"share": "75", "trainers": "", "note": ""})

    assert "90" in page
    assert "Nation" in page
    assert saved.status_code == 302
    assert settings_of("extras", place.office) == {"share": 75, "trainers": "yes", "note": ""}


@pytest.mark.parametrize("share", ["101", "-1", "many", "9" * 400])
def test_settings_page_refuses_what_does_not_fit(place, as_user, share):
    path = f"/classes/{place.cohort.code}/plugins/extras/settings"

    answer = as_user(place.organiser).post(path, data={"share": share})

    assert answer.status_code == 200
    assert 'class="err"' in answer.text
    assert settings_of("extras", place.cohort)["share"] == 80


def test_settings_of_an_inactive_or_unknown_plugin_have_no_page(place, make, as_user):
    make.disabled("extras", place.office)
    client = as_user(place.admin)

    for plugin in ("extras", "friend", "nobody"):
        path = f"/institutions/{place.office.id}/plugins/{plugin}/settings"
        assert client.get(path).status_code == 404


def test_settings_of_another_institution_are_out_of_reach(place, as_user):
    path = f"/institutions/{place.nation.id}/plugins/extras/settings"

    assert as_user(place.admin).post(path, data={"share": "1"}).status_code == 403


def test_form_of_settings_needs_a_default_and_may_be_left_empty(app):

    class NeedsIt(FlaskForm):
        word = StringField("Word", default="x")

    with app.test_request_context(), pytest.raises(PluginFault, match="setting 'word'"):
        _check_settings([Settings(NeedsIt)])


def test_field_of_ones_own_must_be_in_the_form(app):

    with app.test_request_context(), pytest.raises(PluginFault, match="setting 'nothing'"):
        _check_settings([Settings(FlaskForm, own=frozenset({"nothing"}))])


# Levels: the site, and a course


@pytest.fixture
def platform_admin(place, make):
    admin = make.user()
    grant_role(admin, "platform_admin", place.nation, by=None)
    return admin


def test_class_follows_its_course_then_its_host_then_the_site(place):
    held = []
    ways = ((SITE, 10), (place.nation, 20), (place.office, 30), (place.cohort.course, 40),
            (place.cohort, 50))  # fmt: skip
    for where, share in ways:
        change_settings("extras", where, {"share": share}, by=None)
        held.append(held_at("extras", place.cohort)["share"])

    assert [(one.value, one.source) for one in held] == [(share, where) for where, share in ways]
    assert settings_of("extras", SITE)["share"] == 10
    assert settings_of("extras", place.office)["share"] == 30


def test_course_that_decides_nothing_follows_its_owner(place):
    change_settings("extras", place.nation, {"share": 20}, by=None)
    change_settings("extras", place.office, {"share": 30}, by=None)

    assert settings_of("extras", place.cohort.course)["share"] == 20


def test_course_decides_for_its_classes_and_no_others(place, make):
    other = make.cohort(make.course(place.nation), place.office)
    abroad = make.cohort(place.cohort.course, make.institution("Abroad"))
    change_settings("extras", place.cohort.course, {"share": 40}, by=None)

    found = [settings_of("extras", one)["share"] for one in (place.cohort, abroad, other)]

    assert found == [40, 40, 80]


def test_settings_of_a_class_are_read_in_one_query_whatever_is_filled_in(place, app):
    ways = (SITE, place.nation, place.office, place.cohort.course, place.cohort)
    for share, where in enumerate(ways):
        change_settings("extras", where, {"share": share}, by=None)
    db.session.commit()
    assert place.cohort.course.institution == place.nation  # what a page has read already
    assert place.cohort.host == place.office

    with count_queries(app) as statements:
        settings_of("extras", place.cohort)
        settings_of("extras", place.cohort)

    assert len(statements) == 1


def test_field_counts_only_from_the_levels_it_can_be_set_on(place):
    change_settings("extras", place.cohort.course, {"trainers": "yes", "share": 40}, by=None)

    assert settings_of("extras", place.cohort) == {"share": 40, "trainers": "no", "note": ""}


def test_what_is_above_leaves_out_the_place_itself(place):
    change_settings("extras", place.nation, {"share": 20}, by=None)
    change_settings("extras", place.cohort.course, {"share": 40}, by=None)

    found = above("extras", place.cohort.course)["share"]

    assert (found.value, found.source) == (20, place.nation)


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("site", ("NoneType", None)),
        ("course", ("Course", "id")),
        ("institution", ("Institution", "id")),
    ],
)
def test_change_on_each_level_is_told_and_audited(place, state, level, told):
    where = {"site": SITE, "course": place.cohort.course, "institution": place.nation}[level]

    change_settings("extras", where, {"share": 40}, by=place.organiser)

    entry = db.session.scalar(sa.select(AuditEntry).filter_by(action="plugin.settings"))
    assert state.heard == [("settings", "extras", told[0], where.id if told[1] else None)]
    assert entry.institution_id == (None if level == "site" else place.nation.id)


def test_change_of_a_course_is_heard_where_only_a_class_is_held(place, state, make):
    make.disabled("extras", place.nation)
    make.enabled("extras", place.office)

    change_settings("extras", place.cohort.course, {"share": 40}, by=None)

    assert [one[2] for one in state.heard] == ["Course"]


def test_site_page_lists_and_saves_for_everybody(place, as_user, platform_admin):
    client = as_user(platform_admin)

    listing = client.get("/plugins/site").text
    page = client.get("/plugins/site/extras").text
    saved = client.post("/plugins/site/extras", data={"share": "65", "trainers": "", "note": ""})

    assert 'href="/plugins/site/extras"' in listing
    assert "Bila kosong: 80." in page
    assert "sama seperti" not in page
    assert saved.location == "/plugins/site"
    assert settings_of("extras", place.cohort)["share"] == 65


def test_site_page_is_for_the_platform_admin_alone(place, as_user, client):
    for person in (place.admin, place.organiser):
        found = [as_user(person).get(path) for path in ("/plugins/site", "/plugins/site/extras")]
        sent = as_user(person).post("/plugins/site/extras", data={"share": "1"})
        assert [answer.status_code for answer in (*found, sent)] == [403, 403, 403]

    assert client.get("/plugins/site/extras").status_code == 302
    assert settings_of("extras", place.cohort)["share"] == 80


@pytest.mark.parametrize("plugin", ["friend", "good", "nobody", "broken"])
def test_site_page_of_what_has_no_settings_is_not_there(place, as_user, platform_admin, plugin):
    assert as_user(platform_admin).get(f"/plugins/site/{plugin}").status_code == 404


def test_institution_page_says_what_the_site_yields(place, as_user):
    change_settings("extras", SITE, {"share": 65, "trainers": "yes"}, by=None)

    page = as_user(place.admin).get(f"/institutions/{place.office.id}/plugins/extras/settings").text

    assert "Bila kosong: 65, sama seperti untuk situs ini." in page
    assert "Ikuti pengaturan untuk situs ini: Yes" in page


def test_course_page_shows_its_fields_and_saves(place, as_user):
    change_settings("extras", place.nation, {"share": 20}, by=None)
    client = as_user(place.organiser)
    course = place.cohort.course
    path = f"/courses/{course.id}/plugins/extras/settings"

    listing = client.get(f"/courses/{course.id}/settings").text
    page = client.get(path).text
    saved = client.post(path, data={"share": "45", "trainers": "yes", "note": ""})

    assert f'href="{path}"' in listing
    assert "Bila kosong: seperti untuk tuan rumah kelas; untuk Nation nilainya 20." in page
    assert 'name="trainers"' not in page
    assert saved.location == f"/courses/{course.id}/settings"
    assert settings_of("extras", place.cohort) == {"share": 45, "trainers": "no", "note": ""}
    assert (
        f"sama seperti untuk {course.code}."
        in client.get("/classes/OFFICE-1/plugins/extras/settings").text
    )


def test_course_page_is_for_its_authors_where_the_plugin_is_active(place, make, as_user):
    path = f"/courses/{place.cohort.course_id}/plugins/extras/settings"
    office = make.staff("organiser", place.office)
    trainer = make.staff("trainer", place.nation)

    refused = [as_user(one).post(path, data={"share": "1"}) for one in (office, trainer)]
    make.disabled("extras", place.nation)
    gone = as_user(place.organiser).get(path)

    assert [answer.status_code for answer in (*refused, gone)] == [403, 403, 404]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(FlaskForm, only={"nothing": ("site",)}), "setting 'nothing'"),
        (Settings(FlaskForm, levels=("village",)), "the level 'village'"),
    ],
)
def test_levels_must_be_known_and_their_fields_in_the_form(app, settings, sentence):
    with pytest.raises(PluginFault, match=sentence):
        _check_settings([settings])


def test_field_may_not_be_set_on_a_level_that_the_plugin_does_not_have(app):
    class Word(FlaskForm):
        word = StringField("Word", [Optional()], default="x")

    with pytest.raises(PluginFault, match="setting 'word' names the level 'cohort'"):
        _check_settings([Settings(Word, ("institution",), only={"word": ("cohort",)})])
