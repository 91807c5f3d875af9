"""The catalogue: what an admin sees, reviews and decides, for the own institution only."""

import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from core.courses.services import add_activity
from core.db import db, now
from core.people.services import grant_role
from core.plugin_engine import catalogue, engine
from core.plugin_engine import decisions as decisions_module
from core.plugin_engine.catalogue import cards
from core.plugin_engine.decisions import Choice, decide, plan
from core.plugin_engine.discovery import Problem
from core.plugin_engine.impact import impacts
from core.plugin_engine.models import PluginDecision
from core.testing.counting import count_queries


@pytest.fixture
def tree(make):
    nation = make.institution("Nation")
    south = make.institution("South", nation, "province")
    north = make.institution("North", nation, "province")
    library = make.institution("Library", south)
    return SimpleNamespace(
        nation=nation,
        south=south,
        north=north,
        library=library,
        root=make.staff("institution_admin", nation, "Root"),
        admin=make.staff("institution_admin", south, "South Admin"),
    )


def change(institution, plugin, enabled, *, locked=False):
    decide(engine(), institution, [Choice(plugin, enabled, locked)], by=None)
    db.session.commit()


def decisions():
    rows = db.session.query(PluginDecision).order_by(PluginDecision.plugin)
    return {(row.plugin, row.institution_id): (row.enabled, row.locked) for row in rows}


def path(institution, way=""):
    return f"/institutions/{institution.id}/plugins{way}"


def card(institution, name):
    return next(card for card in cards(engine(), institution) if card.name == name)


def chosen(page):
    """Plugin → the choice that its card shows; only cards with a choice."""
    return dict(re.findall(r'name="choice-(\w+)" value="(\w+)" checked', page.text))


# What it shows


def test_start_leads_to_the_one_institution_that_the_person_decides_for(tree, as_user):
    answer = as_user(tree.admin).get("/plugins")

    assert answer.location == path(tree.south)


def test_start_asks_those_who_decide_for_several(tree, as_user):
    grant_role(tree.admin, "institution_admin", tree.north, by=None)
    grant_role(tree.admin, "institution_admin", tree.library, by=None)

    page = as_user(tree.admin).get("/plugins")

    found = re.findall(r'href="(/institutions/\d+/plugins)"', page.text)
    assert found == [path(tree.north), path(tree.south)]


def test_catalogue_is_for_those_who_manage_plugins_there(tree, make, as_user):
    organiser = make.staff("organiser", tree.nation)

    assert as_user(organiser).get(path(tree.south)).status_code == 403
    assert as_user(organiser).get("/plugins").status_code == 403
    assert as_user(tree.admin).get(path(tree.north)).status_code == 403
    assert as_user(tree.root).get(path(tree.north)).status_code == 200


def test_states_and_origins_of_decisions(tree):
    change(tree.nation, "good", True)

    inherited, own = card(tree.south, "good"), card(tree.nation, "good")

    assert (inherited.state, inherited.choice, inherited.inherited) == ("active", "follow", True)
    assert (inherited.origin, inherited.holder) == (tree.nation, None)
    assert (own.state, own.choice, own.inherited) == ("active", "on", False)
    assert (card(tree.south, "friend").state, card(tree.south, "friend").origin) == (
        "inactive",
        None,
    )
    assert card(tree.south, "broken").state == "problem"
    assert "no_such_module" in card(tree.south, "broken").problems[0].message
    assert not card(tree.south, "broken").can_decide


def test_title_is_in_the_readers_language(tree, as_user):
    client = as_user(tree.admin)
    indonesian = client.get(path(tree.south)).text
    client.post("/language", data={"locale": "en"})
    english = client.get(path(tree.south)).text

    assert ">Baik</a>" in indonesian
    assert ">Good</a>" in english


def test_locked_plugin_is_held_and_names_who_locked_it(tree, as_user):
    change(tree.nation, "good", True, locked=True)

    page = as_user(tree.admin).get(path(tree.south))
    at_the_top = as_user(tree.root).get(path(tree.nation))

    assert "good" not in chosen(page)
    assert re.search(r'class="held">.*?#lock.*?Nation', page.text, re.DOTALL)
    assert chosen(at_the_top)["good"] == "on"
    assert re.search(r'name="lock-good" value="1" checked', at_the_top.text)


