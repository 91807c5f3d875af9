"""The four ways to call a hook: a plugin's fault never goes further than the plugin."""

import re
from types import SimpleNamespace

import pytest
from flask import g

from core.cohorts.models import Enrolment
from core.cohorts.services import EnrolmentRefused, enrol
from core.courses.models import Activity
from core.courses.services import add_activity
from core.db import db
from core.institutions.models import Institution
from core.plugin_engine import engine
from core.plugin_engine.contributions import Panel
from core.plugin_engine.engine import Refused
from core.plugin_engine.slots import slot
from core.testing.counting import count_queries


@pytest.fixture
def place(make):
    nation = make.institution("Nation")
    make.enabled("friend", nation)
    cohort = make.cohort(make.course(nation))
    db.session.commit()
    return SimpleNamespace(nation=nation, cohort=cohort, user=make.staff("organiser", nation))


@pytest.fixture(params=["GET", "POST", "GET that writes"])
def asking(request, app, place):
    """Inside a request that shows the page of the class, each way a page may come about."""
    db.session.commit()
    cohort_id = place.cohort.id
    with app.test_request_context(method=request.param.split()[0]):
        g.writes = request.param.endswith("writes")
        cohort = db.session.get(type(place.cohort), cohort_id)
        yield lambda: slot("cohort_panels", cohort.host, cohort=cohort, user=None)
        assert db.session.query(Institution).count() == 1


def test_panels_come_in_order_of_weight_and_plugin(asking):
    assert re.findall("FRIEND|GOOD", asking()) == ["FRIEND", "GOOD", "FRIEND"]


@pytest.mark.parametrize(
    "fault", ["collect", "collect_sql", "collect_writes", "collect_type", "panel"]
)
def test_failing_panel_is_counted_and_the_page_stays_whole(asking, faults, found, fault, caplog):
    faults.add(fault)
    before = found.failures.total()

    page = asking()

    assert page.count("FRIEND PANEL") == 2
    assert "GOOD PANEL" not in page
    assert found.failures.total() == before + 1
    assert "plugin good failed in" in caplog.text


def test_collect_asks_active_plugins_only(place, make, found):
    elsewhere = make.institution("Elsewhere", place.nation)
    make.enabled("good", elsewhere)

    panels = found.collect("cohort_panels", place.nation, cohort=place.cohort, user=None)
    nobody = found.collect("cohort_panels", make.institution("Other"), cohort=None, user=None)

    assert [panel.weight for panel in panels] == [10, 20, 30]
    assert all(isinstance(panel, Panel) for panel in panels)
    assert nobody == []


def notes():
    return db.session.execute(db.text("SELECT text FROM good.note")).scalars().all()


def test_notify_is_part_of_the_change(place, make):
    section = make.section(place.cohort.course, "More")
    add_activity(section, "page", "Read")

    assert notes() == ["Page 1", "Read"]
    db.session.rollback()
    assert notes() == ["Page 1"]


def test_failing_notify_rolls_back_only_what_the_plugin_wrote(place, make, faults, found):
    faults.add("notify")
    section = make.section(place.cohort.course, "More")
    before = found.failures["good", "activity_created"]

    activity = add_activity(section, "page", "Read")
    db.session.commit()

    assert db.session.get(Activity, activity.id).title == "Read"
    assert notes() == ["Page 1"]
    assert found.failures["good", "activity_created"] == before + 1


def test_decide_lets_through_when_nobody_objects(place, make):
    assert enrol(make.user(), place.cohort, via="organiser", by=None).status == "confirmed"


def test_refusal_of_a_plugin_stops_with_its_sentence(place, make, faults):
    faults.add("refuse")

    with pytest.raises(EnrolmentRefused, match="Not this one"):
        enrol(make.user(), place.cohort, via="organiser", by=None)

    assert db.session.query(Enrolment).count() == 0


@pytest.mark.parametrize("fault", ["decide", "decide_type"])
def test_plugin_that_cannot_decide_refuses(place, make, faults, found, fault):
    faults.add(fault)
    person = make.user()

    with pytest.raises(Refused) as refused:
        found.decide("may_enrol", place.nation, user=person, cohort=place.cohort)

    assert refused.value.plugin == "good"
    assert "good" in refused.value.message
    assert found.failures["good", "may_enrol"] >= 1


def test_disabled_plugin_is_not_asked_to_decide(place, make, faults):
    faults.add("refuse")
    nation = make.institution("Without")
    cohort = make.cohort(make.course(nation))

    assert enrol(make.user(), cohort, via="organiser", by=None).status == "confirmed"


def test_hook_is_called_in_its_own_mode_only(found):
    with pytest.raises(AssertionError, match="may_enrol is not called by collect"):
        found.collect("may_enrol", None, user=None, cohort=None)


def test_kinds_and_menu_are_registered_once(found):
    assert [kind for kind in found.kinds if kind.startswith("good.")] == ["good.task"]
    assert [plugin for plugin, _entry in engine().menu] == ["good"]


# Panels on any page of core


@pytest.fixture
def page_of(place, as_user):
    """The text of a page of the class as its organiser sees it."""

    def read(path="/classes/{code}/participants", **arguments):
        return as_user(place.user).get(path.format(code=place.cohort.code), **arguments)

    return read


def test_panels_stand_on_the_page_and_in_the_place_that_they_name(page_of):
    page = page_of().text

    assert page.count("GOOD PANEL") == 1
    assert page.index("<aside") < page.index("GOOD PANEL") < page.index("</aside>")
    assert "GOOD PANEL" not in page_of("/classes/{code}/timetable").text


def test_panel_stands_on_the_page_of_an_active_plugin_only(page_of, place, make):
    make.disabled("friend", place.nation)
    make.disabled("good", place.nation)

    assert "GOOD PANEL" not in page_of().text


@pytest.mark.parametrize(
    "fault", ["page_panel", "page_panel_sql", "page_panel_type", "panel", "filter"]
)
def test_failing_page_panel_is_counted_and_the_page_stays_whole(page_of, faults, found, fault):
    faults.add(fault)
    before = found.failures["good", "a panel on cohorts.participants"]

    answer = page_of()

    assert answer.status_code == 200
    assert "GOOD PANEL" not in answer.text
    assert found.failures["good", "a panel on cohorts.participants"] == before + 1


def test_plugin_may_have_nothing_to_show_on_a_page(page_of, faults):
    faults.add("page_panel_none")

    assert "GOOD PANEL" not in page_of().text
    assert "<aside" not in page_of().text


def test_page_without_panels_asks_the_database_nothing_for_them(app, page_of, found, monkeypatch):
    page_of("/help")
    with count_queries(app) as with_panels:
        page_of("/help")
    monkeypatch.setattr(found, "page_panels", {})
    with count_queries(app) as without:
        page_of("/help")

    assert len(with_panels) == len(without)
