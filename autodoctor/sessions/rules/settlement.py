"""The charge of a session that is over. Pure functions; amounts in integer cents, times in seconds."""

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from django.conf import settings

from autodoctor.payments.currencies import chargeable_cents
from autodoctor.payments.formatting import too_small_to_charge
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import TERMINAL, EndReason, Kind


class ChargeRule(StrEnum):
    """The rule for the charged part of a hold."""

    NOTHING = "nothing"
    HALF = "half"  # half of the booking, nothing of extensions
    USED = "used"  # the used share of each payment
    ALL = "all"
    ASK = "ask"  # known once the customer has answered "Solved?"


def amounts_due(session: Session, payments: Iterable[Payment]) -> dict[UUID, int]:
    """Return the cents to capture of each payment, without those that wait for the customer's answer to "Solved?".

    An extension whose time was never given costs nothing.
    """
    parts = in_order(payments)
    gave_time = [part for part in parts if gives_time(part)]
    return {part.id: 0 for part in parts if part not in gave_time} | _due(session, gave_time)


def in_order(payments: Iterable[Payment]) -> list[Payment]:
    """Return the booking, then each extension."""
    return sorted(payments, key=lambda payment: (payment.purpose != Payment.Purpose.BOOKING, payment.created_at))


def gives_time(payment: Payment) -> bool:
    """Return the booking and the extensions whose time was given."""
    return payment.purpose == Payment.Purpose.BOOKING or payment.granted_at is not None


def amounts_due_if(session: Session, payments: Iterable[Payment], **how: object) -> int:
    """Return the cents that would be charged if the session had ended with this reason."""
    return sum(chargeable_cents(cents, session.currency) for cents in _due_if(session, payments, how))


def given_up_if(session: Session, payments: Iterable[Payment], **how: object) -> str:
    """Return why less would be charged than is due if the session had ended like this; empty if all of it is."""
    due = [cents for cents in _due_if(session, payments, how) if cents]
    all_charged = all(chargeable_cents(cents, session.currency) for cents in due)
    return "" if all_charged else too_small_to_charge(session.currency)


def _due_if(session: Session, payments: Iterable[Payment], how: Mapping[str, object]) -> list[int]:
    ended = copy(session)
    for name, value in how.items():
        setattr(ended, name, value)
    parts = list(payments)
    gone = {part.id for part in parts if part.state == Payment.State.RELEASED}  # nothing can be charged of it
    return [cents for payment_id, cents in amounts_due(ended, parts).items() if payment_id not in gone]


def is_settled(session: Session, payments: Iterable[Payment]) -> bool:
    """Return whether the session is over, nothing is to be decided, and every hold is charged or released."""
    parts = list(payments)
    moving = (Payment.State.CREATED, Payment.State.AUTHORIZED)
    held = any(part.authorized_at for part in parts)
    decided = session.state in TERMINAL and not session.asks_solved
    return decided and held and not any(part.state in moving for part in parts)


def charge_rule(session: Session) -> ChargeRule:
    """Return the charging rule. Raises ValueError for an unknown end reason, so that no charge is guessed."""
    reason = EndReason(session.end_reason)
    match reason:
        case (
            EndReason.UNPAID
            | EndReason.CANCELLED_BY_CUSTOMER
            | EndReason.CANCELLED_BY_SUPPORT
            | EndReason.UNATTENDED
            | EndReason.ASKED_UNAVAILABLE
            | EndReason.NEVER_STARTED
        ):
            return ChargeRule.NOTHING
        case EndReason.CANCELLED_LATE | EndReason.CUSTOMER_NO_SHOW:
            return ChargeRule.HALF
        case EndReason.TIME_UP | EndReason.CUSTOMER_LOST:
            return ChargeRule.ALL
        case EndReason.ENDED_BY_CUSTOMER:
            return ChargeRule.USED if has_used_share_offer(session) else ChargeRule.ALL
        case EndReason.MECHANIC_LOST | EndReason.EXCEEDED_CAP | EndReason.ENDED_BY_SUPPORT:
            return ChargeRule.USED
        case EndReason.ENDED_BY_MECHANIC:
            return _rule_by_answer(session.solved)
        case _:
            assert_never(reason)


