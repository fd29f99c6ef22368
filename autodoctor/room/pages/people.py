"""The participants: presence, device checks and ratings."""

from functools import cached_property
from typing import NamedTuple

from autodoctor.accounts.models import User
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions.event_data import PreflightData
from autodoctor.sessions.lifecycle import preflight
from autodoctor.sessions.queries import fit, ratings
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.states import BEFORE_START


class Seat(NamedTuple):
    """A participant; `checkup` is the last report of their device check."""

    state: ParticipantState
    person: User | None
    checkup: PreflightData | None


class PeoplePanel(Panel):
    @property
    def seats(self) -> list[Seat]:
        situation, checkups = self.view.situation, preflight.checkups(self.session)
        sides = ((situation.customer, self.session.customer), (situation.mechanic, self.session.mechanic))
        return [Seat(state, person, checkups.get(state.role)) for state, person in sides]

    @cached_property
    def fits(self) -> list[str]:
        """Return the makes and systems that the session is about and its mechanic knows, until it starts."""
        mechanic = self.session.mechanic
        if mechanic is None or self.session.state not in BEFORE_START:
            return []
        return fit.shared_skills([self.session], mechanic)[self.session.id]

    @cached_property
    def mechanic_rating(self) -> ratings.RatingAverage:
        mechanic = self.session.mechanic
        return ratings.rating_average(mechanic) if mechanic else ratings.NOT_RATED
