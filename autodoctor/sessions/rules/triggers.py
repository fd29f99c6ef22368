"""When the rules of a session are due: the moments they count from, each with its words. Arithmetic, no table.

`rules` puts them together with what is done, `due` derives the clock's rows from them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.sessions.models import Session
from autodoctor.sessions.record.participants import Seat, Situation
from autodoctor.sessions.rules import durations
from autodoctor.sessions.rules.settlement import ASK_FIRST
from autodoctor.sessions.states import Kind


@dataclass(frozen=True)
class Moment:
    """From when a rule counts: in words, and as found in a situation; None while its cause is not there."""

    words: Promise
    of: Callable[[Situation], datetime | None]


def span(name: str) -> timedelta:
    return timedelta(seconds=durations.seconds(name))


def _after(moment: datetime | None, name: str) -> datetime | None:
    return None if moment is None else moment + span(name)


def _since_away(seat: Seat, it: Situation) -> datetime | None:
    """The later of entering the state and the last page closing; None while a page is open."""
    if seat.page_open:
        return None
    return max(filter(None, [it.session.state_at, seat.left_at]))


def _mechanic_away(it: Situation) -> datetime | None:
    return None if it.mechanic.is_in else _since_away(it.mechanic, it)


def _no_show(it: Situation) -> datetime | None:
    """Only somebody whom a mechanic waits for can fail to show up."""
    return _since_away(it.customer, it) if it.mechanic.is_in else None


def _missing_since(it: Situation, role: str) -> datetime | None:
    seat = it.seat(role)
    if not seat.is_in or (role == "mechanic" and _left_after_all_time(it)):
        return None
    return seat.gone_since


def missing_at(it: Situation, role: str) -> datetime | None:
    """When somebody who is in counts as missing; None while they are here, or owe no more time."""
    return _after(_missing_since(it, role), "missing_grace")


def media_lost_since(it: Situation) -> datetime | None:
    """From when nothing arrives at one of the two, while both are in; never from before the clock was set."""
    parts = [seat.part for seat in (it.customer, it.mechanic)]
    if it.session.clock_at is None or not all(part and part.present for part in parts):
        return None
    lost = [part.receiving_at for part in parts if part and part.receiving is False and part.receiving_at]
    return max(min(lost), it.session.clock_at) if lost else None


def _media_lost(it: Situation) -> datetime | None:
    """That which may still stop the clock."""
    if it.session.paused_at or lenient_left(it.session) <= timedelta():
        return None
    return media_lost_since(it)


def _customer_noticed_missing(it: Situation) -> datetime | None:
    return None if it.customer.is_in or it.customer.part is None else it.customer.part.missed_at


def mechanic_lost_since(it: Situation) -> datetime | None:
    """From when the customer has been waiting for a mechanic who is gone; None while they are not."""
    missed_at = it.mechanic.part.missed_at if it.mechanic.part else None
    if it.mechanic.is_in or missed_at is None or it.session.paused_at is None or it.session.pause_cause != "mechanic":
        return None
    return max(missed_at, it.session.paused_at)


def _running_end(it: Situation) -> datetime | None:
    return None if it.session.paused_at else it.session.ends_at


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


def _unsummarised(it: Situation) -> datetime | None:
    return None if ("summary", 0) in it.fired else it.session.ended_at


def _unanswered(it: Situation) -> datetime | None:
    open_question = it.session.end_reason == ASK_FIRST and it.session.solved is None
    return it.session.ended_at if open_question else None


def _ended_early(it: Situation) -> datetime | None:
    return it.session.ended_at if it.session.end_reason == ASK_FIRST else None


def _first_queued(it: Situation) -> datetime | None:
    return it.session.requested_at if it.session.released_at is None else None


def _preflight_failing(it: Situation) -> datetime | None:
    """Somebody is not in yet whose devices have kept failing, without their having chosen to do with less."""
    if it.session.kind == Kind.CHAT:
        return None
    parts = [seat.part for seat in (it.customer, it.mechanic) if not seat.is_in]
    return min((part.failing_since for part in parts if part and part.failing_since), default=None)


def _second(fact: str) -> Callable[[Situation], datetime | None]:
    """When something happened for the second time in this session."""

    def of(it: Situation) -> datetime | None:
        moments = sorted(at for (rule, _occasion), at in it.fired.items() if rule == fact)
        return moments[1] if len(moments) > 1 else None

    return of


# Things that are counted in a session stand in its log with one of these as their rule.
DROP, DECLINE = "drop", "decline"

PAYABLE = Moment(_("the latest checkout expires"), lambda it: it.session.payable_until)
IN_STATE = Moment(_("the session came into this state"), lambda it: it.session.state_at)
QUEUED = Moment(_("the request came into the queue for the first time"), _first_queued)
PAID = Moment(_("the booking was paid"), lambda it: it.session.requested_at)
UNATTENDED = Moment(_("the moment given when it came into the queue"), lambda it: it.session.unattended_at)
MECHANIC_NOT_IN = Moment(
    _("the acceptance, while the mechanic has not joined"),
    lambda it: None if it.mechanic.is_in else it.session.state_at,
)
MECHANIC_AWAY = Moment(_("the mechanic’s last page closed, before they joined"), _mechanic_away)
CUSTOMER_AWAY = Moment(_("the customer’s last page closed"), lambda it: _since_away(it.customer, it))
NO_SHOW = Moment(_("the customer’s last page closed, while the mechanic waits"), _no_show)
PREFLIGHT_FAILING = Moment(_("somebody’s device check failed, and has since"), _preflight_failing)
MECHANIC_GONE = Moment(_("the mechanic’s last sign of life"), lambda it: _missing_since(it, "mechanic"))
CUSTOMER_GONE = Moment(_("the customer’s last sign of life"), lambda it: _missing_since(it, "customer"))
MEDIA_LOST = Moment(_("sound and picture ceased, while they may stop the clock"), _media_lost)
NO_MEDIA = Moment(_("sound and picture ceased, while both are in"), media_lost_since)
ENDS = Moment(_("the end, while the clock runs"), _running_end)
TIME_UP = Moment(_("the end, or that of the wait for a payment"), _time_up)
STARTED = Moment(_("the start"), lambda it: it.session.started_at)
PAUSE_SPENT = Moment(_("the pause of a missing customer or lost media is used up"), _pause_spent)
MECHANIC_LOST = Moment(_("the mechanic was noticed missing, and the clock stands still"), mechanic_lost_since)
CUSTOMER_LOST = Moment(_("the customer was noticed missing"), _customer_noticed_missing)
SECOND_DROP = Moment(_("somebody lost the connection for the second time"), _second(DROP))
SECOND_DECLINE = Moment(_("a card was declined for the second time"), _second(DECLINE))
UNANSWERED = Moment(_("the mechanic ended early, and the customer has not answered"), _unanswered)
ENDED_EARLY = Moment(_("the mechanic ended early"), _ended_early)
UNSUMMARISED = Moment(_("the end, while the summary is not written"), _unsummarised)
REPORTED = Moment(_("told at once by the part of the system it happens in"), lambda it: None)
