"""Extensions of a running session: the offers, their acceptance, and the state of the payment.

An offer names the row, its time and price, and the session's granted time when it was shown. So the charge is what was
confirmed, and an accepted offer cannot be accepted again, in this tab or another.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.booking.models import ExtensionOption, span_in_words
from autodoctor.core.errors import Refused
from autodoctor.payments import card_entry, checkout, ledger, saved_card, stripe
from autodoctor.payments.attempts import NotPayable
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Payment
from autodoctor.payments.payment_sync import abandon
from autodoctor.payments.saved_card import SavedCard
from autodoctor.sessions.lifecycle import extensions
from autodoctor.sessions.lifecycle.extensions import ExtensionTerms, WayToPay
from autodoctor.sessions.models import Session

State = Payment.State


@dataclass(frozen=True)
class Offer:
    """One extension option for one session in its present state."""

    option: ExtensionOption
    granted_seconds: int

    @property
    def key(self) -> str:
        option = self.option
        return f"{option.pk}-{option.seconds}-{option.price_cents}-{self.granted_seconds}"

    @property
    def terms(self) -> ExtensionTerms:
        option = self.option
        return ExtensionTerms(
            name=str(option),
            seconds=option.seconds,
            price_cents=option.price_cents,
            currency=option.currency,
            on_top_of=self.granted_seconds,
        )


@dataclass(frozen=True)
class Progress:
    """The state of an extension's payment, for its customer."""

    payment: Payment
    now: datetime

    @property
    def state(self) -> str:
        """bank: the bank decides; confirm, pay: the customer has to act; paid; released; failed: nothing was
        charged.
        """
        payment = self.payment
        if payment.state in (State.AUTHORIZED, State.CAPTURED):
            called_off = payment.due_cents is not None and payment.granted_at is None
            return "released" if called_off else "paid"
        if payment.state == State.RELEASED:
            return "released"
        if payment.state == State.FAILED or payment.due_cents is not None:
            return "failed"
        return payment.waits_for or "bank"

    @property
    def is_here(self) -> bool:
        """Return whether a card is entered in the room: there is no link then."""
        return self.state == Payment.WaitsFor.PAY and self.payment.card_here and not self.payment.checkout_number

    @property
    def time(self) -> str:
        """Return the length of the extension in words."""
        return span_in_words(timedelta(seconds=self.payment.seconds))

    @property
    def price(self) -> str:
        return format_cents(self.payment.amount_cents, self.payment.currency)

    @property
    def link(self) -> str:
        """Return where to continue, in a separate tab; empty without a step, or if the page must be requested again."""
        payment = self.payment
        if self.state == Payment.WaitsFor.CONFIRM:
            return payment.confirm_url
        fresh = payment.checkout_expires_at is not None and payment.checkout_expires_at > self.now
        return payment.checkout_url if self.state == Payment.WaitsFor.PAY and fresh else ""

    @property
    def reason(self) -> str:
        """Return the bank's last reason for a decline."""
        return str(self.payment.decline_reason)


def offers(session: Session, now: datetime) -> list[Offer]:
    """The extensions on offer now, the shortest first."""
    room = extensions.extendable_seconds(session, now)
    options = ExtensionOption.objects.filter(active=True, currency=session.currency)
    return [Offer(option, session.granted_seconds) for option in options if option.seconds <= room]


def extend(*, session: Session, by: User, key: str, way: WayToPay, now: datetime) -> tuple[Payment, bool]:
    """Accept this offer: return its payment after the bank's answer, and whether it is new.

    Must not run in a transaction. If the payment service does not answer, a job continues. Raises `Refused`,
    `Session.DoesNotExist`.
    """
    terms = _terms(session, key)
    payment, new = extensions.request_extension(session_id=session.id, by=by, terms=terms, way=way, now=now)
    return go_on(payment, now), new


def way_back(session: Session, site: str) -> str:
    """Return where the bank and Stripe lead back to. `site` is our address, with its final slash."""
    return site.rstrip("/") + reverse("session_extension", args=[session.id])


def enter_card(*, session: Session, by: User, payment_id: UUID, now: datetime) -> tuple[Payment, str]:
    """Return the open extension and the secret by which its customer's page confirms the card.

    Must not run in a transaction. Raises `Refused` if it is over or paid in another way, or if Stripe does not answer,
    and `Payment.DoesNotExist`.
    """
    payment = extensions.customers_payment(session, by, payment_id)
    try:
        return payment, card_entry.client_secret(payment, now)
    except NotPayable:
        raise Refused("extension_over", _("This extension is already paid or canceled.")) from None
    except card_entry.AnotherWay:
        go_on(payment, now)
        raise Refused("another_way", _("This extension is paid in another way. Nothing was charged here.")) from None
    except stripe.PaymentError as error:
        raise Refused("payment_unavailable", str(error.sentence)) from None


def look(*, session: Session, by: User, payment_id: UUID, now: datetime) -> Payment:
    """Return the extension as Stripe has it now. The webhook tells the same; the second finds it done."""
    payment = extensions.customers_payment(session, by, payment_id)
    try:
        return checkout.refresh(payment=payment, now=now)
    except stripe.PaymentError:
        return payment


def choose_page(*, session_id: UUID, by: User, payment_id: UUID, now: datetime) -> Payment:
    """Have the extension paid on Stripe's page from now on; returns it with the open page."""
    return go_on(extensions.choose_page(session_id=session_id, by=by, payment_id=payment_id, now=now), now)


def go_on(payment: Payment, now: datetime) -> Payment:
    """Charge the saved card, wait for a card in the room, or open a Checkout page; returns the payment."""
    try:
        return saved_card.collect(payment=payment, now=now)
    except NotPayable as over:
        return over.payment
    except stripe.PaymentError:
        return Payment.objects.get(id=payment.id)


def cancel_extension(*, session_id: UUID, by: User, payment_id: UUID, now: datetime) -> Payment:
    """Cancel the extension: at once if Stripe answers, else by a job."""
    payment = extensions.cancel_extension(session_id=session_id, by=by, payment_id=payment_id, now=now)
    try:
        checkout.shut(payment=payment, now=now)
        abandon(payment_id=payment.id, now=now)
    except stripe.PaymentError:
        pass  # a queued job tries again
    return Payment.objects.get(id=payment.id)


def pending(session: Session) -> Payment | None:
    """Return the extension that is being paid."""
    found = ledger.pending_extension(session.id)
    return found if found and found.due_cents is None else None


def card(session: Session) -> SavedCard | None:
    """Return the card that is charged: saved, with consent for this session."""
    return saved_card.of(session.customer) if session.keep_card else None


def latest(session: Session) -> Payment | None:
    """Return the last extension in any state."""
    mine = Payment.objects.filter(owner_id=session.id, purpose=Payment.Purpose.EXTENSION)
    return mine.order_by("-created_at").first()


def _terms(session: Session, key: str) -> ExtensionTerms:
    """Return the offer's terms if a row still matches; the session's part is checked under its lock."""
    pk, _seconds, _cents, granted = (int(part) for part in key.split("-"))
    for option in ExtensionOption.objects.filter(pk=pk, active=True, currency=session.currency):
        offer = Offer(option, granted)
        if offer.key == key:
            return offer.terms
    raise Refused("not_offered", _("This offer has changed. Check the new price before you pay."))
