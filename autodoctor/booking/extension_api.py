"""Extensions over HTTP. The operations join the sessions router."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema, Status

from autodoctor.accounts.api_auth import SIGNED_IN, user_of
from autodoctor.booking import extensions
from autodoctor.booking.extensions import Offer, Progress
from autodoctor.payments.models import Payment
from autodoctor.rates.limits import CHECKOUTS, LOOKS
from autodoctor.rates.web import Counted
from autodoctor.sessions.lifecycle.extensions import WayToPay
from autodoctor.sessions.models import Session
from autodoctor.sessions.web.api import FAILURES, router, visible_session


class OfferOut(Schema):
    option: str = Field(description="Send this to accept the offer")
    name: str
    seconds: int
    amount_cents: int
    currency: str


class Card(Schema):
    brand: str
    last4: str


class ExtensionOut(Schema):
    id: UUID
    seconds: int
    amount_cents: int
    currency: str
    state: str = Field(
        description="`bank` (the bank decides), `confirm` and `pay` (the customer must "
        "act), `paid`, `released`, `failed`"
    )
    link: str = Field(
        description="The page where the customer continues, in a tab of its own. Empty for everybody else."
    )
    card_here: bool = Field(
        description="The customer enters a card on their own page, by Stripe.js: `POST …/card` gives the secret for it."
    )
    reason: str = Field(description="Why the bank last declined. Empty for everybody else.")


class ExtensionsOut(Schema):
    offers: list[OfferOut] = Field(description="The extensions on offer now, the shortest first")
    allowed_seconds: int | None = Field(
        description="How much longer the mechanic can stay. Null: the mechanic has not answered."
    )
    card: Card | None = Field(
        description="The saved card that is charged. Null without a saved card and for everybody but the customer."
    )
    extension: ExtensionOut | None = Field(description="The extension that is being paid")


class AcceptIn(Schema, extra="forbid"):
    option: str = Field(pattern=r"^\d{1,9}-\d{1,9}-\d{1,9}-\d{1,9}$", description="The `option` of an offer")
    another_card: bool = Field(False, description="Do not charge the saved card: pay with another card")
    card_here: bool = Field(
        False,
        description="Where no saved card is charged, take a card on your own page by Stripe.js, not on Stripe's page",
    )


class CardEntryOut(Schema):
    """Give it to Stripe.js, and keep it nowhere."""

    client_secret: str
    amount_cents: int
    currency: str


@router.get("/sessions/{uuid:session_id}/extensions", response={200: ExtensionsOut, **FAILURES}, auth=SIGNED_IN)
def show_extensions(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """Return the extensions on offer, their prices, and the extension that is being paid."""
    user, now = user_of(request), timezone.now()
    session = visible_session(user, session_id)
    is_customer = session.customer_id == user.id
    pending = extensions.pending(session)
    return {
        "offers": [] if pending else [_offer(offer) for offer in extensions.offers(session, now)],
        "allowed_seconds": session.allowed_seconds,
        "card": _card(session) if is_customer else None,
        "extension": _extension(pending, now, whole=is_customer) if pending else None,
    }


@router.post(
    "/sessions/{uuid:session_id}/extensions",
    response={200: ExtensionOut, 201: ExtensionOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(CHECKOUTS),
)
def extend(request: HttpRequest, session_id: UUID, body: AcceptIn) -> Status[dict[str, Any]]:
    """Accept an offer: charge the saved card, else take a card here or on Stripe's page. 200: accepted before."""
    user, now = user_of(request), timezone.now()
    session = visible_session(user, session_id)
    back = extensions.way_back(session, request.build_absolute_uri("/"))
    way = WayToPay(back, saved_card=not body.another_card, here=body.card_here)
    payment, new = extensions.extend(session=session, by=user, key=body.option, way=way, now=now)
    return Status(201 if new else 200, _extension(payment, now, whole=True))


@router.post(
    "/sessions/{uuid:session_id}/extensions/{uuid:payment_id}/card",
    response={200: CardEntryOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(CHECKOUTS),
)
def enter_card(request: HttpRequest, session_id: UUID, payment_id: UUID) -> dict[str, Any]:
    """Return what Stripe.js needs to take a card for an extension on your page. Nothing is charged by it."""
    user = user_of(request)
    session = visible_session(user, session_id)
    payment, secret = extensions.enter_card(session=session, by=user, payment_id=payment_id, now=timezone.now())
    return {"client_secret": secret, "amount_cents": payment.amount_cents, "currency": payment.currency}


@router.post(
    "/sessions/{uuid:session_id}/extensions/{uuid:payment_id}/confirmed",
    response={200: ExtensionOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(LOOKS),
)
def look_at_extension(request: HttpRequest, session_id: UUID, payment_id: UUID) -> dict[str, Any]:
    """Stripe.js says that the card was confirmed: ask Stripe, and believe nothing else."""
    user, now = user_of(request), timezone.now()
    session = visible_session(user, session_id)
    payment = extensions.look(session=session, by=user, payment_id=payment_id, now=now)
    return _extension(payment, now, whole=True)


@router.delete(
    "/sessions/{uuid:session_id}/extensions/{uuid:payment_id}", response={200: ExtensionOut, **FAILURES}, auth=SIGNED_IN
)
def cancel_extension(request: HttpRequest, session_id: UUID, payment_id: UUID) -> dict[str, Any]:
    """Cancel an extension: nothing is charged, and money that still arrives is released."""
    now = timezone.now()
    payment = extensions.cancel_extension(session_id=session_id, by=user_of(request), payment_id=payment_id, now=now)
    return _extension(payment, now, whole=True)


def _offer(offer: Offer) -> dict[str, Any]:
    option = offer.option
    return {
        "option": offer.key,
        "name": str(option),
        "seconds": option.seconds,
        "amount_cents": option.price_cents,
        "currency": option.currency,
    }


def _card(session: Session) -> dict[str, str] | None:
    kept = extensions.card(session)
    return {"brand": kept.brand, "last4": kept.last4} if kept else None


def _extension(payment: Payment, now: datetime, *, whole: bool) -> dict[str, Any]:
    progress = Progress(payment, now)
    return {
        "id": payment.id,
        "seconds": payment.seconds,
        "amount_cents": payment.amount_cents,
        "currency": payment.currency,
        "state": progress.state,
        "link": progress.link if whole else "",
        "card_here": whole and progress.is_here,
        "reason": progress.reason if whole else "",
    }
