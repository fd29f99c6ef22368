"""What became of the money of a session: held, charged, released. Amounts in integer cents."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime

from autodoctor.payments.models import Payment
from autodoctor.sessions import settlement
from autodoctor.sessions.deadlines import span
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import Kind


@dataclass(frozen=True)
class Receipt:
    session: Session
    payments: list[Payment]

    @property
    def booking(self) -> Payment | None:
        return next((payment for payment in self.payments if payment.purpose == Payment.Purpose.BOOKING), None)

    @property
    def parts(self) -> list[Payment]:
        """What was ever held: the booking, then each extension in order."""
        held = [payment for payment in self.payments if payment.authorised_at]
        return sorted(held, key=lambda payment: (payment.purpose != Payment.Purpose.BOOKING, payment.created_at))

    @property
    def rule(self) -> str:
        """Which line of the table decided what is charged: nothing, half, all, used; empty while it is open."""
        if self.asks_solved or not self.session.end_reason:
            return ""
        return settlement.rule(self.session)

    @property
    def asks_solved(self) -> bool:
        """The mechanic ended early, and the customer has not said whether it is solved."""
        return self.session.end_reason == settlement.ASK_FIRST and self.session.solved is None

    @property
    def answer_until(self) -> datetime | None:
        """Without an answer by then it counts as solved."""
        return self.session.ended_at and self.session.ended_at + span("solved_answer")

    @property
    def is_settling(self) -> bool:
        """What is due is known, and a hold has still to be charged or released."""
        return not self.asks_solved and any(payment.state == Payment.State.AUTHORISED for payment in self.payments)

    @property
    def held_cents(self) -> int:
        return sum(payment.amount_cents for payment in self.payments if payment.authorised_at)

    @property
    def charged_cents(self) -> int:
        """What was charged, or is about to be."""
        return sum(payment.charged_cents for payment in self.payments)

    @property
    def released_cents(self) -> int:
        return self.held_cents - self.charged_cents

    @property
    def card(self) -> str:
        """ "Visa 4242", or nothing where the card is not known."""
        booking = self.booking
        return f"{booking.card_brand.title()} {booking.card_last4}" if booking and booking.card_last4 else ""

    @property
    def share_cents(self) -> int:
        """What the mechanic earns of it."""
        return settlement.mechanic_share_cents(self.charged_cents)

    @property
    def used_seconds(self) -> int:
        return settlement.used_seconds(self.session)

    def used_cents(self, now: datetime) -> int:
        """What the time used comes to: until now, or until the end."""
        return settlement.due_if(self._ended(now), self.payments, end_reason="mechanic_lost")

    def used_so_far(self, now: datetime) -> int:
        """Seconds of the granted time that have run."""
        return settlement.used_seconds(self._ended(now))

    def full_cents(self, now: datetime) -> int:
        """What it comes to when the customer ends it."""
        return settlement.due_if(self._ended(now), self.payments, end_reason="ended_by_customer")

    @property
    def solved_cents(self) -> int:
        """What it comes to when the customer says that it is solved."""
        return settlement.due_if(self.session, self.payments, solved=True)

    @property
    def became_chat(self) -> bool:
        """Booked as a call; the customer has chosen chat instead, at the price of one."""
        return self.session.kind == Kind.CHAT and self.session.chat_price_cents is not None

    def _ended(self, now: datetime) -> Session:
        """As if it had ended now, unless it did before."""
        ended = copy(self.session)
        ended.ended_at = self.session.ended_at or now
        return ended
