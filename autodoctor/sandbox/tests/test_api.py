"""Every endpoint: keys, errors, idempotency, lists and expansion."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import stripe

from autodoctor.sandbox.tests.conftest import OpenCheckout
from tests.kit.server import PLAIN
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.waiting import until

AUTHORIZED = {"Authorization": "Bearer sk_test_sandbox"}
INTENT: Any = {"amount": 1499, "currency": "usd"}


@pytest.mark.parametrize("key", ["sk_live_real", "nonsense"])
def test_only_secret_test_keys_are_taken(stripe_sandbox: RunningSandbox, key: str) -> None:
    stranger = stripe.StripeClient(key, base_addresses={"api": stripe_sandbox.url})
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        stranger.v1.customers.list()


def test_the_sandbox_answers_401_without_valid_credentials(stripe_sandbox: RunningSandbox) -> None:
    assert stripe_sandbox.browser.get("/v1/customers").status_code == 401
    broken = {b"Authorization": b"Basic \xe2\x98"}
    assert stripe_sandbox.browser.get("/v1/customers", headers=broken).status_code == 401
    assert stripe_sandbox.browser.get("/v1/customers", auth=("sk_test_sandbox", "")).status_code == 200


def test_errors_of_the_sandbox_have_the_form_of_stripes(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.payment_intents.retrieve("pi_nothing")
    error: Any = missing.value
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "intent")
    assert error.user_message == "No such payment_intent: 'pi_nothing'"
    assert error.request_id.startswith("req_")
    assert error.error.type == "invalid_request_error"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("amount=1499", "parameter_missing"),
        ("amount=1499&currency=usd&colour=red", "parameter_unknown"),
        ("amount=many&currency=usd", "parameter_invalid_integer"),
        ("amount[]=1&currency=usd", "parameter_invalid_integer"),
        ("amount=1499&currency=usd&metadata=text", ""),
        ("amount=1499&amount[a]=1&currency=usd", ""),
        ("[]=1", ""),
        ("a[b=1", ""),
        ("a" + "[b]" * 50 + "=1", ""),
        ("amount=1499&currency=usd&expand=all", "parameter_invalid_array"),
    ],
)
def test_malformed_bodies_are_answered_with_400(stripe_sandbox: RunningSandbox, form: str, code: str) -> None:
    answer = stripe_sandbox.browser.post("/v1/payment_intents", content=form, headers=AUTHORIZED)
    assert answer.status_code == 400
    assert answer.json()["error"].get("code", "") == code


def test_the_sandbox_refuses_unknown_addresses_and_huge_bodies(stripe_sandbox: RunningSandbox) -> None:
    assert stripe_sandbox.browser.get("/v1/subscriptions", headers=AUTHORIZED).status_code == 404
    huge = stripe_sandbox.browser.post("/v1/customers", content=b"a" * 1_000_001, headers=AUTHORIZED)
    assert huge.status_code == 413


def test_the_sandbox_answers_below_the_mount_as_at_the_root(stripe_sandbox: RunningSandbox) -> None:
    mounted: Any = stripe.StripeClient(
        "sk_test_sandbox", base_addresses={"api": f"{stripe_sandbox.url}/sandbox/stripe"}
    )
    intent = mounted.v1.payment_intents.create(
        INTENT | {"payment_method": "pm_card_authenticationRequired", "confirm": True, "return_url": "http://shop.test"}
    )
    page = intent.next_action.redirect_to_url.url
    assert page == f"{stripe_sandbox.url}/sandbox/stripe/authenticate/{intent.id}"
    shown = stripe_sandbox.browser.get(str(page))
    assert 'href="/sandbox/stripe/sandbox.css"' in shown.text
    assert stripe_sandbox.browser.get("/sandbox/stripe/sandbox.css").headers["Content-Type"].startswith("text/css")


# Idempotency


def test_a_repeated_idempotency_key_gives_the_same_answer_and_one_object(client: Any) -> None:
    first = client.v1.payment_intents.create(INTENT, {"idempotency_key": "one"})
    again = client.v1.payment_intents.create(INTENT, {"idempotency_key": "one"})
    assert first.to_dict() == again.to_dict()
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.request_id
    assert len(client.v1.payment_intents.list().data) == 1


def test_an_idempotency_key_reused_for_another_request_is_refused(client: Any) -> None:
    intent = client.v1.payment_intents.create(INTENT, {"idempotency_key": "one"})
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.payment_intents.create(INTENT | {"amount": 1500}, {"idempotency_key": "one"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.cancel(intent.id, {}, {"idempotency_key": "one"})


def test_an_idempotency_key_in_use_is_a_conflict(stripe_sandbox: RunningSandbox) -> None:
    """The first is held up inside, by the lock of the store."""
    headers = AUTHORIZED | {"Idempotency-Key": "one"}

    def create() -> httpx.Response:
        return httpx.post(f"{stripe_sandbox.url}/v1/payment_intents", data=INTENT, headers=headers, timeout=20, **PLAIN)

    with ThreadPoolExecutor(2) as pool:
        with stripe_sandbox.app.store.transaction():
            first, second = pool.submit(create), pool.submit(create)
            until(lambda: first.done() or second.done())
        answers = sorted([first.result(), second.result()], key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    error = answers[1].json()["error"]
    assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_in_use")


def test_requests_at_once_with_one_idempotency_key_make_one_object(stripe_sandbox: RunningSandbox) -> None:
    patient = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": stripe_sandbox.url}, max_network_retries=5)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: patient.v1.customers.create({}, {"idempotency_key": "one"}).id, range(8)))
    assert len(set(made)) == 1
    assert len(patient.v1.customers.list().data) == 1


def test_an_idempotency_key_keeps_a_refusal_but_not_a_malformed_request(client: Any) -> None:
    params: Any = {"payment_method": "pm_card_visa", "allowed_payment_method_types": ["card"]}
    intent = client.v1.payment_intents.create(INTENT | params | {"capture_method": "manual"})
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.capture(intent.id, {}, {"idempotency_key": "capture"})
        assert refused.value.code == "payment_intent_unexpected_state"
        if client.v1.payment_intents.retrieve(intent.id).status == "requires_confirmation":
            client.v1.payment_intents.confirm(intent.id)
    assert client.v1.payment_intents.capture(intent.id, {}, {"idempotency_key": "capture again"}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": "pi_nothing"}, {"idempotency_key": "refund"})
    assert client.v1.refunds.create({"payment_intent": intent.id}, {"idempotency_key": "refund"}).amount == 1499


def test_a_declined_card_is_final_under_its_idempotency_key(client: Any) -> None:
    params: Any = INTENT | {"confirm": True, "allowed_payment_method_types": ["card"]}
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(
                params | {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "one"}
            )
    assert len(client.v1.payment_intents.list().data) == 1


def test_idempotency_keys_are_forgotten_after_a_day(client: Any, stripe_sandbox: RunningSandbox) -> None:
    first = client.v1.customers.create({}, {"idempotency_key": "one"})
    stripe_sandbox.advance(24 * 60 * 60 + 1)
    assert client.v1.customers.create({"name": "Another"}, {"idempotency_key": "one"}).id != first.id


# Lists


def test_lists_go_by_pages_newest_first(client: Any) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(5)][::-1]
    page = client.v1.customers.list({"limit": 2})
    assert ([each.id for each in page.data], page.has_more) == (made[:2], True)
    rest = client.v1.customers.list({"limit": 3, "starting_after": made[1]})
    assert ([each.id for each in rest.data], rest.has_more) == (made[2:], False)
    before = client.v1.customers.list({"limit": 2, "ending_before": made[4]})
    assert ([each.id for each in before.data], before.has_more) == (made[2:4], True)
    assert [each.id for each in client.v1.customers.list({"limit": 2}).auto_paging_iter()] == made


def test_lists_are_filtered_by_time(client: Any, stripe_sandbox: RunningSandbox) -> None:
    early = client.v1.customers.create({})
    stripe_sandbox.advance(100)
    late = client.v1.customers.create({})
    assert [each.id for each in client.v1.customers.list({"created": {"lt": late.created}}).data] == [early.id]
    assert [each.id for each in client.v1.customers.list({"created": {"gte": late.created}}).data] == [late.id]
    assert [each.id for each in client.v1.customers.list({"created": early.created}).data] == [early.id]


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"starting_after": "cus_nothing"}, {"page": "2"}])
def test_invalid_list_parameters_are_refused(client: Any, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list(params)


# Expansion


def test_expansion_follows_paths_also_in_lists(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    customer = client.v1.customers.create({"email": "casey@example.com"})
    stripe_sandbox.pay(open_checkout(customer=customer.id).url)
    page: Any = client.v1.checkout.sessions.list(
        {"expand": ["data.payment_intent.latest_charge.refunds", "data.customer", "data.line_items"]}
    )
    session = page.data[0]
    assert session.payment_intent.latest_charge.refunds.data == []
    assert session.customer.email == "casey@example.com"
    assert session.line_items.data[0].amount_total == 2999
    intent: Any = client.v1.payment_intents.retrieve(
        session.payment_intent.id, {"expand": ["payment_method", "customer"]}
    )
    assert (intent.payment_method.card.last4, intent.customer.id) == ("4242", customer.id)
    assert isinstance(intent.latest_charge, str)


@pytest.mark.parametrize("path", ["amount", "latest_charge.dispute", "charges", "latest_charge.a.b.c.d"])
def test_an_unknown_expansion_is_refused(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox, path: str
) -> None:
    stripe_sandbox.pay(open_checkout().url)
    intent = client.v1.payment_intents.list().data[0]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.retrieve(intent.id, {"expand": [path]})
    assert refused.value.param == "expand"


def test_private_members_of_sandbox_objects_are_in_no_answer(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    stripe_sandbox.pay(open_checkout().url)
    bodies = [
        stripe_sandbox.browser.get(f"/v1/{path}", headers=AUTHORIZED).text
        for path in ("checkout/sessions", "payment_intents", "charges", "payment_methods", "events")
    ]
    assert [body for body in bodies if '"id"' not in body] == []
    assert not any('"_' in body for body in bodies)


def test_the_sdk_knows_every_documented_member(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    """Those that the SDK types as never missing, and a few of the others, which are null."""
    stripe_sandbox.pay(open_checkout().url)
    intent: Any = client.v1.payment_intents.list({"expand": ["data.latest_charge"]}).data[0]
    session: Any = client.v1.checkout.sessions.list().data[0]
    assert (intent.review, intent.application, intent.latest_charge.transfer) == (None, None, None)
    assert (session.setup_intent, session.invoice, session.custom_fields) == (None, None, [])


# Faults


def test_the_sandbox_can_lose_an_answer_after_the_work_was_done(client: Any, stripe_sandbox: RunningSandbox) -> None:
    stripe_sandbox.control("faults", method="POST", path="customers", when="after", status=503)
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({}, {"idempotency_key": "one"})
    made = client.v1.customers.create({}, {"idempotency_key": "one"})
    assert [each.id for each in client.v1.customers.list().data] == [made.id]


@pytest.mark.parametrize(("moment", "made"), [("before", 0), ("after", 1)])
def test_a_500_is_repeated_under_its_idempotency_key(
    client: Any, stripe_sandbox: RunningSandbox, moment: str, made: int
) -> None:
    stripe_sandbox.control("faults", method="POST", path="customers", when=moment, status=500)
    for _ in range(3):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.customers.create({}, {"idempotency_key": "one"})
    assert (caught.value.headers or {})["Idempotent-Replayed"] == "true"
    assert len(client.v1.customers.list().data) == made
    client.v1.customers.create({}, {"idempotency_key": "two"})


def test_the_sandbox_can_fail_a_request_before_anything_was_done(client: Any, stripe_sandbox: RunningSandbox) -> None:
    stripe_sandbox.control("faults", path="customers", status=503, times=2)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({})
    assert client.v1.customers.list().data == []
