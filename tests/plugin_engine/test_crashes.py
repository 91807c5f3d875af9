"""A process that is killed in the middle of any step leaves the state before it or after it."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from core.testing import database

CHECKOUT = Path(__file__).parents[2]
STEPS = ("install", "upgrade", "enable", "disable", "uninstall", "restore", "forget")


@pytest.fixture
def url(server, instance):
    with database.clone(server, instance, "crashes") as url:
        plain = url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain) as connection:
            connection.execute(
                "INSERT INTO institution (kind, name, short_name, name_key, path, timezone)"
                " VALUES ('national', 'Nation', 'Nation', 'nation', '1.', 'Asia/Jakarta')"
            )
        yield plain


def kill_everywhere(url, folder):
    """Step → (what ended the process, what the database holds): before it, for each kill, after."""
    program = [sys.executable, "-m", "tests.plugin_engine.crashing", url, str(folder)]
    done = subprocess.run(program, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
    found = {step: [] for step in STEPS}
    for line in done.stdout.splitlines():
        step, ended, state = line.split(" ", 2)
        found[step].append((ended, state))
    return found


def test_killed_step_leaves_the_state_before_it_or_after_it(url, tmp_path):
    told = kill_everywhere(url, tmp_path)

    for step in STEPS:
        (_before, before), *kills, (whole, after) = told[step]
        assert len(kills) >= 10, step
        assert {killed for killed, _found in kills} == {str(int(signal.SIGKILL))}, step
        assert {found for _killed, found in kills} == {before}, step
        assert whole == "0", step
        assert after != before, step
