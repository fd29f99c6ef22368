"""A request in the queue, for its customer and for a mechanic who can accept it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import eligibility, pending_summaries, request_queue
from autodoctor.sessions.queries.eligibility import Obstacle
from autodoctor.sessions.rules.triggers import duration


@dataclass(frozen=True)
class Step:
    """An announced step if no mechanic accepts, `seconds` after the request was made."""

    name: str
    at: datetime
    seconds: int
    current: bool


class WaitingPanel(Panel):
    @cached_property
    def place(self) -> int:
        return request_queue.queue_position(self.session.id) or 1

    @property
    def is_long(self) -> bool:
        return self.session.state_at + duration("offer_stop") <= self.view.now

    @property
    def steps(self) -> list[Step]:
        since, moments = self.session.state_at, self._moments()
        reached = [name for name, at in moments.items() if at <= self.view.now]
        return [
            Step(name, at, round((at - since).total_seconds()), current=reached[-1:] == [name])
            for name, at in moments.items()
        ]

    def _moments(self) -> dict[str, datetime]:
        since = self.session.state_at
        ends_at = min(filter(None, [self.session.unattended_at, self._never_started_at()]), default=None)
        return {
            "asked": since,
            "support": since + duration("unnoticed"),
            "offer": since + duration("offer_stop"),
            "end": ends_at or since + duration("unattended"),
        }

    def _never_started_at(self) -> datetime | None:
        return self.session.requested_at and self.session.requested_at + duration("never_started")


class OfferPanel(Panel):
    @cached_property
    def obstacle(self) -> Obstacle | None:
        """Return why this mechanic cannot accept the request."""
        return eligibility.why_not_eligible(self.session, self.view.viewer, self.view.now)

    @cached_property
    def blocking_session(self) -> Session | None:
        """Return the session whose summary keeps this mechanic from accepting."""
        return pending_summaries.blocking_session(self.view.viewer, self.view.now)
