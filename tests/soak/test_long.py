"""The long versions of what the suite tries in small. `make soak`; results in docs/soak.md."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.cohorts.models import Enrolment
from core.cohorts.roster import import_roster
from core.db import db
from core.demo.names import people
from plugins.quizzes.gift import read

pytestmark = pytest.mark.soak
SEED = 20_261_123
SAMPLES = Path(__file__).parents[2] / "plugins" / "quizzes" / "tests" / "samples"


def roster(count: int, chance: random.Random) -> bytes:
    """People with a phone each; the combinations of names run out, so a number tells them apart."""
    invented = people(chance)
    names = [next(invented).name for _n in range(2_000)]
    lines = [f"{names[n % 2_000]};Perpustakaan {n % 40};08125{n:07d}" for n in range(count)]
    return ("Nama;Instansi;No HP\n" + "\n".join(lines)).encode()


def test_a_roster_of_ten_thousand_is_taken_in_and_changes_nothing_the_second_time(make):
    nation = make.institution()
    for number in range(40):
        make.institution(f"Perpustakaan {number}", nation)
    cohort = make.cohort(make.course(nation))
    data = roster(10_000, random.Random(SEED))

    first = import_roster(data, "peserta.csv", cohort, by=None)
    db.session.commit()
    again = import_roster(data, "peserta.csv", cohort, by=None)

    count = db.session.scalar(sa.select(sa.func.count()).select_from(Enrolment))
    assert (first.count("created"), first.errors) == (10_000, [])
    assert (again.count("skipped"), count) == (10_000, 10_000)


def test_twenty_thousand_damaged_gift_files_never_raise():
    chance = random.Random(SEED)
    sources = [file.read_bytes() for file in sorted(SAMPLES.glob("*.gift"))]
    for _n in range(20_000):
        data = bytearray(chance.choice(sources))
        for _m in range(chance.randrange(1, 30)):
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        found = read(bytes(data))
        assert found.questions or found.problems


def test_database_recovers_from_thirty_kills():
    """A writer is killed with -9 at a random moment; what it reported as committed is there."""
    chance = random.Random(SEED)
    instance = Path("instance/soak").resolve()
    acknowledged = 0
    for _n in range(30):
        command = [sys.executable, str(Path(__file__).with_name("writer.py")), str(instance)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            first = child.stdout.readline()
            assert int(first) >= acknowledged, "an acknowledged row was lost"
            time.sleep(chance.random())
            child.kill()
            rest = child.stdout.read().split()
        acknowledged = int(rest[-1] if rest else first)