def test_plugin_that_waits_for_another_says_so(tree):
    change(tree.south, "good", False)
    change(tree.nation, "friend", True)

    assert card(tree.south, "friend").state == "waiting"
    assert [need.active for need in card(tree.south, "friend").needs] == [False]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"good", "friend"}),
        ("state=active", {"good"}),
        ("state=inactive", {"friend"}),
        ("state=attention", set()),
        ("state=locked", set()),
        ("state=nonsense", {"good", "friend"}),
        ("q=frie", {"friend"}),
        ("q=boleh", {"good"}),
        ("q=frie&state=active", set()),
        ("q=nothing", set()),
        ("q=BO%C3%93LEH", set()),
        ("q=B%C3%B3leh++semua", {"good"}),
        ("q=penilaian", {"good"}),
        ("q=%25", set()),
        ("q=" + "x" * 20_000, set()),
        ("category=assessment", {"good"}),
        ("category=Odd+things", {"friend"}),
        ("category=assessment&state=inactive", set()),
        ("category=nonsense", {"good", "friend"}),
    ],
)
def test_cards_are_searched_and_filtered(tree, as_user, query, expected):
    change(tree.south, "good", True)

    page = as_user(tree.admin).get(f"{path(tree.south)}?{query}")

    assert page.status_code == 200
    assert chosen(page).keys() == expected


def test_problems_without_a_card_are_listed(tree, as_user, found):
    page = as_user(tree.admin).get(path(tree.south)).text
    shown = [one for one in cards(found, tree.south) if one.state != "not_installed"]
    assert page.count('id="plugin-') == 2 * len(shown)

    assert "no_such_module" not in page
    for problem in found.problems:
        assert problem.plugin in page


def test_faulty_plugin_is_named_once_to_those_who_can_mend_it(
    tree, make, as_user, found, monkeypatch
):
    faults = [Problem("nowhere", "The first fault."), Problem("nowhere", "Another fault.")]
    monkeypatch.setattr(found, "problems", [*found.problems, *faults])
    client = as_user(make.staff("platform_admin", tree.nation, "Operator"))

    page = client.get(path(tree.nation)).text

    assert "Sampaikan kepada pengelola" not in page
    assert page.count("<li><code>nowhere</code>") == 1
    assert all(one.message in page for one in faults)


def test_what_only_others_can_install_lies_apart(tree, make, as_user, monkeypatch, found):
    there = found.enablement.snapshot()
    without = {name: version for name, version in there.installed.items() if name != "friend"}
    for module in (catalogue, decisions_module):
        monkeypatch.setattr(module, "current_snapshot", lambda: replace(there, installed=without))
    operator = make.staff("platform_admin", tree.nation, "Operator")

    theirs = as_user(tree.admin).get(path(tree.south)).text
    filtered = as_user(tree.admin).get(path(tree.south, "?state=inactive")).text
    operators = as_user(operator).get(path(tree.south)).text

    assert 'id="plugin-friend"' not in theirs
    assert re.search(r"<details.*\d plugin lain.*plugins/friend", theirs, re.DOTALL)
    assert "plugin lain belum terpasang" not in filtered
    assert 'id="plugin-friend"' in operators
    assert "/plugins/site/friend/install" in operators


# Review


def review(client, institution, **form):
    return client.post(path(institution, "/review"), data=form)


def test_review_changes_nothing_and_carries_the_choices_on(tree, as_user):
    page = review(
        as_user(tree.admin), tree.south, **{"choice-friend": "on", "choice-good": "follow"}
    )

    assert page.status_code == 200
    carried = dict(re.findall(r'type="hidden" name="choice-(\w+)" value="(\w+)"', page.text))
    assert carried == {"friend": "on", "good": "on"}
    assert decisions() == {}


def test_review_of_no_change_leads_back(tree, as_user):
    answer = review(as_user(tree.admin), tree.south, **{"choice-good": "follow", "other": "x"})

    assert answer.location == path(tree.south)


def test_review_that_is_opened_again_without_choices_leads_back(tree, as_user):
    assert as_user(tree.admin).get(path(tree.south, "/review")).location == path(tree.south)


