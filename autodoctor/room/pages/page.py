"""The session page: its common parts, and one object per panel, created when a template reads it."""

import json
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.http import Http404

from autodoctor.accounts.models import Role, User
from autodoctor.payments import stripe_js
from autodoctor.room.pages.call import CallPanel
from autodoctor.room.pages.ending import EndedPanel, PricePanel
from autodoctor.room.pages.files import FilesPanel
from autodoctor.room.pages.gathering import GatheringPanel
from autodoctor.room.pages.going_on import GoingOnPanel
from autodoctor.room.pages.live import AbsencePanel, ClockPanel
from autodoctor.room.pages.people import PeoplePanel
from autodoctor.room.pages.queue import OfferPanel, WaitingPanel
from autodoctor.room.pages.timeline import ChatPanel
from autodoctor.room.pages.viewing import CANDIDATE, Viewing
from autodoctor.room.pages.words import WordsPanel
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.record import event_log, participants
from autodoctor.sessions.states import OFFERED

# Seconds between looks where no event tells.
LIVE_REFRESH, QUEUE_REFRESH, PAYMENT_REFRESH, CALL_REFRESH, PHONE_REFRESH = 0, 10, 3, 2, 3


def find_page(user: User, session_id: UUID) -> tuple[Session, str]:
    """Return the session and this person's role. A missing session and another person's session are the same 404."""
    try:
        session = participants.read_session(session_id)
    except Session.DoesNotExist:
        raise Http404 from None
    if role := event_log.role_in(user, session) or _candidate(user, session):
        participants.seat_people([session], user)
        return session, role
    raise Http404


def _candidate(user: User, session: Session) -> str | None:
    if user.role != Role.MECHANIC or session.state not in OFFERED or session.is_hidden_from(user):
        return None
    return CANDIDATE


class Page(Viewing):
    @cached_property
    def waiting(self) -> WaitingPanel:
        return WaitingPanel(self)

    @cached_property
    def offer(self) -> OfferPanel:
        return OfferPanel(self)

    @cached_property
    def people(self) -> PeoplePanel:
        return PeoplePanel(self)

    @cached_property
    def gathering(self) -> GatheringPanel:
        return GatheringPanel(self)

    @cached_property
    def going_on(self) -> GoingOnPanel:
        return GoingOnPanel(self)

    @cached_property
    def call(self) -> CallPanel:
        return CallPanel(self)

    @cached_property
    def words(self) -> WordsPanel:
        return WordsPanel(self)

    @cached_property
    def clock(self) -> ClockPanel:
        return ClockPanel(self)

    @cached_property
    def absence(self) -> AbsencePanel:
        return AbsencePanel(self)

    @cached_property
    def chat(self) -> ChatPanel:
        return ChatPanel(self)

    @cached_property
    def files(self) -> FilesPanel:
        return FilesPanel(self)

    @cached_property
    def price(self) -> PricePanel:
        return PricePanel(self)

    @cached_property
    def ended(self) -> EndedPanel:
        return EndedPanel(self)

    @property
    def panel_template(self) -> str:
        return f"room/panels/{self.panel}.html"

    @property
    def has_socket(self) -> bool:
        return self.role != CANDIDATE and not self.is_over

    @property
    def has_extensions(self) -> bool:
        """Return whether this page offers extensions while it stays open."""
        return self.takes_part and not self.is_over

    @property
    def takes_cards(self) -> bool:
        """Return whether a card can be entered here: on the page of the customer, for an extension."""
        return self.has_extensions and self.role == Role.CUSTOMER and stripe_js.is_on()

    @property
    def stripe_js(self) -> dict[str, str]:
        """Return what the page gives to Stripe.js: its address, and the key that browsers may know."""
        return {"address": stripe_js.address(), "key": settings.STRIPE_PUBLISHABLE_KEY}

    @property
    def payload_json(self) -> str:
        return json.dumps(self.session.payload())

    @property
    def stamp(self) -> str | None:
        return stamp(self.now)

    @property
    def refresh_at(self) -> datetime | None:
        """Return when the page changes without an event."""
        cancels_at = self.gathering.late_cancel_at if self.role == Role.CUSTOMER else None
        moments = [at for at in (self.absence.offer_at, cancels_at) if at and at > self.now]
        return min(moments, default=None)

    @property
    def refresh_seconds(self) -> int:
        """Return how often the page refreshes without an event, in seconds; 0 for never."""
        if self.panel == "confirming" or (self.is_over and self.receipt.is_settling):
            return PAYMENT_REFRESH
        if self.gathering.awaits_call:
            return CALL_REFRESH
        if self.phone or self.handover.is_under_way:
            return PHONE_REFRESH
        return QUEUE_REFRESH if self.panel in {"queue", "offer"} else LIVE_REFRESH
