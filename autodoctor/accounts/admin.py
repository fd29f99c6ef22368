"""People in the admin, read-only for support. Only superusers make a person support."""

from django.contrib import admin
from django.http import HttpRequest

from autodoctor.accounts.access import support_only
from autodoctor.accounts.models import MechanicProfile, Notify, User

# The admin uses the site's own sign-in, with its throttles and second factors. Everybody but support gets 404 here.
admin.site.login = support_only(admin.site.login)  # type: ignore[assignment,method-assign]


class SupportAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
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
