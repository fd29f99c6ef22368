"""Webhooks: the check of the sender, and the consequences."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from autodoctor.payments import checkout, ledger, stripe, webhook_inbox
from autodoctor.payments.models import Payment, StripeEvent
from autodoctor.payments.tests import facts
from autodoctor.payments.tests.stand import PRICE_CENTS, Consequences, open_page, run_all
from autodoctor.sandbox.objects import thin
from autodoctor.sandbox.webhooks import sign
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.server import PLAIN
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State
Event = dict[str, Any]
ADDRESS = "/api/stripe/webhook"
SECRET = "whsec_sandbox"
pytestmark = pytest.mark.urls("autodoctor.payments.urls")


def deliver(body: str | bytes, signature: str | None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return Client(enforce_csrf_checks=True).post(ADDRESS, body, "application/json", headers=headers).status_code


def event(**changes: Any) -> Event:
    about = {"id": "pi_1", "object": "payment_intent", "metadata": {}} | changes.pop("about", {})
    given = {
        "id": f"evt_{uuid4().hex}",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": about},
    }
    return given | changes


def signed(thing: Event, *, secret: str = SECRET, age: float = 0) -> tuple[str, str]:
    body = json.dumps(thing)
    return body, sign(body, secret, int(time.time() - age))


def test_a_signed_event_is_stored_and_looked_into_later(db: None) -> None:
    sent = event()
    assert deliver(*signed(sent)) == 200

    kept = StripeEvent.objects.get()
    assert (kept.id, kept.intent_id, kept.processed_at) == (sent["id"], "pi_1", None)
    assert Job.objects.get().key == sent["id"]


def test_a_known_event_is_taken_again_and_nothing_follows(db: None) -> None:
    sent = event()
    for _ in range(3):
        assert deliver(*signed(sent)) == 200

    assert StripeEvent.objects.count() == 1
    assert Job.objects.get().version == 1


def test_webhook_event_of_an_unused_kind_schedules_nothing(db: None) -> None:
    assert deliver(*signed(event(type="customer.created", about={"id": "cus_1", "object": "customer"}))) == 200
    assert StripeEvent.objects.get().processed_at is not None
    assert not Job.objects.exists()


HARMLESS: dict[str, Event] = {
    "our own payout": event(type="payout.failed", about={"id": "po_1", "object": "payout"}),
    "a thin one of our own payout": {
        "id": "evt_1",
        "type": "v1.payout.failed",
        "context": None,
        "related_object": {"id": "po_1", "type": "payout"},
    },
    "a thin one about no object": {"id": "evt_1", "type": "v1.billing.meter.no_meter_found", "related_object": None},
    "a thin one that names none": {"id": "evt_1", "type": "v2.core.health.event_generation_failure.resolved"},
    "an object without an id": event(type="balance.available", about={"id": None, "object": "balance"}),
}


@pytest.mark.parametrize("sent", HARMLESS.values(), ids=HARMLESS)
def test_signed_events_that_concern_nothing_here_are_taken(db: None, sent: Event) -> None:
    """Refused, each comes again for three days, and Stripe gives up an address that refuses."""
    assert deliver(*signed(sent)) == 200
    run_due(timezone.now())
    assert StripeEvent.objects.get().outcome in ("no account of ours", "not about a payment")
    assert not Job.objects.exists()


def _unsigned() -> tuple[str, str | None]:
    return json.dumps(event()), None


def _written_anew() -> tuple[str, str | None]:
    body, signature = signed(event())
    return json.dumps(json.loads(body), separators=(",", ":")), signature


def _altered() -> tuple[str, str | None]:
    body, signature = signed(event())
    return body.replace("false", "true"), signature


def _fresh_time_beside_an_old_one() -> tuple[str, str | None]:
    body, signature = signed(event(), age=4000)
    return body, signature.replace("t=", "t=+").replace(",v1", f",t={int(time.time())},v1")


def _a_time_that_was_not_signed() -> tuple[str, str | None]:
    body, signature = signed(event(), age=4000)
    return body, f"t={int(time.time())},{signature.split(',')[1]}"


FORGED: dict[str, Callable[[], tuple[str | bytes, str | None]]] = {
    "unsigned": _unsigned,
    "nothing": lambda: ("", ""),
    "with another secret": lambda: signed(event(), secret="whsec_retired"),
    "with no secret": lambda: signed(event(), secret=""),
    "written anew": _written_anew,
    "altered": _altered,
    "old": lambda: signed(event(), age=301),
    "of the future": lambda: signed(event(), age=-30),
    "a fresh time beside an old one": _fresh_time_beside_an_old_one,
    "a time that was not signed": _a_time_that_was_not_signed,
    "not JSON": lambda: ("{", sign("{", SECRET, int(time.time()))),
    "a list": lambda: ("[]", sign("[]", SECRET, int(time.time()))),
    "not an event": lambda: ("{}", sign("{}", SECRET, int(time.time()))),
    "a strange id": lambda: signed(event(id="evt_\0")),
    "a long id": lambda: signed(event(id="e" * 500)),
    "not text": lambda: (b"\xff\xfe", "t=1,v1=00"),
    "a strange header": lambda: (json.dumps(event()), "t=\u0661,v1=caf\u00e9"),
}


@pytest.mark.parametrize("name", FORGED)
def test_an_unsigned_or_old_event_is_refused(db: None, name: str) -> None:
    assert deliver(*FORGED[name]()) == 400
    assert not StripeEvent.objects.exists()


def test_a_freshly_signed_event_is_accepted(db: None) -> None:
    assert deliver(*signed(event())) == 200


@pytest.mark.parametrize(
    ("age", "fits"), [(-5.1, False), (-5, True), (-2, True), (0, True), (299, True), (300, True), (300.1, False)]
)
def test_a_little_time_may_pass(age: float, fits: bool) -> None:
    body, signed_at = json.dumps(event()), 1_772_452_800
    now = datetime.fromtimestamp(signed_at + age, UTC)
    try:
        stripe.verified_event(body.encode(), sign(body, SECRET, signed_at), secrets=[SECRET], now=now)
    except stripe.Forged:
        assert not fits
    else:
        assert fits


def test_more_than_one_secret_may_be_in_use(db: None, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_old", "whsec_new"]
    assert deliver(*signed(event(), secret="whsec_old")) == 200
    assert deliver(*signed(event(), secret="whsec_new")) == 200
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]
    assert deliver(*signed(event(), secret="whsec_old")) == 400


def test_webhook_body_over_the_limit_is_refused(db: None) -> None:
    body = "x" * (webhook_inbox.MAX_BODY_BYTES + 1)
    assert deliver(body, sign(body, SECRET, int(time.time()))) == 413


def test_the_webhook_takes_posts_from_anyone(db: None) -> None:
    assert Client().get(ADDRESS).status_code == 405
    assert vars(webhook_inbox.webhook)["access"] == "anyone"


# From here on: the sandbox's own events about a real payment there.


def deliver_all(sandbox: RunningSandbox, events: list[Event]) -> None:
    for one in events:
        assert deliver(*sandbox.signed(one)) == 200


def test_the_body_of_an_event_is_not_believed(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    """The body says held; Stripe says declined."""
    stripe_sandbox.pay(open_page(payment, now).checkout_url, "pm_card_chargeDeclined")
    [failed] = stripe_sandbox.events("payment_intent.payment_failed")
    lie = failed | {"type": "payment_intent.amount_capturable_updated"}
    lie["data"]["object"] |= {"status": "requires_capture", "amount_capturable": PRICE_CENTS}
    deliver_all(stripe_sandbox, [lie])

    assert consequences.kinds() == []
    payment.refresh_from_db()
    assert payment.state == State.CREATED


def test_webhook_and_success_page_are_one_fulfilment(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    stripe_sandbox.pay(open_page(payment, now).checkout_url)
    checkout.refresh(payment=payment, now=now)
    deliver_all(stripe_sandbox, stripe_sandbox.events())
    checkout.refresh(payment=payment, now=now)

    assert consequences.kinds() == ["authorised"]
    assert not StripeEvent.objects.filter(processed_at=None).exists()


@pytest.mark.parametrize("before_our_row", [False, True])
@pytest.mark.parametrize("order", ["as sent", "reversed", "halves swapped"])
def test_a_whole_life_in_any_order_of_its_events(
    held: Payment,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
    now: datetime,
    order: str,
    before_our_row: bool,
) -> None:
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: 2000}, now=now)
    run_all()
    ledger.refund(payment_id=held.id, amount_cents=500, reason="x", now=now)
    run_all()
    opened = stripe_sandbox.control("disputes", charge=stripe.payment(held.intent_id).charge_id)
    stripe_sandbox.control("disputes", dispute=opened["id"])
    stripe_sandbox.control("disputes", dispute=opened["id"], won=False)
    sent = stripe_sandbox.events()
    half = len(sent) // 2
    reordered = {"as sent": sent, "reversed": sent[::-1], "halves swapped": sent[half:] + sent[:half]}[order]
    if before_our_row:
        deliver_before_the_row(held, stripe_sandbox, reordered)
    deliver_all(stripe_sandbox, reordered)
    run_all()

    held.refresh_from_db()
    assert (held.state, held.captured_cents, held.mismatch) == (State.CAPTURED, 2000, "")
    assert held.disputed_at is not None
    assert [(one.amount_cents, one.outcome) for one in held.disputes.all()] == [(2000, "lost")]
    assert [(one.amount_cents, one.state) for one in held.refunds.all()] == [(500, "issued")]
    assert consequences.kinds() == ["authorised", "captured", "dispute_closed", "disputed", "refunded"]
    assert not StripeEvent.objects.filter(processed_at=None).exists()


def deliver_before_the_row(payment: Payment, sandbox: RunningSandbox, events: list[Event]) -> None:
    """Deliver the event without the row; then restore the row as it was before the payment."""
    facts.seen.clear()
    payment.refunds.all().delete()
    payment.disputes.all().delete()
    Payment.objects.filter(id=payment.id).delete()
    deliver_all(sandbox, events)
    run_due(timezone.now())
    blank = {"state": State.CREATED, "due_cents": 2000, "captured_cents": 0, "intent_id": "", "authorized_at": None}
    for name, value in blank.items():
        setattr(payment, name, value)
    payment.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_fifty_times_the_same_at_once(
    payment: Payment,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
    live_server: LiveServer,
    now: datetime,
) -> None:
    stripe_sandbox.control("webhooks", url=f"{live_server.url}{ADDRESS}", secret=SECRET, paused=True)
    stripe_sandbox.pay(open_page(payment, now).checkout_url)
    [sent] = stripe_sandbox.events("payment_intent.amount_capturable_updated")
    answers = stripe_sandbox.control("flush", events=[sent["id"]], copies=50, together=True)

    assert [answer["status"] for answer in answers] == [200] * 50
    assert StripeEvent.objects.count() == 1
    assert consequences.kinds() == ["authorised"]


WRONG: dict[str, dict[str, Any]] = {
    "amount": {"amount": 100},
    "currency": {"currency": "eur"},
    "owner": {"owner_id": str(uuid4())},
}


@pytest.mark.parametrize("reason", WRONG)
def test_a_hold_that_does_not_fit_fulfils_nothing(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, reason: str
) -> None:
    hold_directly(payment, stripe_sandbox, **WRONG[reason])
    deliver_all(stripe_sandbox, stripe_sandbox.events())

    assert consequences.kinds() == ["mismatch"]
    payment.refresh_from_db()
    assert (payment.state, payment.mismatch) == (State.CREATED, reason)


def test_a_hold_of_the_other_mode_fulfils_nothing(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, settings: Settings
) -> None:
    hold_directly(payment, stripe_sandbox)
    settings.STRIPE_LIVEMODE = True
    deliver_all(stripe_sandbox, stripe_sandbox.events("payment_intent.amount_capturable_updated"))

    assert consequences.kinds() == ["mismatch"]
    payment.refresh_from_db()
    assert (payment.state, payment.mismatch) == (State.CREATED, "livemode")


@pytest.mark.parametrize("reference", ["", "not an id", "0c9d6ce4-6d0b-4b1a-9a3e-3f3c1d1c7a55"])
def test_a_hold_that_names_no_payment_of_ours_is_parked(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, reference: str
) -> None:
    hold_directly(payment, stripe_sandbox, payment_id=reference)
    [sent] = stripe_sandbox.events("payment_intent.amount_capturable_updated")
    deliver_all(stripe_sandbox, [sent])
    for hour in range(30):
        run_due(timezone.now() + timedelta(hours=hour))

    job = Job.objects.get(kind="stripe.event")
    assert job.parked_at is not None
    assert "UnknownPayment" in job.last_error
    assert StripeEvent.objects.get().processed_at is None
    assert consequences.kinds() == []


def hold_directly(payment: Payment, sandbox: RunningSandbox, **changes: Any) -> None:
    """A PaymentIntent created outside our Checkout."""
    form = {
        "amount": changes.get("amount", payment.amount_cents),
        "currency": changes.get("currency", "usd"),
        "capture_method": "manual",
        "confirm": "true",
        "payment_method": "pm_card_visa",
        "return_url": "http://localhost:8000/",
        "metadata[payment_id]": changes.get("payment_id", str(payment.id)),
        "metadata[owner_id]": changes.get("owner_id", str(payment.owner_id)),
    }
    answer = httpx.post(f"{sandbox.url}/v1/payment_intents", data=form, auth=("sk_test_sandbox", ""), **PLAIN)
    answer.raise_for_status()


def test_a_thin_event_is_answered_and_its_object_looked_at(
    held: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe.capture(held.intent_id, amount_cents=PRICE_CENTS, key="the dashboard")
    [told] = stripe_sandbox.events("payment_intent.succeeded")
    assert deliver(*signed(thin(told))) == 200
    run_all()
    assert StripeEvent.objects.get().type == "payment_intent.succeeded"
    held.refresh_from_db()
    assert held.state == State.CAPTURED


def test_an_early_fraud_warning_alerts_while_a_refund_still_helps(
    held: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: PRICE_CENTS}, now=now)
    run_all()
    held.refresh_from_db()
    stripe_sandbox.control("warnings", charge=held.charge_id)
    stripe.refund(held.intent_id, amount_cents=PRICE_CENTS, refund_id=uuid4(), key="refund")
    stripe_sandbox.control("warnings", charge=held.charge_id)
    for told in stripe_sandbox.events("radar.early_fraud_warning.created"):
        assert deliver(*signed(told)) == 200
    assert consequences.kinds().count("fraud_warning") == 1, "the second was of a refunded charge"


@pytest.mark.on_postgres
def test_processed_events_go_after_a_while_and_those_that_wait_stay(db: None) -> None:
    now = timezone.now()
    old, young = now - webhook_inbox.KEPT, now - webhook_inbox.KEPT + timedelta(hours=1)
    for name, done in (("old", old), ("young", young), ("waits", None)):
        StripeEvent.objects.create(id=name, type="charge.updated", object_id="", received_at=old, processed_at=done)
    webhook_inbox.tidy(Job(kind="inbox.tidy", key="recurring"), now)
    assert set(StripeEvent.objects.values_list("id", flat=True)) == {"young", "waits"}
