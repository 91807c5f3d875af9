"""Secrets among settings: sealed, inherited, never shown, and what a new SECRET_KEY means."""

import logging

import pytest
import sqlalchemy as sa
from flask_wtf import FlaskForm
from wtforms.validators import Optional

from core.api import SITE, SecretField, Unreadable, change_settings, secret_of, settings_of
from core.db import db
from core.people.models import AuditEntry
from core.plugin_engine.checks import PluginFault, _check_settings
from core.plugin_engine.contributions import Settings
from core.plugin_engine.models import PluginSetting
from core.sealing import seal, sealed_at, unseal

TOKEN = "hunter2-hunter2"


def keep(place, text=TOKEN, **values):
    return change_settings("extras", place, values, by=None, secrets={"token": text})


def stored():
    return db.session.scalars(sa.select(PluginSetting.secrets).order_by(PluginSetting.id)).all()


@pytest.fixture
def new_key(app, monkeypatch):
    """`new_key()`: the site goes on with another SECRET_KEY; `former=True` still names this one."""

    def change(former=False):
        fallbacks = [app.config["SECRET_KEY"]] if former else []
        monkeypatch.setitem(app.config, "SECRET_KEY", "another key")
        monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", fallbacks)

    return change


def test_secret_follows_the_nearest_place_that_filled_it_in(place, make):
    abroad = make.institution("Abroad")
    keep(SITE, "of the site")
    keep(place.nation, "of the nation")

    assert secret_of("extras", "token", place.cohort) == "of the nation"
    assert secret_of("extras", "token", place.office) == "of the nation"
    assert secret_of("extras", "token", abroad) == "of the site"


def test_secret_is_sealed_at_rest_and_in_nothing_else(place, caplog):
    caplog.set_level(logging.DEBUG)
    keep(place.nation, share=70)
    db.session.commit()

    row = db.session.scalar(sa.select(PluginSetting))
    whole = db.session.scalar(sa.text("SELECT string_agg(row(p)::text, '') FROM plugin_setting p"))
    entry = db.session.scalar(sa.select(AuditEntry).filter_by(action="plugin.settings"))

    assert TOKEN not in whole
    assert "token" not in settings_of("extras", place.nation)
    assert entry.change == {"plugin": "extras", "fields": ["share", "token"]}
    assert TOKEN not in repr(row) + caplog.text


def test_same_secret_is_sealed_otherwise_each_time(place):
    keep(place.nation)
    keep(place.office)

    first, second = stored()
    assert first["token"] != second["token"]


def test_sealed_secret_opens_nowhere_but_in_its_own_field(app):
    sealed = seal(TOKEN, "extras.token")

    assert unseal(sealed, "extras.token") == TOKEN
    for purpose in ("extras.other", "good.token", ""):
        with pytest.raises(Unreadable):
            unseal(sealed, purpose)


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAA", "é", "a" * 10_000])
def test_what_was_never_sealed_is_unreadable(app, sealed):
    with pytest.raises(Unreadable, match=r"extras\.token"):
        unseal(sealed, "extras.token")
    with pytest.raises(Unreadable):
        sealed_at(sealed, "extras.token")


def test_secret_stays_when_only_values_change_and_goes_when_removed(place, state):
    keep(place.nation)
    before = stored()
    change_settings("extras", place.nation, {"share": 70}, by=None)
    assert stored() == before

    removed = keep(place.nation, None)

    assert removed
    assert secret_of("extras", "token", place.cohort) is None
    assert not keep(place.nation, None)
    assert len(state.heard) == 3


def test_nothing_but_a_secret_can_be_asked_for(place):
    for name in ("share", "nothing"):
        with pytest.raises(LookupError, match=name):
            secret_of("extras", name, SITE)


def test_nothing_but_a_secret_in_its_place_can_be_sealed(place):
    with pytest.raises(LookupError, match="'token' for a cohort"):
        keep(place.cohort)
    with pytest.raises(LookupError, match="'share'"):
        change_settings("extras", SITE, {}, by=None, secrets={"share": "70"})

    assert stored() == []


# The page


def path(place):
    return f"/institutions/{place.office.id}/plugins/extras/settings"


