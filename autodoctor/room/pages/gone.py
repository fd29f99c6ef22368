"""What a mechanic reads who has no part in a session: somebody else was faster, or it was theirs before."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.left_words import has_handed_over, why_left
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import OFFERED, RUNNING, State


def gone_from(user: User, session_id: UUID) -> "Gone | None":
    """Return what became of a request that this mechanic could have accepted, or of a session that was theirs; None if
    there is a page to show.

    Mechanics come here from a push message or a mail, after somebody else was faster, and by loading their page anew.
    """
    session = Session.objects.filter(pk=session_id, requested_at__isnull=False).exclude(state__in=OFFERED).first()
    if (
        session is None
        or session.is_hidden_from(user)
        or user.role != Role.MECHANIC
        or event_log.role_in(user, session)
    ):
        return None
    return Gone(session, session.participants.filter(user=user, released_at__isnull=False).first())


@dataclass(frozen=True)
class Gone:
    session: Session
    own: Participant | None  # of the mechanic who reads it, if they had it or passed

    @cached_property
    def carried_until(self) -> datetime | None:
        """Return when this mechanic left the running session; None if nothing of it ran with them."""
        return self.own.handed_over_at if self.own and self.own.carried_seconds else None

    @property
    def is_over(self) -> bool:
        return self.session.state not in RUNNING

    @property
    def heading(self) -> str:
        if self.own is None or self.own.handed_over_at is None:
            return _("This request is gone")
        if has_handed_over(self.own):
            return _("You handed this session over")
        return _("This session went on without you") if self.is_over else _("This session goes on without you")

    @property
    def why(self) -> str:
        """Return why this mechanic has it no more, unless the heading says so."""
        return why_left(self.own) if self.own and not has_handed_over(self.own) else ""

    @property
    def since(self) -> str:
        """Return what became of it."""
        if self.session.handed_over:
            return self._of_running()
        if self.session.mechanic_id:
            return _("Another mechanic has taken it.")
        if self.session.state == State.CANCELLED:
            return _("It was called off.")
        return _("It ended without a mechanic.")

    def _of_running(self) -> str:
        if not self.is_over:
            return _("Another mechanic goes on with it.")
        is_unfinished = self.session.search_at is not None  # nobody has joined since the last one left
        if is_unfinished and not (self.own and self.own.handed_over_at):
            return _("It ended before another mechanic took over.")
        return _("Another mechanic went on with it, and it is over.")
