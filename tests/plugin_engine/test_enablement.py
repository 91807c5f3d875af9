"""Where a plugin is enabled: inherited, decided, locked; the same answer for everything."""

import time
from threading import Event
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from core.courses.services import add_activity
from core.db import db
from core.errors import Busy, DomainError
from core.institutions.models import Institution
from core.people.access import can
from core.people.models import AuditEntry
from core.plugin_engine import Engine, decisions, enablement, engine, lifecycle
from core.plugin_engine.decisions import (
    Choice,
    DecisionLocked,
    NotInstalled,
    StillNeeded,
    UnknownPlugin,
    decide,
    plan,
)
from core.plugin_engine.engine import acting_where
from core.plugin_engine.migrations import Revisions
from core.plugin_engine.models import PluginDecision, PluginEpoch, PluginInstallation
from tests.plugin_engine.moving_kit import take_out


@pytest.fixture
def tree(make):
    """A nation with two provinces and a library below the first."""
    nation = make.institution("Nation")
    south = make.institution("South", nation, "province")
    north = make.institution("North", nation, "province")
    library = make.institution("Library", south)
    db.session.commit()
    return SimpleNamespace(nation=nation, south=south, north=north, library=library)


def change(institution, plugin, enabled, *, locked=False):
    decide(engine(), institution, [Choice(plugin, enabled, locked)], by=None)
    db.session.commit()


def where_active(tree, plugin="good"):
    return {
        name for name, institution in vars(tree).items()
        if engine().is_active(plugin, institution)
    }  # fmt: skip


def test_nothing_is_enabled_without_a_decision(tree):
    assert where_active(tree) == set()
    assert engine().active(None) == frozenset()


def test_decision_holds_downwards_and_nowhere_else(tree):
    change(tree.south, "good", True)

    assert where_active(tree) == {"south", "library"}
    assert engine().is_active("good", None)


def test_nearest_decision_holds(tree):
    change(tree.nation, "good", True)
    change(tree.south, "good", False)
    change(tree.library, "good", True)

    assert where_active(tree) == {"nation", "north", "library"}


def test_lock_above_overrides_what_is_decided_below(tree):
    change(tree.library, "good", True)
    change(tree.nation, "good", False, locked=True)

    assert where_active(tree) == set()
    assert engine().active(None) == frozenset()


def test_decision_below_a_lock_is_refused_and_changes_nothing(tree):
    change(tree.nation, "good", True, locked=True)

    with pytest.raises(DecisionLocked, match="Nation"):
        change(tree.library, "good", False)
    db.session.rollback()

    assert where_active(tree) == set(vars(tree))
    assert db.session.query(PluginDecision).count() == 1


def test_following_the_parent_again_takes_the_decision_back(tree):
    change(tree.nation, "good", True)
    change(tree.south, "good", False)

    change(tree.south, "good", None)

    assert where_active(tree) == set(vars(tree))
    assert db.session.query(PluginDecision).count() == 1


def test_enabling_brings_what_is_required_along(tree):
    change(tree.south, "friend", True)

    assert where_active(tree, "good") == {"south", "library"}
    assert where_active(tree, "friend") == {"south", "library"}


def test_enabling_leaves_a_requirement_that_is_active_by_a_lock_as_it_is(tree):
    change(tree.nation, "good", True, locked=True)

    change(tree.south, "friend", True)

    assert where_active(tree, "friend") == {"south", "library"}
    decided = db.session.query(PluginDecision).filter_by(institution_id=tree.south.id)
    assert [row.plugin for row in decided] == ["friend"]


def test_enabling_is_refused_while_a_requirement_is_locked_off(tree):
    change(tree.nation, "good", False, locked=True)

    with pytest.raises(DecisionLocked, match="Nation"):
        change(tree.south, "friend", True)


def test_disabling_is_refused_while_an_enabled_plugin_needs_it(tree):
    change(tree.nation, "friend", True)

    with pytest.raises(StillNeeded, match="Friend"):
        change(tree.south, "good", False)


