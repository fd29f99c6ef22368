"""Messages between real sockets, each committed before it is delivered; beside it Node servers doing the same job.

Sessions of two, whose sockets send as fast as they are answered, then at a fixed pace; then as many idle sockets.
With two processes sender and receiver are connected to different ones, which hear of each other by Valkey. The
servers have half of the cores; the clients, PostgreSQL and Valkey have the others. Durable: fsync is on.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson

from bench.kit import contestants, ground, machine
from bench.kit.contestants import Contestant
from bench.kit.figures import Arguments, Figure
from bench.kit.ground import Ground, Seats
from bench.kit.machine import Cores
from bench.kit.serving import ORIGIN, ROOT, serving, web_processes

AIMS = (
    "Aims: 1.2 × the plain peer, p99 at most 50 ms at 1,000/s, at most 25 KB an idle socket, "
    "at least 800 connects/s with one process."
)
COLUMNS = (
    ("messages/s", "flood", "a_second", "{:,.0f}"),
    ("per CPU second", "flood", "a_cpu_second", "{:,.0f}"),
    ("servers busy", "flood", "busy", "{:.0%}"),
    ("p50 ms", "flood", "p50_ms", "{:.1f}"),
    ("p99 ms", "flood", "p99_ms", "{:.1f}"),
    ("p50 ms at pace", "paced", "p50_ms", "{:.1f}"),
    ("p99 ms at pace", "paced", "p99_ms", "{:.1f}"),
    ("busy at pace", "paced", "busy", "{:.0%}"),
    ("RSS MB", "", "rss_mb", "{:.0f}"),
    ("KB/idle socket", "", "idle_kb", "{:.1f}"),
    ("connects/s", "", "connects_a_second", "{:,.0f}"),
    ("per CPU second", "", "connects_a_cpu_second", "{:,.0f}"),
)
Results = dict[str, list[dict[str, Any]]]


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    machine.raise_file_limit(options.sessions * 2 + options.idle)
    cores, everybody, found = machine.share_cores(), _contestants(options), Results()
    for number in range(options.rounds):
        for who, result in _round(everybody, options, cores):
            found.setdefault(who.label, []).append(result)
            rate = f"{result['flood']['a_second']:,.0f}/s"
            print(f"round {number + 1}: {who.label}: {rate}, {machine.load()}", file=sys.stderr, flush=True)
    rows = {who.label: machine.median(found[who.label]) for who in everybody if found}
    if rows:
        _print(rows, everybody, options)
    floods = {label: row["flood"] for label, row in rows.items()}
    return contestants.compared(floods, everybody, {"a_second": "messages/s", "p99_ms": "p99 ms"})


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench messages", description=__doc__)
    parser.add_argument("--database", nargs="+", choices=["postgres", "sqlite"], default=["postgres", "sqlite"])
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2], help="of each server on PostgreSQL")
    parser.add_argument("--sessions", type=int, default=200, help="sessions of two people")
    parser.add_argument("--idle", type=int, default=2000, help="idle sockets")
    parser.add_argument("--window", type=int, default=4, help="unconfirmed messages per socket")
    parser.add_argument("--rate", type=float, default=1000, help="messages per second in the paced part")
    parser.add_argument("--seconds", type=float, default=8, help="length of each part")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; the median is shown")
    parser.add_argument("--no-peer", action="store_true", help="skip the Node servers")
    return parser.parse_args(arguments)


def _contestants(options: argparse.Namespace) -> list[Contestant]:
    found: list[Contestant] = []
    if "postgres" in options.database and contestants.has_postgres():
        found += contestants.ours(options.processes)
        found += [] if options.no_peer else contestants.peers(options.processes)
    if "sqlite" in options.database:
        found.append(contestants.ours_on_sqlite())
    return found


def _round(
    everybody: list[Contestant], options: argparse.Namespace, cores: Cores
) -> Iterator[tuple[Contestant, dict[str, Any]]]:
    """One after the other, in any order, so that whatever else the machine does meets all of them."""
    count = options.sessions + (options.idle + 1) // 2
    with ExitStack() as stack:
        here: Ground | None = None
        for who in contestants.shuffled(everybody):
            if who.database == "sqlite":
                with ground.on_sqlite(count) as (environment, seats):
                    yield who, _run(who, environment, seats, options, cores)
                continue
            with_peer = not all(each.is_ours for each in everybody)
            here = here or stack.enter_context(ground.prepared(count, with_peer=with_peer))
            with here.environment(who) as environment:
                yield who, _run(who, environment, here.seats, options, cores)


def _run(
    who: Contestant, environment: dict[str, str], seats: Seats, options: argparse.Namespace, cores: Cores
) -> dict[str, Any]:
    webs = web_processes(who.command, environment, cores, who.processes)
    with serving(webs):
        plan = {
            "servers": [(web.pid, web.port) for web in webs],
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


def _print(rows: dict[str, dict[str, Any]], everybody: list[Contestant], options: argparse.Namespace) -> None:
    print(
        f"\n{options.sessions} sessions of two, {options.window} messages on their way a socket; "
        f"pace {options.rate:g}/s; {options.idle} idle sockets; median of {options.rounds}; {machine.load()}."
    )
    width = max(map(len, rows))
    titles = [title for title, *_ in COLUMNS]
    print(" " * width, *titles, sep="  ")
    for name, found in rows.items():
        figures = [_figure(found, part, key, form).rjust(len(title)) for title, part, key, form in COLUMNS]
        print(name.ljust(width), *figures, sep="  ")
    for line in _ratios(rows, everybody):
        print(line)
    print(AIMS)


def _figure(found: dict[str, Any], part: str, key: str, form: str) -> str:
    return form.format((found[part] if part else found)[key])


def _ratios(rows: dict[str, dict[str, Any]], everybody: list[Contestant]) -> Iterator[str]:
    """Compare with the peers of as many processes."""
    for who in everybody:
        for peer in everybody:
            if who.is_ours and not peer.is_ours and who.processes == peer.processes:
                mine, theirs = rows[who.label]["flood"], rows[peer.label]["flood"]
                all_, each = (mine[key] / theirs[key] for key in ("a_second", "a_cpu_second"))
                yield f"{who.label}: {all_:.2f} × the messages/s of {peer.label}, {each:.2f} × per CPU second"


if __name__ == "__main__":
    run()
