"""Everything about one session for support, read once. Amounts in integer cents."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from autodoctor.accounts.models import User
from autodoctor.files.listing import files_of
from autodoctor.files.models import StoredFile
from autodoctor.payments import disputes, ledger
from autodoctor.payments.models import Dispute, Payment, Refund
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import PreflightData
from autodoctor.sessions.lifecycle import preflight
from autodoctor.sessions.models import Participant, Session, SessionEvent
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.queries.substitutes import search_ends_at
from autodoctor.sessions.record import participants
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.triggers import duration, is_substitute_awaited
from autodoctor.sessions.states import RUNNING, TERMINAL, EventKind, State
from autodoctor.support.board_lines import Notice, notices_of
from autodoctor.support.case_timeline import Group, Line, lines

SHOWN = 300  # entries of the log on the page, unless all of them are asked for


@dataclass(frozen=True)
class Money:
    """A payment with its refunds and disputes."""

    payment: Payment
    refunds: list[Refund]
    disputes: list[Dispute]

    @property
    def refundable_cents(self) -> int:
        return 0 if self.is_disputed else ledger.refundable_cents(self.payment)

    @property
    def is_disputed(self) -> bool:
        return any(dispute.is_open and dispute.took_money for dispute in self.disputes)

    @property
    def holds_earning(self) -> bool:
        return disputes.holds_earning(self.payment)


@dataclass
class Case:
    session: Session
    now: datetime
    show: str = ""  # the shown group of the log; empty: all groups
    whole: bool = False  # all of it, however long

    @cached_property
    def situation(self) -> participants.SessionState:
        return participants.load_state(self.session, self.now)

    @cached_property
    def notices(self) -> list[Notice]:
        """Return the open alerts."""
        return notices_of(self.situation, self.now)

    @property
    def seats(self) -> list[tuple[ParticipantState, User, PreflightData | None]]:
        """Return the participants with their last device checks."""
        people = ((self.situation.customer, self.session.customer), (self.situation.mechanic, self.session.mechanic))
        return [(seat, person, self.checkups.get(seat.role)) for seat, person in people if person]

    @property
    def is_over(self) -> bool:
        return self.session.state in TERMINAL

    @property
    def is_running(self) -> bool:
        return self.session.state in RUNNING

    @property
    def is_searching(self) -> bool:
        return self.session.state == State.HANDING_OVER

    @property
    def waits_until(self) -> datetime | None:
        """Return when the wait for another mechanic is over: for anybody, or for the one who took over to join."""
        if self.is_searching:
            return search_ends_at(self.session)
        is_awaited = is_substitute_awaited(self.session)
        return self.session.state_at + duration("substitute_not_in") if is_awaited else None

    @property
    def vehicle(self) -> str:
        return self.session.vehicle_words

    @cached_property
    def checkups(self) -> dict[str, PreflightData]:
        return preflight.checkups(self.session)

    @cached_property
    def former(self) -> QuerySet[Participant]:
        """Return the mechanics who gave the session back, or handed it over."""
        before = Q(released_at__isnull=False) | Q(handed_over_at__isnull=False)
        return self.session.participants.filter(before).select_related("user").order_by("released_at", "handed_over_at")

    # Time

    @property
    def used_seconds(self) -> int:
        """Return the used seconds of the granted time, until the end or until now."""
        if self.session.ended_at:
            return settlement.used_seconds(self.session)
        so_far = copy(self.session)
        so_far.ended_at = self.now
        return settlement.used_seconds(so_far)

    @property
    def booked_seconds(self) -> int:
        """Return the seconds sold at booking, without extensions."""
        bookings = [each.payment for each in self.money if each.payment.purpose == Payment.Purpose.BOOKING]
        return bookings[0].seconds if bookings else self.session.granted_seconds

    @property
    def seconds_left(self) -> int:
        return max(0, self.session.granted_seconds - self.used_seconds)

    @cached_property
    def paused_seconds(self) -> float:
        """Return how long the clock was paused, including a running pause, in seconds."""
        session = self.session
        if session.started_at is None or session.ends_at is None:
            return 0.0
        moved = (session.ends_at - session.started_at).total_seconds() - session.granted_seconds
        lasting = (session.ended_at or self.now) - session.paused_at if session.paused_at else timedelta()
        return max(0.0, moved + lasting.total_seconds())

    # The log

    @cached_property
    def lines(self) -> list[Line]:
        return lines(self.session, show=self.show, limit=None if self.whole else SHOWN)

    @property
    def is_cut(self) -> bool:
        return not self.whole and len(self.lines) == SHOWN

    @property
    def groups(self) -> list[tuple[str, Any]]:
        return Group.choices

    @cached_property
    def messages(self) -> int:
        return SessionEvent.objects.filter(session=self.session, kind=EventKind.MESSAGE_POSTED).count()

    @cached_property
    def files(self) -> list[StoredFile]:
        return list(files_of(self.session.id))

    # Money

    @cached_property
    def money(self) -> list[Money]:
        paid = Payment.objects.filter(owner_id=self.session.id).order_by("created_at")
        whole = paid.prefetch_related("refunds__requested_by", "disputes")
        return [
            Money(
                payment,
                sorted(payment.refunds.all(), key=lambda refund: refund.created_at),
                sorted(payment.disputes.all(), key=lambda dispute: dispute.opened_at),
            )
            for payment in whole
        ]

    @property
    def refundable(self) -> list[Money]:
        return [each for each in self.money if each.refundable_cents]

    @property
    def is_disputed(self) -> bool:
        return any(each.is_disputed for each in self.money)

    @property
    def kept_cents(self) -> int:
        """Return the charge without refunds, pending refunds and lost disputes, in cents."""
        return sum(ledger.kept_cents(each.payment) for each in self.money)

    # Its scheduled jobs

    @cached_property
    def jobs(self) -> list[Job]:
        return list(Job.objects.filter(session_id=self.session.id).order_by("due_at")[:100])

    @property
    def stuck(self) -> bool:
        """Return whether a payment failed and needs a person."""
        return any(job.attempts for job in self.jobs)

    @cached_property
    def takers(self) -> list[User]:
        """Mechanics whom support may assign, by name."""
        return list(eligibility.eligible_mechanics(self.session, self.now).order_by("name")[:50])
