"""The log of a session in words, for support: events, actors, audiences and details."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role
from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.event_data import MessageData
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.rules.table import rule_of_kind
from autodoctor.sessions.states import EndReason, EventKind

Words = dict[str, str]
Told = Callable[[SessionEvent], str]


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
    "message": Group.CHAT,
    "file": Group.FILES,
    "summary": Group.FILES,
    "rating": Group.FILES,
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
    EventKind.SESSION_WAITING: gettext_lazy("Both are in and wait for the start"),
    EventKind.SESSION_STARTED: gettext_lazy("%(who)s started the session: the clock is running"),
    EventKind.SESSION_PAUSED: gettext_lazy("The clock is paused"),
    EventKind.SESSION_RESUMED: gettext_lazy("The clock is running again"),
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
    EventKind.FILE_SHARED: gettext_lazy("%(who)s shared %(file)s"),
    EventKind.FILE_REMOVED: gettext_lazy("%(who)s removed %(file)s"),
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
    EventKind.SUPPORT_EXTENDED: gettext_lazy("%(who)s gave %(given)s for free: %(reason)s"),
    EventKind.SUPPORT_SUMMARY_RESENT: gettext_lazy("%(who)s sent the summary again: %(reason)s"),
}

RELEASES: dict[str, Promise] = {
    "mechanic_absent": gettext_lazy("the mechanic had no page open"),
    "mechanic_not_in": gettext_lazy("the mechanic did not come"),
    "not_started": gettext_lazy("the mechanic did not start"),
    "no_media": gettext_lazy("sound and picture never connected"),
    "by_support": gettext_lazy("by support"),
    "not_my_field": gettext_lazy("not the mechanic’s field"),
    "no_time": gettext_lazy("something came up for the mechanic"),
    "customer_away": gettext_lazy("the customer did not come"),
    "mechanic_away": gettext_lazy("the customer says that the mechanic did not come"),
    "no_answer": gettext_lazy("the customer says that they got no answer"),
    "other": gettext_lazy("another reason"),
}

STANDS: dict[str, Promise] = {
    "bank": gettext_lazy("the bank decides"),
    "confirm": gettext_lazy("the bank asks for a confirmation"),
    "pay": gettext_lazy("another card is needed"),
    "declined": gettext_lazy("declined"),
    "called_off": gettext_lazy("the customer canceled"),
    "not_allowed": gettext_lazy("the mechanic cannot stay that long"),
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
    if event.kind == EventKind.SESSION_ACCEPTED and event.actor_role == Role.SUPPORT:
        return _("%(who)s assigned the request to %(mechanic)s") % {
            "who": event.actor_name,
            "mechanic": event.data["session"]["mechanic"]["name"],
        }
    line = WORDS.get(event.kind)
    return str(line) % _facts(event) if line else event.kind


def _facts(event: SessionEvent) -> Words:
    """Return all facts for a line; a missing fact is a dash."""
    data = event.data
    session, extension = data.get("session") or {}, data.get("extension") or {}
    return {
        "who": event.actor_name or _("The clock"),
        "reason": _named(RELEASES, data.get("reason")),
        "end": _named(dict(EndReason.choices), session.get("end_reason")),
        "rule": rule_of_kind(str(data.get("rule") or "–")),
        "time": format_duration(extension.get("seconds") or 0),
        "given": format_duration(data.get("seconds") or 0),
        "left": format_duration(data.get("seconds_left") or 0),
        "stands": _named(STANDS, extension.get("stands")),
        "file": str((data.get("file") or {}).get("name", "–")),
        "checks": _checks(data),
        "allowed": _("as long as it takes") if data.get("seconds") is None else format_duration(data["seconds"]),
        "solved": _("yes") if data.get("solved") else _("no"),
        "stars": str(data.get("stars", "–")),
        "amount": format_cents(int(data.get("amount_cents") or 0), str(data.get("currency") or "usd")),
        "bearer": str(data.get("borne_by", "–")),
        "outcome": _("won") if data.get("outcome") == "won" else _("lost"),
        **{name: str(data.get(name, "–")) for name in ("mechanic", "name", "kind", "text")},
    }


def _named(names: dict[str, Promise], value: Any) -> str:
    return str(names.get(str(value), value or "–"))


def _checks(data: dict[str, Any]) -> str:
    failed = [name for name, outcome in (data.get("checks") or {}).items() if outcome == "failed"]
    return (
        ", ".join(failed) + " " + _("failed") if failed else _("all well") if data.get("passed") else _("not all done")
    )


def _flat(facts: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in facts.items():
        label = f"{above}{name}".replace("_", " ")
        found += _flat(value, f"{label} › ") if isinstance(value, dict) else [(label, str(value))]
    return found
