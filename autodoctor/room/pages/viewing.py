"""The viewer, the session and the time: what all panels of the page have in common."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from autodoctor.accounts.models import Role, User
from autodoctor.payments.models import Payment
from autodoctor.receipts.receipt import Receipt, receipt_of
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.states import CLAIMED, RUNNING, TERMINAL, Kind, State

CANDIDATE = "candidate"  # an approved mechanic who looks at a request in the queue


@dataclass
class Viewing:
    session: Session
    role: str
    viewer: User
    now: datetime
    checkout: str = ""  # the return from Checkout: success, cancelled

    @cached_property
    def situation(self) -> participants.SessionState:
        return participants.load_state(self.session, self.now)

    @cached_property
    def receipt(self) -> Receipt:
        return receipt_of(self.session)

    @property
    def panel(self) -> str:
        """Return the panel of this state for this role: `room/panels/<panel>.html`."""
        state = State(self.session.state)
        if state in TERMINAL:
            return "ended"
        if self.role == Role.SUPPORT:
            return "watch"
        if state == State.DRAFT:
            return "confirming" if self._is_confirming else "pay"
        if state == State.REQUESTED:
            return "offer" if self.role == CANDIDATE else "queue"
        return "live" if state in RUNNING else "gather"

    @property
    def stage(self) -> str:
        """Return the layout of the page: before, gather, live, over."""
        if self.is_over:
            return "over"
        if self.session.state in RUNNING and self.takes_part:
            return "live"
        return "gather" if self.session.state in CLAIMED else "before"

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
