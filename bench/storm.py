"""A storm: 5,000 open pages lose their server at once, and come back as the product's own script does.

One process of two, to which all of them were connected, is killed (or told to end) and begins again at once; of one
process there is none until then. People go on writing, and Stripe delivers signed webhooks at a steady pace: beside
two processes to one that serves nothing else, as `deploy/` has it. At the end what each page shows is compared with
the database. All share all cores. Beside it Node servers, which keep neither presence nor jobs.
"""

import argparse
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import psycopg

from bench.kit import contestants, ground, machine
from bench.kit.contestants import Contestant
from bench.kit.figures import Arguments, Figure
from bench.kit.ground import Ground
from bench.kit.machine import Cores
from bench.kit.serving import ORIGIN, ROOT, Web, serving, web_processes
from bench.storm_verdict import Figures, judge

AIMS = "Aims: back within 10 s, none refused, nothing lost; webhooks answered 2xx, p99 at most 100 ms."
JOINED = """
    SELECT count(*) FROM autodoctor_sessions_connection AS page
    JOIN autodoctor_sessions_process AS process ON process.id = page.process_id
    WHERE page.joined AND process.expires_at > now()
"""
PAUSED = "SELECT count(DISTINCT session_id) FROM autodoctor_sessions_sessionevent WHERE kind = 'session.paused'"
JOIN_SECONDS = 120.0
HARM = "lost, wrong or refused"
COLUMNS = (
    ("back, p50 s", "back_p50", "{:.1f}"),
    ("all back, s", "back_last", "{:.1f}"),
    ("all joined, s", "joined", "{:.1f}"),
    ("refused", "refused", "{:.0f}"),
    ("gave up", "given_up", "{:.0f}"),
    ("nobody there", "unreachable", "{:.0f}"),
    ("messages", "messages", "{:.0f}"),
    ("lost", "lost", "{:.0f}"),
    ("wrong", "wrong", "{:.0f}"),
    ("paused", "paused", "{:.0f}"),
    ("webhooks", "hooks", "{:.0f}"),
    ("unheard", "hooks_nobody", "{:.0f}"),
    ("2xx", "hooks_2xx", "{:.1%}"),
    ("p50 ms", "hooks_p50_ms", "{:.0f}"),
    ("p99 ms", "hooks_p99_ms", "{:.0f}"),
    ("p99 before", "calm_p99_ms", "{:.0f}"),
)


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    if not contestants.has_postgres():
        return []
    machine.raise_file_limit(options.clients)
    cores, everybody = Cores([], set()), contestants.ours(options.processes)
    everybody += [] if options.no_peer else contestants.peers(options.processes, [contestants.PLAIN])
    found: dict[str, list[Figures]] = {}
    with ground.prepared((options.clients + 1) // 2, with_peer=not options.no_peer) as here:
        for number in range(options.rounds):
            for label, figures in _round(here, everybody, options, cores):
                found.setdefault(label, []).append(figures)
                print(f"round {number + 1}: {label}: {_line(figures)}; {machine.load()}", file=sys.stderr, flush=True)
    rows = {label: machine.median(found[label]) for label in sorted(found)}
    _print(rows, options)
    return [*(figure for how in options.how for figure in _compared(rows, how, everybody)), *_harm(found)]


def _harm(found: dict[str, list[Figures]]) -> Iterator[Figure]:
    """Yield what each of our servers lost or refused at most, however long it took."""
    for label, rounds in found.items():
        if label.startswith(contestants.WHO):
            yield Figure(label, HARM, max(sum(each[what] for what in ("lost", "wrong", "refused")) for each in rounds))


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench storm", description=__doc__)
    parser.add_argument("--clients", type=int, default=5000, help="open pages")
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2], help="of each server")
    parser.add_argument("--how", nargs="+", choices=["killed", "ended"], default=["killed", "ended"])
    parser.add_argument("--rate", type=float, default=100, help="messages per second")
    parser.add_argument("--webhooks", type=float, default=20, help="per second")
    parser.add_argument("--seconds", type=float, default=10, help="before the storm and after it")
    parser.add_argument("--rounds", type=int, default=1, help="number of rounds; the median is shown")
    parser.add_argument("--no-peer", action="store_true", help="skip the Node server")
    return parser.parse_args(arguments)


