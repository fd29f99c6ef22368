"""Pages with a short and with a long history behind them: whether they take longer as the years go by.

A real server and a PostgreSQL for each, asked slice by slice in a shuffled order. What the pages show is the same with
both: the present, and the months of the history. With `--against`, another worktree's server has both, too.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from random import Random

from bench.http import middle
from bench.http_load import Measured, Server, measure
from bench.http_server import Revision, prepared, serving
from bench.kit import machine
from bench.kit.figures import Arguments, Figure
from bench.kit.serving import ROOT
from tests.kit.postgres import postgres

AIM = 1.2  # times as long with the long history


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    cores = machine.share_cores()
    with postgres(durable=True) as database, ExitStack() as stack:
        servers: dict[tuple[str, int], Server] = {}
        for one in [Revision("this", ROOT), *([Revision("other", options.against)] if options.against else [])]:
            ready = stack.enter_context(prepared(one))
            for sessions in (options.short, options.long):
                served = serving(ready, database, sessions, cores)
                servers[one.name, sessions] = stack.enter_context(served)
        found = _measure_all(servers, options)
    _print(found, options)
    return [
        Figure(page, "ms", measured.ms, found[revision, options.short, page].ms, f"{options.short:,} sessions")
        for (revision, sessions, page), measured in sorted(found.items())
        if revision == "this" and sessions == options.long
    ]


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench history", description=__doc__)
    parser.add_argument("--against", type=Path, help="a worktree of another revision")
    parser.add_argument("--short", type=int, default=100, help="sessions of the short history")
    parser.add_argument("--long", type=int, default=100_000, help="sessions of the long history")
    parser.add_argument("--pages", nargs="+", help="only pages whose name begins so")
    parser.add_argument("--seconds", type=float, default=1, help="length of a slice")
    parser.add_argument("--rounds", type=int, default=5, help="slices of each page; the median is shown")
    return parser.parse_args(arguments)


Key = tuple[str, int, str]  # revision, sessions, page


def _measure_all(servers: dict[tuple[str, int], Server], options: argparse.Namespace) -> dict[Key, Measured]:
    wanted = tuple(options.pages or [""])
    slices = [(key, page) for key, server in servers.items() for page in server.pages if page.name.startswith(wanted)]
    found: dict[Key, list[Measured]] = {}
    for number in range(options.rounds):
        Random(number).shuffle(slices)
        for key, page in slices:
            result = measure(servers[key], page, seconds=options.seconds, at_once=1)
            found.setdefault((*key, page.name), []).append(result)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return {key: middle(results) for key, results in found.items()}


def _print(found: dict[Key, Measured], options: argparse.Namespace) -> None:
    pages = sorted({page for _revision, _sessions, page in found})
    width = max(map(len, pages))
    for revision in dict.fromkeys(revision for revision, _sessions, _page in found):
        print(
            f"\n{revision} revision: ms with {options.short:,} and {options.long:,} sessions of history, and the ratio"
        )
        for page in pages:
            short, long = (found[revision, sessions, page].ms for sessions in (options.short, options.long))
            missed = "  more than the aim" if long / short > AIM else ""
            print(f"{page:{width}} {short:9.1f} {long:9.1f} {long / short:6.2f}{missed}")
    print(f"Aim: at most {AIM} times as long.")


if __name__ == "__main__":
    run()
