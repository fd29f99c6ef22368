"""The card that a customer has let us keep: what we know of it, and how to have it forgotten."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts.access import SignedInRequest, customer_only
from autodoctor.payments import saved_card


@customer_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def card(request: SignedInRequest) -> HttpResponse:
    """Posting removes it."""
    if request.method != "POST":
        return render(request, "booking/card.html", {"card": saved_card.of(request.user)})
    if saved_card.remove(user=request.user, now=timezone.now()):
        messages.success(request, _("We removed your card."))
    return redirect("kept_card")
