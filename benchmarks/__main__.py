"""`make bench`: pages and saves beside the bare minimum, as ratios within one run.

Reading: a page beside a bare Flask view that returns the same bytes. Writing: a save beside a
bare insert and commit on the same database. A ratio says what the product adds; milliseconds
are printed for orientation only and nothing is asserted by them.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from flask import Flask

from benchmarks import cases
from core.testing.database import clone, server_url

ROUNDS = 60


def milliseconds(act: Callable[[], object]) -> float:
    """The median of ROUNDS calls after a few to warm up."""
    for _n in range(5):
        act()
    times = []
    for _n in range(ROUNDS):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def bare_view(body: bytes) -> Callable[[], object]:
    """The least that Flask can do to send these bytes."""
    app = Flask("bare", static_folder=None)
    app.add_url_rule("/", view_func=lambda: body)
    client = app.test_client()
    return lambda: client.get("/")


def bare_insert(url: str) -> Callable[[], object]:
    """The least that a save can cost on this database: one insert, one commit."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE bench (id bigserial PRIMARY KEY, body text)"))

    def insert() -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO bench (body) VALUES ('x')"))

    return insert


def line(name: str, took: float, least: float) -> str:
    return f"{name:<34} {took:8.2f} ms   {least:6.2f} ms   × {took / least:6.1f}"


def main() -> int:
    instance = Path(tempfile.mkdtemp(prefix="bimtek-bench-"))
    server = server_url(Path("instance/bench").resolve())
    print(f"{'':<34} {'product':>8}      {'least':>6}        ratio")
    with clone(server, instance, "bench") as url:
        bench = cases.prepare(url, instance)
        for name, read in bench.reads.items():
            body = read()
            print(line(name, milliseconds(read), milliseconds(bare_view(body))))
        least = milliseconds(bare_insert(url))
        for name, write in bench.writes.items():
            print(line(name, milliseconds(write), least))
        bench.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
