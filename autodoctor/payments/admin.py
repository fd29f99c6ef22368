"""The ledger and the inbox, for staff to read: money moves through actions only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from autodoctor.payments.models import Payment, Refund, StripeCustomer, StripeEvent


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefundLines(admin.TabularInline):  # type: ignore[type-arg]
    model = Refund
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # whoever sees the payment

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    list_display = ("description", "payer", "state", "amount_cents", "captured_cents", "mismatch", "created_at")
    list_filter = ("state", "purpose", "mismatch")
    search_fields = ("id", "owner_id", "payer__email", "intent_id", "checkout_id")
    date_hierarchy = "created_at"
    inlines = (RefundLines,)


@admin.register(Refund)
class RefundAdmin(ReadOnly):
    list_display = ("payment", "amount_cents", "state", "reason", "created_at")
    list_filter = ("state",)


@admin.register(StripeCustomer)
class StripeCustomerAdmin(ReadOnly):
    list_display = ("user", "stripe_id", "card_kept_at")
    search_fields = ("user__email", "stripe_id")


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly):
    list_display = ("id", "type", "received_at", "processed_at", "outcome")
    list_filter = ("type", "livemode")
    search_fields = ("id", "object_id", "intent_id", "payment_id")
