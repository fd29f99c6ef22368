"""One intake, one draft, and a way to pay it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection

from autodoctor.accounts.models import User
from autodoctor.booking import actions
from autodoctor.booking.actions import AlreadyOpen, Intake
from autodoctor.booking.models import Booking, Plan, Vehicle
from autodoctor.payments import stripe
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import endings, transitions
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State
from tests.kit.meanwhile import at_every_moment
from tests.kit.stripe_sandbox import RunningSandbox

MakeIntake = Callable[..., Intake]
SITE = "http://localhost:8000/"


def book(customer: User, intake: Intake, now: datetime, *, another: bool = False) -> Session:
    return actions.book(customer=customer, intake=intake, another=another, now=now)


def test_a_booked_call_stores_what_it_costs_as_a_chat(db: None) -> None:
    Plan.objects.filter(slug="chat").update(price_cents=1234)
    sold = {plan.slug: actions.terms(plan).chat_price_cents for plan in Plan.objects.all()}
    assert sold == {"chat": None, "video": 1234, "diagnostic": 1234}
    Plan.objects.filter(slug="chat").update(active=False)
    assert actions.terms(Plan.objects.get(slug="video")).chat_price_cents is None


def test_a_draft_copies_price_and_length_from_the_plan(customer: User, intake: MakeIntake, now: datetime) -> None:
    Plan.objects.filter(slug="chat").update(price_cents=1234, duration=timedelta(seconds=90))
    session = book(customer, intake(plan=Plan.objects.get(slug="chat"), keep_card=True), now)
    Plan.objects.filter(slug="chat").update(price_cents=1)
    session.refresh_from_db()
    assert (session.state, session.kind, session.plan_slug) == (State.DRAFT, "chat", "chat")
    assert (session.price_cents, session.granted_seconds, session.keep_card) == (1234, 90, True)
    payment = Payment.objects.get(owner_id=session.id)
    assert (payment.amount_cents, payment.seconds, payment.keep_card) == (1234, 90, True)
    assert payment.payer == customer


def test_the_same_intake_twice_is_one_draft(customer: User, intake: MakeIntake, now: datetime) -> None:
    sent = intake()
    assert book(customer, sent, now) == book(customer, sent, now)
    assert Session.objects.count() == Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_intake_twice_at_once_is_one_draft(customer: User, intake: MakeIntake, now: datetime) -> None:
    sent = intake()

    def send(_: int) -> Session:
        try:
            return book(customer, replace(sent, vehicle=Vehicle(year=2013, make="Ford", model="F-150")), now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        booked = set(pool.map(send, range(4)))
    assert len(booked) == 1
    assert Session.objects.count() == 1
    assert customer.vehicles.count() == 1


def test_booking_beside_an_open_session_is_refused_unless_the_customer_insists(
    customer: User, intake: MakeIntake, now: datetime
) -> None:
    first = book(customer, intake(), now)
    with pytest.raises(AlreadyOpen) as refused:
        book(customer, intake(concern="Now it makes a grinding noise."), now)
    assert refused.value.session == first
    second = book(customer, intake(concern="Now it makes a grinding noise."), now, another=True)
    assert second != first
    assert set(actions.open_sessions(customer)) == {first, second}


def test_a_canceled_session_does_not_block_the_same_booking(customer: User, intake: MakeIntake, now: datetime) -> None:
    sent = intake()
    first = book(customer, sent, now)
    endings.cancel_session(session_id=first.id, by=customer, now=now)
    again = book(customer, sent, now)
    assert again != first
    assert book(customer, sent, now) == again


@pytest.mark.django_db(transaction=True)
@pytest.mark.on_postgres
def test_a_booking_that_is_forgotten_while_its_intake_is_sent_again_is_made_anew(
    customer: User, intake: MakeIntake, now: datetime
) -> None:
    def forgotten() -> Intake:
        sent = intake()
        session = book(customer, sent, now, another=True)
        endings.cancel_session(session_id=session.id, by=customer, now=now)
        return sent

    def forget(_sent: Intake) -> None:
        Booking.objects.filter(session__state=State.CANCELLED).delete()

    booked = list(
        at_every_moment(
            Booking, prepare=forgotten, act=lambda sent: book(customer, sent, now, another=True), other=forget
        )
    )
    assert {session.state for session in booked} == {State.DRAFT}


def test_another_customers_session_does_not_block_a_booking(
    customer: User, stranger: User, intake: MakeIntake, now: datetime
) -> None:
    book(customer, intake(), now)
    assert book(stranger, intake(), now).customer == stranger


def test_booking_the_same_vehicle_again_updates_the_stored_vehicle(
    customer: User, intake: MakeIntake, now: datetime
) -> None:
    first = book(customer, intake(), now)
    later = Vehicle(year=2013, make="FORD", model="f-150", mileage=85_000)
    book(customer, intake(vehicle=later), now, another=True)
    kept = customer.vehicles.get()
    assert kept.mileage == 85_000
    first.refresh_from_db()
    assert first.vehicle["mileage"] == 84_000


def test_the_checkout_address_stays_the_same_while_its_page_is_open(
    customer: User, intake: MakeIntake, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    session = book(customer, intake(), now)
    url = actions.checkout_url(session=session, site=SITE, now=now)
    assert url.startswith(stripe_sandbox.url)
    assert actions.checkout_url(session=session, site=SITE, now=now) == url
    session.refresh_from_db()
    payment = Payment.objects.get(owner_id=session.id)
    assert payment.checkout_expires_at is not None
    assert session.payable_until >= payment.checkout_expires_at
    assert stripe_sandbox.pay(url).headers["location"] == f"{SITE}sessions/{session.id}/?checkout=success"


def test_a_paid_session_leads_to_its_own_page(
    customer: User, intake: MakeIntake, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    session = book(customer, intake(), now)
    stripe_sandbox.pay(actions.checkout_url(session=session, site=SITE, now=now))
    assert actions.checkout_url(session=session, site=SITE, now=now) == f"{SITE}sessions/{session.id}/"
    transitions.admit_request(session_id=session.id, now=now)
    session.refresh_from_db()
    assert actions.checkout_url(session=session, site=SITE, now=now) == f"{SITE}sessions/{session.id}/"


def test_the_draft_stays_when_the_payment_service_is_down(
    customer: User, intake: MakeIntake, payments_down: None, now: datetime
) -> None:
    session = book(customer, intake(), now)
    with pytest.raises(stripe.Unavailable):
        actions.checkout_url(session=session, site=SITE, now=now)
    session.refresh_from_db()
    assert session.state == State.DRAFT
