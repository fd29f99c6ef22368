"""People in the admin, read-only for support. Only superusers make a person support."""

from typing import Any

from allauth.mfa.admin import AuthenticatorAdmin
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from autodoctor.accounts.access import asking_first, support_only
from autodoctor.accounts.models import MechanicProfile, Notify, User
from autodoctor.accounts.reauthentication import fresh
from autodoctor.core.admin_base import OnlyItsFilters, sensible

# The admin uses the site's own sign-in, with its throttles and second factors. Everybody but support gets 404 here.
admin.site.login = support_only(admin.site.login)  # type: ignore[assignment,method-assign]
# Prices, roles, second factors: whatever the admin changes, it asks for a fresh password or code.
_admin_view = admin.site.admin_view
admin.site.admin_view = lambda view, cacheable=False: asking_first(_admin_view(fresh(sensible(view)), cacheable))  # type: ignore[assignment,method-assign,return-value]


class SupportAdmin(OnlyItsFilters):
    """Every support person may view the rows; rows are made and deleted elsewhere."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(SupportAdmin):
    list_display = ("email", "name", "role", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_active", "mechanic_profile__state")
    list_select_related = ("mechanic_profile",)
    search_fields = ("email", "name")
    ordering = ("-date_joined",)
    readonly_fields = ("email", "name", "time_zone", "banned_at", "date_joined", "last_login")
    fields = (*readonly_fields, "is_staff", "is_superuser", "groups")
    filter_horizontal = ("groups",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:
        """Sign a person with another role out everywhere: support has other sessions than a customer."""
        obj.save(update_fields=["is_staff", "is_superuser"])  # the rest is as it was read: they may be banned meanwhile
        if {"is_staff", "is_superuser", "groups"} & set(form.changed_data):
            obj.end_sessions()


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(OnlyItsFilters, AuthenticatorAdmin):  # type: ignore[misc]
    """Who has which second factor, without its secret. A superuser deletes one that is lost."""

    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        super().delete_model(request, obj)
        obj.user.end_sessions()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        people = {one.user for one in queryset.select_related("user")}
        super().delete_queryset(request, queryset)
        for person in people:
            person.end_sessions()


@admin.register(MechanicProfile)
class MechanicProfileAdmin(SupportAdmin):
    list_display = ("user", "headline", "years_experience", "state", "taking_sessions", "missed_requests", "applied_at")
    list_filter = ("state", "taking_sessions")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "headline", "skills")
    ordering = ("-applied_at",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Notify)
class NotifyAdmin(SupportAdmin):
    list_display = ("email", "asked_at")
    ordering = ("-asked_at",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
