"""People for support: read everybody, approve mechanics, ban. Only superusers make somebody support."""

from collections.abc import Callable
from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts import actions
from autodoctor.accounts.access import support_only
from autodoctor.accounts.models import MechanicProfile, Notify, User

# One way in, with its throttles and second steps: the site's own. Whoever is not support finds nothing here.
admin.site.login = support_only(admin.site.login)  # type: ignore[assignment,method-assign]


class SupportAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Every support person may look; rows are made and removed elsewhere."""

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
    actions = ("ban", "lift_ban")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    @admin.action(description=gettext_lazy("Ban: sign out everywhere, and keep out"), permissions=["view"])
    def ban(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        # Support cannot shut support out.
        for user in queryset.filter(is_staff=False):
            actions.ban(user=user, now=timezone.now())
        self.message_user(request, _("Banned. Support people are never banned this way."))

    @admin.action(description=gettext_lazy("Lift the ban"), permissions=["view"])
    def lift_ban(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.filter(banned_at__isnull=False):
            actions.lift_ban(user=user)
        self.message_user(request, _("They can sign in again."))


@admin.register(MechanicProfile)
class MechanicProfileAdmin(SupportAdmin):
    list_display = ("user", "headline", "years_experience", "state", "taking_sessions", "missed_requests", "applied_at")
    list_filter = ("state", "taking_sessions")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "headline", "skills")
    ordering = ("-applied_at",)
    actions = ("approve", "decline")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Approve, and write to them"), permissions=["view"])
    def approve(self, request: HttpRequest, queryset: QuerySet[MechanicProfile]) -> None:
        self._decide(request, queryset, actions.approve)

    @admin.action(description=gettext_lazy("Decline, and write to them"), permissions=["view"])
    def decline(self, request: HttpRequest, queryset: QuerySet[MechanicProfile]) -> None:
        self._decide(request, queryset, actions.decline)

    def _decide(
        self, request: HttpRequest, profiles: QuerySet[MechanicProfile], act: Callable[..., MechanicProfile]
    ) -> None:
        for profile in profiles:
            try:
                act(profile=profile, by=cast(User, request.user), now=timezone.now())
                self.message_user(request, _("%s: done.") % profile.user)
            except actions.Refused as refused:
                self.message_user(request, f"{profile.user}: {refused.detail}", messages.WARNING)


@admin.register(Notify)
class NotifyAdmin(SupportAdmin):
    list_display = ("email", "asked_at")
    ordering = ("-asked_at",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
