"""Every deadline of every state: when it is due, and where it leads. Data and arithmetic; `actions` does what is due.

No row is ever set by hand: `align` derives from the session's situation which deadlines it should have now.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from autodoctor.clock.queue import arrange, pending
from autodoctor.sessions.attendance import Seat, Situation
from autodoctor.sessions.models import Session
from autodoctor.sessions.settlement import ASK_FIRST
from autodoctor.sessions.states import BEFORE_START, RUNNING, State

Due = Callable[[Situation], datetime | None]


@dataclass(frozen=True)
class Deadline:
    """One rule. `leads_to` is the state it leads to, None for a nudge, an alert or a change of the clock.

    `certain`: it is due whatever anybody does, so the state cannot last. `fixed`: counted from a moment that
    coming back into the state does not move, so no cycle of states can last either.
    """

    kind: str
    states: frozenset[State]
    due: Due
    leads_to: State | None = None
    certain: bool = False
    fixed: bool = False
    once_per: Callable[[Session], int] | None = None


def span(name: str) -> timedelta:
    return timedelta(seconds=settings.DEADLINES[name])


def _after(moment: datetime | None, name: str) -> datetime | None:
    return None if moment is None else moment + span(name)


def _in_state(name: str) -> Due:
    return lambda it: it.session.state_at + span(name)


def _since_away(seat: Seat, it: Situation, name: str) -> datetime | None:
    """Counted from the later of entering the state and the last page closing; None while a page is open."""
    if seat.page_open:
        return None
    return max(filter(None, [it.session.state_at, seat.left_at])) + span(name)


def _customer_away(name: str) -> Due:
    return lambda it: _since_away(it.customer, it, name)


def _no_show(it: Situation) -> datetime | None:
    """Only somebody whom a mechanic waits for can fail to show up."""
    return _since_away(it.customer, it, "customer_no_show") if it.mechanic.is_in else None


def _mechanic_not_in(name: str) -> Due:
    return lambda it: None if it.mechanic.is_in else it.session.state_at + span(name)


def missing_at(it: Situation, role: str) -> datetime | None:
    """When somebody who is in counts as missing; None while they are here, or owe no more time."""
    seat = it.seat(role)
    if not seat.is_in or (role == "mechanic" and _left_after_all_time(it)):
        return None
    return _after(seat.gone_since, "missing_grace")


def _missing(role: str) -> Due:
    return lambda it: missing_at(it, role)


def media_lost_since(it: Situation) -> datetime | None:
    """From when nothing arrives at one of the two, while both are in; never from before the clock was set."""
    parts = [seat.part for seat in (it.customer, it.mechanic)]
    if it.session.clock_at is None or not all(part and part.present for part in parts):
        return None
    lost = [part.receiving_at for part in parts if part and part.receiving is False and part.receiving_at]
    return max(min(lost), it.session.clock_at) if lost else None


def _media_lost(it: Situation) -> datetime | None:
    if it.session.paused_at or lenient_left(it.session) <= timedelta():
        return None
    return _after(media_lost_since(it), "media_lost")


def _noticed(role: str, name: str) -> Due:
    def due(it: Situation) -> datetime | None:
        seat = it.seat(role)
        return None if seat.is_in or seat.part is None else _after(seat.part.missed_at, name)

    return due


def _mechanic_lost(name: str) -> Due:
    """Counted while their absence is what pauses the clock, and from when it began to."""

    def due(it: Situation) -> datetime | None:
        since = mechanic_lost_since(it)
        return since + span(name) if since else None

    return due


def mechanic_lost_since(it: Situation) -> datetime | None:
    """From when the customer has been waiting for a mechanic who is gone; None while they are not."""
    missed_at = it.mechanic.part.missed_at if it.mechanic.part else None
    if it.mechanic.is_in or missed_at is None or it.session.paused_at is None or it.session.pause_cause != "mechanic":
        return None
    return max(missed_at, it.session.paused_at)


def _warning(name: str) -> Due:
    """Skipped when its moment had passed before the clock was set."""

    def due(it: Situation) -> datetime | None:
        if it.session.paused_at or it.session.ends_at is None or it.session.clock_at is None:
            return None
        moment = it.session.ends_at - span(name)
        set_at = max(filter(None, [it.session.clock_at, it.session.extended_at]))
        return moment if moment > set_at else None

    return due


def _time_up(it: Situation) -> datetime | None:
    session, left = it.session, _left_after_all_time(it)
    closes_at = None if session.paused_at else session.hold_until or session.ends_at
    return min(filter(None, [closes_at, _after(left, "missing_grace")]), default=None)


def all_time_given(session: Session, at: datetime) -> bool:
    """By then the customer had had all their time, and the end only waits for a payment."""
    stopped = min(session.paused_at or at, at)
    return session.hold_until is not None and session.ends_at is not None and session.ends_at <= stopped


def _left_after_all_time(it: Situation) -> datetime | None:
    """Since when the mechanic has been gone who owes no more time; None while they are here, or owe some."""
    gone_since = it.mechanic.gone_since if it.mechanic.is_in else None
    return gone_since if gone_since and all_time_given(it.session, gone_since) else None


def _pause_spent(it: Situation) -> datetime | None:
    session = it.session
    if session.paused_at is None or session.pause_cause == "mechanic":
        return None
    return session.paused_at + lenient_left(session)


def lenient_left(session: Session) -> timedelta:
    """How much longer a missing customer or lost media may pause the clock."""
    return max(timedelta(), span("lenient_pause") - timedelta(seconds=session.lenient_seconds_used))


def _unsummarised(name: str) -> Due:
    def due(it: Situation) -> datetime | None:
        return None if ("summary", 0) in it.fired else _after(it.session.ended_at, name)

    return due


def _unanswered(it: Situation) -> datetime | None:
    open_question = it.session.end_reason == ASK_FIRST and it.session.solved is None
    return _after(it.session.ended_at, "solved_answer") if open_question else None


def _state(session: Session) -> int:
    return session.state_seq


def _clock(session: Session) -> int:
    return session.clock_seq


def _only(*states: State) -> frozenset[State]:
    return frozenset(states)


REQUESTED, ACCEPTED, WAITING = _only(State.REQUESTED), _only(State.ACCEPTED), _only(State.WAITING)
LIVE, RECONNECTING, COMPLETED = _only(State.LIVE), _only(State.RECONNECTING), _only(State.COMPLETED)

DEADLINES: dict[str, Deadline] = {
    deadline.kind: deadline
    for deadline in (
        Deadline(
            "session.unpaid",
            _only(State.DRAFT),
            lambda it: _after(it.session.payable_until, "unpaid_grace"),
            State.CANCELLED,
            certain=True,
            fixed=True,
        ),
        Deadline("request.unnoticed", REQUESTED, _in_state("unnoticed"), once_per=_state),
        Deadline("request.offer_stop", REQUESTED, _in_state("offer_stop"), once_per=_state),
        Deadline("request.unattended", REQUESTED, lambda it: it.session.unattended_at, State.EXPIRED, certain=True),
        Deadline(
            "session.never_started",
            BEFORE_START,
            lambda it: _after(it.session.requested_at, "never_started"),
            State.EXPIRED,
            certain=True,
            fixed=True,
        ),
        Deadline("mechanic.nudge", ACCEPTED, _mechanic_not_in("mechanic_nudge"), once_per=_state),
        Deadline(
            "mechanic.absent",
            ACCEPTED,
            lambda it: None if it.mechanic.is_in else _since_away(it.mechanic, it, "mechanic_absent"),
            State.REQUESTED,
        ),
        Deadline("mechanic.not_in", ACCEPTED, _mechanic_not_in("mechanic_not_in"), State.REQUESTED),
        Deadline("customer.nudge", ACCEPTED, _customer_away("customer_nudge"), once_per=_state),
        Deadline("customer.second_nudge", ACCEPTED, _customer_away("customer_second_nudge"), once_per=_state),
        Deadline("customer.no_show", ACCEPTED, _no_show, State.EXPIRED),
        Deadline("start.sound", WAITING, _in_state("start_sound"), once_per=_state),
        Deadline("start.alert", WAITING, _in_state("start_alert"), once_per=_state),
        Deadline("start.release", WAITING, _in_state("start_release"), State.REQUESTED, certain=True),
        Deadline("mechanic.missing", ACCEPTED | WAITING | RUNNING, _missing("mechanic")),
        Deadline("customer.missing", ACCEPTED | WAITING | RUNNING, _missing("customer")),
        Deadline("media.lost", LIVE, _media_lost),
        Deadline("session.warn_first", RUNNING, _warning("warn_first"), once_per=_clock),
        Deadline("session.warn_last", RUNNING, _warning("warn_last"), once_per=_clock),
        Deadline("session.time_up", RUNNING, _time_up, State.COMPLETED),
        Deadline(
            "session.cap",
            RUNNING,
            lambda it: _after(it.session.started_at, "cap"),
            State.COMPLETED,
            certain=True,
            fixed=True,
        ),
        Deadline("clock.pause_spent", RUNNING, _pause_spent),
        Deadline("mechanic.lost_offer", RECONNECTING, _mechanic_lost("mechanic_missing_offer"), once_per=_state),
        Deadline("mechanic.lost", RECONNECTING, _mechanic_lost("mechanic_lost"), State.COMPLETED),
        Deadline("customer.lost_offer", RECONNECTING, _noticed("customer", "customer_missing_offer"), once_per=_state),
        Deadline("session.solved", COMPLETED, _unanswered),
        Deadline("summary.reminder", COMPLETED, _unsummarised("summary_reminder"), once_per=_state),
        Deadline("summary.second_reminder", COMPLETED, _unsummarised("summary_second_reminder"), once_per=_state),
        Deadline("summary.alert", COMPLETED, _unsummarised("summary_alert"), once_per=_state),
    )
}


def wanted(it: Situation) -> dict[str, datetime]:
    """Which deadlines this session should have now, and when each is due."""
    found = {}
    for deadline in DEADLINES.values():
        if it.session.state in deadline.states and not _has_fired(deadline, it):
            moment = deadline.due(it)
            if moment is not None:
                found[deadline.kind] = moment
    return found


def _has_fired(deadline: Deadline, it: Situation) -> bool:
    return deadline.once_per is not None and (deadline.kind, deadline.once_per(it.session)) in it.fired


def kept(session_ids: Iterable[UUID]) -> dict[UUID, dict[str, datetime]]:
    """The deadlines that the clock holds for these sessions."""
    found: dict[UUID, dict[str, datetime]] = {session_id: {} for session_id in session_ids}
    for job in pending(DEADLINES, [str(session_id) for session_id in found]):
        found[UUID(job.key)][job.kind] = job.due_at
    return found


def lacks(it: Situation, held: dict[str, datetime]) -> bool:
    """Whether a wanted deadline is missing or too late. One too many or too early does no harm: it does nothing."""
    return any(kind not in held or held[kind] > moment for kind, moment in wanted(it).items())


def align(it: Situation) -> int:
    """Set, move and drop clock rows until they are what the situation wants. Returns how many were set or moved."""
    want, have = wanted(it), kept([it.session.id])[it.session.id]
    changed = {kind: moment for kind, moment in want.items() if have.get(kind) != moment}
    arrange(str(it.session.id), cancelled=have.keys() - want.keys(), scheduled=changed)
    return len(changed)
