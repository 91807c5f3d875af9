"""Background work on Procrastinate: enqueued in the transaction that needs it.

A job that rolled back with its change never runs; a job of a killed worker is tried again,
with a cap. A job of a plugin that does not act is held, neither run nor lost. Jobs are idempotent.
"""

import asyncio
import functools
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import procrastinate
import sqlalchemy as sa
from flask import Flask, current_app
from procrastinate.jobs import Job, Status
from procrastinate.tasks import Task
from sqlalchemy.exc import IntegrityError

from core.db import db
from core.institutions.models import Institution

if TYPE_CHECKING:
    from core.plugin_engine.engine import Engine

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5
HEARTBEAT_SECONDS = 10
STALLED_SECONDS = 30
KEPT_DAYS = 30
# No plugin can be called so, and no worker looks there.
HELD = "-held"
NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")

queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
_app: list[Flask] = []

_DEFER = sa.text(
    "SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW("
    ":queue, :task, :priority, :lock, :queueing_lock, CAST(:args AS jsonb),"
    " CAST(:at AS timestamptz))::procrastinate_job_to_defer_v1]))"
)


def engine() -> "Engine":
    """That of the current app. Not imported: the engine stands on jobs itself."""
    return cast("Engine", current_app.extensions["bimtek"])


class Held(Exception):
    """The job's plugin does not act now, here or at its institution; the job waits."""


class Tries(procrastinate.RetryStrategy):
    def get_retry_decision(
        self, *, exception: BaseException, job: Job
    ) -> procrastinate.RetryDecision | None:
        if isinstance(exception, Held):
            log.info("job %s (%s) is held: %s", job.id, job.task_name, exception)
            return procrastinate.RetryDecision(queue=HELD)
        return super().get_retry_decision(exception=exception, job=job)


TRIES = Tries(max_attempts=MAX_ATTEMPTS, exponential_wait=3)


