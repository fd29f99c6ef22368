"""The explanation of a charge: all sentences for the page, the mail and the PDF."""

from typing import TYPE_CHECKING, assert_never

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.payments.currencies import chargeable_cents
from autodoctor.payments.formatting import too_small_to_charge
from autodoctor.payments.models import Payment
from autodoctor.sessions import end_reasons
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.settlement import ChargeRule
from autodoctor.sessions.states import EndReason

if TYPE_CHECKING:
    from autodoctor.receipts.receipt import Receipt

IN_FULL: dict[EndReason, Promise] = {
    EndReason.TIME_UP: gettext_lazy("The session lasted its full time. The full price is charged."),
    EndReason.CUSTOMER_LOST: gettext_lazy("Your mechanic waited for you until the end. The full price is charged."),
    EndReason.ENDED_BY_CUSTOMER: gettext_lazy("You ended the session. The full price is charged."),
    EndReason.ENDED_BY_MECHANIC: gettext_lazy("The problem counts as solved. The full price is charged."),
}
BY_TIME: dict[EndReason, Promise] = {
    EndReason.ENDED_BY_MECHANIC: gettext_lazy(
        "You said that the problem is not solved. Only the time used is charged."
    ),
    EndReason.ENDED_BY_SUPPORT: gettext_lazy("Support ended the session. Only the time used is charged."),
    EndReason.ENDED_BY_CUSTOMER: gettext_lazy(
        "Your mechanic lost the connection for too long or more than once. Only the time used is charged."
    ),
    EndReason.MECHANIC_LOST: gettext_lazy("Your mechanic lost the connection. Only the time used is charged."),
    EndReason.EXCEEDED_CAP: gettext_lazy("The session reached the maximum length. Only the time used is charged."),
}


def card(payment: Payment) -> str:
    """Return "Visa 4242"; empty if the card is not known."""
    return f"{payment.card_brand.title()} {payment.card_last4}" if payment.card_last4 else ""


def why(receipt: "Receipt") -> str:
    """Return the sentences of the charging rule; empty while the charge is open."""
    by_rule = _by_rule(receipt, receipt.rule) if receipt.rule else []
    return " ".join(str(sentence) for sentence in [*by_rule, *_besides(receipt)]) if by_rule else ""


def _by_rule(receipt: "Receipt", rule: ChargeRule) -> list[Promise | str]:
    match rule:
        case ChargeRule.ASK:
            return []
        case ChargeRule.ALL:
            return _in_full(receipt)
        case ChargeRule.USED:
            return [_by_time(receipt), *_chat_price(receipt)]
        case ChargeRule.HALF:
            words = _("A mechanic had already joined. Half of the booking is charged.")
            return [words, *_chat_price(receipt)]
        case ChargeRule.NOTHING:
            return [_("The session did not take place. Nothing is charged.")]
        case _:
            assert_never(rule)


def _by_time(receipt: "Receipt") -> Promise | str:
    reason = EndReason(receipt.session.end_reason)
    if end_reasons.has_left(reason, receipt.session.ended_by_role):
        return _("Your mechanic had to leave shortly before the end. Only the time used is charged.")
    if reason == EndReason.MECHANIC_LOST and receipt.session.search_at:
        return _("Your mechanic could not go on, and no other one took over. Only the time used is charged.")
    if reason == EndReason.ENDED_BY_CUSTOMER and receipt.session.handed_over:
        return _("Another mechanic had to go on with your session. Only the time used is charged.")
    return BY_TIME[reason]


def _in_full(receipt: "Receipt") -> list[Promise | str]:
    if not receipt.became_chat:
        return [IN_FULL[EndReason(receipt.session.end_reason)]]
    added = [_("The extensions are charged in full.")] if receipt.added_parts else []
    return [_("The session became a chat. You agreed to the chat price."), *added]


def _chat_price(receipt: "Receipt") -> list[str]:
    return [_("Charged at the chat price, as agreed.")] if receipt.became_chat else []


def _besides(receipt: "Receipt") -> list[str]:
    """Return the sentences about parts that cost another amount than the rule says."""
    said = []
    if any(not line.gave_time for line in receipt.lines):
        said.append(_("An extension that was paid too late is not charged."))
    if any((part.due_cents or 0) and not part.to_capture_cents for part in receipt.parts):
        said.append(too_small_to_charge(receipt.session.currency))
    if any(part.state == Payment.State.RELEASED and part.to_capture_cents for part in receipt.parts):
        said.append(_("Your bank released a hold before we charged it. That hold is not charged."))
    if any(_is_charged_otherwise(part, receipt) for part in receipt.parts):
        said.append(_("The amount charged is another one. Our support team looks into it."))
    return said


def _is_charged_otherwise(part: Payment, receipt: "Receipt") -> bool:
    """Return whether another amount was charged than the rule says, as by hand at Stripe before the end."""
    if part.state != Payment.State.CAPTURED:
        return False
    due = part.due_cents
    if due is None:
        due = settlement.amounts_due(receipt.session, receipt.payments)[part.id]
    return part.captured_cents != chargeable_cents(due, part.currency)
