"""Support's actions on a session: each is a form with a reason, and a function."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict, cast
from uuid import UUID, uuid4

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.core.fields import AmountField, TextField
from autodoctor.core.parsing import parse_uuid
from autodoctor.payments import currencies
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Refund
from autodoctor.sessions.lifecycle import refunds, support_actions
from autodoctor.sessions.lifecycle.extensions import seconds_until_cap
from autodoctor.sessions.record.event_log import Audience
from autodoctor.sessions.states import BEFORE_START, CLAIMED, State
from autodoctor.summaries import actions as summaries
from autodoctor.support.case_file import Case

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MINUTES = (5, 10, 15, 30, 60)


class ActContext(TypedDict):
    """The arguments of every action of support."""

    session_id: UUID
    by: User
    now: datetime
    token: UUID  # the form's token


class ActForm(forms.Form):
    """`case` is the session as the page shows it, with the choices of the form.

    `token`: the same form sent twice acts once.
    """

    token = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)

    def __init__(self, case: Case, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{self.prefix_of()}_%s")
        self.case = case
        self.prepare()

    @classmethod
    def prefix_of(cls) -> str:
        return cls.__name__.removesuffix("Form").lower()

    def prepare(self) -> None:
        """Set the choices that depend on the session."""

    def perform(self, context: ActContext) -> None:
        """Run the action with the form's valid data."""
        raise NotImplementedError

    def given(self, name: str) -> str:
        return str(self.cleaned_data[name])

    def offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices


def _reason(hint: "_StrPromise") -> TextField:
    missing = {"required": _("Enter a reason. A few words are enough.")}
    area = forms.Textarea({"rows": 2})
    return TextField(
        label=_("Why?"), help_text=hint, max_length=support_actions.LONGEST_REASON, widget=area, error_messages=missing
    )


def _sure(label: "_StrPromise") -> forms.BooleanField:
    return forms.BooleanField(label=label, error_messages={"required": _("Confirm this first. You cannot undo it.")})


BOTH_READ = _("Both participants read this in the chat and on the page.")
WE_READ = _("Only support can read this.")


class EndForm(ActForm):
    reason = _reason(BOTH_READ)
    sure = _sure(_("End the session for both participants"))

    def perform(self, context: ActContext) -> None:
        support_actions.end(**context, reason=self.given("reason"))


class CancelForm(ActForm):
    reason = _reason(BOTH_READ)
    sure = _sure(_("Cancel the session for both participants"))

    def perform(self, context: ActContext) -> None:
        support_actions.cancel(**context, reason=self.given("reason"))


class ReleaseForm(ActForm):
    reason = _reason(WE_READ)
    sure = _sure(_("Take the session away from this mechanic"))

    def perform(self, context: ActContext) -> None:
        support_actions.release(**context, reason=self.given("reason"))


class AssignForm(ActForm):
    mechanic = forms.ChoiceField(label=_("Mechanic"), help_text=_("A mechanic who takes sessions and has none now."))
    reason = _reason(WE_READ)

    def prepare(self) -> None:
        self.offer("mechanic", [(str(person.id), person.name) for person in self.case.takers])

    def perform(self, context: ActContext) -> None:
        mechanic_id = UUID(self.given("mechanic"))
        support_actions.assign(**context, mechanic_id=mechanic_id, reason=self.given("reason"))


class SubstituteForm(ActForm):
    mechanic = forms.ChoiceField(
        label=_("Mechanic"), required=False, help_text=_("A mechanic who takes sessions and has none now.")
    )
    reason = _reason(WE_READ)
    sure = _sure(_("Have another mechanic go on"))

    def prepare(self) -> None:
        whoever = ("", str(_("Whoever takes it first")))
        self.offer("mechanic", [whoever, *((str(person.id), person.name) for person in self.case.takers)])

    def perform(self, context: ActContext) -> None:
        mechanic_id = parse_uuid(self.given("mechanic"))
        support_actions.substitute(**context, mechanic_id=mechanic_id, reason=self.given("reason"))


class TimeForm(ActForm):
    minutes = forms.TypedChoiceField(label=_("How much"), coerce=int)
    reason = _reason(WE_READ)

    def prepare(self) -> None:
        room = seconds_until_cap(self.case.session, self.case.now)
        offered = [minutes for minutes in MINUTES if minutes * 60 <= room] or MINUTES[:1]
        self.offer("minutes", [(str(minutes), str(_("%d minutes")) % minutes) for minutes in offered])

    def perform(self, context: ActContext) -> None:
        minutes: int = self.cleaned_data["minutes"]
        support_actions.give_time(**context, seconds=minutes * 60, reason=self.given("reason"))


class MessageForm(ActForm):
    to = forms.ChoiceField(label=_("To"))
    text = TextField(
        label=_("Message"),
        max_length=support_actions.LONGEST_MESSAGE,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Write something first.")},
    )

    def prepare(self) -> None:
        session, one = self.case.session, str(_("Only to %s"))
        readers = [(Audience.CUSTOMER.value, one % session.customer.name)]
        if session.mechanic:
            both, mechanic = Audience.BOTH.value, Audience.MECHANIC.value
            readers = [(both, str(_("To both"))), *readers, (mechanic, one % session.mechanic.name)]
        self.offer("to", readers)

    def perform(self, context: ActContext) -> None:
        support_actions.send_message(**context, text=self.given("text"), to=self.given("to"))


