"""Metrics: values that follow events, and access to them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from autodoctor.accounts.models import User
from autodoctor.health import collector
from autodoctor.health.metrics import REGISTRY
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.room.messages.writer import Writer, batch_written
from autodoctor.scheduler import handlers
from autodoctor.scheduler.handlers import GiveUp, Handler
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import reschedule, schedule
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-prometheus"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def grown(name: str, before: float, **labels: str) -> float:
    return value(name, **labels) - before


def test_metrics_count_the_time_to_acceptance_and_the_events(
    customer: User, mechanic: User, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"
    total = value("autodoctor_acceptance_seconds_sum")
    accepted = value("autodoctor_events_total", kind="session.accepted")
    with django_capture_on_commit_callbacks(execute=True):
        Story(customer, mechanic).pay().wait(minutes=2).accept()
    assert grown("autodoctor_acceptance_seconds_sum", total) == 120
    assert grown("autodoctor_events_total", accepted, kind="session.accepted") == 1


def test_metrics_count_messages_by_the_batch() -> None:
    messages, batches = value("autodoctor_messages_total"), value("autodoctor_batch_messages_count")
    batch_written.send_robust(Writer, messages=7, seconds=0.01)
    assert grown("autodoctor_messages_total", messages) == 7
    assert grown("autodoctor_batch_messages_count", batches) == 1


def fail(job: Job, now: Any) -> None:
    raise GiveUp("in vain")


def nothing(job: Job, now: Any) -> None:
    return


HANDLERS = {"fail": Handler(fail), "stripe.event": Handler(nothing, lane=Lane.STRIPE)}


def test_metrics_count_failed_jobs_lateness_and_the_lag_of_webhooks(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = f"{__name__}.HANDLERS"
    assert handlers.registered() is HANDLERS
    now = timezone.now()
    failed = value("autodoctor_job_runs_total", kind="fail", outcome="failed")
    given_up = value("autodoctor_jobs_given_up_total", kind="fail")
    late, lag = value("autodoctor_clock_lateness_seconds_sum"), value("autodoctor_webhook_lag_seconds_sum")
    reschedule("1", cancelled=(), scheduled={"fail": now - timedelta(seconds=3)})
    schedule(PaymentJob.STRIPE_EVENT, "evt_1", now - timedelta(seconds=2))
    run_due(now)
    assert grown("autodoctor_job_runs_total", failed, kind="fail", outcome="failed") == 1
    assert grown("autodoctor_jobs_given_up_total", given_up, kind="fail") == 1
    assert grown("autodoctor_clock_lateness_seconds_sum", late) == pytest.approx(3)
    assert grown("autodoctor_webhook_lag_seconds_sum", lag) == pytest.approx(2)
    rows = collector.read()
    assert rows.jobs["parked"] == 1


def test_metrics_of_the_present_state_take_four_queries(
    customer: User, mechanic: User, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"
    Story(customer, mechanic).pay()
    Job.objects.all().delete()
    schedule(PaymentJob.STRIPE_EVENT, "evt_1", timezone.now() - timedelta(seconds=20))
    with django_assert_num_queries(4):
        rows = collector.read()
    assert rows.sessions["requested"] == 1
    assert rows.sessions["live"] == 0
    assert rows.webhooks == 1
    assert rows.oldest_webhook == pytest.approx(20, abs=5)


def ask(**options: Any) -> Any:
    return Client().get("/metrics", **options)


def test_the_metrics_page_can_be_parsed_by_prometheus(settings: Settings) -> None:
    answer = ask()
    families = {family.name for family in text_string_to_metric_families(answer.content.decode())}
    assert {
        "autodoctor_sessions",
        "autodoctor_sockets",
        "autodoctor_messages",
        "autodoctor_clock_lag_seconds",
    } <= families
    assert all(name.startswith(("autodoctor_", "process_")) for name in families)


def test_the_metrics_token_opens_the_metrics_from_anywhere(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = ask(headers={"Authorization": f"Bearer {TOKEN}"}, REMOTE_ADDR="203.0.113.5")
    assert answer.status_code == 200
    assert "autodoctor_sessions" in answer.content.decode()


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"]
)
def test_metrics_without_the_configured_token_are_a_404_even_on_this_machine(
    settings: Settings, authorization: str | None
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert ask(headers={} if authorization is None else {"Authorization": authorization}).status_code == 404


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "status"),
    [
        (0, "127.0.0.1", None, 200),
        (0, "::1", None, 200),
        (0, "203.0.113.5", None, 404),
        (0, "203.0.113.5", "127.0.0.1", 404),
        (0, "127.0.0.1", "203.0.113.5", 404),  # an unconfigured proxy on this machine
        (0, "127.0.0.1", "127.0.0.1", 404),
        (1, "127.0.0.1", "127.0.0.1, 203.0.113.5", 404),  # the first is what the client says of itself
        (1, "127.0.0.1", "127.0.0.1", 200),
        (1, "127.0.0.1", "unknown", 404),  # of somebody whom the proxy on this machine does not know
        (0, "", None, 404),
    ],
)
def test_metrics_without_a_configured_token_are_for_this_machine_only(
    settings: Settings, trusted: int, peer: str, forwarded: str | None, status: int
) -> None:
    settings.METRICS_TOKEN, settings.TRUSTED_PROXIES = "", trusted
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert ask(headers=headers, REMOTE_ADDR=peer).status_code == status
