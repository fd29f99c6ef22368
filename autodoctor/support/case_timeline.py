"""The log of a session in words, for staff: what happened, who did it, who read it, and what stands behind it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.rules.table import rule_of_kind
from autodoctor.sessions.states import EndReason

Words = dict[str, str]
Told = Callable[[SessionEvent], str]


class Group(TextChoices):
    """What can be looked at alone."""

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

# By kind; %(who)s is whoever did it, the others are what the entry holds.
_LINES: dict[str, Promise] = {
    "session.requested": gettext_lazy("Paid: the request is in the queue"),
    "session.accepted": gettext_lazy("%(who)s accepted the request"),
    "session.released": gettext_lazy("Back to the queue: %(reason)s"),
    "session.waiting": gettext_lazy("Both are in and wait for the start"),
    "session.started": gettext_lazy("%(who)s started the session: the clock is running"),
    "session.paused": gettext_lazy("The clock is paused"),
    "session.resumed": gettext_lazy("The clock is running again"),
    "session.held": gettext_lazy("The time is up, but the end waits for a payment"),
    "session.extended": gettext_lazy("Extended by %(time)s"),
    "session.warned": gettext_lazy("Both were told that %(left)s are left"),
    "session.ended": gettext_lazy("The session ended: %(end)s"),
    "session.auto_closed": gettext_lazy("The session was closed: %(end)s"),
    "session.cancelled": gettext_lazy("Canceled: %(end)s"),
    "session.expired": gettext_lazy("Did not take place: %(end)s"),
    "participant.joined": gettext_lazy("%(who)s joined"),
    "participant.left": gettext_lazy("%(who)s is missing"),
    "preflight.reported": gettext_lazy("%(who)s checked their devices: %(checks)s"),
    "file.shared": gettext_lazy("%(who)s shared %(file)s"),
    "file.removed": gettext_lazy("%(who)s removed %(file)s"),
    "extension.allowed": gettext_lazy("%(who)s says how long they can stay: %(allowed)s"),
    "extension.pending": gettext_lazy("An extension of %(time)s is being paid: %(stands)s"),
    "extension.failed": gettext_lazy("An extension of %(time)s was not paid: %(stands)s"),
    "payment.captured": gettext_lazy("The hold was charged"),
    "payment.released": gettext_lazy("The hold was released"),
    "payment.failed": gettext_lazy("A payment was canceled or not made in time"),
    "payment.decided": gettext_lazy("“Solved?” was answered: %(solved)s"),
    "payment.dispute_closed": gettext_lazy("The dispute over %(amount)s was %(outcome)s"),
    "receipt.issued": gettext_lazy("The receipt is on its way"),
    "refund.issued": gettext_lazy("A refund is on its way to the customer’s card"),
    "summary.submitted": gettext_lazy("%(who)s submitted the summary"),
    "summary.corrected": gettext_lazy("%(who)s added a correction to the summary"),
    "rating.given": gettext_lazy("%(who)s gave %(stars)s of 5 stars"),
    "request.missed": gettext_lazy("Available mechanics did not accept the request"),
    "nudge.customer": gettext_lazy("Nudge to the customer: %(rule)s"),
    "nudge.mechanic": gettext_lazy("Nudge to the mechanic: %(rule)s"),
    "alert.support": gettext_lazy("Alert: %(rule)s"),
    "help.asked": gettext_lazy("%(who)s asked support: %(text)s"),
    "help.answered": gettext_lazy("%(who)s answered: %(text)s"),
    "support.took": gettext_lazy("%(who)s took the alert: %(rule)s"),
    "support.handed_back": gettext_lazy("%(who)s handed back the alert: %(rule)s"),
    "support.done": gettext_lazy("%(who)s finished the alert: %(rule)s"),
    "support.banned": gettext_lazy("%(who)s banned %(name)s: %(reason)s"),
    "support.job_retried": gettext_lazy("%(who)s tried a job again: %(kind)s"),
    "support.job_dismissed": gettext_lazy("%(who)s dismissed a job: %(kind)s. %(reason)s"),
    "support.refunded": gettext_lazy("%(who)s refunded %(amount)s, paid by the %(bearer)s: %(reason)s"),
    "support.ended": gettext_lazy("%(who)s ended the session: %(reason)s"),
    "support.cancelled": gettext_lazy("%(who)s canceled the session: %(reason)s"),
    "support.released": gettext_lazy("%(who)s released the mechanic: %(reason)s"),
    "support.assigned": gettext_lazy("%(who)s assigned the session to %(mechanic)s: %(reason)s"),
    "support.extended": gettext_lazy("%(who)s gave %(given)s for free: %(reason)s"),
    "support.summary_resent": gettext_lazy("%(who)s sent the summary again: %(reason)s"),
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
    """One entry of the log as staff read it."""

    event: SessionEvent

    @property
    def group(self) -> Group:
        return group_of(self.event.kind)

    @property
    def words(self) -> str:
        return in_words(self.event)

    @property
    def is_message(self) -> bool:
        return self.event.kind == "message.posted"

    @property
    def details(self) -> list[tuple[str, str]]:
        """What stands behind it, flat: name and value."""
        facts = {name: value for name, value in self.event.data.items() if name != "session"}
        if self.is_message:
            facts.pop("text", None)
        return [(_("kind"), self.event.kind), *_flat(facts)]


def lines(session: Session, *, show: str = "", limit: int | None = None) -> list[Line]:
    """The log, the newest first; `show` one group of it."""
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
    """A sentence without its full stop; what has no words yet is named by its kind."""
    if event.kind == "message.posted":
        return str(event.data["text"])
    if event.kind == "session.accepted" and event.actor_role == "support":
        return _("%(who)s assigned the request to %(mechanic)s") % {
            "who": event.actor_name,
            "mechanic": event.data["session"]["mechanic"]["name"],
        }
    line = _LINES.get(event.kind)
    return str(line) % _facts(event) if line else event.kind


def _facts(event: SessionEvent) -> Words:
    """Everything a line may want to say; what this entry does not hold is a dash."""
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
