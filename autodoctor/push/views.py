"""The device list, and the service worker: it shows messages while no page is open, and a page of ours without a
connection.
"""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, anyone, signed_in
from autodoctor.core.errors import SeeOther
from autodoctor.push import subscriptions
from autodoctor.push.models import PushSubscription
from autodoctor.push.offline_page import offline_version


@signed_in
@require_safe
def devices(request: SignedInRequest) -> HttpResponse:
    mine = PushSubscription.objects.filter(user=request.user).order_by("-created_at")
    return render(request, "push/devices.html", {"devices": mine})


@signed_in
@require_POST
def remove(request: SignedInRequest, subscription_id: UUID) -> HttpResponse:
    try:
        subscriptions.unsubscribe(user=request.user, subscription_id=subscription_id)
    except PushSubscription.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("That device no longer gets notifications."))
    return SeeOther(reverse("devices"))


@anyone
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Served at the root because of its scope, and never cached, so that a fix arrives at once."""
    facts = {"version": offline_version()}
    answer = render(request, "push/service-worker.js", facts, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@anyone
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that browsers show without a connection. The same for everybody."""
    return render(request, "push/offline.html")
