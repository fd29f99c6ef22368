from django.contrib import admin

from autodoctor.booking.models import ExtensionOption, Plan, Vehicle
from autodoctor.core.admin_base import EditedBySupport, ReadOnly


@admin.register(Plan)
class PlanAdmin(EditedBySupport):
    list_display = ("name", "kind", "time", "price", "bookable", "active", "position")
    list_editable = ("bookable", "active", "position")


@admin.register(ExtensionOption)
class ExtensionOptionAdmin(EditedBySupport):
    list_display = ("__str__", "price", "active")
    list_editable = ("active",)


@admin.register(Vehicle)
class VehicleAdmin(ReadOnly):
    """A customer's own: only they change it, in their garage."""

    list_display = ("words", "vin", "owner", "used_at")
    search_fields = ("owner__email", "vin", "make", "model")
    list_select_related = ("owner",)
    exclude = ("nickname",)
