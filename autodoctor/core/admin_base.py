"""Read-only admin for staff: actions make, change and delete rows."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class _Closed:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(_Closed, admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Every support person may view the rows."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)


class ReadOnlyLines(_Closed, admin.TabularInline):  # type: ignore[type-arg]
    """A person who sees the row sees its lines."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True