def test_page_keeps_a_secret_and_never_shows_it(place, as_user):
    client = as_user(place.admin)

    empty = client.get(path(place)).text
    sent = client.post(path(place), data={"share": "70", "token": f"  {TOKEN}\n"})
    page = client.get(path(place)).text

    assert sent.status_code == 302
    assert secret_of("extras", "token", place.office) == TOKEN
    assert "Belum diisi." in empty
    assert 'name="token-clear"' not in empty
    assert "Diisi pada" in page
    assert TOKEN not in page


def test_empty_field_leaves_the_secret_and_the_box_removes_it(place, as_user):
    keep(place.office)
    client = as_user(place.admin)

    client.post(path(place), data={"share": "70", "token": " "})
    kept = secret_of("extras", "token", place.office)
    client.post(path(place), data={"share": "70", "token": "", "token-clear": "1"})

    assert kept == TOKEN
    assert secret_of("extras", "token", place.office) is None


def test_refused_form_shows_no_secret_and_keeps_none(place, as_user):
    answer = as_user(place.admin).post(path(place), data={"share": "101", "token": TOKEN})
    longer = as_user(place.admin).post(path(place), data={"token": "longer" * 40})

    assert 'class="err"' in answer.text
    assert 'class="err"' in longer.text
    assert TOKEN not in answer.text
    assert stored() == []


def test_page_says_whose_secret_holds(place, as_user):
    keep(place.nation)

    page = as_user(place.admin).get(path(place)).text

    assert "Belum diisi di sini: yang berlaku adalah milik Nation." in page
    assert 'name="token-clear"' not in page


def test_courses_and_classes_have_no_field_for_a_secret(place, as_user):
    client = as_user(place.organiser)
    pages = [f"/courses/{place.cohort.course_id}/plugins/extras/settings",
             "/classes/OFFICE-1/plugins/extras/settings"]  # fmt: skip

    shown = [client.get(one).text for one in pages]
    for one in pages:
        client.post(one, data={"share": "70", "token": TOKEN})

    assert not any('name="token"' in text for text in shown)
    assert stored() == [{}, {}]


# Another SECRET_KEY


def test_former_key_still_opens(place, new_key):
    keep(place.nation)

    new_key(former=True)

    assert secret_of("extras", "token", place.cohort) == TOKEN


def test_lost_key_is_said_on_the_page_and_to_the_caller(place, as_user, new_key):
    keep(place.office)
    new_key()

    page = as_user(place.admin).get(path(place))
    with pytest.raises(Unreadable, match=r"extras\.token.*SECRET_KEY") as found:
        secret_of("extras", "token", place.cohort)

    assert page.status_code == 200
    assert "tidak dapat dibaca karena SECRET_KEY" in page.text
    assert found.value.status == 503


def test_unreadable_secret_can_be_written_again_and_leaves_others_alone(place, as_user, new_key):
    keep(place.office)
    keep(place.nation)
    kept = stored()[1]
    new_key()

    sent = as_user(place.admin).post(path(place), data={"token": "new"})

    assert sent.status_code == 302
    assert secret_of("extras", "token", place.office) == "new"
    assert kept in stored()


def test_reencrypting_lets_the_former_key_go(place, app, new_key, clock, monkeypatch):
    keep(SITE, "of the site")
    keep(place.office)
    moment = sealed_at(stored()[0]["token"], "extras.token")
    new_key(former=True)
    clock.forward(days=3)

    done = app.test_cli_runner().invoke(args=["plugins", "reencrypt", "--json"])
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", [])
    db.session.expire_all()

    assert (done.exit_code, done.output.strip()) == (0, '{"reencrypted": 2, "unreadable": []}')
    assert secret_of("extras", "token", place.office) == TOKEN
    assert sealed_at(stored()[0]["token"], "extras.token") == moment


def test_reencrypting_names_what_no_key_opens_and_leaves_it(place, app, new_key):
    keep(place.office)
    before = stored()
    new_key()

    done = app.test_cli_runner().invoke(args=["plugins", "reencrypt"])

    assert done.exit_code == 1
    assert "extras.token" in done.stderr
    assert stored() == before


def test_secret_must_be_limited_to_site_and_institution(app):
    class Form(FlaskForm):
        token = SecretField("Token", [Optional()])

    with pytest.raises(PluginFault, match="secret 'token'"):
        _check_settings([Settings(Form, ("site", "cohort"))])
    _check_settings([Settings(Form, ("site", "cohort"), only={"token": ("site",)})])
