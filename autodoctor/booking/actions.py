"""Book a session and return where to pay."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urljoin
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.booking import vehicles
from autodoctor.booking.models import Booking, Plan, Vehicle
from autodoctor.core import links
from autodoctor.payments.attempts import NotPayable
from autodoctor.payments.checkout import open_checkout
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import transitions as sessions
from autodoctor.sessions.lifecycle.transitions import PlanTerms
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.queries.private_requests import Ask
from autodoctor.sessions.states import OPEN, Kind, State


@dataclass(frozen=True)
class Intake:
    """A checked intake. `token` names the form that it was filled into.

    `terms` and `cancellation`: the versions of these texts that the form led to; empty where it led to none.
    """

    plan: Plan
    vehicle: Vehicle
    concern: str
    keep_card: bool
    token: UUID
    trouble_codes: str = ""  # as typed
    ask: Ask | None = None
    terms: str = ""
    cancellation: str = ""

    @property
    def key(self) -> str:
        """Return a key that is the same for the same content of the same form."""
        described = [self.vehicle.as_values(), self.concern, self.trouble_codes]
        asked = [str(self.ask.mechanic.pk), self.ask.only, stamp(self.ask.until)] if self.ask else []
        content = [self.plan.slug, described, self.keep_card, str(self.token), asked]
        return sha256(json.dumps(content).encode()).hexdigest()


class AlreadyOpen(Exception):
    """The customer has an open `session` and did not ask for a second one."""

    def __init__(self, session: Session) -> None:
        super().__init__(str(session.id))
        self.session = session


def open_sessions(customer: User) -> QuerySet[Session]:
    """Return the customer's open sessions, the newest first."""
    return Session.objects.filter(customer=customer, state__in=OPEN).order_by("-created_at")


def book(*, customer: User, intake: Intake, another: bool, now: datetime) -> Session:
    """Create the draft of this intake; a repeated intake returns its session. Raises `AlreadyOpen` unless `another` is
    set.
    """
    with transaction.atomic():
        booking = _booking_of(customer, intake)
        if booking.session and booking.session.state in OPEN:
            if booking.session.state == State.DRAFT and _agree(booking, intake, now):
                booking.save()
            return booking.session
        in_the_way = None if another else open_sessions(customer).first()
        if in_the_way:
            raise AlreadyOpen(in_the_way)
        vehicle = vehicles.keep(intake.vehicle, owner=customer, now=now)
        booking.session = sessions.create_draft(
            customer=customer,
            terms=terms(intake.plan),
            vehicle=vehicles.as_sold(intake.vehicle, vehicle),
            concern=intake.concern,
            trouble_codes=intake.trouble_codes,
            keep_card=intake.keep_card,
            intake_token=intake.token,
            ask=intake.ask,
            now=now,
        )
        if vehicle:
            vehicles.link(vehicle, booking.session, now=now)
        _agree(booking, intake, now)
        booking.save()
        return booking.session


def _agree(booking: Booking, intake: Intake, now: datetime) -> bool:
    """Note the versions that the customer has agreed to, once each, for the caller to save; False: nothing is new.

    Of several before the payment the last counts.
    """
    agreed = intake.terms, intake.cancellation
    if not intake.terms or agreed == (booking.terms_version, booking.cancellation_version):
        return False
    (booking.terms_version, booking.cancellation_version), booking.agreed_at = agreed, now
    return True


def checkout_url(*, session: Session, site: str, now: datetime) -> str:
    """Return where to pay this draft; the session page if nothing is left to pay.

    `site` is the address for the way back, with its final slash. Must not run in a transaction. Raises `PaymentError`
    if the payment service fails; the draft stays.
    """
    page = urljoin(site, links.room_page(session.id))
    if session.state != State.DRAFT:
        return page
    payment = Payment.objects.get(owner_id=session.id, purpose=Payment.Purpose.BOOKING)
    try:
        payment = open_checkout(
            payment=payment, success_url=f"{page}?checkout=success", cancel_url=f"{page}?checkout=cancelled", now=now
        )
    except NotPayable:
        return page
    if payment.checkout_expires_at:
        sessions.extend_payable_until(session_id=session.id, until=payment.checkout_expires_at, now=now)
    return payment.checkout_url


def terms(plan: Plan) -> PlanTerms:
    return PlanTerms(
        slug=plan.slug,
        name=plan.name,
        kind=plan.kind,
        seconds=int(plan.duration.total_seconds()),
        price_cents=plan.price_cents,
        **_as_chat(plan),
        currency=plan.currency,
    )


def _as_chat(plan: Plan) -> dict[str, int]:
    """Return price and time of a call after a switch to chat: those of the cheapest chat plan, where one is sold."""
    chats = Plan.objects.filter(kind=Kind.CHAT, active=True, currency=plan.currency).order_by("price_cents")
    chat = None if plan.kind == Kind.CHAT else chats.first()
    return {"chat_price_cents": chat.price_cents, "chat_seconds": int(chat.duration.total_seconds())} if chat else {}


def _booking_of(customer: User, intake: Intake) -> Booking:
    """Return the booking, locked: the second of two requests waits and then sees the first one's result."""
    mine = Booking.objects.select_for_update(of=("self",)).select_related("session")
    return mine.get_or_create(customer=customer, key=intake.key)[0]
