"""The supervisor with real processes: whatever ends, and however, nothing stays behind."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.supervisor import PortInUse, assert_port_free

SUPERVISOR = """
import json, os, signal, sys
from core import supervisor
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, {hangup})
children = json.loads(sys.argv[1])
sys.exit(supervisor.run(children, env={{**os.environ, "ANSWER": "bye "}}, grace_seconds=0.5))
"""
CALM = "print('up\\n', end='', flush=True); import time; time.sleep(60)"
POLITE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, os.environ['ANSWER'].encode()), sys.exit()))
print('up\\n', end='', flush=True); time.sleep(60)
"""
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print('up\\n', end='', flush=True); time.sleep(60)
"""
ON_SIGN = """
import os, sys, time
print('up\\n', end='', flush=True)
while not os.path.exists('{sign}'): time.sleep(0.02)
{end}
"""
Supervised = subprocess.Popen[str]


@pytest.fixture
def supervise() -> Iterator[Callable[..., Supervised]]:
    """Supervise commands, or Python programs that say "up" before the test goes on."""
    started: list[Supervised] = []
    family: list[psutil.Process] = []

    def run(hangup: str = "signal.SIG_DFL", **programs: str | list[str]) -> Supervised:
        process = supervisor_of(
            {name: command_of(program) for name, program in programs.items()}, hangup
        )
        started.append(process)
        for _ in [program for program in programs.values() if isinstance(program, str)]:
            assert process.stdout
            assert process.stdout.readline().startswith("up")
        family.extend(family_of(process))
        return process

    yield run
    for process in started:
        process.terminate()
        process.communicate()
    for member in family:
        if member.is_running():
            member.kill()


def command_of(program: str | list[str]) -> list[str]:
    return [sys.executable, "-c", program] if isinstance(program, str) else program


def supervisor_of(children: dict[str, list[str]], hangup: str) -> Supervised:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR.format(hangup=hangup), json.dumps(children)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def family_of(process: Supervised) -> list[psutil.Process]:
    supervisor = psutil.Process(process.pid)
    return [supervisor, *supervisor.children(recursive=True)]


def child_that_runs(process: Supervised, text: str) -> psutil.Process:
    return next(member for member in family_of(process)[1:] if text in " ".join(member.cmdline()))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def assert_all_end(family: list[psutil.Process]) -> None:
    wait_for(lambda: not [member for member in family if is_alive(member)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_signal_reaches_all_children_and_their_output_passes(
    supervise: Callable[..., Supervised], number: signal.Signals
) -> None:
    process = supervise(web=POLITE, worker=POLITE)
    family = family_of(process)

    process.send_signal(number)

    output, _ = process.communicate()
    assert process.returncode == 0
    assert output.split() == ["bye", "bye"]
    assert_all_end(family)


def test_ignored_hangup_stays_ignored(supervise: Callable[..., Supervised]) -> None:
    process = supervise(web=CALM, hangup="signal.SIG_IGN")

    process.send_signal(signal.SIGHUP)

    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.4)


def test_stubborn_child_and_what_it_started_are_killed_after_the_grace(
    supervise: Callable[..., Supervised],
) -> None:
    process = supervise(web=STUBBORN)
    family = family_of(process)

    process.terminate()

    assert process.wait() == 0
    assert_all_end(family)


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [("sys.exit(3)", 3, "web ended with code 3"), ("sys.exit(0)", 1, "web ended with code 0")],
)
def test_end_of_one_child_ends_all_and_is_told(
    supervise: Callable[..., Supervised], tmp_path: Path, end: str, code: int, words: str
) -> None:
    sign = tmp_path / "sign"
    process = supervise(web=ON_SIGN.format(sign=sign, end=end), worker=CALM)
    family = family_of(process)

    sign.touch()

    _, errors = process.communicate()
    assert process.returncode == code
    assert words in errors
    assert_all_end(family)


def test_killed_child_takes_its_own_children_and_the_others_along(
    supervise: Callable[..., Supervised],
) -> None:
    process = supervise(web=STUBBORN, worker=CALM)
    family = family_of(process)

    child_that_runs(process, "SIG_IGN").kill()

    _, errors = process.communicate()
    assert process.returncode == 1
    assert "web was killed by SIGKILL" in errors
    assert_all_end(family)


def test_killed_supervisor_leaves_nothing_behind(supervise: Callable[..., Supervised]) -> None:
    process = supervise(web=STUBBORN, worker=CALM)
    family = family_of(process)

    process.kill()

    assert_all_end(family)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of this")
def test_children_end_even_when_the_watchdog_is_killed_too(
    supervise: Callable[..., Supervised],
) -> None:
    process = supervise(web=CALM, worker=POLITE)
    family = family_of(process)

    child_that_runs(process, "watch").kill()
    process.kill()

    assert_all_end(family)


def test_program_that_does_not_exist_ends_all(
    supervise: Callable[..., Supervised], tmp_path: Path
) -> None:
    process = supervise(web=CALM, worker=[str(tmp_path / "absent")])

    _, errors = process.communicate()

    assert process.returncode == 1
    assert "absent cannot be run: No such file or directory" in errors
    assert "worker ended with code 1" in errors


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_granian_and_its_workers_end(
    supervise: Callable[..., Supervised], tmp_path: Path, workers: str, number: signal.Signals
) -> None:
    (tmp_path / "hello.py").write_text(
        "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hi']\n"
    )
    port = free_port()
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    web += ["--working-dir", str(tmp_path), "--workers", workers, "--blocking-threads", "2"]
    process = supervise(web=[*web, "hello:app"])
    wait_for(lambda: is_listening(port) and len(family_of(process)) == 3 + int(workers))
    family = family_of(process)

    process.send_signal(number)

    process.communicate()
    assert_all_end(family)
    assert_port_free("127.0.0.1", port)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_port_in_use_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(PortInUse) as refusal:
            assert_port_free("127.0.0.1", port)

    expected = f"Port {port} is in use. Choose another: PORT={port + 1} make run"
    assert str(refusal.value) == expected


def test_free_port_stays_free() -> None:
    port = free_port()

    assert_port_free("127.0.0.1", port)

    assert_port_free("127.0.0.1", port)


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortInUse, match=r"listen on 192\.0\.2\.1, port 8000"):
        assert_port_free("192.0.2.1", 8000)