def test_review_of_something_refused_says_why_and_offers_no_saving(tree, as_user):
    change(tree.south, "friend", True)

    page = review(as_user(tree.admin), tree.south, **{"choice-good": "off"})

    assert re.search(r'role="alert".*?Friend', page.text, re.DOTALL)
    assert "btn-primary" not in page.text


def back_from(page):
    return re.search(r'href="([^"]+)">Ubah pilihan<', page.text)[1].replace("&amp;", "&")


def test_refused_choices_are_still_made_where_the_review_leads_back(tree, as_user):
    change(tree.south, "friend", True)
    client = as_user(tree.admin)
    sent = {"choice-good": "off", "choice-friend": "on", "lock-friend": "1"}

    back = client.get(back_from(review(client, tree.south, **sent)))

    assert chosen(back) == {"friend": "on", "good": "off"}
    assert re.search(r'name="lock-friend" value="1" checked', back.text)
    assert back.text.count('data-saved="on"') == 2
    assert decisions() == {
        ("friend", tree.south.id): (True, False), ("good", tree.south.id): (True, False)
    }  # fmt: skip


def test_refused_first_decision_keeps_its_lock(tree, as_user):
    query = "?choice-friend=on&lock-friend=1&choice-good=follow"

    back = as_user(tree.admin).get(path(tree.south, query))

    assert re.search(r'name="lock-friend" value="1" checked', back.text)
    assert 'name="lock-good"' not in back.text


def test_following_that_is_taken_back_keeps_the_saved_lock(tree, as_user):
    change(tree.south, "good", True, locked=True)

    back = as_user(tree.admin).get(path(tree.south, "?choice-good=follow"))

    assert chosen(back)["good"] == "follow"
    assert re.search(r'name="lock-good" value="1" checked', back.text)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?choice-friend=on", True),
        ("?choice-friend=on&q=boleh", False),
        ("?choice-good=off", False),
    ],
)
def test_choices_are_said_to_be_made_below_only_where_one_is(tree, as_user, query, said):
    change(tree.nation, "good", True, locked=True)

    page = as_user(tree.admin).get(path(tree.south, query))

    assert ("Pilihan Anda masih" in page.text) is said


def test_choice_refused_from_a_plugins_page_is_kept_there(tree, as_user):
    change(tree.south, "friend", True)
    client = as_user(tree.admin)

    back = client.get(
        back_from(review(client, tree.south, **{"choice-good": "off", "page": "good"}))
    )

    assert back.request.path == path(tree.south, "/good")
    assert chosen(back) == {"good": "off"}


def test_nonsense_in_the_address_chooses_nothing(tree, as_user):
    page = as_user(tree.admin).get(path(tree.south, "?choice-good=maybe&choice-x=on&lock-good=1"))

    assert chosen(page) == {"friend": "follow", "good": "follow"}


def test_lock_is_offered_where_somebody_lies_below(tree, make, as_user):
    leaf = make.staff("institution_admin", tree.library)

    below = review(as_user(tree.admin), tree.south, **{"choice-good": "on"})
    alone = review(as_user(leaf), tree.library, **{"choice-good": "on"})
    following = as_user(tree.admin)
    change(tree.south, "good", True)
    follow = review(following, tree.south, **{"choice-good": "follow"})

    assert 'name="lock-good"' in below.text
    assert 'name="lock-good"' not in alone.text
    assert 'name="lock-good"' not in follow.text


@pytest.fixture
def participants(tree, make):
    """Two in the South and one in the Library wait for a required activity of `good`."""
    change(tree.nation, "good", True)
    course = make.course(tree.nation, pages=0)
    section = make.section(course)
    make.page(section)
    add_activity(section, "good.task", "Task")
    course.status = "published"
    south, library = make.cohort(course, tree.south), make.cohort(course, tree.library)
    for cohort in (south, south, library):
        make.enrolment(cohort)
    make.enrolment(make.cohort(make.course(tree.nation), tree.south))
    db.session.commit()


def impact_of(institution, *choices):
    [impact] = impacts(engine(), institution, plan(engine(), institution, choices))
    return impact


def test_impact_counts_institutions_and_participants(tree, participants):
    impact = impact_of(tree.nation, Choice("good", False))

    assert (impact.following, impact.keeping, impact.waiting) == (3, 0, 3)


