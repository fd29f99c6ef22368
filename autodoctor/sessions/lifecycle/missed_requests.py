"""Missed requests: count them per mechanic, tell the mechanic, and turn "taking sessions" off.

A mechanic misses a request that was in their queue for its first three minutes (`request_missed`) while they were
taking sessions and free, and that they did not accept. A mechanic's own request is never in their queue, nor is any
request while a summary of theirs is overdue. The count is stored with the mechanic. Accepting a request or turning
"taking sessions" on resets it.
"""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.models import MechanicProfile
from autodoctor.mail.queue import queue_mail
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.notify import mail
from autodoctor.sessions.queries import pending_summaries
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.states import CLAIMED

MISSES_BEFORE_SWITCH_OFF = 3  # requests missed before a mechanic is switched off
LATEST = timedelta(minutes=6)  # counted later than by the next sweep, the platform was down: nobody could accept


def count_missed_request(state: SessionState, at: datetime, now: datetime) -> None:
    """Count this missed request for its mechanics. After too many, turn "taking sessions" off and send a mail."""
    since = state.session.requested_at or at
    missed = (
        [] if now > at + LATEST else list(mechanics_free_since(state.session, since).values_list("user_id", flat=True))
    )
    switched_off = accounts.count_misses(mechanics=missed, most=MISSES_BEFORE_SWITCH_OFF, now=at)
    for mechanic in switched_off:
        queue_mail(
            "sessions/mail/switched_off", to=mechanic, context={}, key=f"{state.session.id}:{mechanic.id}:off", now=at
        )
    off = [str(mechanic.id) for mechanic in switched_off]
    data = {"missed": [str(user_id) for user_id in missed], "switched_off": off, "concerns": off}
    mail.notify_rule_fired(state, "request.missed", at=at, data=data)


def mechanics_free_since(session: Session, since: datetime) -> "QuerySet[MechanicProfile]":
    """Return the mechanics who were taking sessions and free since then, and who may accept this request."""
    working = (
        Q(session__state__in=CLAIMED, released_at=None) | Q(session__ended_at__gt=since) | Q(released_at__gt=since)
    )
    busy = Participant.objects.filter(working, role="mechanic").values("user_id")
    owing = pending_summaries.blocked_mechanics(since).values("mechanic_id")
    taking = MechanicProfile.objects.filter(
        state=MechanicProfile.State.APPROVED, taking_sessions=True, user__is_active=True
    )
    return taking.filter(Q(taking_since=None) | Q(taking_since__lte=since)).exclude(
        Q(user_id__in=busy) | Q(user_id__in=owing) | Q(user_id=session.customer_id)
    )