def test_disabling_above_is_refused_while_somebody_below_needs_it(tree):
    change(tree.nation, "good", True)
    change(tree.library, "friend", True)

    with pytest.raises(StillNeeded, match=r"Friend.*Library"):
        change(tree.nation, "good", False)


def test_enabling_above_is_not_stopped_by_those_below_who_switched_a_requirement_off(tree):
    change(tree.south, "good", True)
    change(tree.south, "good", False)

    change(tree.nation, "friend", True)

    assert where_active(tree, "friend") == {"nation", "north"}


def test_enabling_together_with_disabling_what_it_needs_is_refused(tree):
    with pytest.raises(StillNeeded):
        decide(engine(), tree.south, [Choice("friend", True), Choice("good", False)], by=None)


def test_both_can_be_disabled_together_in_any_order(tree):
    change(tree.nation, "friend", True)

    choices = [Choice("good", False), Choice("friend", False)]
    decide(engine(), tree.nation, choices, by=None)
    db.session.commit()

    assert where_active(tree, "good") == where_active(tree, "friend") == set()


def test_several_choices_are_made_together_or_not_at_all(tree):
    change(tree.nation, "friend", True)
    change(tree.south, "friend", False)

    with pytest.raises(StillNeeded):
        decide(
            engine(), tree.nation, [Choice("friend", True, True), Choice("good", False)], by=None
        )
    db.session.rollback()

    assert where_active(tree, "good") == set(vars(tree))
    assert where_active(tree, "friend") == {"nation", "north"}


def test_plan_says_what_would_change_and_changes_nothing(tree):
    found = plan(engine(), tree.south, [Choice("friend", True)])

    assert [(c.choice.plugin, c.asked, c.before, c.after) for c in found.changes] == [
        ("friend", True, False, True),
        ("good", False, False, True),
    ]
    assert found.refusals == ()
    assert where_active(tree) == set()


def test_plan_leaves_out_what_is_so_already(tree):
    change(tree.south, "good", True)

    same = [Choice("good", True), Choice("friend", None)]

    assert plan(engine(), tree.south, same).changes == ()


def test_plugin_without_what_it_needs_does_not_act(tree):
    change(tree.nation, "good", True)
    change(tree.south, "good", False)
    change(tree.nation, "friend", True)

    assert where_active(tree, "friend") == {"nation", "north"}


def test_unknown_and_left_out_plugins_are_refused_with_the_reason(tree):
    with pytest.raises(UnknownPlugin, match="bimtek plugins list"):
        change(tree.south, "no_such", True)
    with pytest.raises(UnknownPlugin, match="no_such_module"):
        change(tree.south, "broken", True)


def test_plugin_that_is_not_installed_is_refused_and_does_not_act(tree):
    change(tree.south, "good", True)
    row = db.session.get(PluginInstallation, "good")
    kept = {"name": row.name, "version": row.version, "revision": row.revision}
    db.session.delete(row)
    db.session.commit()
    engine().enablement.forget()
    try:
        assert where_active(tree) == set()
        with pytest.raises(NotInstalled, match="bimtek plugins install"):
            change(tree.north, "good", True)
    finally:
        db.session.rollback()
        db.session.add(PluginInstallation(**kept))
        db.session.commit()


def test_every_decision_is_audited(tree, make):
    admin = make.staff("institution_admin", tree.nation)

    decide(engine(), tree.south, [Choice("friend", True, locked=True)], by=admin)
    db.session.commit()

    entries = db.session.query(AuditEntry).filter_by(object_type="PluginDecision")
    assert [(e.action, e.change, e.actor_id, e.institution_id) for e in entries] == [
        ("plugin.enable", {"plugin": "friend", "locked": True}, admin.id, tree.south.id),
        ("plugin.enable", {"plugin": "good", "locked": False}, admin.id, tree.south.id),
    ]


def test_decision_is_seen_at_once_after_commit_even_with_savepoints(tree):
    assert not engine().is_active("good", tree.south)

    lifecycle.enable(engine(), "good", tree.south, by=None)
    with db.session.begin_nested():
        pass
    engine().is_active("good", tree.south)
    db.session.commit()

    assert engine().is_active("good", tree.south)


