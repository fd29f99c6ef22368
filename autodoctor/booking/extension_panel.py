"""The extension panel of a running session: offers for the customer, the choice how long to stay for the mechanic."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.booking import extensions
from autodoctor.booking.extensions import Offer, Progress
from autodoctor.booking.models import ExtensionOption, span_in_words
from autodoctor.payments import stripe_js
from autodoctor.payments.saved_card import SavedCard
from autodoctor.sessions.formatting import format_duration as in_words
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import RUNNING, TERMINAL


@dataclass
class View:
    """The panel for one participant, at this moment."""

    session: Session
    is_customer: bool
    now: datetime

    @property
    def runs(self) -> bool:
        return self.session.state in RUNNING

    @cached_property
    def progress(self) -> Progress | None:
        payment = extensions.pending(self.session)
        return Progress(payment, self.now) if payment else None

    @cached_property
    def offers(self) -> list[Offer]:
        return extensions.offers(self.session, self.now)

    @property
    def same_offer(self) -> Offer | None:
        """Return the offer of the pending extension, to pay it in another way."""
        paid = self.progress.payment if self.progress else None
        same = [one for one in self.offers if paid and one.terms.seconds == paid.seconds]
        return next((one for one in same if paid and one.terms.price_cents == paid.amount_cents), None)

    @property
    def hold(self) -> str:
        """Return how long the end waits for a payment, in words."""
        return in_words(duration("extension_hold").total_seconds())

    @property
    def is_over(self) -> bool:
        return self.session.state in TERMINAL

    @property
    def why_none(self) -> str:
        """Return why there is no offer: over, early, unsold, mechanic (cannot stay), longest (maximum length)."""
        if self.is_over or not self.runs:
            return "over" if self.is_over else "early"
        if not self.stays:
            return "unsold"
        allowed = self.session.allowed_seconds
        return "mechanic" if allowed is not None and allowed < self.stays[0].seconds else "longest"

    @property
    def said(self) -> str:
        """Return how much longer the mechanic can stay, in words, if no listed choice matches."""
        seconds = self.session.allowed_seconds
        if not seconds or seconds in {option.seconds for option in self.stays}:
            return ""
        return span_in_words(timedelta(seconds=seconds))

    @property
    def takes_cards(self) -> bool:
        """Return whether a card can be entered in the room."""
        return stripe_js.is_on()

    @property
    def card(self) -> SavedCard | None:
        return extensions.card(self.session)

    @cached_property
    def is_near_end(self) -> bool:
        """Return whether the first warning has passed, so that the offer is shown unasked."""
        ends_at = self.session.ends_at
        return ends_at is not None and self.session.paused_at is None and ends_at - self.now <= duration("warn_first")

    @cached_property
    def stays(self) -> list[ExtensionOption]:
        """Return the mechanic's choices of how much longer they can stay."""
        return list(ExtensionOption.objects.filter(active=True, currency=self.session.currency))


@signed_in
@require_safe
@never_cache
def more_time(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Return the regions of <more-time>."""
    session = Session.objects.select_related("customer", "mechanic").filter(pk=session_id).first()
    if session is None or request.user.id not in (session.customer_id, session.mechanic_id):
        raise Http404
    view = View(session, request.user.id == session.customer_id, timezone.now())
    return render(request, "booking/more_time.html", {"view": view, "session": session})
