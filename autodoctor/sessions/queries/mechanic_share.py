"""What the mechanic who has a session earns of it, as they read it. Amounts in integer cents."""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from uuid import UUID

from django.conf import settings

from autodoctor.core import acting
from autodoctor.payments.currencies import chargeable_cents
from autodoctor.payments.division import divide, round_together
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.rules import settlement, shares, spent_time
from autodoctor.sessions.states import EndReason


def share_cents(session: Session, before: Sequence[Participant], payments: Collection[Payment]) -> int:
    """Return what they earn of what was or will be charged, after refunds at their expense, in cents.

    `before`: who handed the running session over. `payments`: all of the session.
    """
    mine = [one for payment in payments for one in payment.earnings.all() if one.mechanic_id == session.mechanic_id]
    to_come = {payment: payment.charged_cents for payment in payments if not payment.earnings.all()}
    earned = sum(earning.share_cents for earning in mine)
    if not any(to_come.values()) or paid_late(session) not in (None, session.mechanic_id):
        return earned
    return earned + _expected_cents(session, before, payments, to_come)


def full_cents(session: Session, before: Sequence[Participant], payments: Collection[Payment]) -> int:
    """Return what they earn if the running session lasts its full time, in cents. The same arguments."""
    whole = copy(session)
    whole.end_reason, whole.ended_at, whole.paused_at = EndReason.TIME_UP, session.ends_at, None
    due = settlement.amounts_due(whole, payments)
    charged = {
        payment: chargeable_cents(due[payment.id], payment.currency)
        for payment in payments
        if payment.state != Payment.State.RELEASED
    }
    return _expected_cents(whole, before, payments, charged)


@acting.system  # one mechanic does not read when another one was in
def paid_late(session: Session) -> UUID | None:
    """Return the id of the mechanic whose time a late cancellation pays for; None for any other end."""
    if session.end_reason != EndReason.CANCELLED_LATE or session.ended_at is None:
        return None
    return spent_time.spent_mechanic(participants.load_seats(session, session.ended_at), session.ended_at)


def _expected_cents(
    session: Session, before: Sequence[Participant], payments: Collection[Payment], charges: Mapping[Payment, int]
) -> int:
    """Return their part of these charges in cents, divided and rounded as earnings are. `payments`: all."""
    if not before:
        return sum(settlement.mechanic_share_cents(cents) for cents in charges.values())
    carried = shares.of_payments(session, before, payments).values()
    return sum(_last_share(cents, [part.get(payment.id, 0) for part in carried]) for payment, cents in charges.items())


def _last_share(charged_cents: int, seconds: Sequence[int]) -> int:
    grosses = divide(charged_cents, seconds)
    return round_together([gross_cents * settings.MECHANIC_SHARE_PERCENT for gross_cents in grosses])[-1]
