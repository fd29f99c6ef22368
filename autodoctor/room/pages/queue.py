"""A request in the queue, for its customer and for a mechanic who can accept it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import attrgetter, itemgetter

from autodoctor.accounts.models import Role
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import eligibility, fit, pending_summaries, request_queue
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

    @cached_property
    def needs(self) -> list[str]:
        """Return the makes and systems that the request is about: who knows one of them sees it first."""
        return fit.needed_skills(self.session)

    @property
    def sent_back(self) -> bool:
        """Return whether the customer has asked for another mechanic than the last one."""
        before = self.view.situation.released
        return bool(before) and max(before, key=attrgetter("released_at")).released_by == Role.CUSTOMER

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
        moments = {
            "asked": since,
            "support": since + duration("unnoticed"),
            "offer": since + duration("offer_stop"),
            "end": ends_at or since + duration("unattended"),
        }
        if self.session.is_private and self.session.private_until:
            moments["end" if self.session.asked_only else "opens"] = self.session.private_until
        end = moments["end"]
        return dict(sorted(((name, at) for name, at in moments.items() if at <= end), key=itemgetter(1)))

    def _never_started_at(self) -> datetime | None:
        return self.session.requested_at and self.session.requested_at + duration("never_started")


class OfferPanel(Panel):
    @cached_property
    def obstacle(self) -> Obstacle | None:
        """Return why this mechanic cannot accept the request."""
        return eligibility.why_not_eligible(self.session, self.view.viewer, self.view.now)

    @cached_property
    def fits(self) -> list[str]:
        """Return the makes and systems that the request is about and this mechanic knows."""
        return fit.shared_skills([self.session], self.view.viewer)[self.session.id]

    @cached_property
    def blocking_session(self) -> Session | None:
        """Return the session whose summary keeps this mechanic from accepting."""
        return pending_summaries.blocking_session(self.view.viewer, self.view.now)