def test_decision_that_is_rolled_back_was_never_made(tree):
    lifecycle.enable(engine(), "good", tree.south, by=None)
    db.session.rollback()

    assert not engine().is_active("good", tree.south)


def test_second_process_sees_a_decision_within_about_a_second(tree, make_app, database_url, app):
    second = make_app(database_url, app.config["PLUGIN_FOLDERS"])

    def seen_by_the_second() -> bool:
        with second.app_context():
            institution = db.session.get(type(tree.south), tree.south.id)
            return engine().is_active("good", institution)

    assert not seen_by_the_second()
    change(tree.south, "good", True)
    started = time.monotonic()
    while not seen_by_the_second():
        assert time.monotonic() - started < 3
        time.sleep(0.05)

    assert time.monotonic() - started < 1.5


def test_question_during_forgetting_never_finds_everything_disabled(tree):
    change(tree.nation, "good", True)
    before = engine().enablement.snapshot()

    engine().enablement.forget()

    assert engine().enablement._snapshot is before


def test_permission_follows_the_institution(tree, make):
    organiser = make.staff("organiser", tree.nation)
    change(tree.nation, "good", True)
    change(tree.south, "good", False)

    assert can(organiser, "good.see", tree.north)
    assert not can(organiser, "good.see", tree.south)
    assert not can(organiser, "good.see", tree.library)


def test_permission_anywhere_counts_only_where_the_person_has_the_role(tree, make):
    south, nation = make.staff("organiser", tree.south), make.staff("organiser", tree.nation)
    change(tree.north, "good", True)

    assert can(nation, "good.see")
    assert not can(south, "good.see")


def test_kind_of_activity_follows_the_institution(tree, make):
    change(tree.south, "good", True)
    section = make.section(make.course(tree.south, pages=0))
    add_activity(section, "good.task", "Task")

    assert engine().kind("good.task", tree.south) is not None
    assert engine().kind("good.task", tree.north) is None
    assert "good.task" in [kind.name for kind in engine().available_kinds(tree.south)]
    assert "good.task" not in [kind.name for kind in engine().available_kinds(tree.north)]
    assert engine().kind("page", tree.north) is not None
    with pytest.raises(DomainError):
        add_activity(make.section(make.course(tree.north, pages=0)), "good.task", "Task")


def test_two_who_decide_at_once_wait_for_each_other(tree, app, make_app, database_url, monkeypatch):
    """The second sees the first one's lock, although it began before it was committed."""
    monkeypatch.setattr(decisions, "LONGEST_WAIT", "100ms")
    other_app = make_app(database_url, app.config["PLUGIN_FOLDERS"])
    decide(engine(), tree.nation, [Choice("good", True, locked=True)], by=None)
    with other_app.app_context():
        other: Engine = engine()
        institution = db.session.get(type(tree.south), tree.south.id)
        with pytest.raises(Busy):
            decide(other, institution, [Choice("good", False)], by=None)
        assert db.session.scalar(sa.text("SHOW lock_timeout")) == "0"
        db.session.rollback()
    assert db.session.scalar(sa.text("SHOW lock_timeout")) == "0"
    db.session.commit()

    with pytest.raises(DecisionLocked):
        change(tree.south, "good", False)


def test_decision_that_changes_nothing_wakes_nobody(tree):
    change(tree.south, "good", True)
    before = stirred()

    change(tree.south, "good", True)
    assert stirred() == before

    change(tree.south, "good", False)
    assert stirred() == tuple(number + 1 for number in before)


def stirred():
    """How often processes were told to look again, and held jobs to go."""
    releases = sa.text("SELECT count(*) FROM procrastinate_jobs"
                       " WHERE task_name = 'core.release_held'")  # fmt: skip
    numbers = (db.session.scalar(sa.select(PluginEpoch.number)), db.session.scalar(releases))
    db.session.rollback()
    return numbers


# Link plugins, and plugins whose tables are behind their code


