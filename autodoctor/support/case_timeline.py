"""The log of a session in words, for support: events, actors, audiences and details."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role
from autodoctor.sessions.event_data import EventData, MessageData
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import EventKind
from autodoctor.support.event_facts import NOTHING, facts_of


class Group(TextChoices):
    """A filter of the timeline."""

    STATE = "state", gettext_lazy("States and clock")
    PRESENCE = "presence", gettext_lazy("Joining and leaving")
    CHAT = "chat", gettext_lazy("Chat")
    FILES = "files", gettext_lazy("Files and summary")
    MONEY = "money", gettext_lazy("Money")
    ALERTS = "alerts", gettext_lazy("Nudges and alerts")
    SUPPORT = "support", gettext_lazy("Support")


_GROUPS = {
    "participant": Group.PRESENCE,
    "preflight": Group.PRESENCE,
    "handover": Group.PRESENCE,
    "message": Group.CHAT,
    "file": Group.FILES,
    "camera": Group.FILES,
    "still": Group.FILES,
    "summary": Group.FILES,
    "rating": Group.FILES,
    "question": Group.CHAT,
    "follow_up": Group.FILES,
    "transcript": Group.FILES,
    "payment": Group.MONEY,
    "extension": Group.MONEY,
    "refund": Group.MONEY,
    "receipt": Group.MONEY,
    "nudge": Group.ALERTS,
    "alert": Group.ALERTS,
    "request": Group.ALERTS,
    "help": Group.SUPPORT,
    "support": Group.SUPPORT,
}

# By kind; %(who)s is the actor, the other names are fields of the event.
WORDS: dict[str, Promise] = {
    EventKind.SESSION_REQUESTED: gettext_lazy("Paid: the request is in the queue"),
    EventKind.SESSION_ACCEPTED: gettext_lazy("%(who)s accepted the request"),
    EventKind.SESSION_RELEASED: gettext_lazy("Back to the queue: %(reason)s"),
    EventKind.SESSION_OPENED: gettext_lazy("Open to all mechanics: %(why)s"),
    EventKind.SESSION_WAITING: gettext_lazy("Both are in and wait for the start"),
    EventKind.SESSION_STARTED: gettext_lazy("%(who)s started the session: the clock is running"),
    EventKind.SESSION_PAUSED: gettext_lazy("The clock is paused"),
    EventKind.SESSION_RESUMED: gettext_lazy("The clock is running again"),
    EventKind.SESSION_HANDING_OVER: gettext_lazy("Another mechanic is needed: %(why)s"),
    EventKind.SESSION_TAKEN_OVER: gettext_lazy("%(who)s goes on with the session"),
    EventKind.HANDOVER_NOTED: gettext_lazy("%(who)s noted for the next mechanic: %(text)s"),
    EventKind.SESSION_HELD: gettext_lazy("The time is up, but the end waits for a payment"),
    EventKind.SESSION_EXTENDED: gettext_lazy("Extended by %(time)s"),
    EventKind.SESSION_WARNED: gettext_lazy("Both were told that %(left)s are left"),
    EventKind.SESSION_ENDED: gettext_lazy("The session ended: %(end)s"),
    EventKind.SESSION_AUTO_CLOSED: gettext_lazy("The session was closed: %(end)s"),
    EventKind.SESSION_CANCELLED: gettext_lazy("Canceled: %(end)s"),
    EventKind.SESSION_EXPIRED: gettext_lazy("Did not take place: %(end)s"),
    EventKind.PARTICIPANT_JOINED: gettext_lazy("%(who)s joined"),
    EventKind.PARTICIPANT_LEFT: gettext_lazy("%(who)s is missing"),
    EventKind.PREFLIGHT_REPORTED: gettext_lazy("%(who)s checked their devices: %(checks)s"),
    EventKind.HANDOVER_ASKED: gettext_lazy("A phone asks to join: %(device)s"),
    EventKind.HANDOVER_CONFIRMED: gettext_lazy("%(who)s let a phone join: %(device)s"),
    EventKind.HANDOVER_REFUSED: gettext_lazy("A phone was not let in: %(device)s"),
    EventKind.HANDOVER_ENDED: gettext_lazy("%(who)s disconnected the phone: %(device)s"),
    EventKind.FILE_SHARED: gettext_lazy("%(who)s shared %(file)s"),
    EventKind.FILE_REMOVED: gettext_lazy("%(who)s removed %(file)s"),
    EventKind.CAMERA_ALLOWED: gettext_lazy("%(who)s allows photos with their camera, its light and its zoom"),
    EventKind.CAMERA_REFUSED: gettext_lazy("%(who)s does not allow photos with their camera"),
    EventKind.STILL_REQUESTED: gettext_lazy("%(who)s asked the customer’s camera for a photo"),
    EventKind.STILL_FAILED: gettext_lazy("No photo came from the camera of %(who)s: %(why)s"),
    EventKind.EXTENSION_ALLOWED: gettext_lazy("%(who)s says how long they can stay: %(allowed)s"),
    EventKind.EXTENSION_PENDING: gettext_lazy("An extension of %(time)s is being paid: %(stands)s"),
    EventKind.EXTENSION_FAILED: gettext_lazy("An extension of %(time)s was not paid: %(stands)s"),
    EventKind.PAYMENT_CAPTURED: gettext_lazy("The hold was charged"),
    EventKind.PAYMENT_RELEASED: gettext_lazy("The hold was released"),
    EventKind.PAYMENT_FAILED: gettext_lazy("A payment was canceled or not made in time"),
    EventKind.PAYMENT_DECIDED: gettext_lazy("“Solved?” was answered: %(solved)s"),
    EventKind.PAYMENT_DISPUTE_CLOSED: gettext_lazy("The dispute over %(amount)s was %(outcome)s"),
    EventKind.RECEIPT_ISSUED: gettext_lazy("The receipt is on its way"),
    EventKind.REFUND_ISSUED: gettext_lazy("A refund is on its way to the customer’s card"),
    EventKind.REFUND_FAILED: gettext_lazy("A refund did not arrive; the customer is told"),
    EventKind.SUMMARY_SUBMITTED: gettext_lazy("%(who)s submitted the summary"),
    EventKind.SUMMARY_CORRECTED: gettext_lazy("%(who)s added a correction to the summary"),
    EventKind.RATING_GIVEN: gettext_lazy("%(who)s gave %(stars)s of 5 stars"),
    EventKind.QUESTION_ASKED: gettext_lazy("%(who)s asked their free question: %(text)s"),
    EventKind.QUESTION_ANSWERED: gettext_lazy("%(who)s answered the question: %(text)s"),
    EventKind.QUESTION_CLOSED: gettext_lazy("The question was closed without an answer"),
    EventKind.FOLLOW_UP_ANSWERED: gettext_lazy("%(who)s says whether the repair held: %(answer)s"),
    EventKind.TRANSCRIPT_ASKED: gettext_lazy("%(who)s asked for a transcript of the call"),
    EventKind.TRANSCRIPT_AGREED: gettext_lazy("%(who)s agreed to the transcript: what both say is recorded"),
    EventKind.TRANSCRIPT_STOPPED: gettext_lazy("%(who)s does not want a transcript: nothing is recorded"),
    EventKind.TRANSCRIPT_READY: gettext_lazy("The transcript of the call is there, and the recording is deleted"),
    EventKind.TRANSCRIPT_FAILED: gettext_lazy("The call could not be transcribed; the recording is deleted"),
    EventKind.REQUEST_MISSED: gettext_lazy("Available mechanics did not accept the request"),
    EventKind.NUDGE_CUSTOMER: gettext_lazy("Nudge to the customer: %(rule)s"),
    EventKind.NUDGE_MECHANIC: gettext_lazy("Nudge to the mechanic: %(rule)s"),
    EventKind.ALERT_SUPPORT: gettext_lazy("Alert: %(rule)s"),
    EventKind.ALERT_UNTAKEN: gettext_lazy("Nobody took in time: %(rule)s"),
    EventKind.ALERT_SETTLED: gettext_lazy("Settled by itself: %(rule)s"),
    EventKind.HELP_ASKED: gettext_lazy("%(who)s asked support: %(text)s"),
    EventKind.HELP_ANSWERED: gettext_lazy("%(who)s answered: %(text)s"),
    EventKind.SUPPORT_TOOK: gettext_lazy("%(who)s took the alert: %(rule)s"),
    EventKind.SUPPORT_HANDED_BACK: gettext_lazy("%(who)s handed back the alert: %(rule)s"),
    EventKind.SUPPORT_DONE: gettext_lazy("%(who)s finished the alert: %(rule)s"),
    EventKind.SUPPORT_BANNED: gettext_lazy("%(who)s banned %(name)s: %(reason)s"),
    EventKind.SUPPORT_JOB_RETRIED: gettext_lazy("%(who)s tried a job again: %(kind)s"),
    EventKind.SUPPORT_JOB_DISMISSED: gettext_lazy("%(who)s dismissed a job: %(kind)s. %(reason)s"),
    EventKind.SUPPORT_REFUNDED: gettext_lazy("%(who)s refunded %(amount)s, paid by the %(bearer)s: %(reason)s"),
    EventKind.SUPPORT_ENDED: gettext_lazy("%(who)s ended the session: %(reason)s"),
    EventKind.SUPPORT_CANCELLED: gettext_lazy("%(who)s canceled the session: %(reason)s"),
    EventKind.SUPPORT_RELEASED: gettext_lazy("%(who)s released the mechanic: %(reason)s"),
    EventKind.SUPPORT_ASSIGNED: gettext_lazy("%(who)s assigned the session to %(mechanic)s: %(reason)s"),
    EventKind.SUPPORT_HANDED_OVER: gettext_lazy("%(who)s asked for another mechanic: %(reason)s"),
    EventKind.SUPPORT_EXTENDED: gettext_lazy("%(who)s gave %(given)s for free: %(reason)s"),
    EventKind.SUPPORT_SUMMARY_RESENT: gettext_lazy("%(who)s sent the summary again: %(reason)s"),
}


@dataclass(frozen=True)
class Line:
    """An entry of the log, for support."""

    event: SessionEvent

    @property
    def group(self) -> Group:
        return group_of(self.event.kind)

    @property
    def words(self) -> str:
        return in_words(self.event)

    @property
    def is_message(self) -> bool:
        return self.event.kind == EventKind.MESSAGE_POSTED

    @property
    def details(self) -> list[tuple[str, str]]:
        """Return the details, flat: name and value."""
        facts = {name: value for name, value in self.event.data.items() if name != "session"}
        if self.is_message:
            facts.pop("text", None)
        return [(_("kind"), self.event.kind), *_flat(facts)]


def lines(session: Session, *, show: str = "", limit: int | None = None) -> list[Line]:
    """Return the log, the newest entry first; `show` filters by group."""
    events = session.events.order_by("-seq")
    if show in Group.values:
        events = events.exclude(_kinds(_GROUPS)) if show == Group.STATE else events.filter(_kinds(_of(show)))
    return [Line(event) for event in events[:limit]]


def _of(group: str) -> list[str]:
    return [name for name, its in _GROUPS.items() if its == group]


def _kinds(names: Iterable[str]) -> Q:
    return Q(*(Q(kind__startswith=f"{name}.") for name in names), _connector=Q.OR)


def group_of(kind: str) -> Group:
    return _GROUPS.get(kind.partition(".")[0], Group.STATE)


def in_words(event: SessionEvent) -> str:
    """Return a sentence without its period; an event without words shows its kind."""
    if event.kind == EventKind.MESSAGE_POSTED:
        return event.data_as(MessageData)["text"]
    if event.kind in {EventKind.SESSION_ACCEPTED, EventKind.SESSION_TAKEN_OVER} and event.actor_role == Role.SUPPORT:
        session = event.data_as(EventData).get("session")
        mechanic = session["mechanic"] if session else None
        names = {"who": event.actor_name, "mechanic": mechanic["name"] if mechanic else NOTHING}
        return _("%(who)s assigned the request to %(mechanic)s") % names
    line = WORDS.get(event.kind)
    return str(line) % facts_of(event) if line else event.kind


def _flat(facts: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in facts.items():
        label = f"{above}{name}".replace("_", " ")
        found += _flat(value, f"{label} › ") if isinstance(value, dict) else [(label, str(value))]
    return found
