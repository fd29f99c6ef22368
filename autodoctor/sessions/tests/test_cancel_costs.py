"""Whoever sent a mechanic back after their time was spent reads nowhere that canceling is free."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.job_registry import HANDLERS
from autodoctor.scheduler.models import Job
from autodoctor.sessions.rules import durations
from autodoctor.sessions.rules.rule import Tell
from autodoctor.sessions.rules.table import RULES
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def mail_of_the_wait(story: Story, settings: Settings) -> str:
    """Return the mail that asks whether to keep waiting."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    [job] = Job.objects.filter(kind="mail.send", payload__template="sessions/mail/offer_stop")
    HANDLERS[job.kind].run(job, story.now)
    return str(mail.outbox[-1].body)


def page_of_the_wait(story: Story, client_of: ClientOf) -> str:
    page = client_of(story.customer).get(f"/sessions/{story.id}/").content.decode()
    assert "this is taking too long" in page
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_long_wait_after_a_mechanic_was_sent_back(
    story: Story, customer: User, client_of: ClientOf, settings: Settings
) -> None:
    story.pay().accept().join().wait(minutes=3).releases(customer).wait(minutes=10)
    told = mail_of_the_wait(story, settings)
    assert "Canceling costs $4.99, because a mechanic has already worked for you" in told
    assert "pay nothing" not in told
    page = page_of_the_wait(story, client_of)
    assert "Canceling costs $4.99" in page
    assert "we release the hold on your card immediately" not in page


def test_a_long_wait_that_nobody_worked_for(story: Story, client_of: ClientOf, settings: Settings) -> None:
    story.pay().wait(minutes=10)
    assert "cancel now and pay nothing" in mail_of_the_wait(story, settings)
    assert "we release the hold on your card immediately" in page_of_the_wait(story, client_of)


def test_mails_promise_the_time_that_costs_nothing(
    story: Story, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(durations._changed, "mechanic_time_spent", 60)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    story.pay()
    [job] = Job.objects.filter(kind="mail.send")
    for template in ("requested", "requested_private"):
        job.payload["template"] = f"sessions/mail/{template}"
        job.payload["context"] |= {"asked": "Ann", "private_until_at": story.now.isoformat(), "only": ""}
        HANDLERS[job.kind].run(job, story.now)
        assert "free until a mechanic has worked for you for 1 minute." in " ".join(str(mail.outbox[-1].body).split())


def test_the_push_of_a_long_wait_names_no_price() -> None:
    does = RULES["request.offer_stop"].does
    assert isinstance(does, Tell)
    assert does.push
    assert "free" not in str(does.push.body)
