"""The only way to change a session: lock, check, change, append, align deadlines, publish.

What may be done inside is in the modules beside this one.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from autodoctor.core.acting import SYSTEM, acting_as
from autodoctor.core.batches import Batch, CannotUndo, batch, put_off
from autodoctor.core.logs import bound
from autodoctor.core.raw_sql import rows, update_rows
from autodoctor.sessions.models import Session
from autodoctor.sessions.notify import push
from autodoctor.sessions.record import event_log, participants
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import durations, schedule

logger = logging.getLogger(__name__)

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
            _save((session, _changed(session, before)))
            schedule.align_deadlines(state, schedule.scheduled_deadlines([session_id])[session_id])
            _publish(state, now)


def change_together(session_ids: Collection[UUID], change: Callable[[SessionState], None], now: datetime) -> set[UUID]:
    """Make a change to many sessions in one transaction, with what follows from it for each: all of it or nothing.

    Part of the caller's transaction, which a failure undoes, too.
    Returns those that were changed. Those that others have locked, that are gone, or whose change failed are as before.
    """
    durations.refresh_if_stale()
    with transaction.atomic(savepoint=False), acting_as(SYSTEM):
        sessions = lock_sessions(session_ids, skip_locked=True)
        ids = [session.id for session in sessions]
        states, scheduled = participants.load_states(sessions, now), schedule.scheduled_deadlines(ids)
        before = {session.id: vars(session).copy() for session in sessions}
        with batch(ids) as members:
            changed = [state for state in states.values() if _has_changed(members, change, state)]
            for session in [state.session for state in changed]:
                _save((session, _changed(session, before[session.id])))
            for state in changed:
                schedule.align_deadlines(state, scheduled[state.session.id])
                _publish(state, now)
        return {state.session.id for state in changed}


def _has_changed(members: Batch, change: Callable[[SessionState], None], state: SessionState) -> bool:
    """Make the change. Raises `CannotUndo` if it failed and did more than can be dropped."""
    with bound(session_id=str(state.session.id)):
        try:
            with members.member():
                change(state)
        except CannotUndo:
            raise
        except Exception:
            logger.warning("A session could not be changed with others")
            return False
    return True


def _changed(session: Session, before: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in COLUMNS if vars(session)[name] != before[name])


@put_off
def _save(changes: list[tuple[Session, tuple[str, ...]]]) -> None:
    """Write the changed columns."""
    alike: dict[tuple[str, ...], list[Session]] = {}
    for session, columns in changes:
        alike.setdefault(columns, []).append(session)
    for columns, sessions in alike.items():
        if columns:
            update_rows(sessions, columns)


def _publish(state: SessionState, now: datetime) -> None:
    push.push_new_events(state, now)
    event_log.announce_events(state.session)


def lock_session(session_id: UUID) -> Session:
    """Return the session with its people, locked until the caller's transaction ends. Raises `Session.DoesNotExist`."""
    for session in lock_sessions([session_id]):
        return session
    raise Session.DoesNotExist


def lock_sessions(session_ids: Collection[UUID], *, skip_locked: bool = False) -> list[Session]:
    """Return these sessions with their people, locked in one order. `skip_locked`: without those that others lock."""
    found = rows(Session, "id IN (%s) ORDER BY id", list(session_ids), lock=True, skip_locked=skip_locked)
    participants.seat_people(found)
    return found
