"""What the page of a session shows: it follows from the session, who looks at it, and the moment."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import Http404

from autodoctor.accounts.models import Role, User
from autodoctor.files.listing import files_of
from autodoctor.files.models import StoredFile
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Payment
from autodoctor.receipts.receipt import Receipt, receipt_of
from autodoctor.room.pages.photo_checklist import Shot, shot_list
from autodoctor.room.pages.release_reasons import RELEASE_REASONS
from autodoctor.room.pages.timeline import LINES, LINES_ABOUT_YOU, Entry, entries
from autodoctor.sessions.lifecycle import attachments, preflight
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.queries import pending_summaries, request_queue
from autodoctor.sessions.record import event_log, participants
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.rules import settlement, triggers
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import CLAIMED, RUNNING, TERMINAL, Kind, State

CANDIDATE = "candidate"  # an approved mechanic who looks at a request in the queue
LIVE_REFRESH, QUEUE_REFRESH, PAYMENT_REFRESH, CALL_REFRESH = 0, 10, 3, 2  # seconds between looks where no event tells


def find_page(user: User, session_id: UUID) -> tuple[Session, str]:
    """The session and what this person is in it. Not theirs and not there: the same 404."""
    people = Session.objects.select_related("customer", "mechanic__mechanic_profile")
    session = people.filter(pk=session_id).first()
    if session and (role := event_log.role_in(user, session) or _candidate(user, session)):
        return session, role
    raise Http404


def _candidate(user: User, session: Session) -> str | None:
    return CANDIDATE if user.role == Role.MECHANIC and session.state == State.REQUESTED else None


@dataclass
class Page:
    session: Session
    role: str
    viewer: User
    now: datetime
    checkout: str = ""  # how they came back from paying: success, cancelled

    @cached_property
    def situation(self) -> participants.SessionState:
        return participants.load_state(self.session, self.now)

    @property
    def stage(self) -> str:
        """How the page is laid out: before, gather, live, over."""
        if self.is_over:
            return "over"
        if self.session.state in RUNNING and self.takes_part:
            return "live"
        return "gather" if self.session.state in CLAIMED else "before"

    @property
    def panel(self) -> str:
        """The template that holds this state for this role: `room/panels/<panel>.html`."""
        state = State(self.session.state)
        if state in TERMINAL:
            return "ended"
        if self.role == Role.SUPPORT:
            return "watch"
        if state == State.DRAFT:
            return "confirming" if self.is_confirming else "pay"
        if state == State.REQUESTED:
            return "offer" if self.role == CANDIDATE else "queue"
        return "live" if state in RUNNING else "gather"

    @property
    def panel_template(self) -> str:
        return f"room/panels/{self.panel}.html"

    @property
    def just_paid(self) -> bool:
        return self.checkout == "success"

    @property
    def refresh_at(self) -> datetime | None:
        """When the page shows something else although nothing happened."""
        return self.offer_at if self.offer_at and self.offer_at > self.now else None

    @property
    def refresh_seconds(self) -> int:
        """How often the page looks by itself, where no event would tell it; 0 for never."""
        if self.panel == "confirming" or (self.is_over and self.receipt.is_settling):
            return PAYMENT_REFRESH
        if self.awaits_call:
            return CALL_REFRESH
        return QUEUE_REFRESH if self.panel in {"queue", "offer"} else LIVE_REFRESH

    @property
    def is_over(self) -> bool:
        return self.session.state in TERMINAL

    @property
    def takes_part(self) -> bool:
        return self.role in {Role.CUSTOMER, Role.MECHANIC}

    @property
    def has_socket(self) -> bool:
        return self.role != CANDIDATE and not self.is_over

    @property
    def has_stage(self) -> bool:
        """A call in which this person takes part: devices to check, then somebody to see and hear."""
        return self.takes_part and self.session.kind != Kind.CHAT and not self.is_over

    @property
    def may_go_on(self) -> bool:
        """Time may be added as long as this page stays open."""
        return self.takes_part and not self.is_over

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
    def seats(self) -> list[tuple[ParticipantState, User | None, dict[str, Any] | None]]:
        """Who takes part, and what their device check said last."""
        people = ((self.situation.customer, self.session.customer), (self.situation.mechanic, self.session.mechanic))
        return [(seat, person, self.checkups.get(seat.role)) for seat, person in people]

    @property
    def joined(self) -> bool:
        """This person takes part: a page that opens joins by itself, also after a reload."""
        part = self.me.part if self.takes_part else None
        return bool(part and part.joined_at and self.session.state in CLAIMED)

    @cached_property
    def seconds_left(self) -> int:
        session = self.session
        if session.ends_at is None:
            return session.granted_seconds
        left = session.ends_at - (session.paused_at or session.ended_at or self.now)
        return max(0, round(left.total_seconds()))

    @property
    def clock_level(self) -> str:
        """Which look of the clock."""
        if self.session.paused_at:
            return "paused"
        if self.session.state not in RUNNING or self.seconds_left > duration("warn_first").total_seconds():
            return ""
        return "last" if self.seconds_left <= duration("warn_last").total_seconds() else "warn"

    # The log

    @cached_property
    def entries(self) -> list[Entry]:
        return [] if self.role == CANDIDATE else list(entries(self.session.id, self.role, self.viewer.id))

    @property
    def has_messages(self) -> bool:
        return any(entry.is_message for entry in self.entries)

    @property
    def after(self) -> int:
        """How far the page shows the log."""
        return max([self.session.seq, *(entry.event.seq for entry in self.entries[-1:])])

    @property
    def lines(self) -> list[str]:
        """Every line that a script may have to add."""
        return [*sorted(LINES), *sorted(f"{kind}:you" for kind in LINES_ABOUT_YOU)]

    @property
    def payload_json(self) -> str:
        return json.dumps(self.session.payload())

    @property
    def stamp(self) -> str | None:
        return stamp(self.now)

    # Files

    @cached_property
    def files(self) -> list[StoredFile]:
        """Newest first."""
        return list(files_of(self.session.id))

    @property
    def may_share(self) -> bool:
        return attachments.may_share(self.session, self.viewer)

    @property
    def file_kinds(self) -> list[str]:
        """Every kind that a script may have to add to the log."""
        return list(StoredFile.Kind.values)

    @property
    def shots(self) -> list[Shot]:
        return shot_list(self.files)

    # Queue

    @cached_property
    def place(self) -> int:
        return request_queue.queue_position(self.session.id) or 1

    @property
    def gave_back(self) -> bool:
        """This mechanic had it and cannot take it again."""
        parts = self.session.participants.filter(user=self.viewer, released_at__isnull=False)
        return parts.exists()

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What happens while nobody accepts, and when."""
        since = self.session.state_at
        ends_at = min(filter(None, [self.session.unattended_at, self._never_started_at]), default=None)
        moments = [
            ("asked", since),
            ("support", since + duration("unnoticed")),
            ("offer", since + duration("offer_stop")),
            ("end", ends_at or since + duration("unattended")),
        ]
        reached = [name for name, at in moments if at <= self.now]
        return [
            {"name": name, "at": at, "after": round((at - since).total_seconds()), "current": reached[-1:] == [name]}
            for name, at in moments
        ]

    @property
    def _never_started_at(self) -> datetime | None:
        return self.session.requested_at and self.session.requested_at + duration("never_started")

    @property
    def waits_long(self) -> bool:
        return self.session.state_at + duration("offer_stop") <= self.now

    # Before the start

    @property
    def stop_cents(self) -> int:
        """What it costs the customer to call it off now."""
        return settlement.late_cancel_cents(self.session) if self.situation.mechanic.is_in else 0

    @property
    def earns_cents(self) -> int:
        return settlement.mechanic_share_cents(self.agreed_cents)

    @property
    def release_reasons(self) -> dict[str, Any]:
        return RELEASE_REASONS[Role.CUSTOMER if self.role == Role.CUSTOMER else Role.MECHANIC]

    @property
    def join_by(self) -> datetime:
        """A mechanic who is not in by then loses the request."""
        return self.session.state_at + duration("mechanic_not_in")

    @property
    def sound_at(self) -> datetime:
        """From then on the mechanic's page sounds: the customer waits for the start."""
        return self.session.state_at + duration("start_sound")

    @property
    def prepares(self) -> bool:
        """This person has to check their devices before they can join."""
        return self.has_stage and self.panel == "gather" and not self.me.is_in and not self.joined

    @property
    def awaits_call(self) -> bool:
        """Both are in, but the mechanic cannot start while the two do not hear each other."""
        session, mechanic = self.session, self.role == Role.MECHANIC
        is_waiting = session.state == State.WAITING and session.kind != Kind.CHAT
        return mechanic and is_waiting and not self.situation.is_connected

    @property
    def facing(self) -> str:
        """Which camera of a phone: the customer shows the car, the mechanic their face."""
        return "environment" if self.role == Role.CUSTOMER else "user"

    @property
    def may_choose_chat(self) -> bool:
        return self.role == Role.CUSTOMER

    @property
    def full_price(self) -> str:
        return format_cents(self.session.price_cents, self.session.currency)

    @property
    def chat_price(self) -> str:
        """What it costs as a chat, in words; empty where that is no less."""
        session = self.session
        cents = session.price_cents if session.chat_price_cents is None else session.chat_price_cents
        return format_cents(cents, session.currency) if cents < session.price_cents else ""

    @cached_property
    def checkups(self) -> dict[str, dict[str, Any]]:
        return preflight.checkups(self.session)

    @property
    def agreed_cents(self) -> int:
        """What the session comes to when all of it takes place."""
        return settlement.agreed_cents(self.session)

    # While it runs

    @property
    def waits_for_payment(self) -> bool:
        """The time is up, and the end waits for an extension that is being paid."""
        hold, ends_at = self.session.hold_until, self.session.ends_at
        return self.session.state in RUNNING and hold is not None and ends_at is not None and ends_at <= self.now

    @property
    def lenient_seconds(self) -> float:
        """How long a customer who is away stops the clock, in a whole session."""
        return duration("lenient_pause").total_seconds()

    @property
    def missing(self) -> ParticipantState | None:
        """The other side, when it is gone."""
        return self.other if self.session.state in RUNNING and not self.other.is_in else None

    @property
    def missing_since(self) -> datetime | None:
        return self.missing.part.last_seen_at if self.missing and self.missing.part else None

    @property
    def offer_at(self) -> datetime | None:
        """From then on the one who stayed may end because of it."""
        if self.missing is None:
            return None
        if self.missing.role == Role.MECHANIC:
            since = triggers.mechanic_lost_since(self.situation)
            return since and since + duration("mechanic_missing_offer")
        missed_at = self.missing.part.missed_at if self.missing.part else None
        return missed_at and missed_at + duration("customer_missing_offer")

    @property
    def may_end_lost(self) -> bool:
        return self.offer_at is not None and self.offer_at <= self.now

    @property
    def used_cents(self) -> int:
        return self.receipt.used_cents(self.now)

    @property
    def full_cents(self) -> int:
        """What is charged when the customer ends now."""
        return self.receipt.full_cents(self.now)

    @property
    def used_seconds(self) -> int:
        return self.receipt.used_so_far(self.now)

    # Afterwards

    @property
    def summary_due_at(self) -> datetime | None:
        """Until when the customer is promised the written summary, while it is not there."""
        return pending_summaries.due_at(self.session)

    @property
    def writes_summary(self) -> bool:
        return self.role == Role.MECHANIC and self.summary_due_at is not None

    @cached_property
    def owed(self) -> Session | None:
        """The session whose summary keeps this mechanic from accepting."""
        return pending_summaries.blocking_session(self.viewer, self.now)

    # Money

    @cached_property
    def receipt(self) -> Receipt:
        return receipt_of(self.session)

    @property
    def is_confirming(self) -> bool:
        """The card was taken, and the news of it is on its way."""
        booking = self.receipt.booking
        if booking is None or booking.state == Payment.State.FAILED or booking.decline_reason:
            return False
        return self.just_paid or booking.state == Payment.State.AUTHORISED
