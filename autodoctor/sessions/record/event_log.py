"""The event log: the only place that numbers and writes events, except `room/messages/writer.py`, which follows the
same rules.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import timezone

from autodoctor.accounts.models import Role, User
from autodoctor.core import acting
from autodoctor.core.batches import put_off
from autodoctor.core.raw_sql import rows, values
from autodoctor.sessions.event_data import EventData
from autodoctor.sessions.models import Session, SessionEvent, stamp
from autodoctor.sessions.record import alerts
from autodoctor.sessions.states import EventKind

# Sent after commit with `session_id`, `seq` and `events`, the fresh rows. A hint: the rows are the truth.
committed = Signal()

Audience = SessionEvent.Audience


@dataclass(frozen=True)
class Actor:
    """Who caused an event, as the log stores it. A later change of name does not change history."""

    id: UUID
    role: str
    name: str


def actor(user: User, session: Session) -> Actor:
    """Return this person with their role in the session. Raises `Session.DoesNotExist` for a stranger."""
    role = role_in(user, session)
    if role is None:
        raise Session.DoesNotExist
    return Actor(user.id, role, user.name)


def role_in(user: User, session: Session) -> str | None:
    """Return `customer`, `mechanic` or `support`; None for a stranger."""
    if user.id == session.customer_id:
        return Role.CUSTOMER.value
    if user.id == session.mechanic_id:
        return Role.MECHANIC.value
    return Role.SUPPORT.value if user.is_staff else None


def append_event(
    session: Session,
    kind: EventKind,
    *,
    at: datetime,
    by: Actor | None = None,
    audience: Audience = Audience.BOTH,
    data: EventData | None = None,
    client_id: UUID | None = None,
    rule: str | None = None,
    occasion: int | None = None,
) -> SessionEvent:
    """Write the next event. The caller holds the session's lock and saves it."""
    session.seq += 1
    facts = EventData() if data is None else data.copy()
    if kind.carries_session:
        facts["session"] = session.payload()
    event = SessionEvent(
        session=session,
        seq=session.seq,
        kind=kind,
        at=at,
        audience=audience,
        actor_id=by.id if by else None,
        actor_role=by.role if by else "",
        actor_name=by.name if by else "",
        client_id=client_id,
        rule=rule,
        occasion=occasion,
        data=facts,
    )
    _insert(event)
    session.changed_seq, session.changed_at = session.seq, timezone.now()  # `at` may be long past
    if kind is EventKind.ALERT_SUPPORT:
        alerts.raise_alert(event)
    session.fresh_events.append(event)
    return event


@put_off
def _insert(events: list[SessionEvent]) -> None:
    SessionEvent.objects.bulk_create(events)


def announce_events(session: Session) -> None:
    """Poke listeners after this transaction has committed."""
    events, session.fresh_events = session.fresh_events, []
    if events:
        transaction.on_commit(
            lambda: committed.send(Session, session_id=session.id, seq=events[-1].seq, events=events), robust=True
        )


def audiences(viewer: str) -> list[str]:
    """Return the audiences that this role can read."""
    if viewer == Role.SUPPORT:
        return list(Audience.values)
    return [Audience.BOTH.value, viewer]


def read_events(session_id: UUID, *, after: int, viewer: str, limit: int = 500) -> list[SessionEvent]:
    """Return the events after `after` that this role can read, in order, at most `limit` rows."""
    return list(readable_events(session_id, viewer=viewer).filter(seq__gt=after).order_by("seq")[:limit])


def read_last_events(session_id: UUID, *, viewer: str, kinds: Collection[str], limit: int) -> list[SessionEvent]:
    """Return the last events of these kinds that this role can read, in order, at most `limit` rows."""
    condition = "session_id = %s AND audience IN (%s) AND kind IN (%s) ORDER BY seq DESC LIMIT %s"
    return rows(SessionEvent, condition, session_id, audiences(viewer), sorted(kinds), limit)[::-1]


def readable_events(session_id: UUID, *, viewer: str) -> "QuerySet[SessionEvent]":
    """Return the events that this role can read, in no order."""
    return SessionEvent.objects.filter(session_id=session_id, audience__in=audiences(viewer))


def as_frame(event: SessionEvent) -> dict[str, Any]:
    """Return the event as the socket and the API carry it."""
    by = {"id": str(event.actor_id), "role": event.actor_role, "name": event.actor_name} if event.actor_id else None
    return {
        "type": "event",
        "seq": event.seq,
        "kind": event.kind,
        "at": stamp(event.at),
        "by": by,
        "client_id": event.client_id and str(event.client_id),
        "data": event.data,
    }


def withdraw_participant(session: Session, role: str) -> None:
    """Change the audience of this role's private events to support, because the next person in the role is another."""
    SessionEvent.objects.filter(session=session, audience=role).update(audience=Audience.SUPPORT)


Fired = dict[tuple[str, int], datetime]


@acting.system
def fired_rules(session_ids: Iterable[UUID]) -> dict[UUID, Fired]:
    """Return which rules have fired on which occasion, and when, by session."""
    found: dict[UUID, Fired] = {}
    columns, condition = "session_id, rule, occasion, at", "session_id IN (%s) AND rule IS NOT NULL"
    for session_id, rule, occasion, at in values(SessionEvent, columns, condition, list(session_ids)):
        found.setdefault(UUID(str(session_id)), {})[rule, occasion or 0] = _aware(at)
    return found


def _aware(moment: datetime) -> datetime:
    """Add UTC to a time from a database without time zones."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
