"""Years of sessions on PostgreSQL: what the nightly cleanup costs, and whether queries still find their rows by index.

A million sessions with twenty events each, spread over three years, of which every tenth was never paid. Then every
cleanup runs once with the backlog of all that time, and what processes and pages ask again and again is explained and
timed. The aim: nothing reads a growing table from end to end.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.kit.figures import Arguments, Figure, from_json
from tests.kit.postgres import Postgres, postgres

# As a small server of its own would have it: a bulk load of this size needs more than the defaults.
SETTINGS = {
    "shared_buffers": "'1GB'",
    "max_wal_size": "'8GB'",
    "maintenance_work_mem": "'512MB'",
    "random_page_cost": "1.1",
}


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    Path(".data").mkdir(exist_ok=True)  # on the disk: /tmp may be memory
    tempfile.tempdir = str(Path(".data").absolute())
    with postgres(durable=True) as server, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        _set_up(server)
        environment = os.environ | {
            "AUTODOCTOR_DATA": folder,
            "DATABASE_URL": server.url(),
            "DJANGO_SETTINGS_MODULE": "autodoctor.settings",
            "DEBUG": "1",  # for the demo's defaults; the run itself switches it off
            "LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-m", "bench.seed_run", str(options.sessions), str(options.events)]
        return from_json(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def _set_up(server: Postgres) -> None:
    for name, value in SETTINGS.items():
        server.execute(f"ALTER SYSTEM SET {name} = {value}")
    server.restart()


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench seed", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20, help="of each session")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run()