@pytest.fixture(scope="module")
def linking_app(database_url, make_app, tmp_path_factory):
    """An app with the plugins `one` and `other` and a third that links them."""
    root = tmp_path_factory.mktemp("linking")
    links = 'auto_install = true\n[requires]\none = ">=1"\nother = ">=1"\n'
    for name, more in {"one": "", "other": "", "link": links}.items():
        manifest = f'name = "{name}"\nversion = "1"\ntitle = "T"\nrequires_core = ">=0"\n{more}'
        (root / name).mkdir()
        (root / name / "plugin.toml").write_text(manifest)
        (root / name / "hooks.py").touch()
    return make_app(database_url, root)


@pytest.fixture
def link_of(app, linking_app):
    with linking_app.app_context():
        lifecycle.install(engine(), ["one", "other", "link"])
        yield engine()
        take_out("link", "one", "other")


def test_link_plugin_acts_where_all_that_it_links_is_enabled(link_of, tree):
    change(tree.nation, "one", True)
    change(tree.south, "other", True)

    assert where_active(tree, "link") == {"south", "library"}


def test_link_plugin_can_be_switched_off(link_of, tree):
    change(tree.nation, "one", True)
    change(tree.nation, "other", True)
    change(tree.south, "link", False)

    assert where_active(tree, "link") == {"nation", "north"}


def test_what_a_link_plugin_links_can_be_switched_off(link_of, tree):
    change(tree.nation, "one", True)
    change(tree.nation, "other", True)

    change(tree.nation, "other", False)

    assert where_active(tree, "link") == set()


@pytest.fixture
def installed_at(app):
    """Sets the revision that the database remembers of the good plugin; undone at the end."""

    def write(revision):
        with db.engine.begin() as connection:
            row = sa.update(PluginInstallation).where(PluginInstallation.name == "good")
            connection.execute(row.values(revision=revision))
        engine().enablement.forget()

    yield write
    write("0001")


def test_plugin_acts_whose_tables_are_newer_than_its_code(tree, installed_at):
    change(tree.nation, "good", True)

    installed_at("0002, which this code does not know")

    assert where_active(tree) == set(vars(tree))


def test_plugin_waits_while_its_tables_are_older_than_its_code(tree, installed_at, monkeypatch):
    change(tree.nation, "good", True)
    newer = Revisions(frozenset({"0001", "0002"}), "0002")
    monkeypatch.setitem(engine().revisions, "good", newer)

    assert where_active(tree) == set()
    assert not engine().is_installed("good")

    installed_at("0002")
    assert where_active(tree) == set(vars(tree))


def where_in_one_query(tree, plugin="good"):
    found = set(db.session.scalars(sa.select(Institution.short_name).where(acting_where(plugin))))
    return {name for name, one in vars(tree).items() if one.short_name in found}


@pytest.mark.parametrize(
    "decided",
    [
        {},
        {"nation": True},
        {"south": True, "library": False},
        {"nation": True, "south": False, "library": True},
        {"nation": False, "library": True, "north": True},
        {"library": True, "south": False},
    ],
)
def test_condition_finds_the_institutions_where_a_plugin_acts(tree, decided):
    for name, enabled in decided.items():
        change(getattr(tree, name), "good", enabled)

    assert where_in_one_query(tree) == where_active(tree)


def test_condition_follows_a_link_plugin_too(link_of, tree):
    change(tree.nation, "one", True)
    change(tree.south, "other", True)
    change(tree.library, "link", False)

    assert where_in_one_query(tree, "link") == where_active(tree, "link") == {"south"}


def test_condition_holds_as_many_values_wherever_more_have_decided(tree, make):
    def values():
        return len(sa.select(Institution).where(acting_where("good")).compile().params)

    change(tree.south, "good", True)
    before = values()
    for number in range(5):
        change(make.institution(f"Province {number}", tree.nation, "province"), "good", True)

    assert values() == before


# What it costs to ask, and what a process does when it cannot look


