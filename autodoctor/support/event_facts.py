"""The facts of an event in words, for the lines of support's timeline: read as the event's kind declares its data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.payments.formatting import format_cents
from autodoctor.sessions import event_data as data
from autodoctor.sessions.end_reasons import has_left
from autodoctor.sessions.event_data import EventData
from autodoctor.sessions.event_kinds import EVENT_DATA
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.lifecycle.stills import StillFailure
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.rules.table import rule_of_kind
from autodoctor.sessions.states import EndReason, EventKind, FollowUp

NOTHING = "–"
Words = dict[str, str]
D = TypeVar("D", bound=EventData)


class Facts(dict[str, str]):
    """The facts for a line. One that an event lacks is a dash: an entry of another release can still be read."""

    def __missing__(self, name: str) -> str:
        return NOTHING


@dataclass(frozen=True)
class Reading(Generic[D]):
    """What one shape of data says."""

    shape: type[D]
    words: Callable[[D], Words]

    @property
    def needed(self) -> frozenset[str]:
        fields: frozenset[str] = vars(self.shape)["__required_keys__"]
        return fields


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

OPENINGS: dict[str, Promise] = {
    "time": gettext_lazy("the time of the mechanic who was asked for is over"),
    "passed": gettext_lazy("the mechanic who was asked for passed"),
    "away": gettext_lazy("the mechanic who was asked for takes no sessions any more"),
    "asked_everybody": gettext_lazy("the customer wants to wait no longer"),
}

HANDOVERS: dict[str, Promise] = {
    "asked": gettext_lazy("the customer asked for one, because the mechanic was lost"),
    "leaves": gettext_lazy("the mechanic has to leave"),
    "by_support": gettext_lazy("by support"),
    "not_in": gettext_lazy("whoever took over did not come"),
    "given_back": gettext_lazy("whoever took over gave it back before joining"),
}

STANDS: dict[str, Promise] = {
    "bank": gettext_lazy("the bank decides"),
    "confirm": gettext_lazy("the bank asks for a confirmation"),
    "pay": gettext_lazy("another card is needed"),
    "declined": gettext_lazy("declined"),
    "called_off": gettext_lazy("the customer canceled"),
    "not_allowed": gettext_lazy("the mechanic cannot stay that long"),
    "lapsed": gettext_lazy("no card was entered in time"),
}


def facts_of(event: SessionEvent) -> Facts:
    """Return all facts of an event of a known kind."""
    found = Facts(who=event.actor_name or _("The clock"), end=_end(event))
    for reading in READINGS:
        if reading.shape in EVENT_DATA[EventKind(event.kind)] and reading.needed <= event.data.keys():
            found |= reading.words(event.data_as(reading.shape))
    return found


def _end(event: SessionEvent) -> str:
    session = event.data_as(EventData).get("session")
    reason = session and session["end_reason"]
    if has_left(reason, event.actor_role):
        return _("the mechanic had to leave")
    return _named(dict(EndReason.choices), reason)


def _rule(of: data.RuleData) -> Words:
    return {"rule": rule_of_kind(of["rule"]), "left": format_duration(of.get("seconds_left", 0))}


def _alert(of: data.AlertData) -> Words:
    return {"rule": rule_of_kind(of["rule"])}


def _help(of: data.HelpQuestionData) -> Words:
    """Files and what was refused stand behind the words, which may be empty."""
    names = [file["name"] for file in of.get("files", [])] + [file["name"] for file in of.get("refused", [])]
    return {"text": " · ".join(filter(None, [of["text"], *names]))}


def _extension(of: data.ExtensionData) -> Words:
    extension = of["extension"]
    return {"time": format_duration(extension["seconds"]), "stands": _named(STANDS, extension["stands"])}


def _preflight(of: data.PreflightData) -> Words:
    failed = [name for name, outcome in of["checks"].items() if outcome == "failed"]
    if failed:
        return {"checks": ", ".join(failed) + " " + _("failed")}
    return {"checks": _("all well") if of["passed"] else _("not all done")}


def _allowance(of: data.AllowanceData) -> Words:
    seconds = of["seconds"]
    return {"allowed": _("as long as it takes") if seconds is None else format_duration(seconds)}


def _dispute(of: data.DisputeData) -> Words:
    outcome = _("won") if of["outcome"] == "won" else _("lost")
    return {"outcome": outcome, "amount": format_cents(of["amount_cents"], of["currency"])}


def _support_refund(of: data.SupportRefundData) -> Words:
    return {"amount": format_cents(of["amount_cents"], of["currency"]), "bearer": of["borne_by"]}


def _named(names: Mapping[str, Any], value: str | None) -> str:
    return str(names.get(value or "", value or NOTHING))


READINGS: list[Reading[Any]] = [
    Reading(data.ReleaseData, lambda of: {"reason": _named(RELEASES, of["reason"])}),
    Reading(data.OpenedData, lambda of: {"why": _named(OPENINGS, of["why"])}),
    Reading(data.SearchData, lambda of: {"why": _named(HANDOVERS, of["why"])}),
    Reading(data.NoteData, lambda of: {"text": of["text"]}),
    Reading(data.RuleData, _rule),
    Reading(data.AlertData, _alert),
    Reading(data.TakenAlertData, _alert),
    Reading(data.DoneAlertData, _alert),
    Reading(data.ExtensionData, _extension),
    Reading(data.FileData, lambda of: {"file": of["file"]["name"]}),
    Reading(data.FailedStillData, lambda of: {"why": _named(dict(StillFailure.choices), of["why"])}),
    Reading(data.PreflightData, _preflight),
    Reading(data.HandoverData, lambda of: {"device": of["device"]}),
    Reading(data.AllowanceData, _allowance),
    Reading(data.SolvedData, lambda of: {"solved": _("yes") if of["solved"] else _("no")}),
    Reading(data.RatingData, lambda of: {"stars": str(of["stars"])}),
    Reading(data.QuestionData, lambda of: {"text": of["text"]}),
    Reading(data.FollowUpData, lambda of: {"answer": _named(dict(FollowUp.choices), of["answer"])}),
    Reading(data.DisputeData, _dispute),
    Reading(data.HelpQuestionData, _help),
    Reading(data.HelpAnswerData, lambda of: {"text": of["text"]}),
    Reading(data.SupportData, lambda of: {"reason": of["reason"]}),
    Reading(data.AssignmentData, lambda of: {"reason": of["reason"], "mechanic": of["mechanic"]}),
    Reading(data.GiftData, lambda of: {"reason": of["reason"], "given": format_duration(of["seconds"])}),
    Reading(data.SupportRefundData, lambda of: {"reason": of["reason"], **_support_refund(of)}),
    Reading(data.BanData, lambda of: {"reason": of["reason"], "name": of["name"]}),
    Reading(data.FailedJobData, lambda of: {"reason": of["reason"], "kind": of["kind"]}),
]
