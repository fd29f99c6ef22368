"""Metrics for Prometheus, counted by signals."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from autodoctor.health.collector import DatabaseCollector
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.room.messages.writer import batch_written
from autodoctor.scheduler.execution import Outcome, ran
from autodoctor.scheduler.handlers import parked, registered
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.signals import skew_measured
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.record.event_log import committed
from autodoctor.sessions.states import EventKind

disable_created_metrics()  # type: ignore[no-untyped-call] # the time of creation of each metric would double the lines
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

MESSAGES = Counter("autodoctor_messages", "Messages written to the log.", registry=REGISTRY)
BATCH = Histogram(
    "autodoctor_batch_messages",
    "Messages in one commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
    registry=REGISTRY,
)
COMMIT = Histogram(
    "autodoctor_commit_seconds",
    "How long a commit of messages took.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
EVENTS = Counter("autodoctor_events", "What happened in sessions, messages left out.", ["kind"], registry=REGISTRY)
ACCEPTANCE = Histogram(
    "autodoctor_acceptance_seconds",
    "From the request to a mechanic who accepts it.",
    buckets=(15, 30, 60, 120, 180, 300, 600, 900, 1200, 2700),
    registry=REGISTRY,
)
LATENESS = Histogram(
    "autodoctor_clock_lateness_seconds",
    "How late a deadline was begun.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
    registry=REGISTRY,
)
RUNS = Counter("autodoctor_job_runs", "Jobs that were run, by how that ended.", ["kind", "outcome"], registry=REGISTRY)
PARKED = Counter("autodoctor_jobs_given_up", "Jobs that kept failing and were parked.", ["kind"], registry=REGISTRY)
SKEW = Gauge(
    "autodoctor_clock_skew_seconds",
    "By how much this machine's clock and the database's differ at least, where jobs run.",
    registry=REGISTRY,
)
WEBHOOK = Histogram(
    "autodoctor_webhook_lag_seconds",
    "From receiving a webhook of Stripe's to having acted on it.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
    registry=REGISTRY,
)
REGISTRY.register(DatabaseCollector())


def begin() -> None:
    batch_written.connect(on_batch)
    committed.connect(on_committed)
    ran.connect(on_ran)
    parked.connect(on_parked)
    skew_measured.connect(on_skew)


def on_batch(*, messages: int, seconds: float, **_signal: object) -> None:
    MESSAGES.inc(messages)
    BATCH.observe(messages)
    COMMIT.observe(seconds)


def on_committed(*, events: list[SessionEvent], **_signal: object) -> None:
    for event in events:
        EVENTS.labels(event.kind).inc()
        if event.kind == EventKind.SESSION_ACCEPTED and (requested_at := event.session.requested_at):
            ACCEPTANCE.observe((event.at - requested_at).total_seconds())


def on_ran(*, job: Job, outcome: Outcome, now: datetime, **_signal: object) -> None:
    RUNS.labels(_kind(job), outcome.name.lower()).inc()
    if job.lane == Lane.DEADLINES:
        LATENESS.observe(max(0.0, (now - job.run_at).total_seconds()))
    if job.kind == PaymentJob.STRIPE_EVENT and outcome is Outcome.DONE:
        WEBHOOK.observe(max(0.0, (now - job.due_at).total_seconds()))


def on_parked(*, job: Job, **_signal: object) -> None:
    PARKED.labels(_kind(job)).inc()


def on_skew(*, skew: timedelta, **_signal: object) -> None:
    SKEW.set(skew.total_seconds())


def _kind(job: Job) -> str:
    """Map unknown kinds to one label, so that they create no new series."""
    return job.kind if job.kind in registered() else "unknown"