def test_answer_is_worked_out_once_for_places_that_decided_nothing_themselves(tree, monkeypatch):
    change(tree.south, "good", True)
    worked_out = []
    monkeypatch.setattr(
        engine(), "active_in", lambda _snapshot, lineage: worked_out.append(lineage) or frozenset()
    )
    engine().enablement.forget()

    for _n in range(3):
        for institution in vars(tree).values():
            engine().active(institution)

    assert worked_out == [(), (tree.south.id,)]


def test_link_plugin_acts_below_a_grant_as_well(link_of, tree):
    change(tree.south, "one", True)
    change(tree.south, "other", True)

    assert link_of.acts_within("link", tree.nation.path)
    assert link_of.acts_within("link", tree.library.path)
    assert not link_of.acts_within("link", tree.north.path)


@pytest.fixture
def looks(app):
    """The statements so far that ask for the epoch."""
    found = []

    def note(_connection, _cursor, statement, *_rest):
        if "plugin_epoch" in statement:
            found.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(db.engine, "before_cursor_execute", note)


def test_requests_of_a_second_share_one_look(tree, make, as_user, looks, monkeypatch):
    organiser = as_user(make.staff("organiser", tree.nation))
    clock = SimpleNamespace(monotonic=lambda: 1000.0)
    monkeypatch.setattr(enablement, "time", clock)
    engine().enablement.forget()

    def fifty_requests() -> int:
        looks.clear()
        for _n in range(50):
            assert organiser.get("/home").status_code == 200
        return len(looks)

    # The number, then, since it was forgotten, the whole state, which begins with the number.
    assert fifty_requests() == 2
    clock.monotonic = lambda: 1001.0
    assert fifty_requests() == 1
    assert fifty_requests() == 0


def test_process_goes_on_with_its_last_answer_while_the_database_is_away(
    tree, looks, monkeypatch, caplog
):
    change(tree.south, "good", True)
    assert where_active(tree) == {"south", "library"}
    found = engine().enablement
    tries = []

    def away(**_how):
        tries.append(1)
        raise sa.exc.OperationalError("SELECT", {}, Exception("server closed the connection"))

    found.forget()
    with monkeypatch.context() as broken:
        broken.setattr(found, "_read", away)
        assert where_active(tree) == {"south", "library"}

    assert len(tries) == 1  # within the same second nobody tries again
    assert "OperationalError" in caplog.text
    looks.clear()
    found._good = (found._good[0], float("-inf"))
    assert where_active(tree) == {"south", "library"}
    assert len(looks) == 2  # and then it reads everything, since it was forgotten


def test_process_that_knows_nothing_yet_says_that_the_database_is_away(app, monkeypatch):
    unborn = enablement.Enablement()

    def away(**_how):
        raise sa.exc.OperationalError("SELECT", {}, Exception("no server"))

    monkeypatch.setattr(unborn, "_read", away)
    for _n in range(2):
        with pytest.raises(sa.exc.OperationalError):
            unborn.snapshot()


def test_change_during_a_look_is_not_lost(tree, monkeypatch):
    """Somebody decides while another thread has read the old state and not yet kept it."""
    found, read = engine().enablement, enablement.read_snapshot
    found.forget()

    def slow(connection):
        old = read(connection)
        monkeypatch.setattr(enablement, "read_snapshot", read)
        change(tree.south, "good", True)
        return old

    monkeypatch.setattr(enablement, "read_snapshot", slow)
    found.snapshot()

    assert where_active(tree) == {"south", "library"}


def test_others_do_not_wait_while_one_thread_looks(tree, at_once, monkeypatch):
    change(tree.south, "good", True)
    found = engine().enablement
    answered = Event()

    def slow(**_how):
        assert answered.wait(10), "the other thread waited for the database as well"

    def looks() -> object:
        found.snapshot()
        monkeypatch.setattr(found, "_read", slow)
        found._good = (found._good[0], float("-inf"))
        return found.snapshot()

    def asks() -> object:
        while not found._looking.locked() or found._read is not slow:
            time.sleep(0.001)
        answer = found.snapshot()
        answered.set()
        return answer

    assert at_once(looks, asks) == [found._snapshot] * 2
