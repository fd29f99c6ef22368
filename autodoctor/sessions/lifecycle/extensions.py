"""Extensions: the mechanic says how long they can stay, the customer pays, and the end of the session moves once.

`payments` knows the state of a payment. Each step here is a session transaction. Between request and extension the bank
or the customer may need time, so the end of the session waits for the payment once, for a short time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment
from autodoctor.sessions.event_data import AllowanceData, Extension, ExtensionData
from autodoctor.sessions.lifecycle import endings, fair_clock, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.notify import mail
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules.triggers import DECLINE, all_time_given, duration
from autodoctor.sessions.states import CLAIMED, RUNNING, EndReason, EventKind, State

MAX_TRIES = 20  # canceled extensions per session: each one asks a bank and notifies both sides

MOST_SAID = 50  # times a session that a mechanic says how long they can stay


@dataclass(frozen=True)
class ExtensionTerms:
    """The values of an offer. `on_top_of`: the granted seconds that the customer saw when they chose the offer."""

    name: str
    seconds: int
    price_cents: int
    currency: str
    on_top_of: int


@dataclass(frozen=True)
class WayToPay:
    """How the customer wants to pay. `saved_card`: whether it may be charged; else a card is entered in the room
    (`here`), or on Stripe's page. `return_url`: where the bank and Stripe lead back to.
    """

    return_url: str
    saved_card: bool = True
    here: bool = False


def extendable_seconds(session: Session, now: datetime) -> int:
    """Return the seconds that can be sold now: as many as the mechanic allows, up to the longest session."""
    left = 0 if session.state == State.HANDING_OVER else seconds_until_cap(session, now)
    return left if session.allowed_seconds is None else min(left, session.allowed_seconds)


def seconds_until_cap(session: Session, now: datetime) -> int:
    """Return how many seconds fit before the maximum length of a session; 0 unless the session is running."""
    if session.state not in RUNNING or session.ends_at is None or session.started_at is None or _is_over(session, now):
        return 0
    ends_at = session.ends_at + (now - session.paused_at if session.paused_at else timedelta())
    return max(0, int((session.started_at + duration("cap") - ends_at).total_seconds()))


def set_allowance(*, session_id: UUID, by: User, seconds: int | None, now: datetime) -> Session:
    """Store how much longer the mechanic can stay, in seconds. 0: not at all, None: as long as it takes.

    An unpaid extension that no longer fits is canceled. A paid extension stays.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.MECHANIC:
            raise Refused("not_the_mechanic", _("Only the mechanic can say how long they can stay."), 403)
        if session.state not in CLAIMED:
            raise Refused("session_closed", _("You can choose this from the acceptance until the end of the session."))
        if session.allowed_seconds != seconds:
            _check_pace(session)
            session.allowed_seconds = seconds
            event_log.append_event(
                session, EventKind.EXTENSION_ALLOWED, at=now, by=who, data=AllowanceData(seconds=seconds)
            )
        pending = ledger.pending_extension(session.id)
        if pending and seconds is not None and pending.seconds > seconds:
            _cancel(state, pending, "not_allowed", at=now, who=who)
        return session


