"""Kills a step of a plugin's life at each of its statements, and prints what the database holds.

`python -m tests.plugin_engine.crashing URL INSTANCE STEP`; a line a kill, and one for the whole
step at the end. Each kill is that of a forked process, so the start is paid once.
"""

import io
import os
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
    """This process kills itself before its statement, or commit, of that number."""
    left = [number]

    def count(*_given: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(db.engine, "before_cursor_execute", count)
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


def main(url: str, instance: str, name: str) -> None:
    app = create_app({
        "DATABASE_URL": url, "INSTANCE": Path(instance), "PLUGIN_FOLDERS": str(MOVING),
        "BUNDLED_PLUGINS": False, "SECRET_KEY": "for tests only",
    })  # fmt: skip
    step = steps(Path(instance))[name]
    for number in range(1, MOST):
        killed = run(app, step, number)
        sys.stdout.write(f"{killed} {state(url)}\n")
        if not killed:
            return
    raise SystemExit(f"{name} has more than {MOST} statements")


if __name__ == "__main__":
    main(*sys.argv[1:])