def job(
    name: str, *, cron: str | None = None, each: Literal["institution"] | None = None
) -> Callable[[Callable[..., None]], Any]:
    """Makes a function a job that runs in an app context. `name`: `"<plugin>.<verb>"`.

    With `cron` it also runs by the clock, without arguments, while the plugin is installed.
    With `each="institution"` as well it runs once for each institution where the plugin begins to
    be active and gets that `institution`: it acts for all of `acting_below(plugin, institution)`.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"job '{name}' must be named '<plugin>.<verb>'")
    if each and not cron:
        raise ValueError(f"job '{name}' runs for each institution by the clock; give it a cron")

    def declare(function: Callable[..., None]) -> Any:
        task = _task(name, function, for_each=bool(each))
        if each:
            spread = functools.update_wrapper(functools.partial(_spread, task), function)
            queue.periodic(cron=str(cron))(_task(f"{name}.each", spread))
        elif cron:
            queue.periodic(cron=cron)(task)
        return task

    return declare


def _task(name: str, function: Callable[..., None], *, for_each: bool = False) -> Any:
    def inside(**arguments: Any) -> None:
        by_clock = arguments.pop("timestamp", None) is not None
        institution_id = arguments.pop("institution", None)
        with _app[0].app_context():
            if reason := _why_not(name, institution_id):
                if by_clock or for_each:  # The clock comes again.
                    return
                raise Held(reason)
            if for_each:
                arguments["institution"] = db.session.get_one(Institution, institution_id)
            _run(name, function, arguments)

    functools.update_wrapper(inside, function)
    return queue.task(name=name, queue=plugin_of(name), retry=TRIES)(inside)


def _run(name: str, function: Callable[..., None], arguments: dict[str, Any]) -> None:
    try:
        function(**arguments)
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        engine().failed_job(name, error)
        raise


def _why_not(name: str, institution_id: int | None) -> str:
    """Why a job may not run now, or "". A no is asked anew: the last answer may be a second old."""
    reason = _reason(name, institution_id)
    if reason:
        engine().enablement.forget()
        reason = _reason(name, institution_id)
    return reason


def _reason(name: str, institution_id: int | None) -> str:
    plugin, found = plugin_of(name), engine()
    if plugin not in found.manifests:
        return ""  # a job of core
    if not found.is_installed(plugin):
        return f"{plugin} is not installed. Run: bimtek plugins install {plugin}"
    if institution_id is None:
        return ""
    institution = db.session.get(Institution, institution_id)
    if institution is not None and found.is_active(plugin, institution):
        return ""
    return f"{plugin} is not enabled for institution {institution_id}"


def _spread(task: Task[..., Any, Any]) -> None:
    """One job for each institution where the task's plugin begins to act. One that still waits
    is not doubled, and one that still runs is waited for."""
    roots = engine().acting().roots(plugin_of(task.name))
    for institution in db.session.scalars(sa.select(Institution).where(Institution.id.in_(roots))):
        with suppress(IntegrityError), db.session.begin_nested():
            enqueue(task, institution=institution, lock=task.name, queueing_lock=task.name)


def plugin_of(name: str) -> str:
    return name.partition(".")[0]


def enqueue(
    task: Task[..., Any, Any],
    *,
    institution: Institution | None = None,
    at: datetime | None = None,
    lock: str | None = None,
    queueing_lock: str | None = None,
    **arguments: Any,
) -> int:
    """Adds a job to the session's transaction; gives its id.

    `institution`: for which it acts; while the plugin is disabled there the job is held.
    `at`: not before. `lock`: one at a time. A waiting job with the same `queueing_lock` makes
    this raise IntegrityError. With an `institution` both hold there alone, so that a held job keeps
    no other institution waiting. Arguments are JSON: ids and words, never personal data.
    """
    if institution is not None:
        arguments["institution"] = institution.id
        lock = lock and f"{lock}:{institution.id}"
        queueing_lock = queueing_lock and f"{queueing_lock}:{institution.id}"
    values = {
        "queue": task.queue,
        "task": task.name,
        "priority": 0,
        "lock": lock,
        "queueing_lock": queueing_lock,
        "args": json.dumps(arguments),
        "at": at,
    }
    return int(db.session.execute(_DEFER, values).scalar_one())


_WAITING = sa.text(
    "SELECT task_name AS task, priority, lock, queueing_lock, args,"
    " CAST(scheduled_at AS text) AS at"
    " FROM procrastinate_jobs WHERE starts_with(task_name, :prefix) AND status = 'todo'"
    " AND args->'timestamp' IS NULL ORDER BY id"
)


def waiting_of(connection: sa.Connection, plugin: str) -> list[dict[str, Any]]:
    """A plugin's jobs that are still to be done, as `defer_again` takes them; not the clock's."""
    rows = connection.execute(_WAITING, {"prefix": f"{plugin}."}).mappings()
    return [dict(row) for row in rows]


def defer_again(connection: sa.Connection, found: Iterable[Mapping[str, Any]]) -> None:
    """Adds jobs that `waiting_of` has told, but what waits already."""
    for one in found:
        values = {**one, "queue": plugin_of(one["task"]), "args": json.dumps(one["args"])}
        with suppress(IntegrityError), connection.begin_nested():
            connection.execute(_DEFER, values)


def jobs_of(module: str) -> list[Task[..., Any, Any]]:
    """The jobs that a package declares, in whichever of its files."""
    found = queue.tasks.values()
    return [t for t in found if f"{t.func.__module__}.".startswith(f"{module}.")]


def forget_jobs_of(module: str) -> None:
    """Takes the jobs of a package back, as if it had never been imported."""
    names = {task.name for task in jobs_of(module)}
    periodic = queue.periodic_registry.periodic_tasks
    for key in [key for key in periodic if key[0] in names]:
        del periodic[key]
    for name in names:
        del queue.tasks[name]


# Jobs that wait for their plugin

_HELD_FOR = sa.text(
    "SELECT DISTINCT task_name, CAST(args->>'institution' AS bigint) FROM procrastinate_jobs"
    " WHERE queue_name = :held AND status = 'todo'"
)
_RELEASE = sa.text(
    "UPDATE procrastinate_jobs SET queue_name = :plugin, attempts = 0"
    " WHERE queue_name = :held AND status = 'todo' AND task_name = :task"
    " AND CAST(args->>'institution' AS bigint) IS NOT DISTINCT FROM CAST(:institution AS bigint)"
)
_WAKE = sa.text(
    "SELECT pg_notify('procrastinate_queue_v1#' || :plugin,"
    " json_build_object('type', 'job_inserted', 'job_id', 0)::text)"
)


@job("core.release_held", cron="* * * * * */15")
def release_held() -> None:
    """Lets the held jobs go whose plugin acts again; they begin with all their attempts.

    Enqueued with each decision, and by the clock for whatever else lets a plugin act again.
    """
    engine().enablement.forget()
    for name, institution_id in db.session.execute(_HELD_FOR, {"held": HELD}).all():
        if name in queue.tasks and not _reason(name, institution_id):
            plugin = plugin_of(name)
            which = {"task": name, "institution": institution_id, "held": HELD, "plugin": plugin}
            db.session.execute(_RELEASE, which)
            db.session.execute(_WAKE, {"plugin": plugin})


def waiting_jobs() -> list[dict[str, Any]]:
    """Counts by plugin: waiting for a worker, held until the plugin acts again, failed."""
    rows = db.session.execute(
        sa.text(
            "SELECT split_part(task_name, '.', 1) AS plugin,"
            " count(*) FILTER (WHERE status = 'todo' AND queue_name <> :held) AS waiting,"
            " count(*) FILTER (WHERE status = 'todo' AND queue_name = :held) AS held,"
            " count(*) FILTER (WHERE status = 'failed') AS failed"
            " FROM procrastinate_jobs WHERE status IN ('todo', 'failed') GROUP BY 1 ORDER BY 1"
        ),
        {"held": HELD},
    )
    return [dict(row) for row in rows.mappings()]


@queue.periodic(cron="* * * * * */15")
@queue.task(name="core.retry_stalled", queueing_lock="core.retry_stalled", pass_context=True)
async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
    """Gives the jobs of killed workers to a living one; after the cap they are set aside."""
    manager = context.app.job_manager
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        if stalled.attempts + 1 < MAX_ATTEMPTS:
            await manager.retry_job(stalled)
        else:
            await manager.finish_job(stalled, status=Status.FAILED, delete_job=False)
            log.error("job %s (%s) stalled too often", stalled.id, stalled.task_name)


@queue.periodic(cron="41 19 * * *")
@queue.task(name="core.drop_old_jobs", queueing_lock="core.drop_old_jobs", pass_context=True)
async def drop_old_jobs(context: procrastinate.JobContext, timestamp: int) -> None:
    """Jobs that are done or were given up are no longer counted after a while."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEPT_DAYS * 24, include_failed=True, include_cancelled=True, include_aborted=True
    )