def test_impact_leaves_out_those_who_decided_otherwise(tree, participants):
    change(tree.library, "good", True)

    impact = impact_of(tree.south, Choice("good", False))
    locked = impact_of(tree.south, Choice("good", False, locked=True))

    assert (impact.following, impact.keeping, impact.waiting) == (0, 1, 2)
    assert (locked.following, locked.overruled, locked.waiting) == (1, 1, 3)


def test_impact_of_enabling_threatens_nobody(tree, participants):
    change(tree.south, "good", False)

    assert impact_of(tree.south, Choice("good", True)).waiting == 0


def test_review_names_the_number_of_participants(tree, participants, as_user):
    page = review(as_user(tree.admin), tree.south, **{"choice-good": "off"})

    assert re.search(r"<b>3 ", page.text)


NO_LONGER_REQUIRED = "What it requires to complete a class no longer counts."


def test_review_says_that_a_requirement_no_longer_counts(state, tree, as_user):
    change(tree.nation, "extras", True)
    change(tree.nation, "good", True)
    client = as_user(tree.admin)
    client.post("/language", data={"locale": "en"})

    without_requirements = review(client, tree.south, **{"choice-good": "off"}).text
    disabled = review(client, tree.south, **{"choice-extras": "off"}).text
    locked = review(client, tree.south, **{"choice-extras": "on"}).text

    assert NO_LONGER_REQUIRED not in without_requirements
    assert "Whoever has done everything else completes, and stays so" in disabled
    assert "everything is back" not in disabled
    assert "everything is back" in without_requirements
    assert NO_LONGER_REQUIRED not in locked


def test_review_of_a_plugin_that_becomes_active_says_nothing_of_requirements(state, tree):
    assert not impact_of(tree.south, Choice("extras", True)).frees


# Deciding


def apply(client, institution, **form):
    return client.post(path(institution, "/apply"), data=form)


def test_choices_are_made_together_with_what_comes_along(tree, as_user):
    client = as_user(tree.admin)

    answer = apply(client, tree.south, **{"choice-friend": "on", "lock-friend": "1"})

    assert answer.location == path(tree.south)
    assert decisions() == {
        ("friend", tree.south.id): (True, True),
        ("good", tree.south.id): (True, False),
    }
    assert chosen(client.get(path(tree.south))) == {"friend": "on", "good": "on"}


def test_one_refused_choice_stops_them_all(tree, as_user):
    change(tree.nation, "friend", True)
    before = decisions()

    answer = apply(
        as_user(tree.root),
        tree.nation,
        **{"choice-friend": "on", "lock-friend": "1", "choice-good": "off"},
    )

    assert answer.location.startswith(path(tree.nation) + "?")
    assert chosen(as_user(tree.root).get(answer.location))["good"] == "off"
    assert decisions() == before


def test_decision_that_was_locked_meanwhile_is_refused(tree, as_user):
    change(tree.nation, "good", True, locked=True)

    apply(as_user(tree.admin), tree.south, **{"choice-good": "off"})

    assert ("good", tree.south.id) not in decisions()


def test_lock_can_be_released_without_changing_the_decision(tree, as_user):
    change(tree.south, "good", True, locked=True)

    page = review(as_user(tree.admin), tree.south, **{"choice-good": "on"})
    apply(as_user(tree.admin), tree.south, **{"choice-good": "on"})

    assert "btn-primary" in page.text
    assert decisions() == {("good", tree.south.id): (True, False)}


def test_following_the_parent_takes_the_own_decision_back(tree, as_user):
    change(tree.nation, "good", True)
    change(tree.south, "good", False)
    client = as_user(tree.admin)

    apply(client, tree.south, **{"choice-good": "follow", "lock-good": "1"})

    assert ("good", tree.south.id) not in decisions()
    assert chosen(client.get(path(tree.south)))["good"] == "follow"


def test_nonsense_in_the_form_changes_nothing(tree, as_user):
    form = {"choice-good": "maybe", "choice-broken": "on", "choice-none": "on", "lock-good": "1"}

    assert apply(as_user(tree.admin), tree.south, **form).status_code == 302
    assert decisions() == {}


