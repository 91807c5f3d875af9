"""Background work on Procrastinate: enqueued in the transaction that needs it.

A job that rolled back with its change never runs; a job of a killed worker is tried again,
with a cap. Jobs are idempotent.
"""

import asyncio
import functools
import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import procrastinate
import sqlalchemy as sa
from flask import Flask
from procrastinate.jobs import Status
from procrastinate.tasks import Task

from core.db import db

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5
HEARTBEAT_SECONDS = 10
STALLED_SECONDS = 30

queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
_app: list[Flask] = []

_DEFER = sa.text(
    "SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW("
    ":queue, :task, :priority, :lock, :queueing_lock, CAST(:args AS jsonb),"
    " CAST(:at AS timestamptz))::procrastinate_job_to_defer_v1]))"
)


def job(name: str, *, cron: str | None = None) -> Callable[[Callable[..., None]], Any]:
    """Makes a function a job that runs in an app context. `name`: `"<plugin>.<verb>"`.

    With `cron` it also runs by the clock, and then gets no argument.
    """

    def declare(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def inside(*args: Any, **arguments: Any) -> None:
            if cron:
                arguments.pop("timestamp", None)
            with _app[0].app_context():
                try:
                    function(**arguments)
                    db.session.commit()
                except Exception as error:
                    db.session.rollback()
                    _app[0].extensions["bimtek"].failed_job(name, error)
                    raise

        task = queue.task(name=name, retry=procrastinate.RetryStrategy(
            max_attempts=MAX_ATTEMPTS, exponential_wait=3))(inside)  # fmt: skip
        return queue.periodic(cron=cron)(task) if cron else task

    return declare


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


def enqueue(
    task: Task[..., Any, Any],
    *,
    at: datetime | None = None,
    lock: str | None = None,
    queueing_lock: str | None = None,
    **arguments: Any,
) -> int:
    """Adds a job to the session's transaction; gives its id.

    `at`: not before. `lock`: one at a time. A waiting job with the same `queueing_lock` makes
    this raise IntegrityError. Arguments are JSON: ids and words, never personal data.
    """
    values = {
        "queue": "default",
        "task": task.name,
        "priority": 0,
        "lock": lock,
        "queueing_lock": queueing_lock,
        "args": json.dumps(arguments),
        "at": at,
    }
    return int(db.session.execute(_DEFER, values).scalar_one())


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


def run_worker(app: Flask, *, wait: bool = True) -> None:
    """Works on jobs until a signal ends it; with `wait=False` until none is left."""
    _app[:] = [app]
    asyncio.run(_work(app.config["SQLALCHEMY_DATABASE_URI"], wait))


async def _work(url: str, wait: bool) -> None:
    conninfo = url.replace("postgresql+psycopg", "postgresql", 1)
    connector = procrastinate.PsycopgConnector(conninfo=conninfo)
    with queue.replace_connector(connector) as live:
        async with live.open_async():
            await live.run_worker_async(
                wait=wait,
                concurrency=2,
                install_signal_handlers=wait,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                shutdown_graceful_timeout=8,
            )
