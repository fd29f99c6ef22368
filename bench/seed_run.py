"""One run of `bench.seed`, in a process of its own: `python -m bench.seed_run SESSIONS EVENTS`."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from autodoctor.accounts.jobs import AccountsJob
from autodoctor.accounts.models import User
from autodoctor.job_registry import HANDLERS
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.rates.jobs import RatesJob
from autodoctor.scheduler import lane_watch, leases
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.job_kinds import SessionJob
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import dashboards, fit
from autodoctor.sessions.record import event_log
from bench.kit.figures import Figure, as_json
from bench.seed_rows import History

CLEANUPS = {
    PaymentJob.TIDY_INBOX: "payments_stripeevent",
    SessionJob.FORGET_UNPAID: "autodoctor_sessions_session",
    AccountsJob.TIDY: "django_session",
    RatesJob.PRUNE: "rates_count",
}
GROWING = {
    *("autodoctor_sessions_session", "autodoctor_sessions_sessionevent", "autodoctor_sessions_participant"),
    *("payments_payment", "payments_stripeevent", "django_session", "accounts_user"),
}
ROUNDS = 5
say = partial(print, file=sys.stderr, flush=True)
READS = ("SELECT", "UPDATE", "DELETE", "WITH")


class Plans:
    """The growing tables that statements read from end to end, by what asked."""

    def __init__(self) -> None:
        self.scans: set[str] = set()
        self.indexes: set[str] = set()

    @contextmanager
    def noted(self) -> Iterator[None]:
        with connection.execute_wrapper(self._explain):
            yield

    def _explain(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( \n").upper().startswith(READS):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
                [answer] = cursor.fetchone()
            self._read(json.loads(answer)[0]["Plan"] if isinstance(answer, str) else answer[0]["Plan"])
        return execute(sql, params, many, context)

    def _read(self, plan: Mapping[str, Any]) -> None:
        if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in GROWING:
            self.scans.add(plan["Relation Name"])
        if "Index Name" in plan:
            self.indexes.add(plan["Index Name"])
        for part in plan.get("Plans", ()):
            self._read(part)


def main(sessions: int, events: int) -> None:
    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    _seed(sessions, events)
    before = list(_ask("before the cleanup"))
    for kind, table in CLEANUPS.items():
        _clean(kind, table)
    print(as_json([*before, *_ask("after it")]))


def _seed(sessions: int, events: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # foreign keys are right as they are made
    begun = time.monotonic()
    for label, rows in History(sessions, events, timezone.now()).write():
        seconds, begun = time.monotonic() - begun, time.monotonic()
        table = _size(label)
        say(f"seeded {label}: {rows:,} rows in {seconds:.1f} s ({rows / seconds:,.0f}/s), {table}")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


def _size(label: str) -> str:
    table = django.apps.apps.get_model(label)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_total_relation_size(%s))", [table])
        return str(cursor.fetchone()[0])


def _clean(kind: str, table: str) -> None:
    before, begun = _count(table), time.monotonic()
    HANDLERS[kind].run(Job(kind=kind, key=leases.RECURRING), timezone.now())
    seconds, rows = time.monotonic() - begun, before - _count(table)
    say(f"{kind}: {rows:,} of {before:,} rows in {seconds:.1f} s ({rows / seconds:,.0f}/s)")


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def _asked() -> dict[str, Callable[[], object]]:
    now = timezone.now()
    session = Session.objects.filter(state="completed").order_by("-created_at")[0]
    customer, mechanic = session.customer, session.mechanic
    assert mechanic
    sweep = HANDLERS[SessionJob.SWEEP]
    return {
        "claim of due jobs": lambda: leases.claim(
            "bench", lane=Lane.DEADLINES, until=now, limit=9, lease=timedelta(seconds=9)
        ),
        "how lanes run": lambda: lane_watch.statuses(now),
        "sweep": lambda: sweep.run(Job(kind=SessionJob.SWEEP, key=leases.RECURRING), now),
        "requests open to a mechanic": lambda: list(fit.queue_of(mechanic, now)),
        "a customer's sessions": lambda: dashboards.dashboard_lists(customer, None, now),
        "a mechanic's sessions": lambda: dashboards.dashboard_lists(mechanic, None, now),
        "the log of a session": lambda: event_log.read_events(session.id, after=0, viewer="customer"),
        "who signs in": lambda: User.objects.get(email=customer.email),
    }


def _ask(when: str) -> Iterator[Figure]:
    """Say what each costs, and whether it reads a growing table from end to end."""
    for what, ask in _asked().items():
        plans = Plans()
        with plans.noted():
            ask()
        best = min(_seconds(ask) for _ in range(ROUNDS))
        scans = f"READS ALL OF {', '.join(sorted(plans.scans))}" if plans.scans else "by index"
        say(f"{when}: {what}: {1000 * best:.1f} ms, {scans} ({', '.join(sorted(plans.indexes))})")
        yield Figure(f"{what}, {when}", "ms" if not plans.scans else "ms, AND READS ALL", 1000 * best)


def _seconds(ask: Callable[[], object]) -> float:
    begun = time.monotonic()
    ask()
    return time.monotonic() - begun


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
