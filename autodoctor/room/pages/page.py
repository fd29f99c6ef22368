"""The session page: its common parts, and one object per panel, created when a template reads it."""

import json
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.room.pages.call import CallPanel
from autodoctor.room.pages.ending import EndedPanel, PricePanel
from autodoctor.room.pages.files import FilesPanel
from autodoctor.room.pages.gathering import GatheringPanel
from autodoctor.room.pages.live import AbsencePanel, ClockPanel
from autodoctor.room.pages.people import PeoplePanel
from autodoctor.room.pages.queue import OfferPanel, WaitingPanel
from autodoctor.room.pages.timeline import ChatPanel
from autodoctor.room.pages.viewing import CANDIDATE, Viewing
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import State

LIVE_REFRESH, QUEUE_REFRESH, PAYMENT_REFRESH, CALL_REFRESH = 0, 10, 3, 2  # seconds between looks where no event tells


def find_page(user: User, session_id: UUID) -> tuple[Session, str]:
    """Return the session and this person's role. A missing session and another person's session are the same 404."""
    people = Session.objects.select_related("customer", "mechanic__mechanic_profile")
    session = people.filter(pk=session_id).first()
    if session and (role := event_log.role_in(user, session) or _candidate(user, session)):
        return session, role
    raise Http404


def _candidate(user: User, session: Session) -> str | None:
    return CANDIDATE if user.role == Role.MECHANIC and session.state == State.REQUESTED else None


def gone_request(user: User, session_id: UUID) -> str:
    """Return what became of a request that this mechanic could have accepted; empty if there is a page to show.

    Mechanics come here from a push message or a mail, after somebody else was faster.
    """
    session = Session.objects.filter(pk=session_id, requested_at__isnull=False).exclude(state=State.REQUESTED).first()
    if session is None or user.role != Role.MECHANIC or event_log.role_in(user, session):
        return ""
    if session.mechanic_id:
        return _("Another mechanic has taken this request.")
    if session.state == State.CANCELLED:
        return _("This request was called off before a mechanic took it.")
    return _("This request ended before a mechanic took it.")


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
    def call(self) -> CallPanel:
        return CallPanel(self)

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
        return QUEUE_REFRESH if self.panel in {"queue", "offer"} else LIVE_REFRESH
