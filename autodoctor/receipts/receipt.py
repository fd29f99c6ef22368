"""The receipt of a session: held, charged, released, refunded. Amounts in integer cents."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.db.models import prefetch_related_objects

from autodoctor.core.raw_sql import rows
from autodoctor.payments import disputes, ledger
from autodoctor.payments.models import Payment, Refund
from autodoctor.receipts import explanations
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import mechanic_share, substitutes
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.settlement import ChargeRule
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import EndReason, Kind


@dataclass(frozen=True)
class Receipt:
    session: Session
    payments: list[Payment]

    @property
    def booking(self) -> Payment | None:
        return next((payment for payment in self.payments if payment.purpose == Payment.Purpose.BOOKING), None)

    @property
    def parts(self) -> list[Payment]:
        """Return everything that was held: the booking, then each extension in order."""
        return settlement.in_order(payment for payment in self.payments if payment.authorized_at)

    @property
    def lines(self) -> list["Line"]:
        """Return the parts with their results."""
        gave_time = [part for part in self.parts if settlement.gives_time(part)]
        filled = settlement.filled_seconds(self.session, gave_time)
        return [Line(part, filled.get(part.id, 0), is_open=self.asks_solved) for part in self.parts]

    @property
    def rule(self) -> ChargeRule | None:
        """Return the charge rule; None while the session is not over."""
        return settlement.charge_rule(self.session) if self.session.end_reason else None

    @property
    def asks_solved(self) -> bool:
        """Return whether the mechanic ended early and the customer has not answered yet."""
        return self.session.asks_solved

    @property
    def answer_until(self) -> datetime | None:
        """Return when a missing answer counts as solved."""
        return self.session.ended_at and self.session.ended_at + duration("solved_answer")

    @property
    def is_settling(self) -> bool:
        """Return whether the charge is known and a hold has yet to be charged or released."""
        return not self.asks_solved and any(payment.state == Payment.State.AUTHORIZED for payment in self.payments)

    @property
    def held_cents(self) -> int:
        return ledger.held_cents(self.payments)

    @property
    def charged_cents(self) -> int:
        """Return what was or will be charged, in cents."""
        return ledger.charged_cents(self.payments)

    @property
    def released_cents(self) -> int:
        return self.held_cents - self.charged_cents

    @property
    def card(self) -> str:
        """Return "Visa 4242"; empty if the card is not known."""
        return explanations.card(self.booking) if self.booking else ""

    @property
    def why(self) -> str:
        """Return the explanation of the charge in sentences."""
        return explanations.why(self)

    @property
    def is_settled(self) -> bool:
        """Return whether every payment is settled; only refunds may follow."""
        return settlement.is_settled(self.session, self.payments)

    @property
    def settled_at(self) -> datetime | None:
        """Return when the last part was charged or released."""
        return max((part.closed_at for part in self.parts if part.closed_at), default=None)

    @property
    def added_parts(self) -> list[Payment]:
        """Return the extensions whose time was given."""
        return [part for part in self.parts if part.purpose != Payment.Purpose.BOOKING and part.granted_at]

    @cached_property
    def refunds(self) -> list[Refund]:
        """Return the refunds of all payments, pending ones included, the first one first."""
        given = Refund.objects.filter(payment__in=self.parts).exclude(state=Refund.State.FAILED)
        return list(given.select_related("payment").order_by("created_at"))

    @property
    def pending_refunds(self) -> list[Refund]:
        """Return the refunds that Stripe has not issued yet."""
        return [refund for refund in self.refunds if refund.state == Refund.State.REQUESTED]

    @property
    def pending_refund_cents(self) -> int:
        return sum(refund.amount_cents for refund in self.pending_refunds)

    @property
    def issued_refund_cents(self) -> int:
        return self.refunded_cents - self.pending_refund_cents

    @property
    def refunded_cents(self) -> int:
        """Return what was or will be refunded, in cents."""
        return sum(refund.amount_cents for refund in self.refunds)

    @property
    def paid_cents(self) -> int:
        """Return what the customer has paid in the end, in cents."""
        return self.charged_cents - self.refunded_cents - self.taken_back_cents

    @cached_property
    def disputed_parts(self) -> list[Payment]:
        return [part for part in self.parts if part.disputed_at]

    @property
    def is_disputed(self) -> bool:
        """Return whether a charge is disputed and the bank has not decided."""
        return any(disputes.holds_earning(part) for part in self.disputed_parts)

    @cached_property
    def taken_back_cents(self) -> int:
        """Return what the customer's bank has taken back for good, in cents."""
        return sum(disputes.lost_cents(part) for part in self.disputed_parts)

    @property
    def share_cents(self) -> int:
        """Return what the mechanic earns after refunds, in cents."""
        before = substitutes.who_handed_over(self.session.id) if self.session.handed_over else []
        prefetch_related_objects(self.payments, "earnings")
        return mechanic_share.share_cents(self.session, before, self.payments)

    @property
    def used_seconds(self) -> int:
        return settlement.used_seconds(self.session)

    def used_cents(self, now: datetime) -> int:
        """Return the price of the time used until now, or until the end, in cents."""
        return settlement.amounts_due_if(self._ended(now), self.payments, end_reason=EndReason.MECHANIC_LOST)

    def used_given_up(self, now: datetime) -> str:
        """Return why less than the price of the time used is charged; empty if all of it is."""
        return settlement.given_up_if(self._ended(now), self.payments, end_reason=EndReason.MECHANIC_LOST)

    def full_given_up(self, now: datetime) -> str:
        """Return why less than is due is charged if the customer ends the session; empty if all of it is."""
        return settlement.given_up_if(self._ended(now), self.payments, end_reason=EndReason.ENDED_BY_CUSTOMER)

    def used_so_far(self, now: datetime) -> int:
        """Return the seconds of the granted time that have run."""
        return settlement.used_seconds(self._ended(now))

    def full_cents(self, now: datetime) -> int:
        """Return the charge if the customer ends the session, in cents."""
        return settlement.amounts_due_if(self._ended(now), self.payments, end_reason=EndReason.ENDED_BY_CUSTOMER)

    @property
    def solved_cents(self) -> int:
        """Return the charge if the customer says that the problem is solved, in cents."""
        return settlement.amounts_due_if(self.session, self.payments, solved=True)

    @property
    def became_chat(self) -> bool:
        """Return whether a booked call became a chat, at the chat price."""
        return self.session.kind == Kind.CHAT and self.session.chat_price_cents is not None

    def _ended(self, now: datetime) -> Session:
        """Return the session as if it had ended now, unless it is over."""
        ended = copy(self.session)
        ended.ended_at = self.session.ended_at or now
        return ended


class Seller(NamedTuple):
    name: str
    address: list[str]  # lines; may be none


def seller() -> Seller:
    lines = settings.SELLER_ADDRESS.replace(";", "\n").splitlines()
    return Seller(settings.SELLER_NAME, [line.strip() for line in lines if line.strip()])


@dataclass(frozen=True)
class Line:
    """A booked part: its time, its card, the cents charged and released."""

    payment: Payment
    used_seconds: int  # of the paid time
    is_open: bool  # the charge is not decided yet

    @property
    def gave_time(self) -> bool:
        return settlement.gives_time(self.payment)

    @property
    def released_cents(self) -> int:
        return self.payment.amount_cents - self.payment.charged_cents

    @property
    def card(self) -> str:
        return explanations.card(self.payment)


def receipt_of(session: Session) -> Receipt:
    """Return the receipt with all payments of the session."""
    return Receipt(session, rows(Payment, "owner_id = %s ORDER BY created_at", session.id))
