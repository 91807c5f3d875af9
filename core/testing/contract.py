"""What every plugin promises, as tests that a plugin takes over by a class of four lines.

    class TestContract(PluginContract):
        plugin = "quizzes"
        access = access_table

It needs the fixtures of `core.testing.fixtures`. `access` is described in `core.testing.access`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pluggy
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from core import create_app
from core.cohorts.models import Cohort, Enrolment
from core.courses.models import Section
from core.db import READ_ENGINE, Base, db, now
from core.jobs import enqueue, queue
from core.people.access import ADMIN
from core.people.models import AuditEntry
from core.plugin_engine import Engine, engine, lifecycle, migrations, removal
from core.plugin_engine.contributions import PagePanel
from core.plugin_engine.guard import follows_installed
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.models import PluginDecision
from core.testing import access, database, schemas
from core.testing.access import Place, Table
from core.testing.factories import Factory
from core.testing.fixtures import SETTINGS
from core.testing.pages import core_pages

MARKS = ("Cendrawasih", "Anggrek")
READERS = ("participant", "institution_admin")  # the others see less than the last
JOBS = "starts_with(task_name, :plugin || '.') AND status IN ('todo', 'doing')"
ROLES = "starts_with(role, :plugin || '.')"
WALKERS = ("participant", "admin")


class _Filled:
    """A table whose class also holds what the plugin keeps there, with a mark in its texts."""

    def __init__(self, table: Table, fill: Callable[..., Any], mark: str) -> None:
        self.ENDPOINTS, self.HOLDERS = table.ENDPOINTS, table.HOLDERS
        self._table, self._fill, self._mark = table, fill, mark

    def arguments(
        self, section: Section, cohort: Cohort, enrolment: Enrolment
    ) -> Mapping[str, Mapping[str, Any]]:
        found = self._table.arguments(section, cohort, enrolment)
        return {**found, **(self._fill(section, cohort, enrolment, self._mark) or {})}


class PluginContract:
    """Subclass it in `tests/test_contract.py` of a plugin; each test says what to mend."""

    plugin: str
    access: Any

    def fill(
        self, section: Section, cohort: Cohort, enrolment: Enrolment, mark: str
    ) -> Mapping[str, Mapping[str, Any]] | None:
        """Writes what the plugin keeps for a class, `mark` in each of its texts.

        Names of people, course and class hold the mark already. Override it in a plugin that
        keeps texts of its own; what it gives takes the place of the table's `arguments`.
        """
        return None

    @pytest.fixture
    def manifest(self, app: Flask) -> Manifest:
        found = engine().loaded.get(self.plugin)
        wrong = [p.message for p in engine().problems if p.plugin == self.plugin]
        assert found, f"plugin '{self.plugin}' was left out: {'; '.join(wrong) or 'not found'}"
        return found

    @pytest.fixture
    def place(self, manifest: Manifest, make: Factory) -> Place:
        """A class in an institution below a nation that has the plugin enabled."""
        nation = make.institution("Nation", kind="national")
        make.enabled(self.plugin, nation)
        return access.new_place(make, nation, self.access)

    # What it is

    def test_manifest_speaks_both_languages(self, manifest: Manifest) -> None:
        assert manifest.titles.get("id"), f"{self.plugin}: plugin.toml needs [titles] id = …"
        if manifest.application:
            said = manifest.summary and manifest.summaries.get("id") and manifest.titles.get("id")
            assert said, (
                f"{self.plugin}: plugin.toml needs summary, and id in [titles], [summaries]"
            )
        assert (manifest.path / "README.md").exists(), f"{self.plugin}: write a README.md"

    def test_names_carry_the_prefix_of_the_plugin(self, manifest: Manifest) -> None:
        wrong = [
            f"{what} '{name}' must begin with '{prefix}'"
            for what, name, prefix in _names(engine(), manifest)
            if not name.startswith(prefix)
        ]
        assert not wrong, f"{self.plugin}: {'; '.join(wrong)}"

    # Its tables

    def test_migrations_lead_forth_and_back(self, manifest: Manifest) -> None:
        """In a transaction that is taken back, so the other tests meet the same database."""
        db.session.rollback()
        with db.engine.connect() as connection, connection.begin() as transaction:
            _drop_dependants(connection, engine(), manifest)
            before = schemas.lines(connection)
            migrations.downgrade(connection, manifest, "base")
            between = schemas.lines(connection)
            migrations.upgrade(connection, manifest)
            after = schemas.lines(connection)
            transaction.rollback()
        own = {
            line for line in between if line[0] == self.plugin and "alembic_version" not in line[1]
        }
        assert not own, f"{self.plugin}: downgrade() of its migrations leaves {sorted(own)}"
        gone = {line for line in before - between if line[0] != self.plugin}
        assert not gone, f"{self.plugin}: its migrations change what is not theirs: {sorted(gone)}"
        assert before == after, (
            f"{self.plugin}: up, down and up again gives another schema: {sorted(before ^ after)}"
        )

    def test_models_are_what_the_migrations_make(self, manifest: Manifest) -> None:
        with db.engine.connect() as connection:
            found = schemas.differences(connection, self.plugin)
        assert not found, (
            f"{self.plugin}: models and migrations differ: {found}. "
            f"Run: bimtek db revision --plugin {self.plugin} 'what changed'"
        )

    # Its addresses

    def test_table_knows_every_route_and_its_rule(self, manifest: Manifest, app: Flask) -> None:
        found = access.access_found(app, self.plugin)
        known = dict(self.access.ENDPOINTS)
        assert found == known, f"{self.plugin}: ENDPOINTS of its access table should be {found}"

    def test_table_knows_who_holds_each_permission(self, manifest: Manifest) -> None:
        asked = {rule for rule in self.access.ENDPOINTS.values() if "." in rule}
        unknown = asked - self.access.HOLDERS.keys() - access.CORE_HOLDERS.keys()
        assert not unknown, f"{self.plugin}: HOLDERS of its access table needs {sorted(unknown)}"

    @pytest.mark.parametrize("role", access.ROLES)
    def test_each_route_answers_each_role_as_the_table_says(
        self, app: Flask, place: Place, role: str
    ) -> None:
        client = access.client_of(app, place.people.get(role))
        wrong = []
        for rule, method in _calls(app, self.plugin):
            allowed = access.may(self.access, role, rule)
            if allowed and method == "POST":
                continue  # What a form does is tested with the form.
            url = access.address(rule, place.arguments(rule))
            answer = client.open(url, method=method, buffered=True)
            if not (_is_answered(answer, rule) if allowed else access.is_refused(answer, role)):
                wrong.append(f"{method} {rule.endpoint} answered {answer.status_code}")
        said = "may call them" if not wrong else "; ".join(wrong)
        assert not wrong, f"{self.plugin}: as {role}, otherwise than the access table says: {said}"

    def test_where_it_is_disabled_no_page_is_there(
        self, app: Flask, place: Place, make: Factory
    ) -> None:
        make.disabled(self.plugin, place.nation)
        client = access.client_of(app, place.people[ADMIN])
        shown = [
            f"{method} {rule.endpoint}"
            for rule, method in _calls(app, self.plugin)
            if not follows_installed(app.view_functions[rule.endpoint])
            and client.open(
                access.address(rule, place.arguments(rule)), method=method, buffered=True
            ).status_code
            != 404
        ]
        assert not shown, f"{self.plugin}: answered although it is disabled: {', '.join(shown)}"

    # Other institutions

    def test_nothing_of_another_institution_is_visible(
        self, app: Flask, manifest: Manifest, make: Factory
    ) -> None:
        """Also where an address mixes an own class with the ids of another."""
        own, other = self._two_places(make)
        shown, leaks = False, []
        for role, user in own.people.items():
            if role not in READERS:
                continue
            client = access.client_of(app, user)
            for url, name in _addresses(app, self.plugin, own, other):
                answer = client.get(url, buffered=True).data
                shown = shown or MARKS[0].encode() in answer
                leaks += [f"{name} as {role} ({url})"] * (MARKS[1].encode() in answer)
        assert not leaks, f"{self.plugin}: shows what belongs to others: {'; '.join(leaks)}"
        assert shown, (
            f"{self.plugin}: none of its pages shows the mark of its own data; override fill()"
        )

    def _two_places(self, make: Factory) -> list[Place]:
        nation = make.institution("Nation", kind="national")
        make.enabled(self.plugin, nation)
        return [
            access.new_place(make, nation, _Filled(self.access, self.fill, mark), mark)
            for mark in MARKS
        ]

    # Faults and repetition

    def test_core_pages_stand_while_every_hook_of_it_raises(
        self, app: Flask, manifest: Manifest, make: Factory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        walk = core_pages(app, make, [self.plugin])
        broken = _break_hooks(engine(), self.plugin, monkeypatch)

        after = walk.answers(app, WALKERS)

        fallen = {
            f"{path} as {who}: {answer.error or answer.status}"
            for (who, path), answer in after.items()
            if answer.status >= 500
        }
        assert not fallen, f"{self.plugin}: with {', '.join(broken)} raising: {sorted(fallen)}"

    def test_enabling_twice_is_once(self, manifest: Manifest, make: Factory) -> None:
        nation = make.institution("Nation", kind="national")
        make.enabled(self.plugin, nation)
        before = _count(PluginDecision), _count(AuditEntry)

        make.enabled(self.plugin, nation)

        assert (_count(PluginDecision), _count(AuditEntry)) == before, (
            f"{self.plugin}: enabling it a second time decided or noted something again"
        )
        assert lifecycle.install(engine(), [self.plugin]) == []

    def test_uninstalling_leaves_nothing(self, server: str, instance: Path) -> None:
        with _copy(server, instance):
            nation = Factory().institution("Nation", kind="national")
            Factory().enabled(self.plugin, nation)
            Factory().disabled(self.plugin, nation)
            for role in engine().build(self.plugin, "roles"):
                Factory().staff(role.name, nation)
            for task in _tasks(engine().loaded[self.plugin]):
                enqueue(task, at=now() + timedelta(days=1))
            db.session.commit()
            for name in [*_dependants(engine(), self.plugin), self.plugin]:
                removal.uninstall(engine(), name, keep=None)
            left = _left_of(self.plugin)
        assert not left, f"{self.plugin}: uninstalling it leaves {', '.join(left)}"


@contextmanager
def _copy(server: str, instance: Path) -> Iterator[None]:
    """An app on a database of its own, for what cannot be taken back."""
    with database.clone(server, instance, "contract") as url:
        app = create_app({**SETTINGS, "DATABASE_URL": url, "INSTANCE": instance})
        with app.app_context():
            yield
            db.session.remove()
            db.engine.dispose()
        app.extensions[READ_ENGINE].dispose()


def _dependants(found: Engine, plugin: str) -> list[str]:
    """What needs the plugin, those first that nothing else needs."""
    gone = {plugin}
    for other in found.loaded.values():  # in an order in which what is required comes first
        if gone & other.requires.keys():
            gone.add(other.name)
    return [name for name in reversed(found.loaded) if name in gone - {plugin}]


def _tasks(manifest: Manifest) -> list[Any]:
    """The jobs that the plugin declares, without those that core keeps for itself."""
    return [
        task
        for task in queue.tasks.values()
        if task.func.__module__.startswith(f"{manifest.module}.")
    ]


def _left_of(plugin: str) -> list[str]:
    """What the database still holds of a plugin, apart from the audit log."""
    with db.engine.connect() as connection:
        found = sa.inspect(connection)
        left = [f"the schema {plugin}"] * (plugin in found.get_schema_names())
        counts = {
            "plugin_installation": "name = :plugin",
            "procrastinate_jobs": JOBS,
            '"grant"': ROLES,
        }
        for table in found.get_table_names():
            if any(column["name"] == "plugin" for column in found.get_columns(table)):
                counts[table] = "plugin = :plugin"
        for table, condition in counts.items():
            query = sa.text(f"SELECT count(*) FROM {table} WHERE {condition}")
            if count := connection.scalar(query, {"plugin": plugin}):
                left.append(f"{count} rows in {table}")
    return left


def _count(model: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def _names(found: Engine, manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    """(what, its name, the prefix it must have) of everything that a plugin names."""
    name = manifest.name
    for hook, what in (
        ("permissions", "permission"), ("activity_kinds", "kind"), ("metrics", "metric")
    ):  # fmt: skip
        yield from ((what, item.name, f"{name}.") for item in found.build(name, hook))
    for blueprint in found.build(name, "blueprints"):
        loader = blueprint.jinja_loader
        for template in loader.list_templates() if loader else ():
            yield "template", template, f"{name}/"
    for group in found.build(name, "cli_groups"):
        yield "command group", str(group.name), name.replace("_", "-")
    yield from (("job", task.name, f"{name}.") for task in _tasks(manifest))
    for mapper in Base.registry.mappers:
        if mapper.class_.__module__.startswith(f"{manifest.module}."):
            yield "table", str(mapper.local_table), f"{name}."


def _drop_dependants(connection: sa.Connection, found: Engine, manifest: Manifest) -> None:
    """Tables of others that stand on the plugin's own would hold its migrations up."""
    for other in found.loaded.values():
        if manifest.name in other.requires:
            connection.execute(sa.schema.DropSchema(other.name, cascade=True, if_exists=True))


