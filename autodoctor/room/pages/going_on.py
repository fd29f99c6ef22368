"""A running session between two mechanics: the search, whoever takes over, and what the one before noted."""

from datetime import datetime
from functools import cached_property

from autodoctor.accounts.models import Role
from autodoctor.room.pages.viewing import CANDIDATE, Panel
from autodoctor.sessions.left_words import has_handed_over, why_left
from autodoctor.sessions.lifecycle import substitutes
from autodoctor.sessions.models import Participant
from autodoctor.sessions.queries.substitutes import GoesOn, going_on, search_ends_at, seconds_left
from autodoctor.sessions.rules import shares
from autodoctor.sessions.states import State


class GoingOnPanel(Panel):
    @property
    def is_searching(self) -> bool:
        return self.session.state == State.HANDING_OVER

    @property
    def search_ends_at(self) -> datetime | None:
        return search_ends_at(self.session)

    @property
    def is_taken_over(self) -> bool:
        """Return whether another mechanic took over and has not joined yet."""
        return self.view.is_taken_over

    @property
    def was_handed_over(self) -> bool:
        """Return whether somebody else had the running session before its mechanic."""
        return self.session.handed_over

    @property
    def seconds_left(self) -> int:
        return seconds_left(self.session, self.view.now)

    @cached_property
    def rest(self) -> GoesOn | None:
        """Return what whoever takes over gets; None unless another mechanic is looked for."""
        return going_on([self.session], self.view.now).get(self.session.id)

    @property
    def note(self) -> str:
        """Return what the mechanic before noted, for the next one and for support."""
        is_own = self.view.is_over and self.session.search_at is not None  # nobody took over: its writer has it again
        return "" if is_own or self.view.role in {Role.CUSTOMER, CANDIDATE} else self.session.handover_note

    @cached_property
    def left(self) -> Participant | None:
        """Return the part of this mechanic, who had it before or passed; None for everybody else."""
        own = [part for part in self.view.situation.released if part.user_id == self.view.viewer.id]
        return own[-1] if own else None

    @property
    def handed_it_over(self) -> bool:
        return self.left is not None and has_handed_over(self.left)

    @property
    def why_left(self) -> str:
        """Return why this mechanic has it no more, unless the heading says so."""
        return why_left(self.left) if self.left and not self.handed_it_over else ""

    @property
    def had_it_last(self) -> bool:
        """Return whether this mechanic has the session again, for its summary, if nobody takes over."""
        chain = shares.chain(self.view.situation.released)
        return bool(chain) and chain[-1].user_id == self.view.viewer.id

    @property
    def may_ask(self) -> bool:
        """Return whether this customer may ask for another mechanic now."""
        return self.view.role == Role.CUSTOMER and substitutes.is_offered(self.view.situation, self.view.now)

    @property
    def may_leave(self) -> bool:
        """Return whether this mechanic can hand the session over: enough time is left."""
        return self.view.role == Role.MECHANIC and self.seconds_left >= substitutes.TOO_SHORT_SECONDS

    @property
    def longest_note(self) -> int:
        return substitutes.LONGEST_NOTE
