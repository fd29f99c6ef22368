"""Every address, and who answers it."""

from django.contrib import admin
from django.urls import include, path

from autodoctor.api import api
from autodoctor.notfound import not_found

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


handler404 = not_found
