"""Every rule of a session: when it is due, for whom, and what it does. One table, no code beside it.

`triggers` defines the moments, `durations` the waits, `jobs` runs the actions, `notify` sends the words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import triggers
from autodoctor.sessions.rules.triggers import Trigger, duration
from autodoctor.sessions.states import BEFORE_START, RUNNING, EndReason, State

Audience = SessionEvent.Audience


class Channel(StrEnum):
    PAGE = "page"  # an event that open pages show
    MAIL = "mail"
    DESK = "desk"  # support's board


@dataclass(frozen=True)
class Tell:
    """Append an event of this kind, and mail this template to its audience."""

    kind: str
    audience: str
    channels: tuple[Channel, ...]
    mail: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CancelUnstarted:
    """End the session without taking place."""

    state: State
    reason: EndReason


@dataclass(frozen=True)
class ReleaseMechanic:
    """Release the mechanic and return the request to the queue."""

    reason: str


@dataclass(frozen=True)
class CompleteSession:
    """Complete the session."""

    reason: EndReason


@dataclass(frozen=True)
class Step:
    """A special action, found in `STEPS` of the handlers by the rule's name."""


Action = Tell | CancelUnstarted | ReleaseMechanic | CompleteSession | Step


@dataclass(frozen=True)
class Rule:
    """One row. `time` names the wait after `since` (`ahead`: before it); "" means at that moment.

    `leads_to` is the state it leads to, None for a nudge, an alert or a change of the clock. `certain`: the rule is due
    whatever anybody does, so the state cannot last. `fixed`: counted from a moment that entering the state again does
    not move, so no cycle of states can last. `once_per`: the occasion on which the rule fires once.
    """

    kind: str
    words: Promise
    states: frozenset[State]
    since: Trigger
    time: str
    does: Action
    leads_to: State | None = None
    certain: bool = False
    fixed: bool = False
    ahead: bool = False
    once_per: Callable[[Session], int] | None = None

    def due(self, state: SessionState) -> datetime | None:
        """Return when the rule is due; None while its cause is absent, and for a warning whose moment is past."""
        since = self.since.of(state)
        if since is None or not self.time:
            return since
        if not self.ahead:
            return since + duration(self.time)
        set_at = max(filter(None, [state.session.clock_at, state.session.extended_at]), default=since)
        moment = since - duration(self.time)
        return moment if moment > set_at else None


def _state(session: Session) -> int:
    return session.state_seq


def _clock(session: Session) -> int:
    return session.clock_seq


def _ever(session: Session) -> int:
    return 0


def _alert(**data: Any) -> Tell:
    return Tell("alert.support", Audience.SUPPORT, (Channel.DESK,), data=data)


def _nudge(role: str, mail: str = "", **data: Any) -> Tell:
    channels = (Channel.PAGE, Channel.MAIL) if mail else (Channel.PAGE,)
    return Tell(f"nudge.{role}", role, channels, mail, data)


_WARN = Tell("session.warned", Audience.BOTH, (Channel.PAGE,))

DRAFT, REQUESTED, ACCEPTED = frozenset({State.DRAFT}), frozenset({State.REQUESTED}), frozenset({State.ACCEPTED})
WAITING, LIVE, RECONNECTING = frozenset({State.WAITING}), frozenset({State.LIVE}), frozenset({State.RECONNECTING})
COMPLETED, TOGETHER = frozenset({State.COMPLETED}), ACCEPTED | WAITING | RUNNING
ELSEWHERE: frozenset[State] = frozenset()  # no deadline: told from elsewhere when it happens

