"""The ledger. Owners and payers are opaque ids here; higher capabilities know their meaning."""

import uuid

from django.db import models
from django.db.models.lookups import LessThanOrEqual
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.payments import decline_messages
from autodoctor.payments.currencies import chargeable_cents
from autodoctor.payments.stripe_models import FailedKey, OfThisMode, PayoutAccount, StripeCustomer, StripeEvent

__all__ = [
    "Dispute",
    "Earning",
    "FailedKey",
    "MoneyAlarm",
    "Movement",
    "OfThisMode",
    "Payment",
    "PayoutAccount",
    "Refund",
    "StripeCustomer",
    "StripeEvent",
]


class Payment(models.Model):
    """A hold on a card, later captured in whole, in part, or released. Amounts are integer cents."""

    class Purpose(models.TextChoices):
        BOOKING = "booking", _("Booking")
        EXTENSION = "extension", _("Extension")

    class State(models.TextChoices):
        CREATED = "created", _("Not paid yet")
        AUTHORIZED = "authorised", _("Held")
        CAPTURED = "captured", _("Charged")
        RELEASED = "released", _("Released")
        FAILED = "failed", _("Not paid")

    class WaitsFor(models.TextChoices):
        """The action that a payment needs from the card's holder in a running session."""

        CONFIRM = "confirm", _("Confirm with the bank")
        PAY = "pay", _("Pay with a card")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_id = models.UUIDField(db_index=True)  # the session this pays for
    payer = models.ForeignKey("accounts.User", models.PROTECT, related_name="payments")
    purpose = models.CharField(max_length=10, choices=Purpose)
    description = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.CREATED)
    amount_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="usd")
    seconds = models.PositiveIntegerField()  # of the session time that this payment buys
    keep_card = models.BooleanField(default=False)
    granted_at = models.DateTimeField(null=True)  # of an extension: when its time was added, once
    # Cents to capture after the session; None: undecided, 0: release the hold.
    due_cents = models.PositiveIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)  # when `due_cents` was decided
    captured_cents = models.PositiveIntegerField(default=0)
    checkout_id = models.CharField(max_length=120, blank=True, db_index=True)
    checkout_url = models.CharField(max_length=2000, blank=True)
    checkout_expires_at = models.DateTimeField(null=True)
    # Number of the attempt, part of the idempotency key, and its parameters: a retry repeats them exactly.
    checkout_number = models.PositiveSmallIntegerField(default=0)
    checkout_request = models.JSONField(default=dict)
    # An attempt with the saved card: the request, its key, and its PaymentIntent.
    attempted_at = models.DateTimeField(null=True)
    attempt_request = models.JSONField(default=dict)
    attempt_id = models.CharField(max_length=120, blank=True)
    # A card that is entered in the room: whether that is wanted, and its request, its key, and its PaymentIntent.
    card_here = models.BooleanField(default=False)
    entry_opened_at = models.DateTimeField(null=True)
    entry_request = models.JSONField(default=dict)
    entry_id = models.CharField(max_length=120, blank=True)
    waits_for = models.CharField(max_length=10, choices=WaitsFor, blank=True)
    confirm_url = models.CharField(max_length=2000, blank=True)
    return_url = models.CharField(max_length=2000, blank=True)  # return address after the bank's page and Checkout
    intent_id = models.CharField(max_length=120, blank=True)  # the PaymentIntent that holds the money
    charge_id = models.CharField(max_length=120, blank=True, db_index=True)
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    decline_code = models.CharField(max_length=80, blank=True)  # why the bank last said no
    refused_code = models.CharField(max_length=120, blank=True)  # why Stripe last refused to open a page
    mismatch = models.CharField(max_length=40, blank=True)  # the last field in which Stripe disagreed
    mismatches = models.JSONField(default=list)  # each that support was alerted of, with what differed
    disputed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    authorized_at = models.DateTimeField(null=True)
    capture_before = models.DateTimeField(null=True)  # until then the bank keeps the hold, as Stripe says
    closed_at = models.DateTimeField(null=True)  # captured, released or failed

    class Meta:
        indexes = [  # what the money sweep asks for
            models.Index(fields=["capture_before"], condition=models.Q(state="authorised"), name="payment_held"),
            models.Index(
                fields=["decided_at"], condition=models.Q(state="created", due_cents=0), name="payment_called_off"
            ),
            models.Index(fields=["closed_at"], condition=models.Q(state="captured"), name="payment_charged"),
            models.Index(fields=["created_at"], name="payment_by_age"),  # compared with Stripe's lists
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner_id"], condition=models.Q(purpose="booking"), name="one_booking_payment_per_owner"
            ),
            models.UniqueConstraint(
                fields=["owner_id"],
                condition=models.Q(purpose="extension", state="created"),
                name="one_open_extension_per_owner",
            ),
            models.UniqueConstraint(
                fields=["intent_id"], condition=~models.Q(intent_id=""), name="one_payment_per_intent"
            ),
            models.CheckConstraint(
                condition=models.Q(captured_cents__lte=models.F("amount_cents")), name="captured_within_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.amount_cents} {self.currency} {self.state}"

    @property
    def decline_reason(self) -> Promise | str:
        """Return the bank's last reason for a decline, for the card's holder; empty without a decline."""
        return decline_messages.sentence(self.decline_code) if self.decline_code else ""

    @property
    def charged_cents(self) -> int:
        """Return what was or will be charged, in cents."""
        return self.to_capture_cents if self.state == self.State.AUTHORIZED else self.captured_cents

    @property
    def to_capture_cents(self) -> int:
        """Return what is to be captured once that is decided, in cents; 0 releases the hold."""
        return chargeable_cents(self.due_cents or 0, self.currency)


class Refund(models.Model):
    """Money refunded after capture: this row first, then the call to Stripe."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        ISSUED = "issued", _("Issued")
        FAILED = "failed", _("Failed")

    class Bearer(models.TextChoices):
        PLATFORM = "platform", _("The platform")
        MECHANIC = "mechanic", _("The mechanic")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    amount_cents = models.PositiveIntegerField()
    reason = models.CharField(max_length=200)
    borne_by = models.CharField(max_length=10, choices=Bearer, default=Bearer.PLATFORM)
    # The support person; null for a refund made at Stripe.
    requested_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", null=True)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    stripe_id = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(state="requested"), name="refund_on_its_way"),
            models.Index(fields=["created_at"], name="refund_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["stripe_id"], condition=~models.Q(stripe_id=""), name="one_row_per_stripe_refund"
            )
        ]

    def __str__(self) -> str:
        return f"refund {self.amount_cents} of {self.payment_id}"


class Dispute(models.Model):
    """The customer's bank takes a charge back, or asks about it; Stripe's state, as last seen."""

    class Outcome(models.TextChoices):
        WON = "won", _("Won")  # or dropped by the bank before money moved
        LOST = "lost", _("Lost")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=120, unique=True)
    amount_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60)
    status = models.CharField(max_length=40)  # Stripe's word
    evidence_due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=4, choices=Outcome, blank=True)  # empty while the dispute is open

    def __str__(self) -> str:
        return f"dispute {self.amount_cents} of {self.payment_id}"

    @property
    def is_open(self) -> bool:
        return not self.outcome

    @property
    def took_money(self) -> bool:
        """Return whether the bank has the money. An inquiry takes none: a refund ends it before it is a dispute."""
        is_inquiry = self.status.startswith("warning_")
        return self.outcome == self.Outcome.LOST or (self.is_open and not is_inquiry)

    @property
    def reason_words(self) -> str:
        return self.reason.replace("_", " ")

    @property
    def status_words(self) -> str:
        return self.status.replace("_", " ")


class Earning(models.Model):
    """A mechanic's share of one charge, or of the part that they carried. `earnings` derives its state and what it
    waits for.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="earnings")
    mechanic = models.ForeignKey("accounts.User", models.PROTECT, related_name="earnings")
    share_percent = models.PositiveSmallIntegerField()  # percent at the time of the charge
    gross_cents = models.PositiveIntegerField()  # cents charged, for what this mechanic carried of it
    currency = models.CharField(max_length=3, default="usd")  # of the charge
    borne_cents = models.PositiveIntegerField(default=0)  # refunded at the mechanic's expense, or lost in a dispute
    rounding_cents = models.PositiveSmallIntegerField(default=0)  # so that the shares of a charge add up to its whole
    # Decided, by the movements below; kept here too, so that no row can ever be worth more than its share.
    transferred_cents = models.PositiveIntegerField(default=0)
    reversed_cents = models.PositiveIntegerField(default=0)
    completed_at = models.DateTimeField()
    awaits_summary = models.BooleanField()
    payable_at = models.DateTimeField()  # not before, whatever else it waits for
    settled = models.BooleanField(default=False)  # all of the share is decided: nothing is left to send or take back
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # With all that the sums of months are made of: the index alone answers.
            models.Index(
                fields=[
                    *("mechanic", "-completed_at", "currency"),
                    *("gross_cents", "borne_cents", "share_percent", "rounding_cents"),
                ],
                name="earning_of_mechanic",
            ),
            models.Index(fields=["payable_at"], condition=models.Q(settled=False), name="earning_open"),
            models.Index(fields=["created_at"], name="earning_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    (models.F("transferred_cents") - models.F("reversed_cents")) * 100,
                    (models.F("gross_cents") - models.F("borne_cents")) * models.F("share_percent")
                    + models.F("rounding_cents") * 100,
                ),
                name="earned_within_share_of_kept",
            ),
            models.UniqueConstraint(fields=["payment", "mechanic"], name="one_share_of_a_charge_per_mechanic"),
            models.CheckConstraint(
                condition=models.Q(reversed_cents__lte=models.F("transferred_cents")), name="reversed_within_sent"
            ),
            models.CheckConstraint(condition=models.Q(borne_cents__lte=models.F("gross_cents")), name="borne_in_gross"),
        ]

    def __str__(self) -> str:
        return f"{self.share_cents} of {self.gross_cents} {self.payment_id}"

    @property
    def share_cents(self) -> int:
        """Return what the mechanic earns of the charge after refunds, in cents."""
        return (self.gross_cents - self.borne_cents) * self.share_percent // 100 + self.rounding_cents

    @property
    def net_cents(self) -> int:
        """Return what was sent and not taken back, or will be, in cents."""
        return self.transferred_cents - self.reversed_cents


