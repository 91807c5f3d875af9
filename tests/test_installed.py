"""A fresh machine: a clone that only knows `make run`, and a wheel in an empty environment.

Left out of `make test`, because each case installs everything from the package index; CI runs
them (`pytest -m installed`).
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.installed
PROJECT = Path(__file__).parents[1]
PATIENCE = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def page(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


def wait_until_served(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError):
            page(port, "/health")
            return
        time.sleep(0.5)
    pytest.fail(f"not served:\n{log.read_text()[-3000:]}")


def clone(place: Path) -> None:
    """What `git clone` of the present state would give, uncommitted files included."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=PROJECT, check=True, capture_output=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (PROJECT / name).exists():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, place / name)


def left_behind(place: Path) -> list[str]:
    """Command lines of processes that still work for the installation at `place`."""
    found = []
    for process in psutil.process_iter(["cmdline", "pid"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(place) in line and process.info["pid"] != os.getpid():
            found.append(line)
    return found


def start(
    command: list[str], place: Path, user: str, port: int
) -> tuple[subprocess.Popen[bytes], Path]:
    """Starts it as `user` in `place` and waits until it serves."""
    log = place / "serve.log"
    environment = {k: v for k, v in os.environ.items() if k not in {"INSTANCE", "DATABASE_URL"}}
    environment |= {"PORT": str(port), "HOME": str(place)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=place, user=user, group=pwd.getpwnam(user).pw_gid, extra_groups=[],
            env=environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    wait_until_served(port, process, log)
    return process, log


@contextmanager
def running(command: list[str], place: Path, user: str) -> Iterator[int]:
    """Serves; then ends it as Ctrl-C does and checks that no process stays."""
    port = free_port()
    process, _log = start(command, place, user, port)
    try:
        yield port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
    end = time.monotonic() + 20
    while left_behind(place) and time.monotonic() < end:
        time.sleep(0.5)
    assert left_behind(place) == []


def kill_and_wait(process: subprocess.Popen[bytes], port: int) -> None:
    """kill -9 of what was started; its web server must not go on without it."""
    process.kill()
    process.wait()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.5)
    pytest.fail("the web server outlived a kill -9 of its parent")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    place = Path("/tmp") / f"bimtek-open-{os.getpid()}"  # noqa: S108 -- public on purpose
    place.mkdir(mode=0o755)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A folder that only root may enter, as root's home is on most machines."""
    place = Path.home() / f"bimtek-private-{os.getpid()}"
    place.mkdir(mode=0o700)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(autouse=True)
def heeds_interrupts() -> Iterator[None]:
    """What is started here hears of Ctrl-C, although pytest in the background is deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def python_for_everybody() -> str:
    """A Python that an ordinary user may start; one in root's home is none."""
    for found in (sys.executable, shutil.which("python3"), "/usr/bin/python3"):
        check = [found or "", "-c", "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"]
        with suppress(OSError):
            if subprocess.run(check, user="nobody", extra_groups=[], check=False).returncode == 0:
                return str(found)
    pytest.fail("no Python 3.11 with venv that an ordinary user may start: install python3-venv")


@needs_root
def test_make_run_serves_for_an_ordinary_user(open_folder):
    clone(open_folder)
    user = pwd.getpwnam("nobody")
    for path in (open_folder, *open_folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)

    python = python_for_everybody()
    with running(["make", f"PYTHON={python}", "run"], open_folder, "nobody") as port:
        assert "<h1>" in page(port, "/sign-in")


@needs_root
def test_make_run_serves_for_root_in_a_private_home(private_folder):
    clone(private_folder)

    with running(["make", f"PYTHON={sys.executable}", "run"], private_folder, "root") as port:
        assert "<h1>" in page(port, "/sign-in")

    assert private_folder.stat().st_mode & 0o777 == 0o700
    assert "/var/lib/bimtek/" in (private_folder / "serve.log").read_text()


@pytest.fixture(scope="module")
def environment() -> Iterator[Path]:
    """A new environment that holds the product's wheel and nothing else, in an open folder."""
    place = Path("/tmp") / f"bimtek-wheel-{os.getpid()}"  # noqa: S108 -- public on purpose
    place.mkdir(mode=0o755)
    source = place / "source"
    source.mkdir()
    clone(source)
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    pip(place, "wheel", "--no-deps", "-w", place, source)
    [wheel] = place.glob("bimtek-*.whl")
    pip(place, "install", wheel)
    shutil.rmtree(source)
    yield place / "venv" / "bin"
    shutil.rmtree(place, ignore_errors=True)


def pip(place: Path, command: str, *arguments: object) -> None:
    python = [place / "venv" / "bin" / "python", "-m", "pip", "--quiet"]
    limits = ["--disable-pip-version-check", "-c", PROJECT / "constraints.txt"]
    subprocess.run([*python, command, *limits, *arguments], check=True)


def told(command: list[object], place: Path, **environment: str) -> str:
    """What a command prints; it fails the test with all of it where it fails."""
    done = subprocess.run(
        command, cwd=place, check=False, capture_output=True, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_is_a_complete_product(open_folder, environment):
    user = pwd.getpwuid(os.geteuid()).pw_name

    serve = [str(environment / "bimtek"), "serve"]
    port = free_port()
    first, _log = start(serve, open_folder, user, port)
    kill_and_wait(first, port)

    with running(serve, open_folder, user) as port:
        assert "<h1>" in page(port, "/sign-in")
        assert "--nila" in page(port, "/static/bimtek.css")
        listing = told([environment / "bimtek", "plugins", "list", "--json"], open_folder)
    assert '"name": "quizzes"' in listing
    assert '"problems": []' in listing


def test_plugin_of_its_own_repository_is_tested_and_served_from_its_wheel(
    open_folder, environment, monkeypatch
):
    monkeypatch.setenv("BIMTEK_LOAD_DEMO", "0")
    bimtek, place = environment / "bimtek", environment.parents[1]
    told([bimtek, "plugins", "new", "field_notes", "--package"], open_folder)
    repository = open_folder / "bimtek-field-notes"
    pip(place, "wheel", "--no-deps", "-w", place, repository)
    [wheel] = place.glob("bimtek_field_notes-*.whl")
    pip(place, "install", wheel, "pytest")
    apart = open_folder / "apart"
    apart.mkdir()
    shutil.copy(repository / "pyproject.toml", apart)
    shutil.rmtree(repository)

    output = told([environment / "pytest", "-q", "--pyargs", "bimtek_field_notes"], apart)

    assert "passed" in output
    user = pwd.getpwuid(os.geteuid()).pw_name
    with running([str(bimtek), "serve"], open_folder, user) as port:
        address = "/field_notes/classes/ANY/questions/1"
        assert answered(port, address) == 404
        told([bimtek, "people", "create-admin", "Siti"], open_folder)
        told([bimtek, "plugins", "enable", "field_notes"], open_folder)
        [row] = [
            row
            for row in json.loads(told([bimtek, "plugins", "list", "--json"], open_folder))[
                "plugins"
            ]
            if row["name"] == "field_notes"
        ]
        assert (row["installed"], row["enabled_somewhere"], row["problems"]) == ("0.1.0", True, [])
        end = time.monotonic() + 10
        while answered(port, address) == 404 and time.monotonic() < end:
            time.sleep(0.5)
        # The page is there, and asks a stranger to sign in.
        assert "<h1>" in page(port, address)


def answered(port: int, path: str) -> int:
    try:
        page(port, path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200
