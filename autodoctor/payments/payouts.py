"""Mechanics' connected accounts, and transfers to them, at Stripe. Nothing here joins a transaction."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.core.parsing import parse_uuid
from autodoctor.core.raw_sql import rows
from autodoctor.payments import debts, earnings, stripe
from autodoctor.payments.idempotency import once
from autodoctor.payments.job_kinds import AccountWish, PaymentJob
from autodoctor.payments.models import Movement, PayoutAccount
from autodoctor.payments.stripe import AccountSnapshot, TransferSnapshot
from autodoctor.payments.stripe_models import present_mode
from autodoctor.scheduler.handlers import GiveUp, Retry
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule

Kind, State = Movement.Kind, Movement.State
KEPT = timedelta(days=1)  # an answer under its key at Stripe
BALANCE_PAUSE = timedelta(hours=6)  # until more money may be there


class NotOpened(stripe.PaymentError):
    """Stripe refuses to open a connected account."""

    sentence = _(
        "Stripe does not open an account for you yet. Support knows and takes care of it. Your earnings wait for you "
        "here. Try again tomorrow."
    )


def account_of(user: User) -> PayoutAccount | None:
    return next(iter(rows(PayoutAccount, "user_id = %s AND livemode = %s", user.id, present_mode())), None)


def connected_account(user: User) -> PayoutAccount | None:
    """Return the account unless it is gone, or its holder took our access away."""
    account = account_of(user)
    return None if account and account.disabled_reason == stripe.DISCONNECTED else account


def onboarding_page(*, user: User, country: str, refresh_url: str, return_url: str, now: datetime) -> str:
    """Return Stripe's onboarding page for this mechanic; the first call creates the account, in this country.

    Each page opens once: Stripe redirects to `refresh_url` when it has expired, and to `return_url` from its end.
    Raises `PaymentError`; `NotOpened` if Stripe refuses the account: a job then tries again, and fails where support
    sees it.
    """
    account = connected_account(user) or _open_or_report(user, country, now)
    return stripe.account_link(
        account.stripe_id, refresh_url=refresh_url, return_url=return_url, key=f"onboarding:{uuid4()}"
    )


def refresh(account: PayoutAccount, now: datetime) -> None:
    """Store the account's state at Stripe; it may be gone, or no longer ours. Raises `PaymentError`."""
    try:
        snapshot = stripe.account(account.stripe_id)
    except stripe.Unknown:
        snapshot = stripe.no_account(account.stripe_id)
    store(account, snapshot, now)


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
        if refused.code in stripe.NO_BALANCE:
            raise Retry(BALANCE_PAUSE, refused.code) from refused
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


def open_account(job: Job, now: datetime) -> None:
    """Open an account that Stripe refused before. Raises `GiveUp` with Stripe's code if it still does."""
    user = User.objects.get(id=job.key)
    country: AccountWish = job.payload
    try:
        connected_account(user) or _open(user, country["country"], now)
    except (stripe.Invalid, stripe.Unknown) as refused:
        raise GiveUp(f"Stripe refuses to open an account: {refused.code}. Is Connect set up?") from refused


def _open_or_report(user: User, country: str, now: datetime) -> PayoutAccount:
    try:
        return _open(user, country, now)
    except (stripe.Invalid, stripe.Unknown) as refused:
        schedule(PaymentJob.OPEN_ACCOUNT, str(user.id), now, payload=AccountWish(country=country))
        raise NotOpened(refused.code) from refused


def _open(user: User, country: str, now: datetime) -> PayoutAccount:
    """Open an account, or another one in place of one that is gone: what waits is then sent there."""
    gone = account_of(user)
    made = once(
        f"account:{user.id}{':' + gone.stripe_id if gone else ''}",
        lambda key: stripe.create_account(user_id=user.id, email=user.email, country=country, key=key),
        came_about=lambda failed_at: stripe.find_account(user_id=user.id, since=failed_at - KEPT),
    )
    columns = {**_columns(made), "stripe_id": made.id, "checked_at": now}
    account, _new = PayoutAccount.objects.update_or_create(
        user=user, defaults=columns, create_defaults={**columns, "created_at": now}
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
    account = PayoutAccount.objects.filter(stripe_id=movement.account_id).first()
    if account is None:  # replaced by another, or made with keys of the other mode
        return False
    refresh(account, now)
    return account.transfers_enabled


def _send(movement: Movement) -> str:
    """Return the earlier transfer if Stripe has forgotten the key, else create a transfer."""
    payment = movement.earning.payment
    made = stripe.find_transfer(payment_id=payment.id, movement_id=movement.id) or once(
        movement.idempotency_key,
        lambda key: stripe.transfer(
            amount_cents=movement.amount_cents,
            currency=payment.currency,
            account_id=movement.account_id,
            charge_id=payment.charge_id,
            payment_id=payment.id,
            movement_id=movement.id,
            key=key,
        ),
    )
    return made.id


def _take_back(movement: Movement, transfer: Movement) -> str:
    return stripe.find_reversal(transfer.stripe_id, movement_id=movement.id) or once(
        movement.idempotency_key,
        lambda key: stripe.reverse(
            transfer.stripe_id, amount_cents=movement.at_stripe_cents, movement_id=movement.id, key=key
        ),
    )
