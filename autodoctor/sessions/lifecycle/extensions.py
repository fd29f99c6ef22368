"""More time: the mechanic says how much they can stay, the customer pays for it, and the clock moves once.

What is paid is known in `payments`; each step here is an action like those of `actions`. Between asking and giving
lies somebody else's time (a bank, a page in another tab), so the end of the session waits for it once, and shortly.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import fair_clock, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.notify import mail
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules.triggers import DECLINE, all_time_given, duration
from autodoctor.sessions.states import CLAIMED, RUNNING, EndReason, EventKind

MAX_TRIES = 20  # that a customer calls off, in one session: each asks a bank and is told to both

MOST_SAID = 50  # times a session that a mechanic says how long they can stay


@dataclass(frozen=True)
class ExtensionTerms:
    """What is sold, as values; `on_top_of`: the granted seconds that the customer saw when they chose it."""

    name: str
    seconds: int
    price_cents: int
    currency: str
    on_top_of: int


def extendable_seconds(session: Session, now: datetime) -> int:
    """How many seconds may be added now: what the mechanic allows, never past the longest a session may last."""
    left = seconds_until_cap(session, now)
    return left if session.allowed_seconds is None else min(left, session.allowed_seconds)


def seconds_until_cap(session: Session, now: datetime) -> int:
    """How many seconds fit in before the longest a session may last; 0 while it does not run."""
    if session.state not in RUNNING or session.ends_at is None or session.started_at is None or _is_over(session, now):
        return 0
    ends_at = session.ends_at + (now - session.paused_at if session.paused_at else timedelta())
    return max(0, int((session.started_at + duration("cap") - ends_at).total_seconds()))


def set_allowance(*, session_id: UUID, by: User, seconds: int | None, now: datetime) -> Session:
    """The mechanic says how much longer they can stay; 0: not at all, None: as long as it takes.

    What is being paid and does not fit any more is called off; what is paid stands.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.MECHANIC:
            raise Refused("not_the_mechanic", _("The mechanic says how long they can stay."), 403)
        if session.state not in CLAIMED:
            raise Refused("session_closed", _("This is said from the acceptance to the end of the session."))
        if session.allowed_seconds != seconds:
            _check_pace(session)
            session.allowed_seconds = seconds
            event_log.append_event(session, EventKind.EXTENSION_ALLOWED, at=now, by=who, data={"seconds": seconds})
        pending = ledger.pending_extension(session.id)
        if pending and seconds is not None and pending.seconds > seconds:
            _call_off(state, pending, "not_allowed", at=now, who=who)
        return session


