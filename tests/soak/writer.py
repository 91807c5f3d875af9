"""Inserts rows into the embedded database and prints how many are committed, until killed."""

import sys
from pathlib import Path

import sqlalchemy as sa

from core import embedded

server = embedded.start(Path(sys.argv[1]))
engine = sa.create_engine(server.url)
with engine.begin() as connection:
    connection.execute(sa.text("CREATE TABLE IF NOT EXISTS kept (id bigserial PRIMARY KEY)"))
    count = connection.scalar(sa.text("SELECT count(*) FROM kept"))
sys.stdout.write(f"{count}\n")
sys.stdout.flush()
while True:
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO kept DEFAULT VALUES"))
    count += 1
    sys.stdout.write(f"{count}\n")
    sys.stdout.flush()
