"""Why a card was declined, in words for its holder."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_USUAL = _("Your bank declined the card. Try another card, or ask your bank.")

# Stripe's codes; loss and theft get the usual sentence, so that a finder learns nothing.
_SENTENCES: dict[str, Promise] = {
    "insufficient_funds": _("This card has insufficient funds. Try another card."),
    "expired_card": _("This card has expired. Try another card."),
    "incorrect_cvc": _("The security code is wrong. Check the card and try again."),
    "invalid_cvc": _("The security code is wrong. Check the card and try again."),
    "incorrect_number": _("The card number is wrong. Check the card and try again."),
    "card_not_supported": _("We do not accept this type of card. Try another card."),
    "currency_not_supported": _("This card does not support this currency. Try another card."),
    "authentication_required": _("Your bank asks you to confirm this payment. Try again and follow the bank's steps."),
    "payment_intent_authentication_failure": _("Your bank could not confirm that it was you. Try again."),
    "card_unusable": _("Your saved card no longer works. Try another card."),
    "processing_error": _("The bank had a problem. Try again in a moment."),
}


def sentence(code: str) -> Promise:
    """Return the sentence for a decline code."""
    return _SENTENCES.get(code, _USUAL)