def has_used_share_offer(session: Session) -> bool:
    """Return whether the mechanic was away so much that the customer may end and pay the used share."""
    return session.used_share_from is not None


def _rule_by_answer(solved: bool | None) -> ChargeRule:
    if solved is None:
        return ChargeRule.ASK
    return ChargeRule.ALL if solved else ChargeRule.USED


def _due(session: Session, parts: list[Payment]) -> dict[UUID, int]:
    rule = charge_rule(session)
    match rule:
        case ChargeRule.ASK:
            return {}
        case ChargeRule.NOTHING:
            return {payment.id: 0 for payment in parts}
        case ChargeRule.HALF:
            return {payment.id: _late_share(session, payment) for payment in parts}
        case ChargeRule.USED:
            return _used_share(session, parts)
        case ChargeRule.ALL:
            return _all(session, parts)
        case _:
            assert_never(rule)


def _all(session: Session, parts: list[Payment]) -> dict[UUID, int]:
    return {payment.id: _amount(session, payment) for payment in parts}


def _late_share(session: Session, payment: Payment) -> int:
    if payment.purpose != Payment.Purpose.BOOKING:
        return 0
    return late_share_cents(_amount(session, payment))


def _used_share(session: Session, parts: list[Payment]) -> dict[UUID, int]:
    filled = filled_seconds(session, parts)
    return {payment.id: _share(session, payment, filled[payment.id]) for payment in parts}


def _share(session: Session, payment: Payment, used: int) -> int:
    bought = seconds_of(session, payment)
    return _amount(session, payment) * used // bought if bought else 0


def filled_seconds(session: Session, parts: Iterable[Payment]) -> dict[UUID, int]:
    """Distribute the used seconds over `parts`: the booking first, then each extension in order."""
    used = used_seconds(session)
    filled: dict[UUID, int] = {}
    for payment in parts:
        filled[payment.id] = min(used, seconds_of(session, payment))
        used -= filled[payment.id]
    return filled


def seconds_of(session: Session, payment: Payment) -> int:
    """Return the time that this payment bought: of a booking that became a chat, at most the chat's."""
    became_chat = payment.purpose == Payment.Purpose.BOOKING and session.kind == Kind.CHAT
    return min(payment.seconds, session.chat_seconds) if became_chat and session.chat_seconds else payment.seconds


def _amount(session: Session, payment: Payment) -> int:
    """Return the full amount; for the booking at most what was agreed since."""
    is_booking = payment.purpose == Payment.Purpose.BOOKING
    return _at_most_chat_price(session, payment.amount_cents) if is_booking else payment.amount_cents


def agreed_cents(session: Session) -> int:
    """Return the price of the whole session: as booked, or the chat price if the customer turned it into a chat."""
    return _at_most_chat_price(session, session.price_cents)


def _at_most_chat_price(session: Session, cents: int) -> int:
    if session.kind != Kind.CHAT or session.chat_price_cents is None:
        return cents
    return min(cents, session.chat_price_cents)


def used_seconds(session: Session, at: datetime | None = None) -> int:
    """Return the whole seconds of the granted time that ran, without pauses, until `at` or the end."""
    until = at or session.ended_at
    if session.started_at is None or session.ends_at is None or until is None:
        return 0
    stopped = min(session.paused_at or until, until)
    left = max(0.0, (session.ends_at - stopped).total_seconds())
    return max(0, int(session.granted_seconds - left))


def late_cancel_cents(session: Session) -> int:
    """Return the charge of a cancellation after the mechanic has joined, in cents."""
    return chargeable_cents(late_share_cents(agreed_cents(session)), session.currency)


def late_share_cents(cents: int) -> int:
    """Return the part of a booking's price that a late cancellation costs, in cents."""
    return cents * settings.LATE_CANCEL_PERCENT // 100


def mechanic_share_cents(amount_cents: int) -> int:
    return amount_cents * settings.MECHANIC_SHARE_PERCENT // 100
