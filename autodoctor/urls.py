"""All addresses and their views."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import include, path

from autodoctor.accounts.access import anyone
from autodoctor.accounts.adapter import too_many_attempts
from autodoctor.api import api
from autodoctor.core.errors import not_found


@anyone
def _icon(request: HttpRequest) -> HttpResponsePermanentRedirect:
    """Serve the icon for pages that name none, because browsers ask here."""
    return HttpResponsePermanentRedirect(f"{settings.STATIC_URL}mark.svg")


urlpatterns = [
    path("", include("autodoctor.payments.urls")),
    path("api/", api.urls),  # asked most: each request would try all pages before
    path("", include("autodoctor.booking.urls")),
    path("", include("autodoctor.accounts.urls")),
    path("", include("autodoctor.skills.urls")),
    path("", include("autodoctor.sessions.urls")),
    path("", include("autodoctor.receipts.urls")),
    path("", include("autodoctor.room.urls")),
    path("", include("autodoctor.handover.urls")),
    path("", include("autodoctor.transcripts.urls")),
    path("", include("autodoctor.summaries.urls")),
    path("", include("autodoctor.garage.urls")),
    path("", include("autodoctor.support.urls")),
    path("", include("autodoctor.legal.urls")),
    path("", include("autodoctor.conversations.urls")),
    path("", include("autodoctor.mail.urls")),
    path("", include("autodoctor.files.urls")),
    path("", include("autodoctor.health.urls")),
    path("", include("autodoctor.push.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", _icon),
]

handler404 = not_found
handler429 = too_many_attempts  # the sign-in library looks here
