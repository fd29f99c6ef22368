"""The Stripe client: one client, one key per change, Stripe's errors translated into ours."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import stripe
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.core.outside import release_connection
from autodoctor.payments import decline_messages

TIMEOUT_SECONDS = (3.0, 8.0)  # limits for the connection and for the answer
NO_BALANCE = ("balance_insufficient", "insufficient_funds")  # codes; the same call may succeed in a few days
RETRIES = 2  # within one call, with the same key; what lies beyond is the durable queue's

# The SDK writes request bodies at DEBUG and addresses at INFO.
logger = logging.getLogger(__name__)
logging.getLogger("stripe").setLevel(logging.WARNING)
stripe.enable_telemetry = False


class PaymentError(Exception):
    """A failed call. `code` is for the program, `sentence` for the waiting person.

    `final`: Stripe keeps this answer under the call's key.
    """

    final = True
    sentence: Promise = _("The payment service is not responding. Nothing was charged. Try again in a moment.")

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Declined(PaymentError):
    """The bank declined."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.sentence = decline_messages.sentence(code)


class Unavailable(PaymentError):
    """No answer, or a temporary failure: the result is unknown. Repeat with the same key, unless it is final."""

    def __init__(self, code: str, *, final: bool = False) -> None:
        super().__init__(code)
        self.final = final


class Unknown(PaymentError):
    """The object does not exist at Stripe."""

    sentence = _("This payment cannot be found.")


class Invalid(PaymentError):
    """Stripe refuses the call in the present state; read the state before doing anything else."""

    sentence = _("This payment has changed. Reload the page.")


REFUSALS = (Invalid, Unknown, Declined)  # Stripe takes no such request, whenever it is asked


@lru_cache(maxsize=4)
def _client_for(api_key: str, address: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": address} if address else {},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )


def client() -> stripe.StripeClient:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def idempotency(key: str) -> Any:
    if not key:
        raise ValueError("a change needs an idempotency key")
    return {"idempotency_key": key}


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate Stripe's errors into ours without their cause: the cause holds whole answers, and tracebacks are
    logged. Whoever waits for Stripe holds no connection of the pool.
    """
    release_connection()
    try:
        yield
    except stripe.CardError as error:
        raise Declined(_decline_code(error)) from None
    except stripe.InvalidRequestError as error:
        code = error.code or error.param or "invalid_request"
        raise (Unknown if error.http_status == 404 else Invalid)(code) from None
    except stripe.PermissionError as error:
        if getattr(error.error, "code", "") == "account_invalid":  # its holder took our access away
            raise Unknown("account_invalid") from None
        logger.error("The key for Stripe may not do this; `manage.py check_stripe` says what it lacks")
        raise Unavailable(f"permission {error.request_id or ''}".strip()) from None  # until the key may do it
    except stripe.IdempotencyError:
        raise Invalid("idempotency_error") from None
    except stripe.StripeError as error:
        code = f"{type(error).__name__} {error.http_status or ''} {error.request_id or ''}"
        raise Unavailable(code.strip(), final=_is_kept(error)) from None


def _is_kept(error: stripe.StripeError) -> bool:
    """Return whether Stripe keeps this failure under the call's key. It keeps a 500; others may come from before it."""
    replayed = {name.lower(): value for name, value in (error.headers or {}).items()}.get("idempotent-replayed")
    return error.http_status == HTTPStatus.INTERNAL_SERVER_ERROR or replayed == "true"


def _decline_code(error: stripe.CardError) -> str:
    decline_code = getattr(error.error, "decline_code", None)
    return str(decline_code or error.code or "card_declined")


def part(data: dict[str, Any], name: str) -> dict[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def id_of(reference: Any) -> str:
    """Return the id of an object that may be expanded, an id, or missing."""
    return str(reference["id"] if isinstance(reference, dict) else reference or "")
