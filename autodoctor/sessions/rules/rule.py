"""The parts of a rule: waiting time, action, and words for people. The rows stand in `table.py`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.utils.functional import Promise

from autodoctor.accounts.models import Role, User
from autodoctor.core import links
from autodoctor.sessions.event_data import EventData
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules.durations import Wait
from autodoctor.sessions.rules.triggers import Trigger, duration
from autodoctor.sessions.states import EndReason, EventKind, State


class Channel(StrEnum):
    PAGE = "page"  # an event that open pages show
    MAIL = "mail"
    DESK = "desk"  # support's board


class Step(StrEnum):
    """The action of a single rule: `jobs/handlers.py` knows the function, and its events tell the result."""

    COUNT_MISSED_REQUEST = "count_missed_request"
    RELEASE_UNSTARTED = "release_unstarted"
    RECORD_MECHANIC_MISSING = "record_mechanic_missing"
    RECORD_CUSTOMER_MISSING = "record_customer_missing"
    RECORD_MEDIA_LOST = "record_media_lost"
    SEARCH_AGAIN = "search_again"
    END_AT_TIME_UP = "end_at_time_up"
    END_SPENT_PAUSE = "end_spent_pause"
    COUNT_AS_SOLVED = "count_as_solved"
    CLOSE_QUESTION = "close_question"


@dataclass(frozen=True)
class Notice:
    """The words on a lock screen. `%(mechanic)s` and `%(customer)s` stand for names."""

    to: Role
    title: Promise
    body: Promise
    lasts: timedelta = timedelta(minutes=10)  # later the notice is out of date
    urgent: bool = True
    about: str = "session"  # a later notice about the same takes the place of an earlier one
    page: Callable[[UUID], str] = links.room_page


Wanted = Callable[[User], bool]


def always_wanted(person: User) -> bool:
    """Somebody in the middle of a session needs the mail: nobody can refuse it."""
    return True


@dataclass(frozen=True)
class Tell:
    """Append an event of this kind, and send a mail with this template to those of its recipients who want it.

    `push`: the words on the lock screen; default: those of the kind (`notify/push.py`). `call`: the words with which an
    open page calls its person; default: those of the rule. `step`: a function that does both instead.
    """

    kind: EventKind
    audience: SessionEvent.Audience
    channels: tuple[Channel, ...]
    mail: str = ""
    data: EventData = field(default_factory=EventData)
    push: Notice | None = None
    call: Promise | None = None
    step: Step | None = None
    wanted: Wanted = always_wanted


@dataclass(frozen=True)
class CancelUnstarted:
    """Cancel the session before its start."""

    state: State
    reason: EndReason


@dataclass(frozen=True)
class EndPrivacy:
    """A request was one mechanic's alone for long enough: all may have it, or it ends, as its customer chose."""


@dataclass(frozen=True)
class ReleaseMechanic:
    """The mechanic is freed, and the request goes back into the queue."""

    reason: str


@dataclass(frozen=True)
class CompleteSession:
    """The session is over."""

    reason: EndReason


Action = Tell | CancelUnstarted | EndPrivacy | ReleaseMechanic | CompleteSession | Step


@dataclass(frozen=True)
class Rule:
    """A row of the table, due `wait` after `since` (`ahead`: before it); without `wait`, exactly then.

    `counted`: waiting times that `since` already includes. `leads_to`: the next state; None for a nudge, an alert or a
    change of the clock. `certain`: no action of a person prevents the rule, so the state cannot last. `fixed`: entering
    the state again does not move `since`, so a cycle of states cannot last either. `once_per`: the occasion on which
    the rule fires once.
    """

    kind: str
    words: Promise
    states: frozenset[State]
    since: Trigger
    wait: Wait | None
    does: Action
    leads_to: State | None = None
    certain: bool = False
    fixed: bool = False
    ahead: bool = False
    once_per: Callable[[Session], int] | None = None
    counted: tuple[Wait, ...] = ()

    @property
    def waits(self) -> tuple[Wait, ...]:
        return (self.wait, *self.counted) if self.wait else self.counted

    def due(self, state: SessionState) -> datetime | None:
        """When, as things stand; None while its cause is not there, and for a warning that came too late to be one."""
        since = self.since.of(state)
        if since is None or self.wait is None:
            return since
        if not self.ahead:
            return since + duration(self.wait.name)
        set_at = max(filter(None, [state.session.clock_at, state.session.extended_at]), default=since)
        moment = since - duration(self.wait.name)
        return moment if moment > set_at else None
