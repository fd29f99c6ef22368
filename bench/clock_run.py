"""One run of `bench.clock`: `python -m bench.clock_run WORK SESSIONS SECONDS PROCESSES CALLS`."""

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from autodoctor.mail import demo_outbox
from autodoctor.scheduler.lanes import PARTS, Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State
from bench.clock_child import ENDS
from bench.clock_seed import seed
from bench.kit.figures import Figure, as_json

AIM_SECONDS = 0.100
SEEDED_A_SECOND = 400  # at least
# What each clock process runs, and what one process beside them all does.
LANES = {"along": (tuple(Lane), ()), "apart": (PARTS["deadlines"], PARTS["calls"]), "later": (PARTS["deadlines"], ())}


@dataclass(frozen=True)
class Run:
    work: str
    sessions: int
    seconds: float
    processes: int
    calls: str


def main(run: Run) -> None:
    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    demo_outbox.folder().mkdir()  # beside a running database, its next commit waits for all of the disk
    starts_at = timezone.now() + timedelta(seconds=8 + run.sessions / SEEDED_A_SECOND)
    seed(run.sessions, starts_at, run.seconds)
    ends, calls = LANES[run.calls]
    parts = [ends] * run.processes + ([calls] if calls else [])
    with _clocks(run.work, parts) as clocks:
        if timezone.now() > starts_at - timedelta(seconds=2):
            sys.exit("this machine is too busy: the first sessions ended before all were there")
        _wait(starts_at + timedelta(seconds=run.seconds + 60))
        found = [_stop(clock) for clock in clocks]
    print(as_json(_report(run, found, starts_at)))


@contextmanager
def _clocks(work: str, parts: Collection[Collection[Lane]]) -> Iterator[list["subprocess.Popen[str]"]]:
    clocks = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.clock_child", work, *lanes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for lanes in parts
    ]
    try:
        for clock in clocks:
            assert clock.stdout
            assert clock.stdout.readline() == "ready\n"
        yield clocks
    finally:
        for clock in clocks:
            clock.kill()
            clock.wait()


def _wait(at_most: datetime) -> None:
    while Job.objects.filter(kind=ENDS).exists() and timezone.now() < at_most:
        time.sleep(0.5)


def _stop(clock: "subprocess.Popen[str]") -> dict[str, Any]:
    said, _ = clock.communicate("\n")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def _report(run: Run, found: list[dict[str, Any]], starts_at: datetime) -> list[Figure]:
    ended = Session.objects.filter(state=State.COMPLETED).count()
    waiting = Job.objects.exclude(lane=Lane.DEADLINES).count()
    late = sorted(seconds for one in found for seconds in one["late"])
    early = sum(one["early"] for one in found)
    lasted = max(one["last"] for one in found) - starts_at.timestamp()
    percents = quantiles(late, n=100)
    p99 = percents[98]
    met = early == 0 and p99 <= AIM_SECONDS and len(late) == ended == run.sessions
    cores = " + ".join(f"{one['cpu']:.0%}" for one in found)
    print(
        f"{connection.vendor:10} {run.work:9} {run.sessions} ends in {run.seconds:g} s, {run.processes} clocks, "
        f"calls {run.calls}: late p50 {percents[49] * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, "
        f"most {late[-1] * 1000:.1f} ms; early {early}; ended {ended}, {ended / lasted:.0f}/s; "
        f"cores busy {cores}; calls left {waiting}: aim {'met' if met else 'MISSED'}",
        file=sys.stderr,
    )
    what = f"{run.work}, {connection.vendor}"
    lateness = Figure(what, "ms late, p99", p99 * 1000, AIM_SECONDS * 1000, "the aim")
    return [lateness, Figure(what, "ends/s", ended / lasted), Figure(what, "early", early)]


if __name__ == "__main__":
    work, sessions, seconds, processes, calls = sys.argv[1:]
    main(Run(work, int(sessions), float(seconds), int(processes), calls))
