"""A Stripe that takes every connection and answers none keeps only what needs Stripe waiting."""

import socket
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Payment
from autodoctor.scheduler.lanes import Lane, limits_of
from autodoctor.scheduler.loop import Scheduler
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from tests.kit.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
CAPTURES = 24


@pytest.fixture
def hanging_stripe(settings: Settings) -> Iterator[socket.socket]:
    """Connections wait in the queue of a listening socket that nobody accepts from."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings.CLOCK_HANDLERS = "autodoctor.job_registry.HANDLERS"
        yield listening


def captures_of(payer: User) -> None:
    for _ in range(CAPTURES):
        payment = Payment.objects.create(
            owner_id=uuid4(),
            payer=payer,
            purpose=Payment.Purpose.BOOKING,
            state=Payment.State.AUTHORIZED,
            amount_cents=2999,
            due_cents=2999,
            currency="usd",
            seconds=2700,
            created_at=timezone.now(),
            intent_id=f"pi_{uuid4().hex}",
        )
        schedule(PaymentJob.CAPTURE, str(payment.id), timezone.now())


def test_a_sign_in_code_does_not_wait_for_a_stripe_that_hangs(hanging_stripe: socket.socket, customer: User) -> None:
    captures_of(customer)
    clock = Scheduler()
    clock.start()
    try:
        captures = Job.objects.filter(kind=PaymentJob.CAPTURE)
        until(lambda: captures.exclude(lease_owner="").count() == limits_of(Lane.STRIPE).workers)
        Client().post(reverse("account_reset_password"), {"email": customer.email})
        until(lambda: mail.outbox)
        assert mail.outbox[0].to == [customer.email]
        assert captures.filter(attempts=0).count() == CAPTURES  # not one call has ended, not even by its time-out
    finally:
        hanging_stripe.close()
        clock.stop()
