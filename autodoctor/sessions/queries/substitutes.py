"""Running sessions that need another mechanic: what is left of them, and who had them before."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from autodoctor.core import acting
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import EndReason, State


@dataclass(frozen=True)
class GoesOn:
    """What a mechanic who takes a running session over gets: the time that is left, what it earns, the note."""

    seconds_left: int
    earns_cents: int
    note: str
    until: datetime  # nobody took over by then: the session ends


def seconds_left(session: Session, now: datetime) -> int:
    """Return the whole seconds that are left on the clock."""
    if session.ends_at is None:
        return 0
    return max(0, int((session.ends_at - (session.paused_at or now)).total_seconds()))


def search_ends_at(session: Session) -> datetime | None:
    """Return when the search for another mechanic ends; None while nobody is looked for."""
    return session.search_at and session.search_at + duration("handing_over")


@acting.system
def going_on(sessions: Iterable[Session], now: datetime) -> dict[UUID, GoesOn]:
    """Return what is left of those sessions that need another mechanic, by their id."""
    wanted = {session.id: session for session in sessions if session.state == State.HANDING_OVER}
    payments: dict[UUID, list[Payment]] = {id_: [] for id_ in wanted}
    for payment in Payment.objects.filter(owner_id__in=wanted) if wanted else ():
        payments[payment.owner_id].append(payment)
    return {
        id_: GoesOn(
            seconds_left(session, now),
            _earns(session, payments[id_], now),
            session.handover_note,
            search_ends_at(session) or now,
        )
        for id_, session in wanted.items()
    }


def who_handed_over(session_id: UUID) -> list[Participant]:
    """Return those who had the running session before, the first one first."""
    return handed_over([session_id]).get(session_id, [])


def handed_over(session_ids: Iterable[UUID]) -> dict[UUID, list[Participant]]:
    """Return those who had each running session before, the first one first, in one query."""
    found: dict[UUID, list[Participant]] = defaultdict(list)
    wanted = list(session_ids)
    parts = Participant.objects.filter(session__in=wanted, handed_over_at__isnull=False)
    if not wanted:
        return found
    for part in parts.select_related("user").order_by("handed_over_at"):
        found[part.session_id].append(part)
    return found


def _earns(session: Session, payments: list[Payment], now: datetime) -> int:
    """Return the mechanic's share of what the rest of the time costs, in cents."""
    bought = [payment for payment in payments if settlement.gives_time(payment)]
    whole = settlement.amounts_due_if(session, bought, end_reason=EndReason.TIME_UP, ended_at=now)
    used = settlement.amounts_due_if(session, bought, end_reason=EndReason.MECHANIC_LOST, ended_at=now)
    return settlement.mechanic_share_cents(whole - used)
