"""Kills a step of a plugin's life before each statement that changes something, and before each
commit, and prints what the database holds.

`python -m tests.plugin_engine.crashing URL INSTANCE` takes the steps one after the other. Of each
it prints a line before it, a line a kill, and one for the whole step: the step, what ended the
process, the state. Each kill is that of a forked process, so the start is paid once.
"""

import io
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import psycopg
import sqlalchemy as sa
from packaging.version import Version

from core import create_app
from core.db import READ_ENGINE, db
from core.institutions.queries import root
from core.plugin_engine import archive, engine, lifecycle, removal
from tests.plugin_engine.moving_kit import MOVING, as_code, newer

MOST = 400
# A kill before a statement that only reads is one before the next that changes something.
READS = re.compile(r"\s*SELECT (?!setval|unnest)")
STATE = """
SELECT (SELECT count(*) FROM pg_namespace WHERE nspname IN ('shelf', 'rack')),
    (SELECT count(*) FROM pg_tables WHERE schemaname IN ('shelf', 'rack')),
    (SELECT string_agg(name || version || coalesce(revision, ''), ' ' ORDER BY name)
        FROM plugin_installation WHERE name IN ('shelf', 'rack')),
    (SELECT count(*) FROM plugin_decision), (SELECT count(*) FROM plugin_setting),
    (SELECT count(*) FROM audit_entry WHERE action LIKE 'plugin.%'),
    (SELECT number FROM plugin_epoch)
"""


def steps(folder: Path) -> dict[str, Callable[[], object]]:
    """Each begins where the one before it ends."""
    kept = folder / "shelf.zip"

    def upgrade() -> None:
        with newer(folder), as_code("rack", version=Version("1.1")):
            lifecycle.upgrade(engine(), ["rack"])

    def enable() -> None:
        lifecycle.enable(engine(), "rack", root(), by=None)
        db.session.commit()

    def disable() -> None:
        for name in ("rack", "shelf"):
            lifecycle.disable(engine(), name, root(), by=None)
        db.session.commit()

    def uninstall() -> None:
        removal.uninstall(engine(), "shelf", keep=lambda made: kept.write_bytes(made.read()))

    def restore() -> None:
        with newer(folder):
            archive.restore(engine(), io.BytesIO(kept.read_bytes()))

    def forget() -> None:
        for known in (engine().loaded, engine().manifests):
            known.pop("shelf", None)
        removal.forget(engine(), "shelf", keep=None)

    return {
        "install": lambda: lifecycle.install(engine(), ["rack"]),
        "upgrade": upgrade,
        "enable": enable,
        "disable": disable,
        "uninstall": uninstall,
        "restore": restore,
        "forget": forget,
    }


def die_at(number: int) -> None:
    """This process kills itself before its change, or commit, of that number."""
    left = [number]

    def count(*_given: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def count_change(_connection: object, _cursor: object, statement: str, *_given: object) -> None:
        if not READS.match(statement):
            count()

    sa.event.listen(db.engine, "before_cursor_execute", count_change)
    sa.event.listen(db.engine, "commit", count)


def state(url: str) -> str:
    with psycopg.connect(url) as connection:
        return repr(connection.execute(STATE).fetchone())


def run(app: object, step: Callable[[], object], number: int) -> int:
    """The signal that ended a process in which the step was killed at `number`; 0 for none."""
    child = os.fork()
    if child == 0:
        with app.app_context():  # type: ignore[attr-defined]
            db.engine.dispose(close=False)
            app.extensions[READ_ENGINE].dispose(close=False)  # type: ignore[attr-defined]
            die_at(number)
            try:
                step()
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code > 0:
        raise SystemExit("the step failed by itself")
    return -code


def kill_everywhere(app: object, url: str, name: str, step: Callable[[], object]) -> None:
    tell(name, "before", url)
    for number in range(1, MOST):
        killed = run(app, step, number)
        tell(name, str(killed), url)
        if not killed:
            return
    raise SystemExit(f"{name} has more than {MOST} changes")


def tell(name: str, what: str, url: str) -> None:
    sys.stdout.write(f"{name} {what} {state(url)}\n")


def main(url: str, instance: str) -> None:
    app = create_app({
        "DATABASE_URL": url, "INSTANCE": Path(instance), "PLUGIN_FOLDERS": str(MOVING),
        "BUNDLED_PLUGINS": False, "SECRET_KEY": "for tests only",
    })  # fmt: skip
    for name, step in steps(Path(instance)).items():
        if name == "uninstall":  # What needs it is out of the way.
            with psycopg.connect(url) as connection:
                connection.execute("DELETE FROM plugin_installation WHERE name = 'rack'")
        kill_everywhere(app, url, name, step)


if __name__ == "__main__":
    main(*sys.argv[1:])
