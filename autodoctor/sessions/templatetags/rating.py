"""Stars: the rating of a session for one viewer, and a mechanic's average."""

from dataclasses import dataclass
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.lifecycle.rating import version
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import ratings
from autodoctor.sessions.record.event_log import role_in

register = template.Library()

WORDS = {1: _("Bad"), 2: _("Poor"), 3: _("Fair"), 4: _("Good"), 5: _("Excellent")}
GOOD = 4  # stars


@dataclass(frozen=True)
class RatingOf:
    """The rating of one session, as `parts/rating.html` shows it."""

    session: Session
    is_customer: bool
    is_open: bool

    @property
    def may_give(self) -> bool:
        return self.is_customer and self.is_open

    @property
    def given(self) -> bool:
        return self.session.stars is not None

    @property
    def leads_on(self) -> bool:
        """Return whether the customer liked the mechanic, who still works here: they may ask for them again."""
        is_good = self.is_customer and (self.session.stars or 0) >= GOOD
        return is_good and bool(self.session.mechanic and self.session.mechanic.is_mechanic)

    @property
    def version(self) -> str:
        return version(self.session)

    @property
    def closes_at(self) -> datetime | None:
        return self.session.ended_at and self.session.ended_at + ratings.OPEN_FOR

    @property
    def choices(self) -> list[tuple[int, object]]:
        return list(WORDS.items())


@register.simple_tag
def rating_of(session: Session, viewer: User) -> RatingOf:
    return RatingOf(session, role_in(viewer, session) == Role.CUSTOMER, ratings.is_open(session, timezone.now()))


@register.filter
def star_word(stars: int) -> object:
    return WORDS[stars]


@register.filter
def star_slots(stars: float) -> list[bool]:
    """Return five slots, the first ones filled."""
    return [place <= round(stars) for place in range(1, ratings.MOST_STARS + 1)]
