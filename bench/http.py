"""Pages of a real server: how long one takes, how many a second, and what each costs the server.

One process with one core to itself; PostgreSQL and the clients have the others. With `--against`, the server of another
worktree is measured in the same run, slice by slice in a shuffled order, so that the machine is the same for both.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from random import Random
from statistics import median

from bench.http_load import Measured, Server, measure
from bench.http_server import Revision, prepared, serving
from bench.kit import machine
from bench.kit.figures import Arguments, Figure
from bench.kit.serving import ROOT
from tests.kit.postgres import postgres

AIMS = "Aims: the room at most 20 ms and at least 45 requests/s; the earnings at most 20 ms."
TITLES = ("ms", "a second", "CPU ms", "kB")


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    cores = machine.share_cores()
    with postgres(durable=True) as database, ExitStack() as stack:
        revisions = [Revision("this", ROOT), *([Revision("other", options.against)] if options.against else [])]
        servers = [
            stack.enter_context(serving(stack.enter_context(prepared(one)), database, options.sessions, cores))
            for one in revisions
        ]
        found = _measure_all(servers, options)
    _print(found, options)
    return list(_figures(found))


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench http", description=__doc__)
    parser.add_argument("--against", type=Path, help="a worktree of another revision")
    parser.add_argument("--sessions", type=int, default=2000, help="of history")
    parser.add_argument("--pages", nargs="+", help="only pages whose name begins so")
    parser.add_argument("--seconds", type=float, default=1, help="length of a slice")
    parser.add_argument("--at-once", type=int, default=4, help="connections that ask for pages at once")
    parser.add_argument("--rounds", type=int, default=5, help="slices of each page; the median is shown")
    return parser.parse_args(arguments)


def _measure_all(servers: list[Server], options: argparse.Namespace) -> dict[tuple[str, str], Measured]:
    """Return the median of each figure, by server and page."""
    wanted = tuple(options.pages or [""])
    slices = [(server, page) for server in servers for page in server.pages if page.name.startswith(wanted)]
    found: dict[tuple[str, str], list[Measured]] = {}
    for number in range(options.rounds):
        Random(number).shuffle(slices)
        for server, page in slices:
            result = measure(server, page, seconds=options.seconds, at_once=options.at_once)
            found.setdefault((server.name, page.name), []).append(result)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return {key: middle(results) for key, results in found.items()}


def middle(results: list[Measured]) -> Measured:
    """Return the median of each figure."""
    return Measured(*map(median, zip(*map(astuple, results), strict=True)))


def _figures(found: dict[tuple[str, str], Measured]) -> Iterator[Figure]:
    for (server, page), measured in sorted(found.items()):
        if server == "this":
            other = found.get(("other", page))
            yield Figure(page, "ms", measured.ms, other.ms if other else None, "the other revision")
            yield Figure(page, "CPU ms", measured.cpu_ms, other.cpu_ms if other else None, "the other revision")


def _print(found: dict[tuple[str, str], Measured], options: argparse.Namespace) -> None:
    print(f"\n{options.sessions} sessions of history, {options.at_once} at once; median of {options.rounds}.")
    names = list(dict.fromkeys(page for _server, page in found))
    width = max(map(len, names))
    print(" " * width, *(f"{title:>9}" for title in TITLES), *(["   of the other: ms, CPU"] if options.against else []))
    for name in sorted(names):
        this = found["this", name]
        line = " ".join(f"{figure:9.1f}" for figure in astuple(this))
        if other := found.get(("other", name)):
            line += (
                f"   {this.ms / other.ms:.2f}, {this.cpu_ms / other.cpu_ms:.2f} ({other.ms:.1f}, {other.cpu_ms:.1f})"
            )
        print(f"{name:{width}} {line}")
    print(AIMS)


if __name__ == "__main__":
    run()
