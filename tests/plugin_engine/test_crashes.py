"""A process that is killed in the middle of any step leaves the state before it or after it."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from core.testing import database

pytestmark = pytest.mark.xdist_group("crashes")
CHECKOUT = Path(__file__).parents[2]
STEPS = ("install", "upgrade", "enable", "disable", "uninstall", "restore", "forget")


@pytest.fixture(scope="module")
def url(server, instance):
    with database.clone(server, instance, "crashes") as url:
        plain = url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain) as connection:
            connection.execute(
                "INSERT INTO institution (kind, name, short_name, name_key, path, timezone)"
                " VALUES ('national', 'Nation', 'Nation', 'nation', '1.', 'Asia/Jakarta')"
            )
        yield plain


@pytest.fixture(scope="module")
def told(url, tmp_path_factory):
    """Step → (what ended the process, what the database holds): before it, for each kill, after."""
    program = [sys.executable, "-m", "tests.plugin_engine.crashing", url]
    done = subprocess.run(
        [*program, str(tmp_path_factory.mktemp("crashes"))],
        cwd=CHECKOUT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-5000:]
    found = {step: [] for step in STEPS}
    for line in done.stdout.splitlines():
        step, ended, state = line.split(" ", 2)
        found[step].append((ended, state))
    return found


@pytest.mark.parametrize("step", STEPS)
def test_killed_step_leaves_the_state_before_it_or_after_it(told, step):
    (_before, before), *kills, (whole, after) = told[step]

    assert len(kills) >= 10
    assert {killed for killed, _found in kills} == {str(int(signal.SIGKILL))}
    assert {found for _killed, found in kills} == {before}
    assert whole == "0"
    assert after != before
