"""The running session: the clock, and the options of a participant whose other side is missing."""

from datetime import datetime
from functools import cached_property

from autodoctor.accounts.models import Role
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions import lost_time
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.rules import settlement, triggers
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import RUNNING


class ClockPanel(Panel):
    @cached_property
    def seconds_left(self) -> int:
        session = self.session
        if session.ends_at is None:
            return session.granted_seconds
        left = session.ends_at - (session.paused_at or session.ended_at or self.view.now)
        return max(0, round(left.total_seconds()))

    @property
    def level(self) -> str:
        """Return the look of the clock: paused, warn, last; empty for the normal one."""
        if self.session.paused_at:
            return "paused"
        if self.session.state not in RUNNING or self.seconds_left > duration("warn_first").total_seconds():
            return ""
        return "last" if self.seconds_left <= duration("warn_last").total_seconds() else "warn"

    @property
    def waits_for_payment(self) -> bool:
        """Return whether the time is up and the end waits for the payment of an extension."""
        hold, ends_at = self.session.hold_until, self.session.ends_at
        is_up = ends_at is not None and ends_at <= self.view.now
        return self.session.state in RUNNING and hold is not None and is_up

    @property
    def lost_time(self) -> str:
        """Return the time that the session has lost, in words; empty if nothing was lost."""
        return lost_time.words(self.session, self.view.role)

    @property
    def lenient_seconds(self) -> float:
        """Return how long the customer's absences may pause the clock in a whole session, in seconds."""
        return duration("lenient_pause").total_seconds()


class AbsencePanel(Panel):
    @property
    def missing(self) -> ParticipantState | None:
        """Return the missing participant."""
        is_gone = self.session.state in RUNNING and not self.view.other.is_in
        return self.view.other if is_gone else None

    @property
    def since(self) -> datetime | None:
        return self.missing.part.last_seen_at if self.missing and self.missing.part else None

    @property
    def offer_at(self) -> datetime | None:
        """Return from when on the remaining participant may end the session."""
        if self.missing is None:
            return None
        if self.missing.role == Role.MECHANIC:
            return triggers.used_share_from(self.view.situation)
        missed_at = self.missing.part.missed_at if self.missing.part else None
        return missed_at and missed_at + duration("customer_missing_offer")

    @property
    def ends_at(self) -> datetime | None:
        """Return when the session ends by itself because the mechanic is not back."""
        lost_at = triggers.mechanic_lost_since(self.view.situation)
        return lost_at and lost_at + duration("mechanic_lost")

    @property
    def offers_used_share(self) -> bool:
        """Return whether the mechanic is back, and the customer may still end and pay the used share."""
        stands = settlement.has_used_share_offer(self.session) and self.session.state in RUNNING
        return self.view.role == Role.CUSTOMER and stands and self.missing is None

    @property
    def may_end(self) -> bool:
        return self.offer_at is not None and self.offer_at <= self.view.now
