"""The viewer, the session and the time: what all panels of the page have in common."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from autodoctor.accounts.models import Role, User
from autodoctor.handover.models import Handover
from autodoctor.handover.panel import HandoverPanel
from autodoctor.payments.models import Payment
from autodoctor.receipts.receipt import Receipt, receipt_of
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.rules.triggers import is_substitute_awaited
from autodoctor.sessions.states import CLAIMED, RUNNING, TERMINAL, Kind, State

CANDIDATE = "candidate"  # an approved mechanic who looks at a request in the queue


@dataclass
class Viewing:
    session: Session
    role: str
    viewer: User
    now: datetime
    checkout: str = ""  # the return from Checkout: success, cancelled
    phone: Handover | None = None  # the viewer has no account here: it is a phone that the session was handed to

    @cached_property
    def situation(self) -> participants.Seats:
        return participants.load_seats(self.session, self.now)

    @cached_property
    def handover(self) -> HandoverPanel:
        return HandoverPanel(self.session, self.viewer if self.takes_part else None, self.phone, self.now)

    @cached_property
    def receipt(self) -> Receipt:
        return receipt_of(self.session)

    @property
    def panel(self) -> str:
        """Return the panel of this state for this role: `room/panels/<panel>.html`."""
        waits = self.phone and self.stage != "live"
        return "phone" if waits else self._panel_of(State(self.session.state))

    def _panel_of(self, state: State) -> str:
        if state in TERMINAL:
            return "ended"
        if self.role == Role.SUPPORT:
            return "watch"
        if state == State.DRAFT:
            return "confirming" if self._is_confirming else "pay"
        if self.role == CANDIDATE:
            return "offer"
        if state == State.REQUESTED:
            return "queue"
        return "live" if state in RUNNING and not self._has_to_join else "gather"

    @property
    def stage(self) -> str:
        """Return the layout of the page: before, gather, live, over."""
        if self.is_over:
            return "over"
        has_to_join = self._has_to_join or self.is_phone_waiting
        if self.session.state in RUNNING and self.takes_part and not has_to_join:
            return "live"
        return "gather" if self.session.state in CLAIMED else "before"

    @property
    def is_phone_waiting(self) -> bool:
        """Return whether this is a phone that is to have the call, and has not joined with its camera."""
        return self.phone is not None and self.has_stage and not self.phone.has_call

    @property
    def is_taken_over(self) -> bool:
        """Return whether another mechanic took the running session over and has not joined yet."""
        return is_substitute_awaited(self.session)

    @property
    def _has_to_join(self) -> bool:
        return self.role == Role.MECHANIC and self.is_taken_over

    @property
    def is_over(self) -> bool:
        return self.session.state in TERMINAL

    @property
    def takes_part(self) -> bool:
        return self.role in {Role.CUSTOMER, Role.MECHANIC}

    @property
    def has_stage(self) -> bool:
        """Return whether this person takes part in a call."""
        return self.takes_part and self.session.kind != Kind.CHAT and not self.is_over

    @property
    def me(self) -> ParticipantState:
        return self.situation.seat(self.role)

    @property
    def other(self) -> ParticipantState:
        return self.situation.customer if self.role == Role.MECHANIC else self.situation.mechanic

    @property
    def other_person(self) -> User | None:
        return self.session.customer if self.role == Role.MECHANIC else self.session.mechanic

    @property
    def just_paid(self) -> bool:
        return self.checkout == "success"

    @property
    def _is_confirming(self) -> bool:
        """Return whether the card was accepted and the news of it is pending."""
        booking = self.receipt.booking
        if booking is None or booking.state == Payment.State.FAILED or booking.decline_reason:
            return False
        return self.just_paid or booking.state == Payment.State.AUTHORIZED


@dataclass(frozen=True)
class Panel:
    """A part of the page. It is created, and reads the database, when its template reads it."""

    view: Viewing

    @property
    def session(self) -> Session:
        return self.view.session