def _calls(app: Flask, plugin: str) -> Iterator[tuple[Rule, str]]:
    for rule in access.rules(app, plugin):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield rule, method


def _is_answered(answer: Any, rule: Rule) -> bool:
    """Let in; a plugin's things are partly invented, so it may miss them, but never raise."""
    if rule.endpoint.endswith(".static"):
        return bool(answer.status_code < 400)
    refused = answer.status_code == 403 or access.asks_to_sign_in(answer)
    return not refused and bool(answer.status_code < 500)


def _addresses(app: Flask, plugin: str, own: Place, other: Place) -> Iterator[tuple[str, str]]:
    """(address, endpoint): the plugin's pages and core's, and own scopes with ids of others."""
    for rule in chain(access.rules(app, plugin), access.rules(app)):
        if "GET" not in (rule.methods or ()) or rule.endpoint.endswith("static"):
            continue
        if not rule.arguments <= own.known.keys() | own.own.get(rule.endpoint, {}).keys():
            continue  # Core's own things that only core's tests make.
        mine, theirs = own.arguments(rule), other.arguments(rule)
        yield access.address(rule, mine), rule.endpoint
        scopes = rule.arguments & access.SCOPES
        if scopes and scopes != rule.arguments:
            mixed = {**theirs, **{name: mine[name] for name in scopes}}
            yield access.address(rule, mixed), rule.endpoint


