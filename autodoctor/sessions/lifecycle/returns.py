"""Many people come back at once, as after the death of a server: one transaction for all of them.

Only for those whose return changes nothing but that they are here: who is in, was not missed, and whose deadlines
stand. Everybody else joins alone (`transitions.join_session`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from autodoctor.core.raw_sql import rows
from autodoctor.sessions.models import Connection, Participant, Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.record.participants import ParticipantState, SessionState
from autodoctor.sessions.rules import durations, schedule, triggers
from autodoctor.sessions.states import ATTENDED


class JoiningPage(NamedTuple):
    """An open page of a person that wants to join."""

    connection_id: UUID
    session_id: UUID
    user_id: UUID


def counted(pages: Iterable[JoiningPage], now: datetime) -> set[UUID]:
    """Return the connections that still count: their process is not taken for dead, and their page has no newer one. A
    process may get to what it was asked when the page is back elsewhere for long.
    """
    newer = Connection.objects.filter(
        session=OuterRef("session"), user=OuterRef("user"), page=OuterRef("page"), attempt__gt=OuterRef("attempt")
    )
    asked = Connection.objects.filter(pk__in=[page.connection_id for page in pages], process__expires_at__gt=now)
    return set(asked.exclude(Exists(newer.exclude(page=""))).values_list("pk", flat=True))


def join_again(pages: Iterable[JoiningPage], now: datetime) -> dict[JoiningPage, int]:
    """Let those pages join that can join together; returns how often the person of each has joined.

    Sessions that another transaction has locked are left out, so that nobody waits for them.
    """
    wanted: dict[UUID, list[JoiningPage]] = {}
    for page in pages:
        wanted.setdefault(page.session_id, []).append(page)
    durations.refresh_if_stale()
    with transaction.atomic():
        locked = rows(Session, "id IN (%s) ORDER BY id", list(wanted), lock=True, skip_locked=True)
        held = schedule.scheduled_deadlines(session.id for session in locked)
        found: dict[JoiningPage, ParticipantState] = {}
        for session_id, state in participants.load_states(locked, now).items():
            seats = _seats(state, wanted[session_id], now)
            if not schedule.differs(state, held[session_id]):
                found |= seats
        return _store(found, now)


def _seats(state: SessionState, pages: list[JoiningPage], now: datetime) -> dict[JoiningPage, ParticipantState]:
    """Return the seats of those who are in, and note in the state that they have a page again."""
    if state.session.state not in ATTENDED:
        return {}
    found = {}
    for seat in (state.customer, state.mechanic):
        mine = [page for page in pages if seat.part and page.user_id == seat.part.user_id]
        missing_at = triggers.missing_at(state, seat.role)
        if seat.part and mine and seat.part.present and (missing_at is None or missing_at > now):
            found[mine[0]] = seat
    for seat in found.values():
        seat.joined_page = seat.page_open = True
    return found


def _store(found: dict[JoiningPage, ParticipantState], now: datetime) -> dict[JoiningPage, int]:
    parts = {page: seat.part for page, seat in found.items() if seat.part}
    if parts:
        moved = Participant.objects.filter(pk__in=[part.pk for part in parts.values()])
        moved.update(joins=F("joins") + 1, last_seen_at=now, missed_at=None)
        Connection.objects.filter(pk__in=[page.connection_id for page in parts]).update(joined=True)
    return {page: part.joins + 1 for page, part in parts.items()}
