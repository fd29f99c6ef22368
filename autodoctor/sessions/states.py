"""States and transitions of a session. Data only, no I/O."""

from enum import StrEnum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    CHAT = "chat", _("Chat")
    VIDEO = "video", _("Video")
    DIAGNOSTIC = "diagnostic", _("Full diagnostic")


class State(TextChoices):
    DRAFT = "draft", _("Not paid yet")
    REQUESTED = "requested", _("Waiting for a mechanic")
    ACCEPTED = "accepted", _("Accepted")
    WAITING = "waiting", _("Both are here")
    LIVE = "live", _("Live")
    RECONNECTING = "reconnecting", _("Reconnecting")
    HANDING_OVER = "handing_over", _("Looking for another mechanic")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Canceled")
    EXPIRED = "expired", _("Expired")


class EventKind(StrEnum):
    """The kinds of events in a session's log: the table of docs/protocol.md."""

    SESSION_REQUESTED = "session.requested"
    SESSION_ACCEPTED = "session.accepted"
    SESSION_RELEASED = "session.released"
    SESSION_OPENED = "session.opened"
    SESSION_WAITING = "session.waiting"
    SESSION_STARTED = "session.started"
    SESSION_PAUSED = "session.paused"
    SESSION_RESUMED = "session.resumed"
    SESSION_EXTENDED = "session.extended"
    SESSION_HANDING_OVER = "session.handing_over"
    SESSION_TAKEN_OVER = "session.taken_over"
    SESSION_HELD = "session.held"
    SESSION_WARNED = "session.warned"
    SESSION_ENDED = "session.ended"
    SESSION_AUTO_CLOSED = "session.auto_closed"
    SESSION_CANCELLED = "session.cancelled"
    SESSION_EXPIRED = "session.expired"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_LEFT = "participant.left"
    PREFLIGHT_REPORTED = "preflight.reported"
    HANDOVER_ASKED = "handover.asked"
    HANDOVER_CONFIRMED = "handover.confirmed"
    HANDOVER_REFUSED = "handover.refused"
    HANDOVER_ENDED = "handover.ended"
    MESSAGE_POSTED = "message.posted"
    FILE_SHARED = "file.shared"
    FILE_REMOVED = "file.removed"
    CAMERA_ALLOWED = "camera.allowed"
    CAMERA_REFUSED = "camera.refused"
    STILL_REQUESTED = "still.requested"
    STILL_FAILED = "still.failed"
    EXTENSION_ALLOWED = "extension.allowed"
    EXTENSION_PENDING = "extension.pending"
    EXTENSION_FAILED = "extension.failed"
    SUMMARY_SUBMITTED = "summary.submitted"
    SUMMARY_CORRECTED = "summary.corrected"
    RATING_GIVEN = "rating.given"
    QUESTION_ASKED = "question.asked"
    QUESTION_ANSWERED = "question.answered"
    QUESTION_CLOSED = "question.closed"
    FOLLOW_UP_ANSWERED = "follow_up.answered"
    TRANSCRIPT_ASKED = "transcript.asked"
    TRANSCRIPT_AGREED = "transcript.agreed"
    TRANSCRIPT_STOPPED = "transcript.stopped"
    TRANSCRIPT_READY = "transcript.ready"
    TRANSCRIPT_FAILED = "transcript.failed"
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_RELEASED = "payment.released"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_DECIDED = "payment.decided"
    PAYMENT_DISPUTE_CLOSED = "payment.dispute_closed"
    REFUND_ISSUED = "refund.issued"
    REFUND_FAILED = "refund.failed"
    RECEIPT_ISSUED = "receipt.issued"
    HANDOVER_NOTED = "handover.noted"
    NUDGE_CUSTOMER = "nudge.customer"
    NUDGE_MECHANIC = "nudge.mechanic"
    HELP_ASKED = "help.asked"
    HELP_ANSWERED = "help.answered"
    ALERT_SUPPORT = "alert.support"
    ALERT_UNTAKEN = "alert.untaken"
    ALERT_SETTLED = "alert.settled"
    REQUEST_MISSED = "request.missed"
    SUPPORT_TOOK = "support.took"
    SUPPORT_HANDED_BACK = "support.handed_back"
    SUPPORT_DONE = "support.done"
    SUPPORT_REFUNDED = "support.refunded"
    SUPPORT_ENDED = "support.ended"
    SUPPORT_CANCELLED = "support.cancelled"
    SUPPORT_RELEASED = "support.released"
    SUPPORT_ASSIGNED = "support.assigned"
    SUPPORT_HANDED_OVER = "support.handed_over"
    SUPPORT_EXTENDED = "support.extended"
    SUPPORT_SUMMARY_RESENT = "support.summary_resent"
    SUPPORT_BANNED = "support.banned"
    SUPPORT_JOB_RETRIED = "support.job_retried"
    SUPPORT_JOB_DISMISSED = "support.job_dismissed"

    @property
    def carries_session(self) -> bool:
        """Whether each entry of this kind has the whole session in `data.session`."""
        return self.startswith("session.") or self in _CARRY_SESSION