def request_extension(
    *, session_id: UUID, by: User, terms: ExtensionTerms, way: WayToPay, now: datetime
) -> tuple[Payment, bool]:
    """Open an unpaid payment for an extension. Returns the payment and whether it is new.

    Repeating the request returns the same payment.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can extend the session."), 403)
        if pending := ledger.pending_extension(session.id):
            same = _same(pending, terms)
            if not way.saved_card:
                ledger.use_another_card(same)
            return same, False
        _check(session, terms, now)
        payment = ledger.open_extension(
            owner_id=session.id,
            payer=by,
            amount_cents=terms.price_cents,
            currency=terms.currency,
            seconds=terms.seconds,
            description=terms.name,
            keep_card=session.keep_card and way.saved_card,
            card_here=way.here,
            return_url=way.return_url,
            now=now,
        )
        event_log.append_event(session, EventKind.EXTENSION_PENDING, at=now, by=who, data=_facts(payment, "bank"))
        return payment, True


def customers_payment(session: Session, by: User, payment_id: UUID) -> Payment:
    """Return this extension for its customer. Raises `Refused` for another participant, `Payment.DoesNotExist`."""
    if event_log.actor(by, session).role != Role.CUSTOMER:
        raise Refused("not_the_customer", _("Only the customer can pay or cancel this extension."), 403)
    return Payment.objects.get(id=payment_id, owner_id=session.id, purpose=Payment.Purpose.EXTENSION)


def cancel_extension(*, session_id: UUID, by: User, payment_id: UUID, now: datetime) -> Payment:
    """Cancel the customer's extension. Raises `Refused` if it is paid, `Payment.DoesNotExist` for another session's
    payment.
    """
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        payment = customers_payment(state.session, by, payment_id)
        over = payment.due_cents is not None or payment.state == Payment.State.FAILED
        if not over and not _cancel(state, payment, "called_off", at=now, who=who):
            raise Refused("already_paid", _("This extension is already paid."))
        return payment


def choose_page(*, session_id: UUID, by: User, payment_id: UUID, now: datetime) -> Payment:
    """Have the customer's open extension paid on Stripe's page instead of in the room.

    Raises `Refused` once it is over, `Payment.DoesNotExist` for another session's payment.
    """
    with session_transaction(session_id, now) as state:
        payment = customers_payment(state.session, by, payment_id)
        if payment.state != Payment.State.CREATED or payment.due_cents is not None:
            raise Refused("extension_over", _("This extension is already paid or canceled."))
        ledger.pay_on_a_page(payment)
        return payment


def lapse_extension(*, session_id: UUID, payment_id: UUID, now: datetime) -> None:
    """Cancel an extension whose card was not entered in time. One that is paid, or paid on Stripe's page, stays."""
    with session_transaction(session_id, now) as state:
        payment = Payment.objects.get(id=payment_id, owner_id=session_id)
        if payment.due_cents is None and payment.card_here and not payment.checkout_number:
            _cancel(state, payment, "lapsed", at=now)


def apply_extension(*, session_id: UUID, payment_id: UUID, now: datetime) -> Session:
    """Extend the session once its payment is authorized. If the session is over, release the hold instead."""
    with session_transaction(session_id, now) as state:
        if state.session.state in RUNNING:
            _give(state.session, payment_id, now)
        else:
            transitions.settle_payments(state.session, now)
        return state.session


def notify_extension_pending(*, session_id: UUID, payment_id: UUID, now: datetime) -> None:
    """Log the state of an extension's payment for both participants, without the bank's reason."""
    with session_transaction(session_id, now) as state:
        payment = Payment.objects.get(id=payment_id, owner_id=session_id)
        if (
            state.session.state not in RUNNING
            or payment.state != Payment.State.CREATED
            or payment.due_cents is not None
        ):
            return
        if payment.waits_for:
            event_log.append_event(
                state.session, EventKind.EXTENSION_PENDING, at=now, data=_facts(payment, payment.waits_for)
            )
        elif payment.decline_code:
            counted = mail.count_fact(state, DECLINE, now)
            event_log.append_event(
                state.session, EventKind.EXTENSION_FAILED, at=now, data=_facts(payment, "declined"), **counted
            )


def end_at_time_up(state: SessionState, at: datetime, now: datetime) -> None:
    """End the session when its time is up, unless the mechanic left before (pause) or an extension is being paid
    (wait).

    While the end waits for a payment, the session ends if the mechanic leaves: all paid time has been given. What is
    paid by then is given now, though its news may still be in the queue.
    """
    gone_since = state.mechanic.gone_since
    if state.mechanic.is_in and gone_since and gone_since < at and not all_time_given(state.session, gone_since):
        transitions.record_missing(state, Role.MECHANIC, at=now, now=now)
    elif (pending := _payable(state.session)) and state.session.hold_until is None:
        state.session.hold_until = at + duration("extension_hold")
        event_log.append_event(
            state.session, EventKind.SESSION_HELD, at=at, data=_facts(pending, pending.waits_for or "bank")
        )
        ledger.sync_later(pending, now)
    elif not (pending and _give(state.session, pending.id, now)):
        endings.complete_session(state, EndReason.TIME_UP, at=at)


