"""Refunds by support after a session: any part of a charge, with a reason, paid by the platform or the mechanic."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import is_blank
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment, Refund
from autodoctor.sessions.event_data import RefundData, SupportRefundData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind


def refund_session(
    *,
    session_id: UUID,
    by: User,
    payment_id: UUID,
    amount_cents: int,
    reason: str,
    borne_by: str,
    now: datetime,
    refund_id: UUID | None = None,
) -> Refund:
    """Refund part of one payment, in cents. Ledger and log now, Stripe from the queue.

    `borne_by`: `Refund.Bearer`; a refund that the mechanic bears lowers their earning. `refund_id` names the form: the
    same form refunds once. Raises `Refused`, `Session.DoesNotExist`, and `Payment.DoesNotExist` for a payment of
    another session.
    """
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        if who.role != Role.SUPPORT:
            raise Refused("not_support", _("Only support can issue refunds."), 403)
        if borne_by not in Refund.Bearer.values or is_blank(reason) or amount_cents <= 0:
            raise Refused("invalid", _("Enter an amount, a reason and who pays for the refund."), 422)
        payment = Payment.objects.get(id=payment_id, owner_id=session_id)
        if refund_id and (given := payment.refunds.filter(id=refund_id).first()):
            return given
        given = _in_the_ledger(payment, amount_cents, reason, borne_by, by=by, now=now, refund_id=refund_id)
        facts = SupportRefundData(
            refund_id=str(given.id),
            payment_id=str(payment.id),
            amount_cents=amount_cents,
            reason=given.reason,
            borne_by=borne_by,
            currency=payment.currency,
        )
        event_log.append_event(
            state.session, EventKind.SUPPORT_REFUNDED, at=now, by=who, audience=event_log.Audience.SUPPORT, data=facts
        )
        return given


def was_announced(*, session_id: UUID, refund_id: str) -> bool:
    """Return whether the customer was told that this refund is on its way."""
    told = SessionEvent.objects.filter(session_id=session_id, kind=EventKind.REFUND_ISSUED)
    return any(event.data_as(RefundData)["refund_id"] == refund_id for event in told)


def _in_the_ledger(
    payment: Payment, amount_cents: int, reason: str, borne_by: str, *, by: User, now: datetime, refund_id: UUID | None
) -> Refund:
    """Translate the ledger's errors into sentences."""
    try:
        return ledger.refund(
            payment_id=payment.id,
            amount_cents=amount_cents,
            reason=reason.strip()[:200],
            borne_by=borne_by,
            by=by,
            now=now,
            refund_id=refund_id,
        )
    except ledger.Disputed as error:
        sentence = _(
            "The customer’s bank disputes this charge. You cannot issue a refund until the dispute is decided."
        )
        raise Refused("disputed", sentence) from error
    except ledger.NotRefundable as error:
        raise Refused("not_refundable", _("This is more than the rest of the charge.")) from error