def _compared(rows: dict[str, Figures], how: str, everybody: list[Contestant]) -> list[Figure]:
    of_this = {who.label: rows[f"{who.label}, {how}"] for who in everybody}
    units = {"back_last": f"s until all are back ({how})", "hooks_p99_ms": f"p99 ms of webhooks ({how})"}
    return contestants.compared(of_this, everybody, units)


def _round(
    here: Ground, everybody: list[Contestant], options: argparse.Namespace, cores: Cores
) -> Iterator[tuple[str, Figures]]:
    for who in contestants.shuffled(everybody):
        for how in options.how:
            with here.environment(who) as environment:
                yield f"{who.label}, {how}", _run(who, how, environment, here, options, cores)


def _run(
    who: Contestant, how: str, environment: dict[str, str], here: Ground, options: argparse.Namespace, cores: Cores
) -> Figures:
    environment |= {"CLOCK_EMBEDDED": "0"}
    webs = web_processes(who.command, environment, cores, who.processes)
    inbox = web_processes(who.command, environment, cores, int(who.processes > 1))
    plan = {"ports": [web.port for web in webs], "origin": ORIGIN, "seconds": options.seconds}
    with serving([*webs, *inbox]), _scheduler(who, environment), _child("bench.storm_webhooks") as hooks:
        with _child("bench.storm_load") as load:
            _write(load, plan | {"seats": here.seats[: options.clients], "rate": options.rate})
            _expect(load, "open")
            _wait_until_joined(who, environment, options.clients)
            _write(hooks, plan | {"ports": [web.port for web in [*inbox, *webs]], "rate": options.webhooks})
            _write(load, None)
            _expect(load, "cut")
            _strike(webs[0], how)
            _expect(load, "resumed")
            joined_at = _wait_until_joined(who, environment, options.clients)
            time.sleep(options.seconds)
            _write(load, None)
            pages = orjson.loads(_read(load))
        delivered = orjson.loads(hooks.communicate()[0])
        paused = _ask(environment, PAUSED) if who.is_ours else 0
        return judge(pages, delivered, joined_at, paused, environment["DATABASE_URL"], is_ours=who.is_ours)


@contextmanager
def _scheduler(who: Contestant, environment: dict[str, str]) -> Iterator[None]:
    if not who.is_ours:
        yield
        return
    process = subprocess.Popen([sys.executable, "manage.py", "clock"], env=environment, cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _child(module: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _strike(web: Web, how: str) -> None:
    """It is gone, and whoever manages processes starts it again at once."""
    if how == "killed":
        web.kill()
    else:
        web.end()
    web.start()


def _wait_until_joined(who: Contestant, environment: dict[str, str], count: int) -> float:
    """Return when all pages counted as joined; at once for servers that know no such thing."""
    limit = time.monotonic() + JOIN_SECONDS
    while who.is_ours and _ask(environment, JOINED) < count and time.monotonic() < limit:
        time.sleep(0.1)
    return time.monotonic()


def _ask(environment: dict[str, str], query: str) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0


def _write(process: "subprocess.Popen[bytes]", plan: object) -> None:
    if process.stdin:
        process.stdin.write(orjson.dumps(plan) + b"\n")
        process.stdin.flush()


def _read(process: "subprocess.Popen[bytes]") -> bytes:
    return process.stdout.readline() if process.stdout else b""


def _expect(process: "subprocess.Popen[bytes]", word: str) -> None:
    if (heard := _read(process).decode().strip()) != word:
        sys.exit(f"The pages said {heard!r} instead of {word!r}: this run says nothing.")


def _line(figures: Figures) -> str:
    return ", ".join(f"{title} {_figure(figures[key], form)}" for title, key, form in COLUMNS)


def _figure(value: float, form: str) -> str:
    return "-" if math.isnan(value) else form.format(value)


def _print(rows: dict[str, Figures], options: argparse.Namespace) -> None:
    print(
        f"\n{options.clients:,} pages, {options.rate:g} messages/s, {options.webhooks:g} webhooks/s; "
        f"median of {options.rounds}; {machine.load()}."
    )
    width = max(map(len, rows))
    print(" " * width, *(title for title, *_ in COLUMNS), sep="  ")
    for name, found in rows.items():
        figures = [_figure(found[key], form).rjust(len(title)) for title, key, form in COLUMNS]
        print(name.ljust(width), *figures, sep="  ")
    print(AIMS)


if __name__ == "__main__":
    figures = run()
    sys.exit(1 if not figures or any(figure.value for figure in figures if figure.unit == HARM) else 0)
