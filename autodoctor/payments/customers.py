"""The customer at Stripe of a person who keeps a card. A changed name or address reaches it, too."""

from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import stripe
from autodoctor.payments.idempotency import begin_anew, once
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import StripeCustomer
from autodoctor.scheduler.handlers import GiveUp
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule


@receiver(post_save, sender=User)
def tell_later(instance: User, created: bool, update_fields: frozenset[str] | None, **rest: Any) -> None:
    """In the model's signal, because several places change an address: confirmation, account page, admin."""
    concerns = update_fields is None or not update_fields.isdisjoint({"email", "name"})
    if not created and concerns and StripeCustomer.objects.filter(user=instance).exists():
        with transaction.atomic():
            schedule(PaymentJob.UPDATE_CUSTOMER, str(instance.pk), timezone.now())


def tell(job: Job, now: datetime) -> None:
    """Send the present name and address. A customer that is gone is made anew with them when it is needed."""
    known = StripeCustomer.objects.select_related("user").filter(user_id=job.key).first()
    if known is None:
        return
    user = known.user
    try:
        with suppress(stripe.Unknown):
            once(
                job.idempotency_key,
                lambda key: stripe.update_customer(known.stripe_id, email=user.email, name=user.name, key=key),
            )
    except stripe.Invalid as refused:
        raise GiveUp(f"Stripe refuses the new name or address: {refused.code}") from refused


def customer_id(user: User) -> str:
    """Return the person's customer id at Stripe, so that Stripe can save a card."""
    known = StripeCustomer.objects.filter(user=user).first()
    if known:
        return known.stripe_id
    made = once(
        _customer_key(user),
        lambda key: stripe.create_customer(user_id=user.id, email=user.email, name=user.name, key=key),
        came_about=lambda _failed_at: stripe.find_customer(user_id=user.id, email=user.email),
    )
    return StripeCustomer.objects.get_or_create(user=user, defaults={"stripe_id": made})[0].stripe_id


def _customer_key(user: User) -> str:
    address = sha256(user.email.encode()).hexdigest()[:16]  # a changed address is another request, so another key
    return f"customer:{user.id}:{address}"


def forget_gone(user: User) -> bool:
    """Forget a customer that Stripe has no more, with the card saved there. Returns whether there was one."""
    known = StripeCustomer.objects.filter(user=user).first()
    if known is None or stripe.has_customer(known.stripe_id):
        return False
    begin_anew(_customer_key(user))
    return bool(StripeCustomer.objects.filter(pk=known.pk, stripe_id=known.stripe_id).delete()[0])
