"""What an idle page costs: resident memory of each of 10,000 authenticated sockets, and the processor time of all.

Beside it the same number of sockets at a Node server (`ws`, `pg`, `redis`). The sockets are two for each session, at
different processes if there are two; each is asked by its server at least once whether it is still there.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import orjson

from bench.kit import contestants, ground, machine
from bench.kit.contestants import Contestant
from bench.kit.figures import Arguments, Figure
from bench.kit.ground import Ground
from bench.kit.machine import Cores
from bench.kit.serving import ORIGIN, ROOT, serving, web_processes

AIMS = "Aim: at most 25 KB a socket."
COLUMNS = (
    ("KB a socket", "idle_kb", "{:.1f}"),
    ("RSS MB, empty", "empty_mb", "{:.0f}"),
    ("RSS MB, full", "full_mb", "{:.0f}"),
    ("of one core", "busy", "{:.1%}"),
    ("connects/s", "connects_a_second", "{:,.0f}"),
    ("per CPU second", "connects_a_cpu_second", "{:,.0f}"),
)


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    if not contestants.has_postgres():
        return []
    machine.raise_file_limit(options.sockets)
    cores, everybody = machine.share_cores(), contestants.ours(options.processes)
    everybody += [] if options.no_peer else contestants.peers(options.processes, [contestants.PLAIN])
    with ground.prepared((options.sockets + 1) // 2, with_peer=not options.no_peer) as here:
        rows = dict(_rows(here, everybody, options, cores))
    _print({who.label: rows[who.label] for who in everybody}, options)
    return contestants.compared(rows, everybody, {"idle_kb": "KB a socket", "connects_a_second": "connects/s"})


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench idle", description=__doc__)
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2], help="of each server")
    parser.add_argument("--seconds", type=float, default=30, help="how long nothing happens")
    parser.add_argument("--no-peer", action="store_true", help="skip the Node server")
    return parser.parse_args(arguments)


def _rows(
    here: Ground, everybody: list[Contestant], options: argparse.Namespace, cores: Cores
) -> Iterator[tuple[str, dict[str, float]]]:
    for who in contestants.shuffled(everybody):
        with here.environment(who) as environment:
            webs = web_processes(who.command, environment, cores, who.processes)
            with serving(webs):
                plan = {
                    "servers": [(web.pid, web.port) for web in webs],
                    "origin": ORIGIN,
                    "seats": here.seats[: options.sockets],
                    "seconds": options.seconds,
                }
                load = [sys.executable, "-m", "bench.idle_load"]
                done = subprocess.run(load, input=orjson.dumps(plan), cwd=ROOT, stdout=subprocess.PIPE, check=True)
        found: dict[str, float] = orjson.loads(done.stdout)
        print(f"{who.label}: {found['idle_kb']:.1f} KB, {machine.load()}", file=sys.stderr, flush=True)
        yield who.label, found


def _print(rows: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    print(f"\n{options.sockets:,} sockets, idle for {options.seconds:g} s; {machine.load()}.")
    width = max(map(len, rows))
    print(" " * width, *(title for title, *_ in COLUMNS), sep="  ")
    for name, found in rows.items():
        figures = [form.format(found[key]).rjust(len(title)) for title, key, form in COLUMNS]
        print(name.ljust(width), *figures, sep="  ")
    print(AIMS)


if __name__ == "__main__":
    run()
