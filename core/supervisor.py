"""Run the processes of `bimtek serve` side by side and leave none behind.

The end of one is the end of all; nothing is restarted, which is the work of systemd or Docker.
Run as a script this file is the watchdog that outlives a killed supervisor, so it imports only
the standard library.
"""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, cast

PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PortInUse(Exception):
    """Nothing more can listen on the port; the text says why and what to do."""


def assert_port_free(host: str, port: int) -> None:
    """Raise PortInUse, with the remedy, when `host` and `port` cannot be listened on."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        raise PortInUse(_port_problem(host, port, error)) from error


def _port_problem(host: str, port: int, error: OSError) -> str:
    other = f"Choose another: PORT={8000 if port < 1024 else port + 1} make run"
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. {other}"
    if error.errno == errno.EACCES:
        return f"Port {port} is kept for administrators. {other}"
    return f"Nothing can listen on {host}, port {port}: {error.strerror}."


def run(
    children: Mapping[str, Sequence[str]], *, env: Mapping[str, str], grace_seconds: float = 10
) -> int:
    """Run the named commands until a stop signal (0) or until one of them ends (never 0).

    Each gets SIGTERM, then the grace, then SIGKILL for itself and all that it started.
    """
    running: dict[str, subprocess.Popen[bytes]] = {}
    with _stop_signals() as received, _watchdog(grace_seconds) as watch:
        try:
            for name, command in children.items():
                running[name] = _start(command, env)
                watch(running[name].pid)
            ended = _first_to_end(running, received)
        finally:
            _end_all(running.values(), grace_seconds)
    return _report(ended, running[ended].returncode) if ended else 0


def _start(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """In a session of its own: Ctrl-C stays with us, and the whole group can be killed."""
    command = [*_own_script("follow", str(os.getpid())), *command]
    return subprocess.Popen(command, env=env, start_new_session=True)  # noqa: S603 -- our own


def _first_to_end(
    running: Mapping[str, subprocess.Popen[bytes]], received: Collection[int]
) -> str | None:
    while not received:
        for name, process in running.items():
            if process.poll() is not None:
                return name
        time.sleep(0.1)
    return None


def _end_all(processes: Iterable[subprocess.Popen[bytes]], grace_seconds: float) -> None:
    by_pid = {process.pid: process for process in processes}
    _end(by_pid, grace_seconds, lambda pid: by_pid[pid].poll() is None)
    for process in by_pid.values():
        process.wait()


def _end(pids: Iterable[int], grace_seconds: float, is_running: Callable[[int], bool]) -> None:
    """Ask the leaders of process groups to end, then kill whatever is left of their groups."""
    leaders = [pid for pid in pids if is_running(pid)]
    for pid in leaders:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    end_at = time.monotonic() + grace_seconds
    while any(map(is_running, leaders)) and time.monotonic() < end_at:
        time.sleep(0.05)
    for pid in pids:
        # macOS answers PermissionError where only zombies are left in the group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _report(name: str, code: int) -> int:
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    sys.stderr.write(f"{name} {how}; everything was stopped.\n")
    return max(code, 1)


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect stop signals; one that is ignored from outside, as under nohup, stays so."""
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    heeded = [number for number in STOP_SIGNALS if before[number] != signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, lambda number, _frame: received.append(number))
    try:
        yield received
    finally:
        for number in heeded:
            signal.signal(number, before[number])


@contextmanager
def _watchdog(grace_seconds: float) -> Iterator[Callable[[int], None]]:
    """A process that ends the children once our end of its pipe closes, even by kill -9."""
    command = _own_script("watch", str(grace_seconds))
    with subprocess.Popen(  # noqa: S603 -- our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    ) as watchdog:
        pipe = cast(IO[bytes], watchdog.stdin).fileno()
        yield lambda pid: _tell(pipe, pid)


def _tell(pipe: int, pid: int) -> None:
    os.write(pipe, f"{pid}\n".encode())


def _own_script(*arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", __file__, *arguments]


def _watch(grace_seconds: float) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    pids = [int(line) for line in sys.stdin]
    _end(pids, grace_seconds, _exists)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _follow(parent: int, command: list[str]) -> None:
    """Become the command, which on Linux the kernel ends should even the watchdog be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return
    try:
        os.execvp(command[0], command)  # noqa: S606 -- it replaces this process, no shell
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}.")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["watch", grace_seconds]:
            _watch(float(grace_seconds))
        case ["follow", parent, *command]:
            _follow(int(parent), command)
