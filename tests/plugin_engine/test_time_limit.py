"""What keeps the start waiting is interrupted, whatever it does about that."""

import signal
import sys
import threading
import time

import pytest

from core.plugin_engine.time_limit import TookTooLong, at_most

SOON = 0.05
SWALLOWED = []


def spins():
    while True:
        pass


def sleeps():
    time.sleep(1e6)


def waits_for_itself():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def swallows():
    while True:
        try:
            time.sleep(1e6)
        except BaseException as error:
            SWALLOWED.append(error)


def swallows_twice():
    while True:
        try:
            swallows()
        except BaseException as error:
            SWALLOWED.append(error)


def sleeps_on_in_the_end():
    try:
        time.sleep(1e6)
    finally:
        time.sleep(1e6)


HANGING = [spins, sleeps, waits_for_itself, swallows, swallows_twice, sleeps_on_in_the_end]


@pytest.mark.parametrize("hangs", HANGING)
def test_what_hangs_is_interrupted_and_nothing_of_the_limit_stays(hangs):
    handler, tracing = signal.getsignal(signal.SIGALRM), sys.gettrace()

    with pytest.raises(TookTooLong, match="it took longer than"), at_most(SOON):
        hangs()

    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert sys.gettrace() is tracing


def test_what_is_done_in_time_is_left_alone():
    with at_most(60):
        done = sum(range(10))

    assert done == 45
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_timer_of_somebody_else_goes_on_afterwards():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_given: rung.append(True))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        with at_most(60):
            time.sleep(0.05)
        time.sleep(0.05)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert rung == [True]


def test_there_is_no_limit_where_no_signal_comes():
    done = []

    def work():
        with at_most(0.001):
            time.sleep(0.01)
        done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done == [True]


SWALLOWS = """
import time
while True:
    try:
        time.sleep(1e6)
    except BaseException:
        pass
"""
BUILDS = """
import time
from core.api import hookimpl
@hookimpl
def permissions():
    time.sleep(1e6)
"""


@pytest.mark.parametrize(
    ("name", "hooks", "line"),
    [
        ("hangs_spinning", "while True: pass", 1),
        ("hangs_asleep", "import time\ntime.sleep(1e6)", 2),
        ("hangs_swallowing", SWALLOWS, 6),
        ("hangs_building", BUILDS, 6),
    ],
)
def test_plugin_that_hangs_is_left_out_and_the_site_starts(
    database_url, make_app, write_plugin, name, hooks, line
):
    folder = write_plugin(name, hooks)
    write_plugin(f"after_{name}")

    app = make_app(database_url, folder.parent, PLUGIN_LOAD_SECONDS=1)

    [problem] = app.extensions["bimtek"].problems
    assert problem.message == "it could not be loaded: it took longer than 1 seconds"
    assert problem.file == f"{name}/hooks.py, line {line}"
    assert "PLUGIN_LOAD_SECONDS" in problem.step
    assert list(app.extensions["bimtek"].loaded) == [f"after_{name}"]
    assert f"plugins.{name}.hooks" not in sys.modules
    assert app.test_client().get("/sign-in").status_code == 200


def test_job_of_a_plugin_that_is_left_out_is_taken_back(database_url, make_app, write_plugin):
    from core.jobs import queue  # noqa: PLC0415 -- only this test looks into it

    hooks = """
from core.api import job
@job("half_done.tidy", cron="* * * * *")
def tidy(): pass
1 / 0
"""
    folder = write_plugin("half_done", hooks)

    make_app(database_url, folder.parent)

    assert not [name for name in queue.tasks if name.startswith("half_done.")]
    assert not [key for key in queue.periodic_registry.periodic_tasks if "half_done" in key[0]]