class RefundForm(ActForm):
    payment = forms.ChoiceField(label=_("Charge"))
    amount = AmountField(
        label=_("Amount"),
        min_value=1,
        widget=forms.TextInput({"inputmode": "decimal", "placeholder": "0.00"}),
        error_messages={"min_value": _("Enter an amount like 24.50.")},
    )
    borne_by = forms.ChoiceField(
        label=_("Paid by"), choices=Refund.Bearer.choices, widget=forms.RadioSelect, initial=Refund.Bearer.PLATFORM
    )
    reason = _reason(_("The customer can read this on the receipt."))
    sure = _sure(_("Issue the refund"))

    def prepare(self) -> None:
        cast(AmountField, self.fields["amount"]).places = currencies.of(self.case.session.currency).exponent
        charges = [
            (str(each.payment.id), _left(each.payment.description, each.refundable_cents, each.payment.currency))
            for each in self.case.refundable
        ]
        self.offer("payment", charges)

    def perform(self, context: ActContext) -> None:
        refunds.refund_session(
            session_id=context["session_id"],
            by=context["by"],
            now=context["now"],
            refund_id=context["token"],
            payment_id=UUID(self.given("payment")),
            amount_cents=self.cleaned_data["amount"],
            reason=self.given("reason"),
            borne_by=self.given("borne_by"),
        )


class ResendForm(ActForm):
    reason = _reason(WE_READ)

    def perform(self, context: ActContext) -> None:
        summaries.resend(**context, reason=self.given("reason"))


@dataclass(frozen=True)
class Act:
    """`explained` is shown above the form; `danger`: it takes something away, or cannot be undone; `fresh`: it moves
    money or refuses a person, and asks for a fresh password or code.
    """

    name: str
    label: Promise
    explained: Promise
    button: Promise
    done: Promise
    form: type[ActForm]
    offered: Callable[[Case], bool]
    icon: str
    danger: bool = False
    fresh: bool = False


def _left(description: str, cents: int, currency: str) -> str:
    return str(_("%(what)s: %(left)s left")) % {"what": description, "left": format_cents(cents, currency)}


def _has_not_begun(case: Case) -> bool:
    return case.session.state in BEFORE_START | {State.DRAFT}


ACTS: dict[str, Act] = {
    act.name: act
    for act in (
        Act(
            "message",
            _("Send a message"),
            _("The message appears in the chat. A participant without an open page also gets an email."),
            _("Send"),
            _("Sent."),
            MessageForm,
            lambda case: True,
            "chat",
        ),
        Act(
            "extend",
            _("Give free time"),
            _("The session gets longer for both participants. The time is free and is used last."),
            _("Give free time"),
            _("The session is longer now."),
            TimeForm,
            lambda case: case.is_running,
            "clock",
        ),
        Act(
            "assign",
            _("Assign another mechanic"),
            _(
                "The new mechanic gets an email and sees the session on the dashboard. If the new mechanic does "
                "not join in time, the request goes back to the queue. The current mechanic is released."
            ),
            _("Assign mechanic"),
            _("The mechanic is assigned."),
            AssignForm,
            lambda case: case.session.state in BEFORE_START,
            "wrench",
        ),
        Act(
            "substitute",
            _("Another mechanic goes on"),
            _(
                "The clock is paused until another mechanic is there, who goes on with the time that is left. The "
                "current mechanic leaves the session and keeps their share."
            ),
            _("Find another mechanic"),
            _("Another mechanic goes on, or is being looked for."),
            SubstituteForm,
            lambda case: case.is_running,
            "wrench",
            danger=True,
            fresh=True,
        ),
        Act(
            "release",
            _("Back to the queue"),
            _(
                "The mechanic is released and cannot accept this request again. The "
                "request goes to the front of the queue."
            ),
            _("Return to queue"),
            _("The request is in the queue again."),
            ReleaseForm,
            lambda case: case.session.state in BEFORE_START and case.session.state in CLAIMED,
            "undo",
            danger=True,
            fresh=True,
        ),
        Act(
            "cancel",
            _("Cancel the session"),
            _("The session does not take place. The hold is released in full. You cannot undo this."),
            _("Cancel the session"),
            _("The session is canceled, and the hold is being released."),
            CancelForm,
            _has_not_begun,
            "close",
            danger=True,
            fresh=True,
        ),
        Act(
            "end",
            _("End the session"),
            _(
                "The session ends for both participants. Only the time used is charged, "
                "and the rest of the hold is released."
            ),
            _("End the session"),
            _("The session is over, and the charge is being made."),
            EndForm,
            lambda case: case.is_running,
            "close",
            danger=True,
            fresh=True,
        ),
        Act(
            "refund",
            _("Issue a refund"),
            _("Refund any part of the charge. The bank takes a few days. The receipt shows the refund immediately."),
            _("Issue the refund"),
            _("The refund is on its way to the customer’s card."),
            RefundForm,
            lambda case: bool(case.refundable),
            "card",
            danger=True,
            fresh=True,
        ),
        Act(
            "resend",
            _("Send the summary again"),
            _("The customer gets the summary with the PDF by email again."),
            _("Send again"),
            _("The email is on its way."),
            ResendForm,
            lambda case: case.session.summarized_at is not None,
            "mail",
        ),
    )
}


@dataclass(frozen=True)
class Offer:
    """An action on the page; `open` after a refusal, with what was typed."""

    act: Act
    form: ActForm
    open: bool = False


def offers(case: Case, tried: ActForm | None = None, name: str = "") -> list[Offer]:
    """Return the available actions, and the action that was just tried even if it is no longer available."""
    return [
        Offer(act, tried if tried and act.name == name else act.form(case), open=act.name == name)
        for act in ACTS.values()
        if act.name == name or act.offered(case)
    ]
