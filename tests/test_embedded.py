"""The embedded PostgreSQL against everything that kills, moves or locks out its processes."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from core import embedded
from core.embedded import EmbeddedError, Server, start

REPOSITORY = Path(__file__).parents[1]
IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root can act as another user")

OWNER = """
import sys, time
from pathlib import Path
from core import embedded
{before}
server = embedded.start(Path(sys.argv[1]), durable=False)
print((server.data / "postmaster.pid").read_text().split()[0], flush=True)
time.sleep(60)
"""
BECOME_NOBODY = """
import os, pwd
nobody = pwd.getpwnam("nobody")
os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new folder that every user may enter, unlike pytest's own."""
    with public_folder() as path:
        yield path


@pytest.fixture(scope="module")
def initialised() -> Iterator[Path]:
    with public_folder() as path:
        start(path, durable=False).stop()
        yield path


@pytest.fixture
def instance(initialised: Path) -> Iterator[Path]:
    """A folder whose database exists already, which saves most of a start's time."""
    yield initialised
    end_servers(initialised)


@pytest.fixture
def own() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start processes that own the server of a folder and print its pid."""
    owners: list[subprocess.Popen[str]] = []

    def run(folder: Path, before: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", OWNER.format(before=before), str(folder)]
        owner = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        owners.append(owner)
        return owner

    yield run
    for owner in owners:
        owner.kill()
        owner.communicate()


@contextmanager
def public_folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="bimtek-embedded-"))
    path.chmod(0o755)
    yield path
    end_servers(path)
    shutil.rmtree(path)


def end_servers(folder: Path) -> None:
    for pid_file in folder.rglob("postmaster.pid"):
        end_process(int(pid_file.read_text().split()[0]))


def pid_printed_by(owner: subprocess.Popen[str]) -> int:
    assert owner.stdout
    return int(owner.stdout.readline())


def pid_of(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_process(pid: int) -> None:
    if is_running(pid):
        os.kill(pid, signal.SIGQUIT)
        wait_for(lambda: not is_running(pid))


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def connect(server: Server) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True)


def ask(server: Server, query: str) -> object:
    with connect(server) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def test_server_stops_with_its_last_user(instance: Path) -> None:
    first, second = start(instance, durable=False), start(instance, durable=False)
    postgres = pid_of(first)

    first.stop()
    first.stop()

    assert ask(second, "SELECT current_database()") == "bimtek"
    second.stop()
    assert not is_running(postgres)


def test_settings_serve_the_product(instance: Path) -> None:
    server = start(instance)

    values = [ask(server, f"SHOW {name}") for name in ("max_connections", "fsync", "timezone")]

    assert values == ["200", "on", "UTC"]
    assert ask(server, "SELECT upper('é')") == "É"
    server.stop()


def test_url_for_names_another_database(instance: Path) -> None:
    server = start(instance, durable=False)
    with connect(server) as connection:
        connection.execute("CREATE DATABASE exercise")

    url = server.url_for("exercise").replace("+psycopg", "")

    with psycopg.connect(url) as connection:
        assert connection.info.dbname == "exercise"
    server.stop()


def test_programs_of_the_server_are_offered(instance: Path) -> None:
    server = start(instance, durable=False)
    url = server.url.replace("+psycopg", "")

    dump = subprocess.run([server.bin / "pg_dump", url], capture_output=True, text=True, check=True)

    assert "PostgreSQL database dump complete" in dump.stdout
    server.stop()


def test_settings_for_other_servers_do_not_matter(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGDATA", "/nowhere")

    server = start(instance, durable=False)

    assert ask(server, "SHOW port") == "5432"
    server.stop()


def test_four_starts_at_once_share_one_server(
    folder: Path, own: Callable[..., subprocess.Popen[str]]
) -> None:
    owners = [own(folder) for _ in range(4)]

    pids = {pid_printed_by(owner) for owner in owners}

    assert len(pids) == 1


def test_killed_owner_leaves_a_server_that_the_next_one_ends(
    instance: Path, own: Callable[..., subprocess.Popen[str]]
) -> None:
    owner = own(instance)
    postgres = pid_printed_by(owner)
    owner.kill()
    owner.wait()

    server = start(instance, durable=False)

    assert pid_of(server) == postgres
    server.stop()
    assert not is_running(postgres)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signalled_owner_takes_the_server_along(
    instance: Path, own: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    owner = own(instance, f"import signal; signal.signal({number}, signal.SIG_DFL)")
    postgres = pid_printed_by(owner)

    owner.send_signal(number)
    owner.wait()

    assert not is_running(postgres)


def test_killed_postgres_starts_again_with_its_data(instance: Path) -> None:
    before = start(instance)
    with connect(before) as connection:
        connection.execute("CREATE TABLE visit AS SELECT 42 AS number")
    postgres = pid_of(before)
    os.kill(postgres, signal.SIGKILL)

    after = start(instance)

    assert ask(after, "SELECT number FROM visit") == 42
    assert pid_of(after) != postgres
    before.stop()
    after.stop()


def test_pid_files_that_name_another_process_do_not_hinder(instance: Path) -> None:
    server = start(instance, durable=False)
    pid_files = (server.data / "postmaster.pid", instance / "socket/.s.PGSQL.5432.lock")
    texts = [file.read_text() for file in pid_files]
    server.stop()
    user = server.data.stat().st_uid if IS_ROOT else None
    other = subprocess.Popen(["sleep", "60"], user=user)
    for file, text in zip(pid_files, texts, strict=True):
        file.write_text("\n".join([str(other.pid), *text.splitlines()[1:]]))

    again = start(instance, durable=False)

    assert ask(again, "SELECT 1") == 1
    assert is_running(other.pid)
    again.stop()
    other.kill()
    other.wait()


def test_start_killed_during_initdb_begins_anew(
    folder: Path, own: Callable[..., subprocess.Popen[str]]
) -> None:
    owner = own(folder)
    wait_for(lambda: list(folder.glob("postgres.new-*/PG_VERSION")))
    owner.kill()
    owner.wait()

    server = start(folder, durable=False)

    assert ask(server, "SELECT 1") == 1
    server.stop()


@pytest.mark.parametrize("name", ["x" * 100, "Angkatan 7 'Karawang' 100%"])
def test_unusual_folder_names_work(folder: Path, name: str) -> None:
    server = start(folder / name, durable=False)

    socket = Path(str(ask(server, "SHOW unix_socket_directories")).strip('"'))

    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    server.stop()
    socket.rmdir()


def test_socket_avoids_a_comma_which_separates_hosts() -> None:
    account = embedded.Account(os.geteuid(), os.getegid())

    cluster = embedded.Cluster(account, Path("/srv/Karawang, 2026/postgres"), Path("/bin"))

    assert cluster.socket.parent == embedded.TEMPORARY


def test_failure_tells_the_reason_and_the_log(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "RETRY_SECONDS", 0)
    server = start(instance, durable=False)
    server.stop()
    control = server.data / "global/pg_control"
    intact = control.read_bytes()
    control.write_bytes(b"")

    with pytest.raises(EmbeddedError, match="pg_control") as failure:
        start(instance, durable=False)

    control.write_bytes(intact)
    assert str(server.data) in str(failure.value)


def test_data_of_another_release_are_refused(folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("12\n")
    if IS_ROOT:
        shutil.chown(data, "nobody")

    with pytest.raises(EmbeddedError, match=r"needs PostgreSQL 12; .* brings \[.*18"):
        start(folder, durable=False)


def test_command_line_is_found_without_proc() -> None:
    if not shutil.which("ps"):
        pytest.skip("this machine has no ps")

    with subprocess.Popen(["sleep", "60.5"]) as process:
        line = embedded._command_line_by_ps(str(process.pid))
        process.kill()

    assert line.strip() == "sleep 60.5"


@as_root
def test_ordinary_user_runs_postgres_himself_and_root_may_join(
    folder: Path, own: Callable[..., subprocess.Popen[str]]
) -> None:
    nobody = pwd.getpwnam("nobody")
    account = embedded.Account(nobody.pw_uid, nobody.pw_gid)
    if not account.can_enter(programs_package()):
        pytest.skip("an ordinary user may not enter the folder of the PostgreSQL programs")
    shutil.chown(folder, nobody.pw_uid)

    postgres = pid_printed_by(own(folder, BECOME_NOBODY))

    assert psutil.Process(postgres).uids().effective == nobody.pw_uid
    server = start(folder, durable=False)
    assert pid_of(server) == postgres
    server.stop()


@as_root
def test_root_runs_postgres_as_another_user(instance: Path) -> None:
    server = start(instance, durable=False)

    assert psutil.Process(pid_of(server)).uids().effective != 0
    assert server.notice is None
    server.stop()


@as_root
def test_data_of_a_private_home_lie_elsewhere_and_stay_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SHARED_HOME", folder / "shared")
    home = folder / "home"
    home.mkdir(mode=0o700)

    server = start(home / "instance", durable=False)

    assert server.data.is_relative_to(folder / "shared")
    assert server.data.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert str(server.data) in str(server.notice)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    server.stop()
    home.chmod(0o755)
    again = start(home / "instance", durable=False)
    assert again.data == server.data
    again.stop()


@as_root
def test_programs_in_a_private_home_are_copied(
    folder: Path, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SHARED_HOME", folder / "shared")
    site = folder / "site-packages"
    site.mkdir(mode=0o700)
    for part in programs_package().parent.glob(f"{embedded.PACKAGE}*"):
        (site / part.name).symlink_to(part)
    monkeypatch.syspath_prepend(str(site))

    server = start(instance, durable=False)

    program = Path(psutil.Process(pid_of(server)).exe())
    assert program.is_relative_to(folder / "shared")
    assert program.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert server.bin.is_relative_to(site)
    assert server.data.is_relative_to(instance)
    assert "copied" in str(server.notice)
    assert stat.S_IMODE(site.stat().st_mode) == 0o700
    server.stop()


@as_root
def test_data_that_belong_to_root_are_refused_with_the_remedy(folder: Path) -> None:
    (folder / "postgres").mkdir()

    with pytest.raises(EmbeddedError, match="chown -R nobody"):
        start(folder, durable=False)


def programs_package() -> Path:
    spec = find_spec(embedded.PACKAGE)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent
