"""The ledger and the webhook inbox, read-only for staff: money moves through actions only."""

from django.contrib import admin

from autodoctor.core.admin_base import ReadOnly, ReadOnlyLines
from autodoctor.payments.models import (
    Dispute,
    Earning,
    MoneyAlarm,
    Movement,
    Payment,
    PayoutAccount,
    Refund,
    StripeCustomer,
    StripeEvent,
)


class RefundLines(ReadOnlyLines):
    model = Refund


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    list_display = ("description", "payer", "state", "amount_cents", "captured_cents", "mismatch", "created_at")
    list_filter = ("state", "purpose", "mismatch")
    search_fields = ("id", "owner_id", "payer__email", "intent_id", "checkout_id")
    date_hierarchy = "created_at"
    inlines = (RefundLines,)


@admin.register(Refund)
class RefundAdmin(ReadOnly):
    list_display = ("payment", "amount_cents", "state", "borne_by", "reason", "requested_by", "created_at")
    list_filter = ("state", "borne_by")
    list_select_related = ("payment", "requested_by")


@admin.register(Dispute)
class DisputeAdmin(ReadOnly):
    list_display = ("payment", "amount_cents", "reason", "status", "outcome", "evidence_due_at", "opened_at")
    list_filter = ("outcome", "reason")
    list_select_related = ("payment",)


@admin.register(StripeCustomer)
class StripeCustomerAdmin(ReadOnly):
    list_display = ("user", "stripe_id", "card_kept_at")
    search_fields = ("user__email", "stripe_id")


class MovementLines(ReadOnlyLines):
    model = Movement


@admin.register(Earning)
class EarningAdmin(ReadOnly):
    list_display = (
        "payment",
        "mechanic",
        "gross_cents",
        "borne_cents",
        "transferred_cents",
        "reversed_cents",
        "completed_at",
    )
    list_filter = ("awaits_summary",)
    list_select_related = ("payment", "mechanic")
    search_fields = ("id", "mechanic__email", "payment__id", "payment__owner_id", "movements__stripe_id")
    date_hierarchy = "completed_at"
    inlines = (MovementLines,)


@admin.register(PayoutAccount)
class PayoutAccountAdmin(ReadOnly):
    list_display = ("user", "stripe_id", "transfers_enabled", "payouts_enabled", "disabled_reason", "checked_at")
    list_filter = ("transfers_enabled", "payouts_enabled")
    search_fields = ("user__email", "stripe_id")


@admin.register(MoneyAlarm)
class MoneyAlarmAdmin(ReadOnly):
    list_display = ("what", "key", "raised_at")
    list_filter = ("what",)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly):
    list_display = ("id", "type", "received_at", "processed_at", "outcome")
    list_filter = ("type", "livemode")
    search_fields = ("id", "object_id", "intent_id", "payment_id")
