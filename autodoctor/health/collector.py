"""Metrics that are read when Prometheus asks: from the database in four short queries, and from this process."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from autodoctor.health.cached_probe import CachedProbe
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.room.hub.event_bus import bus
from autodoctor.room.hub.revocation import connected_users
from autodoctor.room.socket.list_feed import feed
from autodoctor.scheduler.lane_watch import LaneStatus, statuses
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import OPEN

LIMIT_SECONDS = 3.0  # less than Prometheus waits
FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Rows:
    """The database's figures. Ages in seconds."""

    sessions: dict[str, int]
    jobs: dict[str, int]
    clock_lag: float
    webhooks: int
    oldest_webhook: float
    lanes: list[LaneStatus]


def read() -> Rows:
    """Read the figures. The cost depends on what is open, not on the history."""
    now = timezone.now()
    open_ones = Session.objects.filter(state__in=OPEN).order_by().values_list("state").annotate(Count("id"))
    waits = Q(parked_at=None)
    due, webhooks = waits & Q(run_at__lte=now), waits & Q(kind=PaymentJob.STRIPE_EVENT)
    jobs = Job.objects.aggregate(
        waiting=Count("id", filter=waits),
        due=Count("id", filter=due),
        failing=Count("id", filter=waits & Q(attempts__gt=0)),
        parked=Count("id", filter=~waits),
        webhooks=Count("id", filter=webhooks),
        oldest_webhook=Min("due_at", filter=webhooks),
        oldest_deadline=Min("run_at", filter=due & Q(lane=Lane.DEADLINES)),
    )
    return Rows(
        sessions={state.value: 0 for state in OPEN} | dict(open_ones),
        jobs={what: jobs[what] for what in ("waiting", "due", "failing", "parked")},
        clock_lag=_age(jobs["oldest_deadline"], now),
        webhooks=jobs["webhooks"],
        oldest_webhook=_age(jobs["oldest_webhook"], now),
        lanes=statuses(now),
    )


class DatabaseCollector(Collector):
    def __init__(self) -> None:
        self._rows = CachedProbe(read, seconds=LIMIT_SECONDS, fresh_seconds=FRESH_SECONDS)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Describe the metrics without reading anything."""
        return []

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        yield _by("autodoctor_sockets", "Open websockets of this process.", "what", _sockets())
        if carrier := bus.carrier:
            yield _one("autodoctor_bus_up", "Whether Redis or Valkey answers this process.", float(carrier.is_up))
            dropped = "Notes that this process could not tell others; the heartbeat finds what they said."
            yield CounterMetricFamily("autodoctor_bus_dropped", dropped, value=carrier.dropped)
        try:
            rows = self._rows.get()
        except Exception:  # the process's own counters matter most during an outage
            yield _one("autodoctor_database_up", "Whether the database answered.", 0)
            return
        yield _one("autodoctor_database_up", "Whether the database answered.", 1)
        yield _by("autodoctor_sessions", "Open sessions.", "state", rows.sessions)
        yield _by("autodoctor_jobs", "Rows of the clock; failing ones wait to be tried again.", "what", rows.jobs)
        yield _one("autodoctor_clock_lag_seconds", "How long the oldest deadline is overdue.", rows.clock_lag)
        yield from _of_lanes(rows.lanes, timezone.now())
        yield _one("autodoctor_webhooks_waiting", "Webhooks that were not acted on yet.", rows.webhooks)
        yield _one("autodoctor_webhook_oldest_seconds", "How long the oldest of them waits.", rows.oldest_webhook)


def _of_lanes(lanes: list[LaneStatus], now: datetime) -> Iterable[GaugeMetricFamily]:
    lags = {status.lane.value: _age(status.oldest_due, now) for status in lanes}
    yield _by("autodoctor_lane_lag_seconds", "How long the oldest due job of a lane has not begun.", "lane", lags)
    still = {status.lane.value: _age(status.still_since(now), now) for status in lanes}
    yield _by("autodoctor_lane_still_seconds", "How long a lane stands still; 0: it runs.", "lane", still)


def _sockets() -> dict[str, int]:
    lines, feeds = len(connected_users), len(feed)
    return {"session": max(0, lines - feeds), "feed": feeds}


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _by(name: str, words: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
