"""A tab of its own beside the session: the way to Stripe's page, and the page that the bank and Checkout return to."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.booking import extensions
from autodoctor.booking.extensions import Progress
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.payments import checkout, stripe
from autodoctor.payments.models import Payment
from autodoctor.rates import counting
from autodoctor.rates.limits import CHECKOUTS, LOOKS
from autodoctor.rates.web import limited, person_or_address
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


@signed_in
@limited(CHECKOUTS, "POST")
@require_POST
def extension_page(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Lead to Stripe's page for the extension that is being paid; a card is then entered in the room no more."""
    session = Session.objects.filter(pk=session_id, customer=request.user).first()
    payment = extensions.pending(session) if session else None
    if session is None:
        raise Http404
    link = ""
    if payment:
        with suppress(Refused):  # paid or canceled at this moment: the page says so
            now = timezone.now()
            chosen = extensions.choose_page(session_id=session.id, by=request.user, payment_id=payment.id, now=now)
            link = Progress(chosen, now).link
    return SeeOther(link or reverse("session_extension", args=[session.id]))


def _now_known(payment: Payment, now: datetime) -> Payment:
    """Return the state at Stripe; after a decline another way to pay is opened."""
    with suppress(stripe.PaymentError):  # no answer now: the webhook will tell
        payment = checkout.refresh(payment=payment, now=now)
    return extensions.go_on(payment, now)
