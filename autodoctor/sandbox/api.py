"""The API: keys, routes, idempotency, expansion, and the error envelope."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from autodoctor.sandbox import browser, checkouts, connect, errors, forms, objects, permissions, platform, resources
from autodoctor.sandbox.errors import ApiError
from autodoctor.sandbox.expand import expanded
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.resources import Operation, retrieve, updating
from autodoctor.sandbox.store import Json, Store

_DESCRIBED: dict[str, forms.Read] = {"description": forms.text(1000), "metadata": forms.metadata_change}
_METADATA: dict[str, forms.Read] = {"metadata": forms.metadata_change}
_CUSTOMER = resources.CUSTOMER | _METADATA
_PATHS = forms.each(forms.text(200))
_ROUTES: list[tuple[str, str, Operation]] = [
    ("POST", "checkout/sessions", checkouts.create),
    ("GET", "checkout/sessions", resources.list_checkouts),
    ("GET", "checkout/sessions/{}", retrieve("checkout.session", "session")),
    ("POST", "checkout/sessions/{}", updating("checkout.session", "session", _METADATA)),
    ("GET", "checkout/sessions/{}/line_items", resources.checkout_items),
    ("POST", "checkout/sessions/{}/expire", resources.expire_checkout),
    ("POST", "payment_intents", resources.create_intent),
    ("GET", "payment_intents", resources.list_intents),
    ("GET", "payment_intents/{}", retrieve("payment_intent", "intent")),
    ("POST", "payment_intents/{}", updating("payment_intent", "intent", _DESCRIBED)),
    ("POST", "payment_intents/{}/confirm", resources.confirm_intent),
    ("POST", "payment_intents/{}/capture", resources.capture_intent),
    ("POST", "payment_intents/{}/cancel", resources.cancel_intent),
    ("GET", "charges", resources.list_charges),
    ("GET", "charges/{}", retrieve("charge", "charge")),
    ("POST", "charges/{}", updating("charge", "charge", _DESCRIBED, "charge.updated")),
    ("POST", "refunds", resources.create_refund),
    ("GET", "refunds", resources.list_refunds),
    ("GET", "refunds/{}", retrieve("refund", "refund")),
    ("POST", "refunds/{}", updating("refund", "refund", _METADATA, "refund.updated")),
    ("GET", "disputes", resources.list_disputes),
    ("GET", "disputes/{}", retrieve("dispute", "dispute")),
    ("GET", "radar/early_fraud_warnings", resources.list_warnings),
    ("GET", "radar/early_fraud_warnings/{}", retrieve("radar.early_fraud_warning", "early_fraud_warning")),
    ("POST", "customers", resources.create_customer),
    ("GET", "customers", resources.list_customers),
    ("GET", "customers/{}", resources.retrieve_customer),
    ("POST", "customers/{}", updating("customer", "customer", _CUSTOMER, "customer.updated")),
    ("DELETE", "customers/{}", resources.delete_customer),
    ("GET", "customers/{}/payment_methods", resources.customers_methods),
    ("GET", "payment_methods", resources.list_methods),
    ("GET", "payment_methods/{}", resources.retrieve_method),
    ("POST", "payment_methods/{}", updating("payment_method", "payment_method", _METADATA)),
    ("POST", "payment_methods/{}/attach", resources.attach),
    ("POST", "payment_methods/{}/detach", resources.detach),
    ("POST", "accounts", connect.create_account),
    ("GET", "accounts", connect.list_accounts),
    ("GET", "account", platform.own_account),
    ("GET", "accounts/{}", connect.retrieve_account),
    ("POST", "account_links", connect.create_link),
    ("POST", "transfers", connect.create_transfer),
    ("GET", "transfers", connect.list_transfers),
    ("GET", "transfers/{}", retrieve("transfer", "id")),
    ("POST", "transfers/{}/reversals", connect.create_reversal),
    ("GET", "transfers/{}/reversals", connect.list_reversals),
    ("POST", "webhook_endpoints", platform.create_endpoint),
    ("GET", "webhook_endpoints", platform.list_endpoints),
    ("GET", "payment_method_configurations", platform.list_configurations),
    ("POST", "payment_method_domains", platform.create_domain),
    ("GET", "payment_method_domains", platform.list_domains),
    ("GET", "events", resources.list_events),
    ("GET", "events/{}", retrieve("event", "id")),
]
_OF_BROWSERS: list[tuple[str, str, Operation]] = [
    ("GET", "payment_intents/{}", browser.retrieve),
    ("POST", "payment_intents/{}/confirm", browser.confirm),
]


def _matchers(routes: list[tuple[str, str, Operation]]) -> list[tuple[str, re.Pattern[str], Operation]]:
    return [
        (method, re.compile(re.escape(route).replace(r"\{\}", r"([A-Za-z0-9_]{1,200})") + r"\Z"), operation)
        for method, route, operation in routes
    ]


_MATCHERS, _MATCHERS_OF_BROWSERS = _matchers(_ROUTES), _matchers(_OF_BROWSERS)


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # below /v1/
    headers: dict[str, str]  # names in lower case
    form: str  # the body of a POST, the query of a GET
    pages: str


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Answers one request after the other; a key in use is refused, as at Stripe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys_in_use: set[str] = set()
        self._pace = permissions.Pace(store)
        self._guard = threading.Lock()

    def answer(self, request: Request) -> Answer:
        request_id = objects.new_id("req", 14)
        try:
            answer = self._respond(request, request_id)
        except ApiError as error:
            answer = _failure(error, request_id)
        headers = {"Request-Id": request_id, "Stripe-Version": objects.API_VERSION}
        return replace(answer, headers=headers | answer.headers)

    def break_down(self, request: Request, status: int) -> Answer:
        """Fail on purpose. A 500 is kept under the key, as at Stripe; other failures come from before the key.

        A 409 says that another request with this key is under way.
        """
        request_id, key = objects.new_id("req", 14), request.headers.get("idempotency-key", "")
        failure = ApiError("An error occurred on purpose.", kind="api_error", status=status)
        answer = _failure(errors.key_in_use(key) if status == 409 else failure, request_id)
        if status == 500 and key:
            self._store.keep_answer(
                key=key, fingerprint=_print(request), status=status, body=answer.body, request_id=request_id
            )
        return replace(answer, headers={"Request-Id": request_id})

    def _respond(self, request: Request, request_id: str) -> Answer:
        key = request.headers.get("idempotency-key", "")
        operation, ids = _route(request)
        if request.method != "POST" or not key:
            with self._allowed(request), self._store.transaction():
                return self._perform(request, request_id, operation, ids)
        with self._alone(key), self._allowed(request), self._store.transaction():
            return self._once(request, request_id, operation, ids, key)

    @contextmanager
    def _allowed(self, request: Request) -> Iterator[None]:
        permissions.check(self._store, _key(request), method=request.method, path=request.path)
        self._pace.check()
        yield

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._guard:
            if key in self._keys_in_use:
                raise errors.key_in_use(key)
            self._keys_in_use.add(key)
        try:
            yield
        finally:
            with self._guard:
                self._keys_in_use.discard(key)

    def _once(self, request: Request, request_id: str, operation: Operation, ids: list[str], key: str) -> Answer:
        """The same key with the same request gets the same answer; another request is refused."""
        if kept := self._store.answer(key):
            if kept["fingerprint"] != _print(request):
                raise errors.key_reused(key)
            replayed = {"Idempotent-Replayed": "true", "Original-Request": kept["request_id"]}
            return Answer(kept["status"], kept["body"], replayed | {"Idempotency-Key": key})
        answer = self._perform(request, request_id, operation, ids)
        self._store.keep_answer(
            key=key, fingerprint=_print(request), status=answer.status, body=answer.body, request_id=request_id
        )
        return replace(answer, headers={"Idempotency-Key": key, "Original-Request": request_id})

    def _perform(self, request: Request, request_id: str, operation: Operation, ids: list[str]) -> Answer:
        """Run the request. Raises ApiError only for a malformed request; every other outcome is stored under the
        key.
        """
        desk = Desk(
            self._store,
            now=int(self._store.now()),
            pages=request.pages,
            request_id=request_id,
            idempotency_key=request.headers.get("idempotency-key"),
        )
        checkouts.expire_due(desk)
        params = forms.parse(request.form)
        paths = _PATHS(params.pop("expand", {}), "expand")
        try:
            with self._store.savepoint():
                return _perform(desk, operation, params, ids, paths, request_id)
        except ApiError as error:
            if error.is_validation:
                raise
            return _failure(error, request_id)


def _perform(
    desk: Desk, operation: Operation, params: dict[str, Any], ids: list[str], paths: list[str], request_id: str
) -> Answer:
    try:
        thing = operation(desk, params, *ids)
    except ApiError as error:
        if not error.keeps_effects:
            raise
        return _failure(error, request_id)
    return Answer(200, _json(objects.public(expanded(desk, thing, paths))))


def _print(request: Request) -> str:
    return hashlib.sha256(f"{request.path}\n{request.form}".encode()).hexdigest()


def _key(request: Request) -> str:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    key = credentials.strip()
    return _user_name(key) if scheme.lower() == "basic" else key


def _user_name(basic: str) -> str:
    try:
        return base64.b64decode(basic).decode("latin-1").partition(":")[0]
    except ValueError:
        return ""


def _route(request: Request) -> tuple[Operation, list[str]]:
    is_browser = _key(request).startswith("pk_")
    for method, pattern, operation in _MATCHERS_OF_BROWSERS if is_browser else _MATCHERS:
        if method == request.method and (match := pattern.match(request.path)):
            return operation, list(match.groups())
    if is_browser:
        raise errors.secret_key_required()
    raise errors.no_route(request.method, f"/v1/{request.path}")


def _failure(error: ApiError, request_id: str) -> Answer:
    log_url = f"https://dashboard.stripe.com/test/logs/{request_id}"
    return Answer(error.status, _json({"error": error.body | {"request_log_url": log_url}}))


def _json(body: Json) -> str:
    return json.dumps(body, indent=2)
