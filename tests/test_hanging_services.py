"""For ten minutes Stripe, the mail service or the push service takes every connection and answers none.

Time is passed in; each attempt ends by its own time-out, which is short here. That a call under way holds up no other
lane is shown beside the lanes.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from autodoctor import job_registry
from autodoctor.accounts.models import User
from autodoctor.mail.queue import queue_mail
from autodoctor.payments import ledger
from autodoctor.payments.stripe import client as stripe_client
from autodoctor.payments.tests import facts
from autodoctor.payments.tests.stand import pay
from autodoctor.push import delivery, silent_services
from autodoctor.push.queue import PushNote, queue_push
from autodoctor.push.tests.conftest import subscribe
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.tests.story import CHAT
from tests.kit.push_service import Browser, PushService, push_service
from tests.kit.smtp import Sink, smtp
from tests.kit.stripe_sandbox import RunningSandbox, stripe_sandbox
from tests.kit.tunnel import Tunnel, tunnel

__all__ = ["stripe_sandbox"]
pytestmark = pytest.mark.django_db
SHORT = 0.2  # seconds that a call waits for its answer
MINUTES = 10
SIGN_IN_CODE = "accounts/mail/password_reset_code"

HANDLERS = {**job_registry.HANDLERS, **facts.HANDLERS}


@dataclass
class Services:
    """The three, each behind a line of its own."""

    stripe: RunningSandbox
    mail: Sink
    push: PushService
    lines: dict[str, Tunnel]

    def done(self) -> dict[str, list[str]]:
        """Return what has reached each of them, once for each time."""
        charged = [one for one in self.stripe.app.store.find("payment_intent") if one["status"] == "succeeded"]
        return {
            "stripe": sorted(one["metadata"]["payment_id"] for one in charged),
            "mail": sorted(str(letter["To"]) for letter in self.mail.letters if "Your code" in str(letter["Subject"])),
            "push": sorted(message.path for message in self.push.messages),
        }


@pytest.fixture
def services(stripe_sandbox: RunningSandbox, settings: Settings) -> Iterator[Services]:
    with ExitStack() as stack:
        mail, push = stack.enter_context(smtp()), stack.enter_context(push_service())
        ports = {"stripe": urlsplit(stripe_sandbox.url).port, "mail": mail.port, "push": urlsplit(push.origin).port}
        lines = {name: stack.enter_context(tunnel(port or 0)) for name, port in ports.items()}
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{lines['stripe'].port}"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", lines["mail"].port
        settings.PUSH_SERVICES = [f"http://127.0.0.1:{lines['push'].port}"]
        settings.CLOCK_HANDLERS = f"{__name__}.HANDLERS"
        settings.DEADLINES = settings.DEADLINES | {"checkout": 120, "unpaid_grace": 60}
        yield Services(stripe_sandbox, mail, push, lines)


@pytest.fixture
def grow_impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Shorten the time-outs of one service. The others may take as long as a busy machine needs."""

    def shorten(service: str) -> None:
        match service:
            case "stripe":
                monkeypatch.setattr(stripe_client, "TIMEOUT_SECONDS", (SHORT, SHORT))
                monkeypatch.setattr(stripe_client, "RETRIES", 0)
                stripe_client._client_for.cache_clear()
            case "mail":
                settings.EMAIL_TIMEOUT = SHORT
            case _:
                monkeypatch.setattr(delivery, "TOTAL_SECONDS", SHORT)
                monkeypatch.setattr(silent_services, "PAUSE_SECONDS", 0)

    yield shorten
    stripe_client._client_for.cache_clear()


@pytest.mark.parametrize("hanging", ["stripe", "mail", "push"])
def test_for_ten_minutes_a_service_that_hangs_keeps_only_its_own_work_waiting(
    services: Services, grow_impatient: Callable[[str], None], customer: User, hanging: str
) -> None:
    begun = timezone.now()
    draft = transitions.create_draft(
        customer=customer, terms=CHAT, vehicle={}, concern="It rattles", keep_card=False, now=begun
    )
    due = draft.payable_until + timedelta(seconds=60)
    wanted = {"mail": list[str]()}
    wanted["stripe"], wanted["push"] = charge_three(services, customer, begun), push_to_three(services, customer, begun)
    grow_impatient(hanging)
    services.lines[hanging].swallow()
    for minute in range(MINUTES):
        now = begun + timedelta(minutes=minute)
        wanted["mail"].append(ask_for_a_code(now))
        run_due(now)
        reached = services.done()
        assert reached.pop(hanging) == []
        assert reached == {name: sorted(each) for name, each in wanted.items() if name != hanging}
        draft.refresh_from_db()
        assert draft.state == ("cancelled" if now >= due else "draft")
    assert draft.ended_at == due
    assert not Job.objects.exclude(parked_at=None).exists()
    services.lines[hanging].forward()

    for hour in (1, 2):
        run_due(begun + timedelta(hours=hour))
    assert services.done() == {name: sorted(each) for name, each in wanted.items()}


def charge_three(services: Services, payer: User, now: datetime) -> list[str]:
    payments = [
        ledger.open_booking(
            owner_id=uuid4(), payer=payer, amount_cents=2999, currency="usd", seconds=2700, description="Video",
            keep_card=False, now=now,
        )
        for _ in range(3)
    ]  # fmt: skip
    for payment in payments:
        pay(payment, services.stripe, now)
        ledger.finish(owner_id=payment.owner_id, due=lambda found: {one.id: 1000 for one in found}, now=now)
    return [str(payment.id) for payment in payments]


def push_to_three(services: Services, person: User, now: datetime) -> list[str]:
    origin = f"http://127.0.0.1:{services.lines['push'].port}"
    for number in range(3):
        subscribe(person, Browser(f"{origin}/send/{number}"), now=now)
    note = PushNote("Accepted", "Join", path="/", topic="1", until=now + timedelta(days=1))
    with transaction.atomic():
        queue_push(note, to=[person.id], now=now)
    return [f"/send/{number}" for number in range(3)]


def ask_for_a_code(now: datetime) -> str:
    to = f"somebody-{now.timestamp():.0f}@example.org"
    with transaction.atomic():
        queue_mail(SIGN_IN_CODE, to=to, context={"code": "ABC-123"}, key=to, now=now)
    return to