_DROP_STRANDED = sa.text(
    "DELETE FROM procrastinate_jobs WHERE queue_name = :held AND status = 'todo'"
    " AND args->>'institution' IS NOT NULL AND NOT EXISTS"
    " (SELECT FROM institution WHERE id = CAST(args->>'institution' AS bigint))"
)


@job("core.drop_stranded_jobs", cron="47 19 * * *")
def drop_stranded_jobs() -> None:
    """Nothing will ever let go what is held for an institution that was deleted."""
    db.session.execute(_DROP_STRANDED, {"held": HELD})


# The worker


def run_worker(app: Flask, *, wait: bool = True) -> None:
    """Works on jobs until a signal ends it; with `wait=False` until none is left."""
    _app[:] = [app]
    with app.app_context():
        queues = _queues()
        _name_absent(queues)
    asyncio.run(_work(app.config["SQLALCHEMY_DATABASE_URI"], queues, wait))


def _queues() -> list[str]:
    """Each plugin has a queue, so that no worker takes the job of a plugin it has not loaded."""
    found = engine()
    absent = found.manifests.keys() - found.loaded.keys()
    return sorted({task.queue for task in queue.tasks.values()} - absent)


def _name_absent(queues: list[str]) -> None:
    """Says whose jobs wait although no task of theirs is known here."""
    for row in waiting_jobs():
        if row["plugin"] not in queues and row["waiting"] + row["held"]:
            log.warning(
                "%d jobs of %s wait: the plugin is not loaded here. Put it back, or run: "
                "bimtek plugins forget %s",
                row["waiting"] + row["held"], row["plugin"], row["plugin"],
            )  # fmt: skip


async def _work(url: str, queues: list[str], wait: bool) -> None:
    conninfo = url.replace("postgresql+psycopg", "postgresql", 1)
    connector = procrastinate.PsycopgConnector(conninfo=conninfo)
    with queue.replace_connector(connector) as live:
        async with live.open_async():
            await live.run_worker_async(
                queues=queues,
                wait=wait,
                concurrency=2,
                install_signal_handlers=wait,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                shutdown_graceful_timeout=8,
            )