_CARRY_SESSION = frozenset(
    {
        EventKind.PARTICIPANT_JOINED,
        EventKind.PARTICIPANT_LEFT,
        EventKind.EXTENSION_ALLOWED,
        EventKind.CAMERA_ALLOWED,
        EventKind.CAMERA_REFUSED,
        EventKind.SUMMARY_SUBMITTED,
        EventKind.SUMMARY_CORRECTED,
        EventKind.RATING_GIVEN,
        EventKind.PAYMENT_DECIDED,
        EventKind.QUESTION_ASKED,
        EventKind.QUESTION_ANSWERED,
        EventKind.QUESTION_CLOSED,
        EventKind.FOLLOW_UP_ANSWERED,
    }
)


class EndReason(TextChoices):
    """The reason of a session's end: decides the charge (`rules/settlement.py`). The labels are for support."""

    UNPAID = "unpaid", _("it was not paid")
    CANCELLED_BY_CUSTOMER = "cancelled_by_customer", _("by the customer")
    CANCELLED_LATE = "cancelled_late", _("by the customer, after the mechanic had joined")
    CANCELLED_BY_SUPPORT = "cancelled_by_support", _("by support")
    UNATTENDED = "unattended", _("no mechanic accepted")
    ASKED_UNAVAILABLE = "asked_unavailable", _("the mechanic whom the customer asked for did not take it")
    NEVER_STARTED = "never_started", _("it did not start in time")
    CUSTOMER_NO_SHOW = "customer_no_show", _("the customer did not come")
    TIME_UP = "time_up", _("the time was up")
    ENDED_BY_CUSTOMER = "ended_by_customer", _("by the customer")
    ENDED_BY_MECHANIC = "ended_by_mechanic", _("by the mechanic, before the time was up")
    ENDED_BY_SUPPORT = "ended_by_support", _("by support")
    MECHANIC_LOST = "mechanic_lost", _("the mechanic was missing")
    CUSTOMER_LOST = "customer_lost", _("the customer was missing")
    EXCEEDED_CAP = "exceeded_3h_limit", _("the maximum length was reached")


class FollowUp(TextChoices):
    """The customer's answer a week after the session: whether the repair held."""

    YES = "yes", _("Yes, it held")
    NO = "no", _("No, the problem is back")
    NOT_YET = "not_yet", _("Not repaired yet")


TRANSITIONS: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.REQUESTED, State.CANCELLED}),
    State.REQUESTED: frozenset({State.ACCEPTED, State.CANCELLED, State.EXPIRED}),
    State.ACCEPTED: frozenset({State.WAITING, State.REQUESTED, State.CANCELLED, State.EXPIRED}),
    State.WAITING: frozenset({State.LIVE, State.ACCEPTED, State.REQUESTED, State.CANCELLED, State.EXPIRED}),
    State.LIVE: frozenset({State.RECONNECTING, State.HANDING_OVER, State.COMPLETED}),
    State.RECONNECTING: frozenset({State.LIVE, State.HANDING_OVER, State.COMPLETED}),
    State.HANDING_OVER: frozenset({State.RECONNECTING, State.COMPLETED}),
    State.COMPLETED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}

TERMINAL = frozenset(state for state, leaves_to in TRANSITIONS.items() if not leaves_to)
OPEN = frozenset(State) - TERMINAL
BEFORE_START = frozenset({State.REQUESTED, State.ACCEPTED, State.WAITING})
RUNNING = frozenset({State.LIVE, State.RECONNECTING, State.HANDING_OVER})  # begun, and not over
OFFERED = frozenset({State.REQUESTED, State.HANDING_OVER})  # it stands in the queue, and a mechanic may take it
CLAIMED = (State.ACCEPTED, State.WAITING, State.LIVE, State.RECONNECTING)  # a mechanic holds it
ATTENDED = frozenset({*CLAIMED, State.HANDING_OVER})  # people join it and talk
TAKES_MESSAGES = ATTENDED


class InvalidTransition(Exception):
    """The session cannot go from `current` to `requested`; nothing was changed."""

    def __init__(self, current: str, requested: str) -> None:
        super().__init__(f"{current} cannot become {requested}")
        self.current = State(current)
        self.requested = State(requested)

    def as_error(self) -> dict[str, Any]:
        return {
            "error": "invalid_transition",
            "current": self.current.value,
            "requested": self.requested.value,
            "allowed": sorted(state.value for state in TRANSITIONS[self.current]),
        }


def check(current: str, requested: str) -> None:
    """Raise `InvalidTransition` unless the table allows the transition."""
    if requested not in TRANSITIONS[State(current)]:
        raise InvalidTransition(current, requested)