class Movement(models.Model):
    """Money sent to a mechanic's account, or taken back: this row first, then the call to Stripe.

    What Stripe cannot take back is a debt of the mechanic: an `offset` keeps it back from a later earning, here only.
    """

    class Kind(models.TextChoices):
        TRANSFER = "transfer", _("Transfer")
        REVERSAL = "reversal", _("Reversal")
        OFFSET = "offset", _("Kept for a debt")

    class State(models.TextChoices):
        DECIDED = "decided", _("On its way")
        DONE = "done", _("Done")
        WITHDRAWN = "withdrawn", _("Not taken")  # the account does not take it: it waits there again
        OWED = "owed", _("Owed")  # a reversal for which the account has too little

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    earning = models.ForeignKey(Earning, models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=10, choices=Kind)
    takes_back = models.ForeignKey("self", models.PROTECT, related_name="reversals", null=True)  # of a reversal
    pays_off = models.ForeignKey("self", models.PROTECT, related_name="offsets", null=True)  # the debt of an offset
    amount_cents = models.PositiveIntegerField()
    offset_cents = models.PositiveIntegerField(default=0)  # of a reversal: kept back from later earnings instead
    owed_at = models.DateTimeField(null=True)  # when Stripe first could not take it back
    asked_at = models.DateTimeField(null=True)  # when Stripe was last asked for a debt again
    account_id = models.CharField(max_length=120)  # the connected account at Stripe
    state = models.CharField(max_length=10, choices=State, default=State.DECIDED)
    stripe_id = models.CharField(max_length=120, blank=True)
    refusals = models.PositiveSmallIntegerField(default=0)  # part of the key: a refusal is final under its own
    refused_code = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(state="decided"), name="movement_on_its_way"),
            models.Index(fields=["owed_at"], condition=models.Q(state="owed"), name="movement_owed"),
            models.Index(fields=["created_at"], name="movement_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["earning"],
                condition=models.Q(kind="transfer", state="decided"),
                name="one_open_transfer_per_earning",
            ),
            models.UniqueConstraint(
                fields=["stripe_id"], condition=~models.Q(stripe_id=""), name="one_row_per_stripe_movement"
            ),
            models.CheckConstraint(condition=models.Q(amount_cents__gt=0), name="movement_moves_something"),
            models.CheckConstraint(
                condition=models.Q(kind="transfer", takes_back=None, pays_off=None)
                | models.Q(kind="reversal", takes_back__isnull=False, pays_off=None)
                | models.Q(kind="offset", takes_back=None, pays_off__isnull=False),
                name="reversal_of_a_transfer",
            ),
            models.CheckConstraint(
                condition=models.Q(offset_cents__lte=models.F("amount_cents")), name="offset_within_debt"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_cents} {self.state}"

    @property
    def at_stripe_cents(self) -> int:
        """Return the cents that move at Stripe: what was kept back from later earnings does not."""
        return 0 if self.kind == self.Kind.OFFSET else self.amount_cents - self.offset_cents

    @property
    def debt_cents(self) -> int:
        """Return what the mechanic still owes of it, in cents."""
        return self.amount_cents - self.offset_cents if self.state == self.State.OWED else 0

    @property
    def idempotency_key(self) -> str:
        return f"{self.kind}:{self.id}:{self.refusals}"


class MoneyAlarm(models.Model):
    """Support was told of money that stands still. The row goes when the money has moved."""

    what = models.CharField(max_length=20)  # `standstills.What`
    key = models.CharField(max_length=120)  # of the payment, refund or movement
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["what", "key"], name="one_alarm_per_standstill")]

    def __str__(self) -> str:
        return f"{self.what} {self.key}"
