"""Missed requests: count them per mechanic, tell the mechanic, and turn "taking sessions" off.

A mechanic misses a request that was in their queue for its first three minutes (`request_missed`) while they were
taking sessions and free, and that they did not accept. A mechanic's own request is never in their queue, nor is any
request while a summary of theirs is overdue. The count is stored with the mechanic. Accepting a request or turning
"taking sessions" on resets it.
"""

from datetime import datetime, timedelta

from autodoctor.accounts import actions as accounts
from autodoctor.mail.queue import queue_mail
from autodoctor.sessions.event_data import MissedData
from autodoctor.sessions.notify import mail
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.record.participants import SessionState

MISSES_BEFORE_SWITCH_OFF = 3  # requests missed before a mechanic is switched off
LATEST = timedelta(minutes=6)  # counted after the next sweep: the platform was down, and no mechanic could accept


def count_missed_request(state: SessionState, at: datetime, now: datetime) -> None:
    """Count this missed request for its mechanics. After too many, turn "taking sessions" off and send a mail."""
    since = state.session.opened_at or state.session.requested_at or at
    free = eligibility.eligible_mechanics(state.session, at, free_since=since)
    missed = [] if now > at + LATEST else list(free.values_list("id", flat=True))
    switched_off = accounts.count_misses(mechanics=missed, most=MISSES_BEFORE_SWITCH_OFF, now=at)
    for mechanic in switched_off:
        queue_mail(
            "sessions/mail/switched_off",
            to=mechanic,
            context={},
            key=f"{state.session.id}:{mechanic.id}:off",
            now=at,
            session_id=state.session.id,
        )
    off = [str(mechanic.id) for mechanic in switched_off]
    data = MissedData(missed=[str(user_id) for user_id in missed], switched_off=off, concerns=off)
    mail.notify_rule_fired(state, "request.missed", at=at, data=data)
