"""The only way to change a session: lock, check, change, append, align deadlines, publish.

What may be done inside is in the modules beside this one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction

from autodoctor.accounts.models import User
from autodoctor.core.acting import SYSTEM, acting_as
from autodoctor.core.logs import bound
from autodoctor.core.raw_sql import rows
from autodoctor.sessions.models import Session
from autodoctor.sessions.notify import push
from autodoctor.sessions.record import event_log, participants
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import durations, schedule

# The columns of a session: an action writes only those that it changed.
COLUMNS = [field.attname for field in Session._meta.concrete_fields]


@contextmanager
def session_transaction(session_id: UUID, now: datetime) -> Iterator[SessionState]:
    """Lock the session. On exit, save it, align its deadlines, and publish the appended events.

    Who acts must be able to lock it; what follows from what they do, for others too, is done for the system.
    """
    durations.refresh_if_stale()
    with bound(session_id=str(session_id)), transaction.atomic():
        session = lock_session(session_id)
        with acting_as(SYSTEM):
            state = participants.load_state(session, now)
            before = vars(session).copy()
            yield state
            session.save(update_fields=[name for name in COLUMNS if vars(session)[name] != before[name]])
            schedule.align_deadlines(state)
            push.push_new_events(state, now)
            event_log.announce_events(session)


def lock_session(session_id: UUID) -> Session:
    """Return the session with its people, locked until the caller's transaction ends. Raises `Session.DoesNotExist`."""
    for session in rows(Session, "id = %s", session_id, lock=True):
        people = {user.id: user for user in rows(User, "id IN (%s)", participants.party_ids(session))}
        session.customer = people[session.customer_id]
        session.mechanic = people[session.mechanic_id] if session.mechanic_id else None
        return session
    raise Session.DoesNotExist
