"""The story that the money machine tells: a customer who pays at the Stripe double, and a process that can die."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ClassVar

import pytest

from autodoctor.job_registry import HANDLERS as REAL
from autodoctor.payments import (
    checkout,
    stripe,
)
from autodoctor.payments.job_kinds import PaymentFact, PaymentJob
from autodoctor.payments.models import Payment
from autodoctor.scheduler import leases
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.tests.machine import Course
from autodoctor.sessions.tests.story import Story
from tests.kit.stripe_sandbox import RunningSandbox

HOLDS_LAST = timedelta(hours=48)  # so that holds of questions that nobody answers come near their end
MONEY_JOBS = (PaymentJob.CAPTURE, PaymentJob.RELEASE, PaymentJob.REFUND, PaymentJob.MOVE_EARNING, PaymentFact.EARNED)
SUMMARY = SummaryData(safe="yes", parts=1, photos=0)
CALLS = (
    "create_customer create_checkout checkout expire_checkout attempt find_attempt payment capture cancel refund"
    " transfer find_transfer reverse find_reversal account"
)
PAGES = {"success_url": "http://localhost:8000/paid/", "cancel_url": "http://localhost:8000/left/"}


# Between two sweeps: rarer than in production, and rarer still in the last days, when nothing but the clock acts. Half
# the time of a run went by in the sweeps of those days.
SWEEPS, LAST_SWEEPS = timedelta(hours=3), timedelta(hours=6)


class Crash(Exception):
    """The process dies here."""


def no_mail(job: Job, now: datetime) -> None:
    """Money is the subject."""


HANDLERS: dict[str, Handler] = {
    **REAL,
    PaymentJob.SWEEP: replace(REAL[PaymentJob.SWEEP], every=lambda: Paid.sweeps),
    "mail.send": Handler(no_mail),
    "summary.mail": Handler(no_mail),
    "receipt.mail": Handler(no_mail),
}


class Power:
    """Fails once at the named place, when told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.out_at: tuple[str, str] | None = None
        for name in CALLS.split():
            patch.setattr(stripe, name, self._failing(name, getattr(stripe, name)))
        patch.setattr(leases, "schedule_next", self._failing("commit", leases.schedule_next))

    def _failing(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def call(*args: Any, **given: Any) -> Any:
            self._check(name, "before")
            answer = real(*args, **given)
            self._check(name, "after")
            return answer

        return call

    def _check(self, name: str, moment: str) -> None:
        if self.out_at == (name, moment):
            self.out_at = None
            Course.happened[f"crashed at {name}"] += 1
            raise Crash


class Paid(Story):
    """The state machine with payments: every job runs at its moment, and the sandbox's clock follows."""

    sandbox: RunningSandbox
    sweeps: ClassVar[timedelta] = SWEEPS

    def wait(self, *, minutes: float = 0, seconds: float = 0) -> "Paid":
        super().wait(minutes=minutes, seconds=seconds)
        self.set_clock()
        return self

    def outage(self, *, minutes: float) -> "Paid":
        super().outage(minutes=minutes)
        self.set_clock()
        return self

    def _next_due(self) -> datetime | None:
        self.set_clock()
        return Job.objects.filter(parked_at=None).order_by("run_at").values_list("run_at", flat=True).first()

    def set_clock(self) -> None:
        if behind := self.now.timestamp() - self.sandbox.app.store.now():
            self.sandbox.advance(behind)

    def pay(self) -> "Paid":
        opened = checkout.open_checkout(payment=self.payment, now=self.now, **PAGES)
        self.sandbox.pay(opened.checkout_url)
        return self.come_back(self.payment)

    def come_back(self, payment: Payment) -> "Paid":
        """The page after paying."""
        checkout.refresh(payment=payment, now=self.now)
        run_due(self.now)
        return self
