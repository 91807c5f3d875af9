"""Real processes on one database: what is installed and enabled reaches them without a restart."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.db import db
from core.jobs import enqueue, queue, waiting_jobs
from core.plugin_engine import engine, lifecycle, removal
from core.plugin_engine.models import PluginFailure
from core.testing import database
from core.testing.factories import Factory

PROMISED_SECONDS = 2.0
PATIENCE = 180
HOOKS = """
import sys

from flask import Blueprint, request

from core.api import hookimpl, lasting, public

# After its first failure a part is written no more, until the process ends.
sys.modules["core.plugin_engine.failures"].AGAIN_SECONDS = 3600

pages = Blueprint("probe", __name__)


@pages.get("/probe/page")
@public
def page():
    return "page"


@pages.get("/probe/check")
@public
@lasting
def check():
    if "fail" in request.args:
        raise RuntimeError("on purpose")
    return "check"


@hookimpl
def blueprints():
    return [pages]
"""
JOBS = """
import os
from pathlib import Path

from core.api import job


@job("probe.note")
def note() -> None:
    Path(os.environ["PROBE_FILE"]).write_text("done")


@job("probe.fail")
def fail() -> None:
    raise RuntimeError("on purpose")
"""
FAILING_JOBS = "FROM procrastinate_jobs WHERE task_name = 'probe.fail'"


class Site:
    """Two web servers and a worker; this process is the console beside them."""

    def __init__(self, environment: dict[str, str], ports: list[int], log: Path) -> None:
        self.ports = ports
        commands = [*(["web", "--port", str(port)] for port in ports), ["worker"]]
        self.log = log.open("wb")
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "core", *command],
                env=environment,
                cwd=Path(__file__).parents[2],
                stdout=self.log,
                stderr=self.log,
            )
            for command in commands
        ]

    def status(self, port: int, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def wait_until_ready(self) -> None:
        for port in self.ports:
            until(lambda port=port: self.served(port))
        until(lambda: scalar("SELECT count(*) FROM procrastinate_workers") == 1)

    def served(self, port: int) -> bool:
        assert all(process.poll() is None for process in self.processes), "a process has ended"
        with suppress(OSError):
            return self.status(port, "/health") == 200
        return False

    def follow(self, path: str, status: int) -> None:
        """Each web process answers so, at the latest in a request that begins 2 s from now."""
        began = time.monotonic()
        for port in self.ports:
            while True:
                asked = time.monotonic()
                answer = self.status(port, path)
                if answer == status:
                    break
                assert asked - began <= PROMISED_SECONDS, f"{path} is still {answer}"
                time.sleep(0.05)

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()


def until(true) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def scalar(query: str) -> object:
    db.session.rollback()
    return db.session.scalar(sa.text(query))


def held() -> int:
    db.session.rollback()
    return sum(row["held"] for row in waiting_jobs() if row["plugin"] == "probe")


@pytest.fixture
def console(server, tmp_path, write_plugin, make_app):
    folder = write_plugin("probe", HOOKS, **{"jobs.py": JOBS}).parent
    with database.clone(server, tmp_path, "reload") as url:
        app = make_app(url, folder, BUNDLED_PLUGINS=True)
        with app.app_context():
            assert engine().problems == []
            yield app
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def site(console, tmp_path, free_ports):
    environment = os.environ | {
        "DATABASE_URL": console.config["DATABASE_URL"],
        "INSTANCE": str(tmp_path),
        "SECRET_KEY": "for tests only",
        "BIMTEK_PLUGIN_FOLDERS": console.config["PLUGIN_FOLDERS"],
        "PROBE_FILE": str(tmp_path / "ran"),
    }
    found = Site(environment, free_ports, tmp_path / "log")
    try:
        found.wait_until_ready()
        yield found
    finally:
        found.end()


@pytest.fixture
def free_ports():
    probes = [socket.create_server(("127.0.0.1", 0)) for _n in range(2)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def test_every_process_follows_within_two_seconds_and_counts_to_its_end(console, site, tmp_path):
    nation = Factory().institution("Nation")
    db.session.commit()
    site.follow("/probe/check", 404)

    lifecycle.install(engine(), ["probe"])
    site.follow("/probe/check", 200)
    site.follow("/probe/page", 404)

    enqueue(queue.tasks["probe.note"], institution=nation)
    db.session.commit()
    until(lambda: held() == 1)

    lifecycle.enable(engine(), "probe", nation, by=None)
    db.session.commit()
    site.follow("/probe/page", 200)
    until((tmp_path / "ran").exists)
    assert held() == 0

    lifecycle.disable(engine(), "probe", nation, by=None)
    db.session.commit()
    site.follow("/probe/page", 404)
    site.follow("/probe/check", 200)

    removal.uninstall(engine(), "probe", keep=None)
    site.follow("/probe/check", 404)

    lifecycle.install(engine(), ["probe"])
    site.follow("/probe/check", 200)
    fail_thrice(site)
    site.end()
    found = {row.part: row.count for row in db.session.scalars(sa.select(PluginFailure))}
    tries = scalar(f"SELECT sum(attempts) {FAILING_JOBS}")
    assert found == {"page probe.check": 6, "job probe.fail": tries}


def fail_thrice(site) -> None:
    """In each web process and in the worker."""
    for port in site.ports * 3:
        assert site.status(port, "/probe/check?fail") == 500
    for _time in range(3):
        enqueue(queue.tasks["probe.fail"])
    db.session.commit()
    until(lambda: scalar(f"SELECT min(attempts) {FAILING_JOBS}") > 0)
