"""Support sees what gave up; nobody else looks in."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from autodoctor.accounts.models import User
from autodoctor.mail.queue import MailJob, SendMail
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule

LIST = reverse("admin:scheduler_job_changelist")


@pytest.fixture
def job(db: None) -> Job:
    mail = SendMail(template="any", context={"text": "for your eyes only"})
    schedule(MailJob.SEND, "m1", datetime(2026, 5, 1, tzinfo=UTC), payload=mail)
    Job.objects.update(parked_at=datetime(2026, 5, 1, tzinfo=UTC), attempts=8, last_error="SMTPServerDisconnected")
    return Job.objects.get()


def test_admin_lists_parked_jobs(support: User, job: Job, client_of: Callable[[User], Client]) -> None:
    assert "mail.send" in client_of(support).get(LIST, {"parked_at__isempty": "0"}).content.decode()


def test_a_payload_is_nobodys_business(support: User, job: Job, client_of: Callable[[User], Client]) -> None:
    page = client_of(support).get(reverse("admin:scheduler_job_change", args=[job.pk])).content.decode()
    assert "SMTPServerDisconnected" in page
    assert "for your eyes only" not in page


def test_a_stranger_sees_nothing(stranger: User, job: Job, client_of: Callable[[User], Client]) -> None:
    assert client_of(stranger).get(LIST).status_code == 302
