"""Support sees what gave up and tries it again; nobody else looks in."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from autodoctor.accounts.models import User
from autodoctor.clock.models import Job
from autodoctor.clock.queue import schedule

LIST = reverse("admin:clock_job_changelist")


@pytest.fixture
def job(db: None) -> Job:
    schedule("mail.send", "m1", datetime(2026, 5, 1, tzinfo=UTC), text="for your eyes only")
    Job.objects.update(parked_at=datetime(2026, 5, 1, tzinfo=UTC), attempts=8, last_error="SMTPServerDisconnected")
    return Job.objects.get()


def test_support_tries_again_what_gave_up(support: User, job: Job, client_of: Callable[[User], Client]) -> None:
    client = client_of(support)
    assert "mail.send" in client.get(LIST, {"parked_at__isempty": "0"}).content.decode()
    answer = client.post(LIST, {"action": "try_again", "_selected_action": [job.pk]}, follow=True)
    assert "1 job will be tried again." in answer.content.decode()
    job.refresh_from_db()
    assert (job.parked_at, job.attempts) == (None, 0)


def test_a_payload_is_nobodys_business(support: User, job: Job, client_of: Callable[[User], Client]) -> None:
    page = client_of(support).get(reverse("admin:clock_job_change", args=[job.pk])).content.decode()
    assert "SMTPServerDisconnected" in page
    assert "for your eyes only" not in page


def test_a_stranger_sees_nothing(stranger: User, job: Job, client_of: Callable[[User], Client]) -> None:
    assert client_of(stranger).get(LIST).status_code == 302
