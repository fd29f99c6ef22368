"""What a browser may do: with a publishable key and the secret of one PaymentIntent, and nothing else."""

from hmac import compare_digest
from typing import Any

from autodoctor.sandbox import bank, cards, forms
from autodoctor.sandbox.errors import ApiError, CardError, invalid
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json

Params = dict[str, Any]

# What Stripe shows to a publishable key: no metadata, no customer, no charge.
_SHOWN = (
    "id object amount automatic_payment_methods canceled_at cancellation_reason capture_method client_secret "
    "confirmation_method created currency description last_payment_error livemode next_action payment_method "
    "payment_method_types receipt_email setup_future_usage status"
).split()
_CARD = forms.fields(
    {"number": forms.text(24), "exp_month": forms.text(2), "exp_year": forms.text(4), "cvc": forms.text(4)},
    required=["number", "exp_month", "exp_year", "cvc"],
)
_METHOD = forms.fields({"type": forms.choice("card"), "card": _CARD}, required=["type", "card"])
_CONFIRM: dict[str, forms.Read] = {
    "client_secret": forms.text(),
    "payment_method_data": _METHOD,
    "return_url": forms.url,
    "use_stripe_sdk": forms.boolean,
}


def retrieve(desk: Desk, params: Params, id_: str) -> Json:
    given = forms.read(params, {"client_secret": forms.text()}, required=["client_secret"])
    return _shown(_opened(desk, id_, given["client_secret"]))


def confirm(desk: Desk, params: Params, id_: str) -> Json:
    """Pay with the card that was typed into the frame; where the bank asks first, by a window within the page."""
    given = forms.read(params, _CONFIRM, required=["client_secret", "payment_method_data"])
    intent = _opened(desk, id_, given["client_secret"])
    if intent["_checkout"]:
        raise ApiError("You cannot confirm the PaymentIntent of a Checkout Session.")
    try:
        intent = bank.choose(desk, intent, bank.payment_method(desk, _named(given["payment_method_data"]["card"])))
        return _shown(bank.confirm(desk, intent))
    except ApiError as error:
        if "payment_intent" in error.body:
            error.body["payment_intent"] = _shown(error.body["payment_intent"])
        raise


def _opened(desk: Desk, id_: str, secret: str) -> Json:
    intent = desk.find("payment_intent", id_, "intent")
    if not compare_digest(secret.encode(), intent["client_secret"].encode()):
        message = "The client_secret provided does not match the client_secret associated with the PaymentIntent."
        raise invalid("client_secret", message, code="payment_intent_invalid_parameter")
    return intent


def _named(card: Json) -> str:
    """Return the name of the card with this number. Raises CardError for another one."""
    number = "".join(filter(str.isdigit, card["number"]))
    if number in cards.NUMBERS:
        return cards.NUMBERS[number]
    message = "Your card number is incorrect."
    raise CardError({"type": "card_error", "code": "incorrect_number", "param": "number", "message": message})


def _shown(intent: Json) -> Json:
    return {name: intent[name] for name in _SHOWN}
