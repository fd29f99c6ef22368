"""Magic cards: the bank's behavior for each, by the payment method's well-known name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    brand: str
    last4: str
    decline: str = ""  # the decline code of every attempt, after authentication where that is asked for
    code: str = "card_declined"
    message: str = "Your card was declined."
    authenticates: bool = False
    attaches: bool = True  # a declined card is refused when attached, except the card that fails later
    disputed_as: str = ""  # the reason of the dispute that follows the capture


_FUNDS = "Your card has insufficient funds."
_EXPIRED = "Your card has expired."
_CVC = "Your card's security code is incorrect."
_PROCESSING = "An error occurred while processing your card. Try again in a little bit."

CARDS: dict[str, Card] = {
    "pm_card_visa": Card("visa", "4242"),
    "pm_card_visa_debit": Card("visa", "5556"),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_amex": Card("amex", "8431"),
    "pm_card_discover": Card("discover", "9424"),
    "pm_card_chargeDeclined": Card("visa", "0002", "generic_decline", attaches=False),
    "pm_card_chargeDeclinedInsufficientFunds": Card(
        "visa", "9995", "insufficient_funds", message=_FUNDS, attaches=False
    ),
    "pm_card_chargeDeclinedLostCard": Card("visa", "9987", "lost_card", attaches=False),
    "pm_card_chargeDeclinedStolenCard": Card("visa", "9979", "stolen_card", attaches=False),
    "pm_card_chargeDeclinedExpiredCard": Card(
        "visa", "0069", "expired_card", code="expired_card", message=_EXPIRED, attaches=False
    ),
    "pm_card_chargeDeclinedIncorrectCvc": Card(
        "visa", "0127", "incorrect_cvc", code="incorrect_cvc", message=_CVC, attaches=False
    ),
    "pm_card_chargeDeclinedProcessingError": Card(
        "visa", "0119", "processing_error", code="processing_error", message=_PROCESSING, attaches=False
    ),
    "pm_card_chargeCustomerFail": Card("visa", "0341", "generic_decline"),
    "pm_card_authenticationRequired": Card("visa", "3184", authenticates=True),
    "pm_card_threeDSecure2Required": Card("visa", "3220", authenticates=True),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        "visa", "3178", "insufficient_funds", message=_FUNDS, authenticates=True
    ),
    "pm_card_createDispute": Card("visa", "0259", disputed_as="fraudulent"),
    "pm_card_createDisputeProductNotReceived": Card("visa", "2685", disputed_as="product_not_received"),
}
# Stripe knows the declining ones with the brand in the name, too.
CARDS |= {
    name.replace("pm_card_", "pm_card_visa_"): card for name, card in CARDS.items() if name.startswith("pm_card_charge")
}

# Stripe's test numbers, for a card that is typed.
NUMBERS = {
    "4242424242424242": "pm_card_visa",
    "4000056655665556": "pm_card_visa_debit",
    "5555555555554444": "pm_card_mastercard",
    "378282246310005": "pm_card_amex",
    "6011111111111117": "pm_card_discover",
    "4000000000000002": "pm_card_chargeDeclined",
    "4000000000009995": "pm_card_chargeDeclinedInsufficientFunds",
    "4000000000009987": "pm_card_chargeDeclinedLostCard",
    "4000000000009979": "pm_card_chargeDeclinedStolenCard",
    "4000000000000069": "pm_card_chargeDeclinedExpiredCard",
    "4000000000000127": "pm_card_chargeDeclinedIncorrectCvc",
    "4000000000000119": "pm_card_chargeDeclinedProcessingError",
    "4000002760003184": "pm_card_authenticationRequired",
    "4000000000003220": "pm_card_threeDSecure2Required",
    "4000008260003178": "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "4000000000000259": "pm_card_createDispute",
    "4000000000002685": "pm_card_createDisputeProductNotReceived",
}

# The choices of the pay page in order, and the cards behind two of its buttons.
OFFERED = (
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_amex",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_chargeDeclinedLostCard",
    "pm_card_authenticationRequired",
    "pm_card_createDispute",
)
DECLINING = "pm_card_chargeDeclined"
AUTHENTICATING = "pm_card_authenticationRequired"

# The behaviors that a person can give a saved card.
BEHAVIORS = (
    "pm_card_visa",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_chargeDeclinedLostCard",
    "pm_card_chargeDeclinedProcessingError",
    "pm_card_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
)
