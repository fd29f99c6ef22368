"""What happens after the end of a session: the customer is asked or informed, and the payments are settled."""

from datetime import datetime
from uuid import UUID

from autodoctor.payments import ledger
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.record import event_log
from autodoctor.sessions.rules import settlement

RECEIPT = ("receipt", 0)  # the rule and occasion that only one event can have


def record_settled(*, session_id: UUID, now: datetime) -> bool:
    """Log once that everything held is charged or released. Returns True for the call that logs it."""
    with session_transaction(session_id, now) as state:
        payments = list(Payment.objects.filter(owner_id=session_id))
        if RECEIPT in state.fired or not settlement.is_settled(state.session, payments):
            return False
        rule, occasion = RECEIPT
        cents = {
            "held_cents": ledger.held_cents(payments),
            "charged_cents": ledger.charged_cents(payments),
        }
        event_log.append_event(
            state.session,
            "receipt.issued",
            at=now,
            audience=event_log.Audience.CUSTOMER,
            rule=rule,
            occasion=occasion,
            data=cents,
        )
        state.fired[RECEIPT] = now
        return True