def _break_hooks(found: Engine, plugin: str, monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    """Makes each hook that is called while the site runs raise; gives their names."""
    broken = []
    monkeypatch.setattr(found, "failures", found.failures.copy())  # These faults are wanted.
    monkeypatch.setattr(logging.getLogger("core.plugin_engine.failures"), "disabled", True)
    for caller in found.pluggy.get_hookcallers(found.pluggy.get_plugin(plugin)) or ():
        if caller.spec is None or caller.spec.function.mode == "build":  # type: ignore[attr-defined]
            continue
        for one in caller.get_hookimpls():
            if one.plugin_name == plugin:
                monkeypatch.setattr(one, "function", _raising(one))
                broken.append(caller.name)
    pages = {
        page: [(name, _raising_panel(panel) if name == plugin else panel) for name, panel in panels]
        for page, panels in found.page_panels.items()
    }
    monkeypatch.setattr(found, "page_panels", pages)
    return broken


def _raising_panel(panel: PagePanel) -> PagePanel:
    def fail(*_arguments: Any) -> Any:
        raise RuntimeError("told to fail")

    return replace(panel, show=fail)


def _raising(one: pluggy.HookImpl) -> Callable[..., Any]:
    def fail(*_arguments: Any) -> Any:
        raise RuntimeError(f"{one.plugin_name} was told to fail")

    return fail