def request_extension(
    *, session_id: UUID, by: User, terms: ExtensionTerms, kept_card: bool = True, return_url: str, now: datetime
) -> tuple[Payment, bool]:
    """The customer wants more time: a payment, not paid yet, and whether it is new. Asked twice, it is the same one.

    `kept_card`: whether the card they had us keep may be asked, or asked any further.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can add time."), 403)
        if pending := ledger.pending_extension(session.id):
            if not kept_card and pending.seconds == terms.seconds:
                ledger.use_another_card(pending)
            return _same(pending, terms), False
        _check(session, terms, now)
        payment = ledger.open_extension(
            owner_id=session.id,
            payer=by,
            amount_cents=terms.price_cents,
            currency=terms.currency,
            seconds=terms.seconds,
            description=terms.name,
            keep_card=session.keep_card and kept_card,
            return_url=return_url,
            now=now,
        )
        event_log.append_event(session, EventKind.EXTENSION_PENDING, at=now, by=who, data=_facts(payment, "bank"))
        return payment, True


def cancel_extension(*, session_id: UUID, by: User, payment_id: UUID, now: datetime) -> Payment:
    """The customer would rather not. Raises `Refused` once it is paid, `Payment.DoesNotExist` for one of elsewhere."""
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can call this off."), 403)
        payment = Payment.objects.get(id=payment_id, owner_id=session_id, purpose=Payment.Purpose.EXTENSION)
        over = payment.due_cents is not None or payment.state == Payment.State.FAILED
        if not over and not _call_off(state, payment, "called_off", at=now, who=who):
            raise Refused("already_paid", _("This is paid already."))
        return payment


def apply_extension(*, session_id: UUID, payment_id: UUID, now: datetime) -> Session:
    """An extension is held: its time is given, once. When the session is over the hold is released instead."""
    with session_transaction(session_id, now) as state:
        session = state.session
        if session.state not in RUNNING:
            transitions.settle_payments(session, now)
        elif payment := ledger.grant(owner_id=session.id, payment_id=payment_id, now=now):
            fair_clock.extend_clock(session, payment.seconds, now)
            who = event_log.actor(session.customer, session)
            told = event_log.append_event(
                session, EventKind.SESSION_EXTENDED, at=now, by=who, data=_facts(payment, "paid")
            )
            session.clock_seq = told.seq
        return session


def notify_extension_pending(*, session_id: UUID, payment_id: UUID, now: datetime) -> None:
    """How the payment of an extension stands, for both to know; why a bank declines is for its customer alone."""
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
    """The end has come; unless the mechanic was gone before it, which pauses the clock, or time is being paid.

    While the end waits for that, a mechanic who leaves has given all the time there was: it is over.
    """
    gone_since = state.mechanic.gone_since
    if state.mechanic.is_in and gone_since and gone_since < at and not all_time_given(state.session, gone_since):
        transitions.record_missing(state, Role.MECHANIC, at=now, now=now)
    elif state.session.hold_until is None and (pending := _payable(state.session)):
        state.session.hold_until = at + duration("extension_hold")
        event_log.append_event(
            state.session, EventKind.SESSION_HELD, at=at, data=_facts(pending, pending.waits_for or "bank")
        )
        ledger.sync_later(pending, now)
    else:
        transitions.complete_session(state, EndReason.TIME_UP, at=at)


def _check_pace(session: Session) -> None:
    if SessionEvent.objects.filter(session=session, kind=EventKind.EXTENSION_ALLOWED).count() >= MOST_SAID:
        raise Refused("too_fast", _("You have changed this very often. Talk about it in the session."), 429)


def _is_over(session: Session, now: datetime) -> bool:
    """The time is up, though the clock may not have come round to it."""
    closes_at = session.hold_until or session.ends_at
    return session.paused_at is None and closes_at is not None and closes_at <= now


def _same(pending: Payment, terms: ExtensionTerms) -> Payment:
    if pending.due_cents is not None:
        raise Refused("extension_closing", _("The last one is just being called off. Try again in a moment."))
    if pending.seconds != terms.seconds:
        raise Refused("extension_open", _("You are paying for more time already. Finish that, or call it off first."))
    return pending


def _check(session: Session, terms: ExtensionTerms, now: datetime) -> None:
    if session.state not in RUNNING or _is_over(session, now):
        raise Refused("session_closed", _("Time can be added only while the session runs."))
    if session.granted_seconds != terms.on_top_of:
        raise Refused("already_extended", _("Your time was extended just now. Look at the clock before you add more."))
    if session.allowed_seconds is not None and terms.seconds > session.allowed_seconds:
        raise Refused("not_allowed", _("Your mechanic cannot stay that much longer."))
    if _called_off(session) >= MAX_TRIES:
        raise Refused("too_many", _("That was called off too often. Write to us if you need more time."))
    if terms.seconds > extendable_seconds(session, now):
        raise Refused("too_long", _("A session cannot last that long."))


def _called_off(session: Session) -> int:
    """How often its customer would rather not; what the mechanic's word called off is none of their doing."""
    return SessionEvent.objects.filter(
        session=session, kind=EventKind.EXTENSION_FAILED, actor_role=Role.CUSTOMER
    ).count()


def _payable(session: Session) -> Payment | None:
    pending = ledger.pending_extension(session.id)
    return pending if pending and pending.due_cents is None else None


def _call_off(state: SessionState, payment: Payment, why: str, *, at: datetime, who: event_log.Actor) -> bool:
    """Nobody is to pay it any more, and the end no longer waits for it. False when it is paid."""
    if not ledger.cancel_payment(payment, at):
        return False
    if state.session.hold_until:
        state.session.hold_until = min(state.session.hold_until, at)
    event_log.append_event(state.session, EventKind.EXTENSION_FAILED, at=at, by=who, data=_facts(payment, why))
    return True


def _facts(payment: Payment, stands: str) -> dict[str, Any]:
    """For both sides: no address, no amount, no reason of a bank's."""
    return {"extension": {"id": str(payment.id), "seconds": payment.seconds, "stands": stands}}
