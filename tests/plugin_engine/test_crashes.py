"""A process that is killed in the middle of any step leaves the state before it or after it."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from core.testing import database
from tests.plugin_engine.crashing import state

CHECKOUT = Path(__file__).parents[2]
# Each begins where the one before it ends.
STORY = ("install", "upgrade", "enable", "disable", "uninstall", "restore", "forget")
FEWEST = {"enable": 8, "disable": 8}


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
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("crashes")


def kill_everywhere(url, folder, step):
    """(the signal that ended it, what the database holds) for a kill at each statement."""
    program = [sys.executable, "-m", "tests.plugin_engine.crashing", url, str(folder), step]
    done = subprocess.run(program, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    return [(int(killed), found) for killed, _space, found in lines]


@pytest.mark.parametrize("step", STORY)
def test_killed_step_leaves_the_state_before_it_or_after_it(url, folder, step):
    if step == "uninstall":
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM plugin_installation WHERE name = 'rack'")
    before = state(url)

    *kills, whole = kill_everywhere(url, folder, step)

    assert len(kills) >= FEWEST.get(step, 20)
    assert {killed for killed, _found in kills} == {signal.SIGKILL}
    assert {found for _killed, found in kills} == {before}
    assert whole == (0, state(url))
    assert whole[1] != before
