"""Why a receipt comes to what it says: the one place for these sentences, on the page, in the mail and as PDF."""

from typing import TYPE_CHECKING, assert_never

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import SMALLEST_CHARGE_CENTS, Payment
from autodoctor.sessions.rules.settlement import ChargeRule
from autodoctor.sessions.states import EndReason

if TYPE_CHECKING:
    from autodoctor.receipts.receipt import Receipt

IN_FULL: dict[EndReason, Promise] = {
    EndReason.TIME_UP: gettext_lazy("The session took place in full, so everything is charged."),
    EndReason.CUSTOMER_LOST: gettext_lazy("Your mechanic waited for you to the end, so everything is charged."),
    EndReason.ENDED_BY_CUSTOMER: gettext_lazy("You ended the session yourself, so everything is charged."),
    EndReason.ENDED_BY_MECHANIC: gettext_lazy("It counts as solved, so everything is charged."),
}
BY_TIME: dict[EndReason, Promise] = {
    EndReason.ENDED_BY_MECHANIC: gettext_lazy("You said that it is not solved, so only the time you used is charged."),
    EndReason.ENDED_BY_SUPPORT: gettext_lazy("Support ended the session, so only the time you used is charged."),
    EndReason.MECHANIC_LOST: gettext_lazy("Your mechanic’s connection was lost, so only the time you used is charged."),
    EndReason.EXCEEDED_CAP: gettext_lazy(
        "The session reached the longest time there is, so only the time you used is charged."
    ),
}


def card(payment: Payment) -> str:
    """ "Visa 4242", or nothing where the card is not known."""
    return f"{payment.card_brand.title()} {payment.card_last4}" if payment.card_last4 else ""


def why(receipt: "Receipt") -> str:
    """By which line of the table; empty while that is open."""
    by_rule = _by_rule(receipt, receipt.rule) if receipt.rule else []
    return " ".join(str(sentence) for sentence in [*by_rule, *_besides(receipt)]) if by_rule else ""


def _by_rule(receipt: "Receipt", rule: ChargeRule) -> list[Promise | str]:
    match rule:
        case ChargeRule.ASK:
            return []
        case ChargeRule.ALL:
            return _in_full(receipt)
        case ChargeRule.USED:
            return [BY_TIME[EndReason(receipt.session.end_reason)], *_chat_price(receipt)]
        case ChargeRule.HALF:
            words = _("Your mechanic was already there for you, so half of the booking is charged.")
            return [words, *_chat_price(receipt)]
        case ChargeRule.NOTHING:
            return [_("It did not take place, so nothing is charged.")]
        case _:
            assert_never(rule)


def _in_full(receipt: "Receipt") -> list[Promise | str]:
    if not receipt.became_chat:
        return [IN_FULL[EndReason(receipt.session.end_reason)]]
    added = [_("The time you added is charged in full.")] if receipt.added_parts else []
    return [_("The session became a chat, so the price of a chat is charged, as agreed."), *added]


def _chat_price(receipt: "Receipt") -> list[str]:
    return [_("It is reckoned from the price of a chat, as agreed.")] if receipt.became_chat else []


def _besides(receipt: "Receipt") -> list[str]:
    """What makes single parts cost less than the rule says."""
    said = []
    if any(not line.gave_time for line in receipt.lines):
        said.append(_("Time that came too late to be added is not charged."))
    if any(0 < (part.due_cents or 0) < SMALLEST_CHARGE_CENTS for part in receipt.parts):
        least = format_cents(SMALLEST_CHARGE_CENTS, receipt.session.currency)
        said.append(_("Cards are not charged less than %(least)s, so that little is given up.") % {"least": least})
    if any(part.state == Payment.State.RELEASED and part.to_capture_cents for part in receipt.parts):
        said.append(_("Your bank let go of a hold before it was charged, so nothing is charged of it."))
    return said
