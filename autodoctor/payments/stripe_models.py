"""What we keep of Stripe: customers, connected accounts, failed idempotency keys, and the inbox of events."""

from typing import TypeVar

from django.conf import settings
from django.db import models

AnyModel = TypeVar("AnyModel", bound=models.Model)


def present_mode() -> bool:
    """Return whether the keys in use are live ones. Nothing made with test keys is known to live keys."""
    return bool(settings.STRIPE_LIVEMODE)


class OfThisMode(models.Manager[AnyModel]):
    """Rows made with keys of the mode in use: the others wait until such keys are in use again."""

    def get_queryset(self) -> models.QuerySet[AnyModel]:
        return super().get_queryset().filter(livemode=present_mode())


class StripeCustomer(models.Model):
    """A person's customer at Stripe; `payment_method_id` is the card saved for extensions, with consent."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="stripe_customers")
    livemode = models.BooleanField(default=present_mode)
    stripe_id = models.CharField(max_length=120, unique=True)
    payment_method_id = models.CharField(max_length=120, blank=True)
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    card_kept_at = models.DateTimeField(null=True)

    objects = OfThisMode["StripeCustomer"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "livemode"], name="one_customer_per_mode")]

    def __str__(self) -> str:
        return self.stripe_id


class PayoutAccount(models.Model):
    """A mechanic's connected account, as last seen at Stripe."""

    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="payout_accounts")
    livemode = models.BooleanField(default=present_mode)
    stripe_id = models.CharField(max_length=120, unique=True)
    details_submitted = models.BooleanField(default=False)
    charges_enabled = models.BooleanField(default=False)
    transfers_enabled = models.BooleanField(default=False)  # the account can receive transfers
    payouts_enabled = models.BooleanField(default=False)  # Stripe passes it on to the bank
    requirements_due = models.JSONField(default=list)  # the fields that Stripe requires, by Stripe's names
    disabled_reason = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField()

    objects = OfThisMode["PayoutAccount"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "livemode"], name="one_payout_account_per_mode")]

    def __str__(self) -> str:
        return self.stripe_id


class FailedKey(models.Model):
    """A change at Stripe whose last answer was final and not what was wanted: its next call has another key."""

    name = models.CharField(primary_key=True, max_length=160)  # the change; its first key
    number = models.PositiveSmallIntegerField()  # of the key that comes next
    first_failed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class StripeEvent(models.Model):
    """The inbox: each event once, verified, stored before the answer, processed from the queue."""

    id = models.CharField(primary_key=True, max_length=120)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=120)
    intent_id = models.CharField(max_length=120, blank=True)  # the PaymentIntent of the event, if the event names one
    payment_id = models.UUIDField(null=True)  # a hint from the object's metadata, unverified
    livemode = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["processed_at"], name="stripe_event_done")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
