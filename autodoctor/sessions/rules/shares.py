"""Who carried how much of a session that several mechanics had one after the other. Pure functions; whole seconds."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.rules import settlement


def chain(parts: Iterable[Participant]) -> list[Participant]:
    """Return those who handed the running session over, the first one first."""
    left = [(part.handed_over_at, part) for part in parts if part.handed_over_at]
    return [part for _at, part in sorted(left, key=lambda pair: pair[0])]


def carried(session: Session, parts: Iterable[Participant]) -> list[tuple[UUID, int]]:
    """Return each mechanic with the seconds of the granted time that ran with them, in order.

    The last one has what the others have not, also when they are one of these: nobody else had come.
    """
    found = [(part.user_id, part.carried_seconds) for part in chain(parts)]
    rest = max(0, settlement.used_seconds(session) - sum(seconds for _id, seconds in found))
    if found and found[-1][0] == session.mechanic_id:
        return [*found[:-1], (found[-1][0], found[-1][1] + rest)]
    return [*found, (session.mechanic_id, rest)] if session.mechanic_id else found


def of_payments(
    session: Session, parts: Iterable[Participant], payments: Iterable[Payment]
) -> dict[UUID, dict[UUID, int]]:
    """Return for each mechanic the seconds of each payment's time that ran with them, by payment.

    The time of the booking runs first, then that of each extension: who has carried an extension earns it.
    """
    bought = [payment for payment in settlement.in_order(payments) if settlement.gives_time(payment)]
    times = _one_after_another(settlement.filled_seconds(session, bought))
    stints = _one_after_another(dict(carried(session, parts)))
    return {
        mechanic: {payment: _common(stint, time) for payment, time in times.items()}
        for mechanic, stint in stints.items()
    }


def _one_after_another(seconds: Mapping[UUID, int]) -> dict[UUID, tuple[int, int]]:
    found, begin = {}, 0
    for key, length in seconds.items():
        found[key] = (begin, begin + length)
        begin += length
    return found


def _common(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
