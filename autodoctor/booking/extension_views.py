"""The page that the bank and Checkout return to: a separate tab beside the session."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.booking import extensions
from autodoctor.booking.extensions import Progress
from autodoctor.payments import checkout, stripe
from autodoctor.payments.models import Payment
from autodoctor.rates import counting
from autodoctor.rates.limits import LOOKS
from autodoctor.rates.web import person_or_address
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import RUNNING


@signed_in
@require_safe
@never_cache
def extension(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Show the state of the last extension. This page and the webhook race; the second finds it done."""
    session = Session.objects.filter(pk=session_id, customer=request.user).first()
    payment = extensions.latest(session) if session else None
    if session is None or payment is None:
        raise Http404
    now = timezone.now()
    if counting.allows(LOOKS, person_or_address(request), now):
        payment = _now_known(payment, now)
    progress = Progress(payment, now)
    session.refresh_from_db(fields=["state"])
    facts = {"session": session, "progress": progress, "runs": session.state in RUNNING}
    return render(request, "booking/extension.html", facts)


def _now_known(payment: Payment, now: datetime) -> Payment:
    """Return the state at Stripe; after a decline another way to pay is opened."""
    with suppress(stripe.PaymentError):  # no answer now: the webhook will tell
        payment = checkout.refresh(payment=payment, now=now)
    return extensions.go_on(payment, now)
