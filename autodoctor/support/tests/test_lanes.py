"""A lane that stands still: support reads it on the board and beside the failed jobs, by mail and by push message."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from autodoctor.job_registry import HANDLERS
from autodoctor.push.models import PushSubscription
from autodoctor.scheduler import lane_watch
from autodoctor.scheduler.lane_watch import LaneJob
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job, LaneState

if TYPE_CHECKING:
    from django.test import Client

    from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db
NOW = timezone.now()
WATCH = Job(kind=LaneJob.WATCH, key="recurring", due_at=NOW)


@pytest.fixture(autouse=True)
def all_handlers(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.job_registry.HANDLERS"


def stand_still(lane: Lane) -> None:
    at = NOW - timedelta(minutes=30)
    for number in range(12):
        Job.objects.create(kind="payment.capture", key=str(number), lane=lane, due_at=at, run_at=at)
    lane_watch.watch(WATCH, NOW)


def a_browser_of(user: "User") -> PushSubscription:
    return PushSubscription.objects.create(user=user, endpoint="https://fcm.googleapis.com/x", created_at=NOW)


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_the_jobs_page_shows_each_lane_and_that_one_stands_still(desk: "Client") -> None:
    stand_still(Lane.STRIPE)
    text = words(desk.get("/support/jobs/"))
    assert re.search(r"Stripe 12 jobs are due 12 in all Stands still since ", text)
    for lane in set(Lane) - {Lane.STRIPE, Lane.DEADLINES}:
        assert re.search(rf"{lane.label} 0 in all Runs", text)


def test_the_board_shows_a_lane_that_stands_still_until_it_runs(desk: "Client") -> None:
    stand_still(Lane.STRIPE)
    for page in ("/support/", "/support/open/"):
        assert "Stripe: jobs stand still" in words(desk.get(page))
    Job.objects.all().delete()
    lane_watch.watch(WATCH, NOW)
    assert "stand still" not in words(desk.get("/support/open/"))


def test_support_is_told_of_a_lane_that_stands_still_by_mail_and_push_message(
    support: "User", colleague: "User", customer: "User", monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the two may be what stands still."""
    monkeypatch.setitem(HANDLERS, "payment.capture", HANDLERS["accounts.tidy"])
    browser = a_browser_of(support)
    stand_still(Lane.STRIPE)
    run_due(timezone.now(), lanes=[Lane.DEADLINES])
    assert Job.objects.filter(kind="push.send", key=f"{browser.pk}:lane:stripe").exists()
    assert set(Job.objects.filter(kind="mail.send").values_list("lane", flat=True)) == {"mail"}
    run_due(timezone.now(), lanes=[Lane.MAIL])
    assert {to for message in mail.outbox for to in message.to} == {support.email, colleague.email}
    assert {message.subject for message in mail.outbox} == {"Stripe: jobs stand still"}
    assert "12 jobs are due" in str(mail.outbox[0].body)
    assert "/support/jobs/" in str(mail.outbox[0].body)


def test_support_hears_that_a_lane_runs_again(support: "User") -> None:
    browser = a_browser_of(support)
    LaneState.objects.create(lane=Lane.MAIL, still_since=NOW)
    lane_watch.watch(WATCH, NOW)
    run_due(timezone.now(), lanes=[Lane.DEADLINES])
    job = Job.objects.get(kind="push.send", key=f"{browser.pk}:lane:mail")
    assert job.payload["title"] == "Email: jobs run again"
    assert not Job.objects.filter(kind="mail.send").exists()


def test_only_support_sees_the_lanes(client_of: "Callable[[User], Client]", mechanic: "User") -> None:
    stand_still(Lane.STRIPE)
    assert client_of(mechanic).get("/support/jobs/").status_code in {302, 403, 404}