def _give(session: Session, payment_id: UUID, now: datetime) -> bool:
    """Give the time of a paid extension, once. Returns False if it was given before, is not paid, or is canceled."""
    payment = ledger.grant(owner_id=session.id, payment_id=payment_id, now=now)
    if payment is None:
        return False
    fair_clock.extend_clock(session, payment.seconds, now)
    who = event_log.actor(session.customer, session)
    told = event_log.append_event(session, EventKind.SESSION_EXTENDED, at=now, by=who, data=_facts(payment, "paid"))
    session.clock_seq = told.seq
    return True


def _check_pace(session: Session) -> None:
    if SessionEvent.objects.filter(session=session, kind=EventKind.EXTENSION_ALLOWED).count() >= MOST_SAID:
        raise Refused("too_many", _("You have changed this too often. Talk to your customer in the session."))


def _is_over(session: Session, now: datetime) -> bool:
    """Return whether the time is up, even if the deadline has not run yet."""
    closes_at = session.hold_until or session.ends_at
    return session.paused_at is None and closes_at is not None and closes_at <= now


def _same(pending: Payment, terms: ExtensionTerms) -> Payment:
    if pending.due_cents is not None:
        raise Refused("extension_closing", _("Your last extension is being canceled. Try again in a moment."))
    if pending.seconds != terms.seconds or pending.amount_cents > terms.price_cents:
        raise Refused(
            "extension_open", _("You are already paying for an extension. Finish or cancel that payment first.")
        )
    return pending


def _check(session: Session, terms: ExtensionTerms, now: datetime) -> None:
    if session.state == State.HANDING_OVER:
        raise Refused("no_mechanic", _("You can extend the session again once another mechanic is here."))
    if session.state not in RUNNING or _is_over(session, now):
        raise Refused("session_closed", _("You can extend the session only while it is running."))
    if session.granted_seconds != terms.on_top_of:
        raise Refused(
            "already_extended", _("Your session was just extended. Check the clock before you extend it again.")
        )
    if session.allowed_seconds is not None and terms.seconds > session.allowed_seconds:
        raise Refused("not_allowed", _("Your mechanic cannot stay that much longer."))
    if _count_cancelled(session) >= MAX_TRIES:
        sentence = _("You canceled too many extensions. If you need another one, write to %s.")
        raise Refused("too_many", sentence % settings.SUPPORT_EMAIL)
    if terms.seconds > extendable_seconds(session, now):
        raise Refused("too_long", _("The extension would exceed the maximum length of a session."))


def _count_cancelled(session: Session) -> int:
    """Count the extensions that the customer canceled, without those that the mechanic's limit canceled."""
    return SessionEvent.objects.filter(
        session=session, kind=EventKind.EXTENSION_FAILED, actor_role=Role.CUSTOMER
    ).count()


def _payable(session: Session) -> Payment | None:
    pending = ledger.pending_extension(session.id)
    return pending if pending and pending.due_cents is None else None


def _cancel(
    state: SessionState, payment: Payment, why: str, *, at: datetime, who: event_log.Actor | None = None
) -> bool:
    """Cancel the payment, so that the end no longer waits for it. Returns False if it is already paid."""
    if not ledger.cancel_payment(payment, at):
        return False
    if state.session.hold_until:
        state.session.hold_until = min(state.session.hold_until, at)
    event_log.append_event(state.session, EventKind.EXTENSION_FAILED, at=at, by=who, data=_facts(payment, why))
    return True


def _facts(payment: Payment, stands: str) -> ExtensionData:
    """Return the facts for both participants: no address, no amount, no reason of a bank."""
    return ExtensionData(extension=Extension(id=str(payment.id), seconds=payment.seconds, stands=stands))
