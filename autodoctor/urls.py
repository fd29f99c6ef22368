"""Every address, and who answers it."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils.translation import gettext as _

from autodoctor.api import api

urlpatterns = [
    path("", include("autodoctor.booking.urls")),
    path("", include("autodoctor.accounts.urls")),
    path("", include("autodoctor.sessions.urls")),
    path("", include("autodoctor.room.urls")),
    path("", include("autodoctor.mail.urls")),
    path("", include("autodoctor.payments.urls")),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same for what is not there and for what is not yours."""
    if request.path.startswith("/api/"):
        sentence = _("There is nothing here, or it is not yours.")
        return JsonResponse({"error": "not_found", "detail": sentence}, status=404)
    return render(request, "404.html", status=404)


handler404 = not_found
