"""What the nightly cleanup of accounts takes away, and what it leaves."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.jobs import AccountsJob, delete_expired
from autodoctor.accounts.models import User
from autodoctor.scheduler.models import Job


@pytest.mark.django_db
@pytest.mark.on_postgres
def test_expired_browser_sessions_go_and_living_ones_stay(client: Client, customer: User) -> None:
    now = timezone.now()
    for key, days in (("expired", -1), ("living", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=days))
    client.force_login(customer)
    delete_expired(Job(kind=AccountsJob.TIDY, key="recurring"), now)
    assert set(Session.objects.values_list("session_key", flat=True)) == {"living", client.session.session_key}
