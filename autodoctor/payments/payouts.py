"""Mechanics' connected accounts, and transfers to them, at Stripe. Nothing here joins a transaction."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from autodoctor.accounts.models import User
from autodoctor.core.parsing import parse_uuid
from autodoctor.payments import debts, earnings, stripe
from autodoctor.payments.models import Movement, PayoutAccount
from autodoctor.payments.stripe import AccountSnapshot, TransferSnapshot
from autodoctor.scheduler.models import Job

Kind, State = Movement.Kind, Movement.State


def account_of(user: User) -> PayoutAccount | None:
    return PayoutAccount.objects.filter(user=user).first()


def onboarding_page(*, user: User, refresh_url: str, return_url: str, now: datetime) -> str:
    """Return Stripe's onboarding page for this mechanic; the first call creates the account. Raises `PaymentError`.

    Each page opens once: Stripe redirects to `refresh_url` when it has expired, and to `return_url` from its end.
    """
    account = account_of(user) or _open(user, now)
    return stripe.account_link(
        account.stripe_id, refresh_url=refresh_url, return_url=return_url, key=f"onboarding:{uuid4()}"
    )


def refresh(account: PayoutAccount, now: datetime) -> None:
    """Store the account's state at Stripe. Raises `PaymentError`."""
    store(account, stripe.account(account.stripe_id), now)


def store(account: PayoutAccount, snapshot: AccountSnapshot, now: datetime) -> None:
    """Store the account's state; earnings that waited for the account continue."""
    with transaction.atomic():
        PayoutAccount.objects.filter(pk=account.pk).update(**_columns(snapshot), checked_at=now)
        account.refresh_from_db()
        if account.transfers_enabled:
            earnings.resume(account.user_id, now)


def move(job: Job, now: datetime) -> None:
    """Send or take back a movement of the ledger."""
    movement = Movement.objects.select_related("earning__payment", "takes_back").get(id=job.key)
    transfer = movement.takes_back
    if movement.state != State.DECIDED or (transfer and transfer.state != State.DONE):
        return  # a transfer that is on its way wakes its reversals when it has arrived
    try:
        stripe_id = _take_back(movement, transfer) if transfer else _send(movement)
    except (stripe.Invalid, stripe.Unknown) as refused:
        if transfer and refused.code in debts.REFUSALS:
            earnings.owe(movement.id, refused.code, now)
            return
        earnings.note_refusal(movement, refused.code)
        if transfer or _takes_transfers(movement, now):
            raise
        earnings.withdraw(movement.id, now)
    else:
        earnings.finish(movement.id, stripe_id, now)


def follow(snapshot: TransferSnapshot, now: datetime) -> Movement | None:
    """Store a transfer's state at Stripe; returns None for a transfer that is not ours."""
    transfers = Movement.objects.select_related("earning__payment").filter(kind=Kind.TRANSFER)
    movement_id = parse_uuid(snapshot.movement_id)
    movement = transfers.filter(id=movement_id).first() if movement_id else None
    if movement and movement.state == State.DECIDED:
        earnings.finish(movement.id, snapshot.id, now)
    return movement


def was_taken_back_elsewhere(movement: Movement, snapshot: TransferSnapshot) -> bool:
    """Return whether more was reversed at Stripe by hand than this ledger decided."""
    decided = movement.reversals.exclude(state=State.WITHDRAWN)
    return snapshot.reversed_cents > sum(reversal.at_stripe_cents for reversal in decided)


def _open(user: User, now: datetime) -> PayoutAccount:
    made = stripe.create_account(user_id=user.id, key=f"account:{user.id}")
    account, _new = PayoutAccount.objects.get_or_create(
        user=user, defaults={**_columns(made), "stripe_id": made.id, "created_at": now, "checked_at": now}
    )
    return account


def _columns(snapshot: AccountSnapshot) -> dict[str, object]:
    return {
        "details_submitted": snapshot.details_submitted,
        "charges_enabled": snapshot.charges_enabled,
        "transfers_enabled": snapshot.transfers_enabled,
        "payouts_enabled": snapshot.payouts_enabled,
        "requirements_due": list(snapshot.requirements_due),
        "disabled_reason": snapshot.disabled_reason[:120],
    }


def _takes_transfers(movement: Movement, now: datetime) -> bool:
    account = PayoutAccount.objects.get(stripe_id=movement.account_id)
    refresh(account, now)
    return account.transfers_enabled


def _send(movement: Movement) -> str:
    """Return the earlier transfer if Stripe has forgotten the key, else create a transfer."""
    payment = movement.earning.payment
    made = stripe.find_transfer(payment_id=payment.id, movement_id=movement.id) or stripe.transfer(
        amount_cents=movement.amount_cents,
        currency=payment.currency,
        account_id=movement.account_id,
        charge_id=payment.charge_id,
        payment_id=payment.id,
        movement_id=movement.id,
        key=movement.idempotency_key,
    )
    return made.id


def _take_back(movement: Movement, transfer: Movement) -> str:
    return stripe.find_reversal(transfer.stripe_id, movement_id=movement.id) or stripe.reverse(
        transfer.stripe_id, amount_cents=movement.at_stripe_cents, movement_id=movement.id, key=movement.idempotency_key
    )
