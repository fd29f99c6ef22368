"""What follows when a session is over: the customer is asked or told, and its money comes to rest."""

from datetime import datetime
from uuid import UUID

from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.record import event_log
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import EventKind

RECEIPT = ("receipt", 0)  # the rule and occasion that only one event can have


def record_settled(*, session_id: UUID, now: datetime) -> bool:
    """All that was held for it is charged or released: said in the log, once. True for the call that says it."""
    with session_transaction(session_id, now) as state:
        payments = list(Payment.objects.filter(owner_id=session_id))
        if RECEIPT in state.fired or not settlement.is_settled(state.session, payments):
            return False
        rule, occasion = RECEIPT
        cents = {
            "held_cents": sum(payment.amount_cents for payment in payments if payment.authorised_at),
            "charged_cents": sum(payment.captured_cents for payment in payments),
        }
        event_log.append_event(
            state.session,
            EventKind.RECEIPT_ISSUED,
            at=now,
            audience=event_log.Audience.CUSTOMER,
            rule=rule,
            occasion=occasion,
            data=cents,
        )
        state.fired[RECEIPT] = now
        return True
