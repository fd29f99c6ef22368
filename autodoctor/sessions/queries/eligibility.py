"""Eligibility: which mechanic may accept which request."""

from datetime import datetime

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import pending_summaries
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import CLAIMED, TERMINAL, State, check


def check_claim(session: Session, mechanic: User, now: datetime) -> None:
    """Raise unless this mechanic may accept this request now. The database checks for another session."""
    if mechanic.role != Role.MECHANIC or session.customer_id == mechanic.id:
        event_log.actor(mechanic, session)  # a stranger finds nothing here
        raise Refused(
            "not_a_mechanic", _("Only an approved mechanic who is not the customer can accept this request."), 403
        )
    if session.state in CLAIMED:
        raise Refused("already_taken", _("Another mechanic has just taken this request."))
    if session.state == State.DRAFT or (session.state in TERMINAL and session.mechanic_id != mechanic.id):
        raise Session.DoesNotExist
    check(session.state, State.ACCEPTED)
    if session.participants.filter(user=mechanic, released_at__isnull=False).exists():
        raise Refused("released_before", _("You gave this request back. It goes to another mechanic."))
    if owed := pending_summaries.blocking_session(mechanic, now):
        sentence = _(
            "%(name)s is still waiting for your summary. Write the summary first, then accept the next request."
        )
        raise Refused("summary_overdue", sentence % {"name": owed.customer.name}, link=pending_summaries.page_of(owed))
