"""How late deadlines fire: 10,000 live sessions that end within 60 s. The aim: never early, p99 at most 100 ms late.

Late is the time from the deadline to the commit of what it does, on a database that keeps what it commits. Each clock
is a process of its own, each run has a database of its own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.kit.figures import Arguments, Figure, from_json
from tests.kit.postgres import postgres


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    found: list[Figure] = []
    for database in options.database:
        for work in options.work:
            with _environment(database) as environment:
                given = [options.sessions, options.seconds, options.processes, options.calls]
                command = [sys.executable, "-m", "bench.clock_run", work, *map(str, given)]
                done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
            found += from_json(done.stdout)
    return found


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench clock", description=__doc__)
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"])
    parser.add_argument(
        "--work",
        nargs="+",
        choices=["synthetic", "session"],
        default=["synthetic", "session"],
        help="synthetic: a transaction of eight queries; session: the real end of a session, with its mail and charge",
    )
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        help="time in which the sessions end; 0: all at once, which shows how many it bears",
    )
    parser.add_argument("--processes", type=int, default=1, help="clocks on the one database")
    parser.add_argument(
        "--calls",
        choices=["along", "apart", "later"],
        default="along",
        help="mails and charges: by each clock, by a process of their own, or not at all",
    )
    return parser.parse_args(arguments)


@contextmanager
def _environment(database: str) -> Iterator[dict[str, str]]:
    Path(".data").mkdir(exist_ok=True)  # on the disk: /tmp may be memory, which commits faster
    with tempfile.TemporaryDirectory(prefix="bench-", dir=Path(".data").absolute()) as folder:
        environment = os.environ | {
            "AUTODOCTOR_DATA": folder,
            "DJANGO_SETTINGS_MODULE": "autodoctor.settings",
            "DEBUG": "1",  # for the demo's defaults; the run itself switches it off
            "LOG_LEVEL": "ERROR",
        }
        environment.pop("DATABASE_URL", None)
        if database == "sqlite":
            yield environment
        else:
            with postgres(durable=True) as server:
                yield environment | {"DATABASE_URL": server.url()}


if __name__ == "__main__":
    run()
