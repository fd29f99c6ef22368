"""Stripe's errors: the envelope, the statuses and the codes that the SDK turns into exceptions."""

from typing import Any


class ApiError(Exception):
    """An answer other than 200. Earlier effects of the request are rolled back, unless `keeps_effects`.

    Under an idempotency key it is given again to the same request, except when it only says that the request
    was malformed (`is_validation`): as at Stripe, where nothing had begun then.
    """

    keeps_effects = False
    is_validation = False

    def __init__(
        self, message: str, *, code: str = "", param: str = "", status: int = 400, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"type": kind, "message": message}
        if code:
            self.body |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.body["param"] = param


class CardError(ApiError):
    """402: the bank declined. The failed charge and the intent's new state stay, as at Stripe."""

    keeps_effects = True

    def __init__(self, error: dict[str, Any], *, intent: dict[str, Any] | None = None) -> None:
        super().__init__(
            error["message"], code=error["code"], param=error.get("param", ""), status=402, kind="card_error"
        )
        self.body |= error
        if intent is not None:
            self.body["payment_intent"] = intent


class Malformed(ApiError):
    """The parameters themselves are wrong."""

    is_validation = True


def missing(param: str) -> ApiError:
    return Malformed(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> ApiError:
    return Malformed(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def invalid(param: str, message: str, *, code: str = "") -> ApiError:
    return Malformed(message, code=code, param=param)


def no_such(kind: str, id_: str, param: str) -> ApiError:
    """Return 404 for an object named by the path, 400 for one named by a parameter: see `in_parameter`."""
    return Malformed(f"No such {kind}: '{id_}'", code="resource_missing", param=param, status=404)


def in_parameter(error: ApiError) -> ApiError:
    error.status = 400
    return error


def unexpected_state(message: str, intent: dict[str, Any]) -> ApiError:
    error = ApiError(message, code="payment_intent_unexpected_state")
    error.body["payment_intent"] = intent
    return error


def unauthorized(key: str) -> ApiError:
    if not key:
        message = "You did not provide an API key. You need to provide your API key in the Authorization header."
        return ApiError(message, status=401)
    return ApiError(f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}", status=401)


def secret_key_required() -> ApiError:
    message = "This API call cannot be made with a publishable API key. Please use a secret API key."
    return ApiError(message, code="secret_key_required", status=403)


def no_route(method: str, path: str) -> ApiError:
    return ApiError(f"Unrecognized request URL ({method}: {path}).", status=404)


def key_reused(key: str) -> ApiError:
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return ApiError(message, kind="idempotency_error")


def key_in_use(key: str) -> ApiError:
    message = f"There is currently another in-progress request using this Idempotency Key ({key}). Try again later."
    return ApiError(message, kind="idempotency_error", code="idempotency_key_in_use", status=409)
