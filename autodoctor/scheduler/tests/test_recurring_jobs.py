"""Recurring jobs as the clock runs them: with the transaction of their lane, and no other."""

from contextlib import nullcontext

import pytest
from django.db import transaction
from django.utils import timezone

from autodoctor.job_registry import HANDLERS
from autodoctor.scheduler.leases import RECURRING
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox, stripe_sandbox

__all__ = ["stripe_sandbox"]
RECURS = [kind for kind, handler in HANDLERS.items() if handler.every]


@pytest.mark.django_db(transaction=True)
def test_every_recurring_job_runs_where_nothing_is_to_be_done(stripe_sandbox: RunningSandbox) -> None:
    """A test's own transaction would hide a lock that is taken outside of any."""
    for kind in RECURS:
        handler = HANDLERS[kind]
        with transaction.atomic() if handler.lane.in_transaction else nullcontext():
            handler.run(Job(kind=kind, key=RECURRING), timezone.now())
