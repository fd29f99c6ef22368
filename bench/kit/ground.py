"""What the servers of a run stand on: a database that keeps what it commits, fresh for each of them, and a Valkey.

Everybody finds the same people and sessions. Files lie on the disk: /tmp may be memory, which commits faster.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from bench.kit.contestants import Contestant, fill_peer
from bench.kit.serving import PRODUCTION, ROOT
from tests.kit.postgres import Postgres, postgres
from tests.kit.valkey import Valkey, valkey

Seats = list[dict[str, str]]
SEED = "import django; django.setup(); from bench.messages_seed import main; main({count})"
TEMPLATE = "template_bench"


@dataclass(frozen=True)
class Ground:
    """PostgreSQL with a database to copy, and Valkey."""

    cluster: Postgres
    bus: Valkey
    seats: Seats

    @contextmanager
    def environment(self, contestant: Contestant) -> Iterator[dict[str, str]]:
        """The environment of one contestant's servers: a copy of the database for them alone, and a bus for several."""
        url = self.cluster.create("bench", template=TEMPLATE)
        self.cluster.execute("CHECKPOINT")  # what the one before has written
        try:
            with data_folder() as environment:
                several = {"REDIS_URL": self.bus.url} if contestant.processes > 1 else {}
                yield environment | contestant.environment | several | {"DATABASE_URL": url}
        finally:
            self.cluster.drop("bench")


@contextmanager
def prepared(sessions: int, *, with_peer: bool) -> Iterator[Ground]:
    with data_folder() as environment, postgres(durable=True) as cluster, valkey() as bus:
        environment |= {"DATABASE_URL": cluster.create(TEMPLATE)}
        seats = seed(environment, sessions)
        if with_peer:
            fill_peer(environment, seats)
        cluster.execute("VACUUM ANALYZE", TEMPLATE)
        yield Ground(cluster, bus, seats)


@contextmanager
def on_sqlite(sessions: int) -> Iterator[tuple[dict[str, str], Seats]]:
    with data_folder() as environment:
        yield environment, seed(environment, sessions)


@contextmanager
def data_folder() -> Iterator[dict[str, str]]:
    """The environment of a server in production, whose data directory is gone afterwards."""
    kept = ROOT / ".data"
    kept.mkdir(exist_ok=True)
    tempfile.tempdir = str(kept)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = os.environ | PRODUCTION | {"AUTODOCTOR_DATA": folder}
        for name in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(name, None)
        yield environment


def seed(environment: dict[str, str], sessions: int) -> Seats:
    """Make so many live sessions; returns who sits where, customer and mechanic in turn."""
    command = [sys.executable, "-c", SEED.format(count=sessions)]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    seats: Seats = orjson.loads(done.stdout)
    return seats
