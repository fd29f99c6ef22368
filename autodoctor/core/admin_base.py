"""The admin for staff: rows that support edits, and rows that it reads, because actions make and change them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.db import DataError, models
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from autodoctor.core.errors import SeeOther
from autodoctor.core.fields import MinutesField

IN_MINUTES: dict[type["models.Field[Any, Any]"], dict[str, Any]] = {models.DurationField: {"form_class": MinutesField}}


class OnlyItsFilters(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A list is filtered by what it offers for that. Django takes every field of the table, also those that no page
    shows: a secret is read out letter by letter (`?password__startswith=a`).
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        filters = [each[0] if isinstance(each, tuple) else each for each in self.list_filter]
        return any(f"{lookup}__".startswith(f"{name}__") for name in (*filters, self.date_hierarchy) if name)


def sensible(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer values that no database takes: a list is shown from its beginning, a row of such a name is not there.

    Django does so for many of them; others it finds only when the database is asked.
    """

    @wraps(view)
    def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "\0" in request.path:
            raise Http404
        try:
            return view(request, *args, **kwargs)
        except (DataError, ValueError, OverflowError):
            match = request.resolver_match
            if match is None or not str(match.url_name).endswith("_changelist"):
                raise
            messages.error(request, _("What this address or choice names does not exist. Nothing was changed."))
            return SeeOther(request.path)

    return look


class EditedBySupport(OnlyItsFilters):
    """Rows that support edits. Never deleted, because others name them; they are made inactive instead."""

    formfield_overrides = IN_MINUTES

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    has_module_permission = has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _Closed:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(_Closed, OnlyItsFilters):
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
