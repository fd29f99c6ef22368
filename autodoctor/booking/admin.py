from django.contrib import admin

from autodoctor.booking.models import ExtensionOption, Plan, Vehicle


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "kind", "time", "price", "bookable", "active", "position")
    list_editable = ("bookable", "active", "position")


@admin.register(ExtensionOption)
class ExtensionOptionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "price", "active")
    list_editable = ("active",)


@admin.register(Vehicle)
class VehicleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "vin", "owner", "used_at")
    search_fields = ("owner__email", "vin", "make", "model")
    list_select_related = ("owner",)
    raw_id_fields = ("owner",)