def test_nobody_decides_for_an_institution_out_of_reach(tree, as_user):
    client = as_user(tree.admin)

    answers = [
        client.post(path(where, way), data={"choice-good": "on"})
        for where in (tree.nation, tree.north)
        for way in ("/review", "/apply")
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert decisions() == {}


def test_everything_of_a_plugin_goes_and_comes_back_with_the_decision(tree, make, as_user):
    """Pages, menu, panel, permission and kind, for the South and nobody else."""
    course = make.course(tree.nation)
    here, there = (
        make.cohort(course, tree.south, code="S1"),
        make.cohort(course, tree.north, code="N1"),
    )
    people = {c: make.staff("organiser", c.host) for c in (here, there)}
    change(tree.nation, "good", True)

    def seen(cohort):
        client = as_user(people[cohort])
        page = client.get(f"/classes/{cohort.code}/manage").text
        return (
            client.get(f"/good/classes/{cohort.code}/notes/").status_code,
            'href="/good/overview"' in page,
            "GOOD PANEL" in page,
            engine().kind("good.task", cohort.host) is not None,
        )

    everything, nothing = (200, True, True, True), (404, False, False, False)
    assert (seen(here), seen(there)) == (everything, everything)

    apply(as_user(tree.admin), tree.south, **{"choice-good": "off"})
    assert (seen(here), seen(there)) == (nothing, everything)

    apply(as_user(tree.admin), tree.south, **{"choice-good": "on"})
    assert (seen(here), seen(there)) == (everything, everything)


# Impact, in depth


@pytest.fixture
def running(tree, make):
    """A class that runs today in the South with two people, one that is over in the Library."""
    today = now().date()
    days = {"starts_on": today - timedelta(1), "ends_on": today + timedelta(1)}  # in every zone
    course = make.course(tree.nation)
    south = make.cohort(course, tree.south, **days)
    over = make.cohort(
        course, tree.library, starts_on=today - timedelta(9), ends_on=today - timedelta(8)
    )
    for cohort in (south, south, over):
        make.enrolment(cohort)
    make.enrolment(make.cohort(course, tree.north, **days))
    db.session.commit()


def test_impact_counts_what_runs_today_where_it_changes(tree, running):
    impact = impact_of(tree.south, Choice("good", True))

    assert (impact.changing, impact.classes, impact.people) == (2, 1, 2)


def test_impact_of_a_lock_alone_reaches_those_who_had_decided_otherwise(tree, running):
    change(tree.nation, "good", True)
    change(tree.south, "good", False)

    impact = impact_of(tree.nation, Choice("good", True, locked=True))

    assert (impact.change.before, impact.change.after) == (True, True)
    assert (impact.overruled, impact.changing, impact.people) == (1, 2, 2)
    assert not impact.vanishes


def test_taking_a_lock_back_revives_the_decisions_below(tree, running):
    change(tree.south, "good", True)
    change(tree.nation, "good", False, locked=True)

    impact = impact_of(tree.nation, Choice("good", False))

    assert (impact.revived, impact.keeping, impact.changing, impact.people) == (1, 0, 2, 2)


def test_impact_needs_no_more_queries_where_more_have_decided(app, tree, make):
    change(tree.nation, "good", True)

    def queries():
        planned = plan(engine(), tree.nation, [Choice("good", False)])
        with count_queries(app) as statements:
            impacts(engine(), tree.nation, planned)
        return len(statements)

    before = queries()
    for number in range(6):
        change(make.institution(f"More {number}", tree.south), "good", True)

    assert queries() == before


def test_review_names_what_wakes_without_being_asked(tree, as_user):
    change(tree.south, "good", False)
    change(tree.nation, "friend", True)
    client = as_user(tree.admin)
    client.post("/language", data={"locale": "en"})

    page = review(client, tree.south, **{"choice-good": "on"}).text

    assert "Becomes active as well, since what it needs is there now: Friend." in page


def test_catalogue_needs_no_more_queries_for_more_decisions(app, tree, make, as_user):
    client = as_user(tree.root)
    change(tree.nation, "good", True)

    def queries():
        client.get(path(tree.nation))  # reads the new state of decisions
        with count_queries(app) as statements:
            client.get(path(tree.nation))
        return len(statements)

    before = queries()
    for number in range(4):
        change(make.institution(f"More {number}", tree.south), "good", True)
    change(tree.nation, "friend", True)

    assert queries() == before