# fmt: off
_TABLE = (
    # In the queue
    Rule("session.unpaid", _("Booking not paid"), DRAFT, triggers.PAYABLE, "unpaid_grace",
         CancelUnstarted(State.CANCELLED, EndReason.UNPAID), State.CANCELLED, certain=True, fixed=True),
    Rule("request.unnoticed", _("No mechanic has accepted yet"), REQUESTED, triggers.IN_STATE, "unnoticed",
         _alert(), once_per=_state),
    Rule("request.missed", _("Available mechanics did not accept"), REQUESTED, triggers.QUEUED, "request_missed",
         Tell("request.missed", Audience.SUPPORT, (Channel.DESK, Channel.PAGE, Channel.MAIL)), once_per=_ever),
    Rule("request.offer_stop", _("The customer is asked whether to keep waiting"), REQUESTED, triggers.IN_STATE,
         "offer_stop", _nudge("customer", "offer_stop"), once_per=_state),
    Rule("request.unattended", _("No mechanic accepted in time"), REQUESTED, triggers.UNATTENDED, "",
         CancelUnstarted(State.EXPIRED, EndReason.UNATTENDED), State.EXPIRED, certain=True),
    Rule("session.never_started", _("The session did not start in time"), BEFORE_START, triggers.PAID, "never_started",
         CancelUnstarted(State.EXPIRED, EndReason.NEVER_STARTED), State.EXPIRED, certain=True, fixed=True),
    # Gathering
    Rule("mechanic.nudge", _("The mechanic has not joined"), ACCEPTED, triggers.MECHANIC_NOT_IN, "mechanic_nudge",
         _nudge("mechanic", "mechanic_nudge"), once_per=_state),
    Rule("mechanic.absent", _("The mechanic’s page is closed"), ACCEPTED, triggers.MECHANIC_AWAY, "mechanic_absent",
         ReleaseMechanic("mechanic_absent"), State.REQUESTED),
    Rule("mechanic.not_in", _("The mechanic never joined"), ACCEPTED, triggers.MECHANIC_NOT_IN, "mechanic_not_in",
         ReleaseMechanic("mechanic_not_in"), State.REQUESTED),
    Rule("customer.nudge", _("The customer is away"), ACCEPTED, triggers.CUSTOMER_AWAY, "customer_nudge",
         _nudge("customer", "customer_nudge"), once_per=_state),
    Rule("customer.second_nudge", _("The customer is still away"), ACCEPTED, triggers.CUSTOMER_AWAY,
         "customer_second_nudge", _nudge("customer", "customer_nudge"), once_per=_state),
    Rule("customer.no_show", _("The customer did not join"), ACCEPTED, triggers.NO_SHOW, "customer_no_show",
         CancelUnstarted(State.EXPIRED, EndReason.CUSTOMER_NO_SHOW), State.EXPIRED),
    Rule("preflight.failing", _("A device check keeps failing"), ACCEPTED | WAITING, triggers.PREFLIGHT_FAILING,
         "preflight_failing", _alert(), once_per=_state),
    Rule("start.sound", _("Both are in: the mechanic’s page sounds"), WAITING, triggers.IN_STATE, "start_sound",
         _nudge("mechanic", sound=True), once_per=_state),
    Rule("start.alert", _("Both are in, but the session does not start"), WAITING, triggers.IN_STATE, "start_alert",
         _alert(), once_per=_state),
    Rule("start.release", _("Both were in, but the "
"mechanic did not start"), WAITING, triggers.IN_STATE, "start_release",
         Step(), State.REQUESTED, certain=True),
    # Together
    Rule("mechanic.missing", _("The mechanic is missing"), TOGETHER, triggers.MECHANIC_GONE, "missing_grace", Step()),
    Rule("customer.missing", _("The customer is missing"), TOGETHER, triggers.CUSTOMER_GONE, "missing_grace", Step()),
    Rule("media.lost", _("Lost sound and picture pause the clock"), LIVE, triggers.MEDIA_LOST, "media_lost", Step()),
    Rule("media.none", _("No sound and picture"), LIVE, triggers.NO_MEDIA, "media_alert", _alert(), once_per=_clock),
    Rule("drop.second", _("The connection was lost twice"), RUNNING, triggers.SECOND_DROP, "",
         _alert(), once_per=_ever),
    Rule("card.declined_twice", _("The card was declined twice"), RUNNING, triggers.SECOND_DECLINE, "",
         _alert(), once_per=_ever),
    Rule("session.warn_first", _("The time is almost up"), RUNNING, triggers.ENDS, "warn_first",
         _WARN, ahead=True, once_per=_clock),
    Rule("session.warn_last", _("The time is up in a moment"), RUNNING, triggers.ENDS, "warn_last",
         _WARN, ahead=True, once_per=_clock),
    Rule("session.time_up", _("The time is up"), RUNNING, triggers.TIME_UP, "", Step(), State.COMPLETED),
    Rule("session.cap", _("The maximum length is reached"), RUNNING, triggers.STARTED, "cap",
         CompleteSession(EndReason.EXCEEDED_CAP), State.COMPLETED, certain=True, fixed=True),
    Rule("clock.pause_spent", _("The clock is running again"), RUNNING, triggers.PAUSE_SPENT, "", Step()),
    Rule("mechanic.lost_offer", _("The customer can end: the mechanic is missing"), RECONNECTING,
         triggers.MECHANIC_LOST, "mechanic_missing_offer", _nudge("customer"), once_per=_state),
    Rule("mechanic.lost", _("The mechanic did not come back"), RECONNECTING, triggers.MECHANIC_LOST, "mechanic_lost",
         CompleteSession(EndReason.MECHANIC_LOST), State.COMPLETED),
    Rule("customer.lost_offer", _("The mechanic can end: the customer is missing"), RECONNECTING,
         triggers.CUSTOMER_LOST, "customer_missing_offer", _nudge("mechanic"), once_per=_state),
    # Afterwards
    Rule("session.ended_early", _("The mechanic ended early"), COMPLETED, triggers.ENDED_EARLY, "",
         _alert(), once_per=_state),
    Rule("session.solved", _("No answer counts as solved"), COMPLETED, triggers.UNANSWERED, "solved_answer", Step()),
    Rule("summary.reminder", _("The summary is not written yet"), COMPLETED, triggers.UNSUMMARISED, "summary_reminder",
         _nudge("mechanic", "summary_reminder"), once_per=_state),
    Rule("summary.second_reminder", _("The summary is due"), COMPLETED, triggers.UNSUMMARISED,
         "summary_second_reminder", _nudge("mechanic", "summary_overdue"), once_per=_state),
    Rule("summary.alert", _("The summary is overdue"), COMPLETED, triggers.UNSUMMARISED, "summary_alert",
         _alert(), once_per=_state),
    # From elsewhere
    Rule("help.asked", _("A participant asks for help"), ELSEWHERE, triggers.REPORTED, "", _alert()),
    Rule("job.parked", _("A job has failed"), ELSEWHERE, triggers.REPORTED, "", _alert()),
    Rule("payment.mismatch", _("A payment does not match our record"), ELSEWHERE, triggers.REPORTED, "",
         _alert()),
    Rule("payment.disputed", _("The customer disputes the charge"), ELSEWHERE, triggers.REPORTED, "", _alert()),
    Rule("payment.refund_failed", _("A refund failed"), ELSEWHERE, triggers.REPORTED, "", _alert()),
)
# fmt: on

RULES: dict[str, Rule] = {rule.kind: rule for rule in _TABLE}
DEADLINES: dict[str, Rule] = {kind: rule for kind, rule in RULES.items() if rule.states}  # those that a clock fires


def rule_of_kind(kind: str) -> str:
    """Return what happened, in words; the kind itself for a rule that this release does not know."""
    return str(RULES[kind].words) if kind in RULES else kind
