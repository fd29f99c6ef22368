"""The double of Stripe.js: its frame, its key, and the cards that are typed."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from autodoctor.sandbox import cards
from tests.kit.stripe_sandbox import BROWSER_KEY, RunningSandbox

PAGE = """<!doctype html><title>Shop</title><div id="place"></div><script src="{url}/stripe.js"></script>"""
BEGIN = """([key, clientSecret]) => {
  const stripe = Stripe(key);
  const elements = stripe.elements({ clientSecret, appearance: { theme: "night", variables: { colorText: "red" } } });
  const element = elements.create("payment");
  window.heard = [];
  for (const name of ["ready", "loaderror", "change"]) element.on(name, (event) => heard.push({ name, ...event }));
  element.mount("#place");
  window.pay = () => stripe.confirmPayment({ elements, confirmParams: {}, redirect: "if_required" });
}"""


@pytest.fixture
def intent(client: Any) -> Any:
    given = {"amount": 1499, "currency": "usd", "allowed_payment_method_types": ["card"], "capture_method": "manual"}
    return client.v1.payment_intents.create(given)


@pytest.fixture
def shop(page: Page, stripe_sandbox: RunningSandbox) -> Page:
    """A page that has loaded the script."""
    address, markup = f"{stripe_sandbox.url}/shop", PAGE.format(url=stripe_sandbox.url)
    page.route(address, lambda route: route.fulfill(body=markup, content_type="text/html"))
    page.goto(address)
    return page


def types(page: Page, number: str, expiry: str = "12 / 35") -> None:
    frame = page.frame_locator("iframe[title='Secure payment input frame']")
    frame.get_by_label("Card number").fill(number)
    frame.get_by_label("Expiration date").fill(expiry)
    frame.get_by_label("Security code").fill("123")


def test_a_typed_card_is_confirmed_and_the_page_hears_of_it(shop: Page, intent: Any, client: Any) -> None:
    shop.evaluate(BEGIN, [BROWSER_KEY, intent.client_secret])
    shop.wait_for_function("heard.some(({ name }) => name === 'ready')")
    types(shop, "4242424242424242")
    frame = shop.frame_locator("iframe")
    expect(frame.get_by_label("Card number")).to_have_value("4242 4242 4242 4242")
    expect(frame.locator("body")).to_have_css("color", "rgb(255, 0, 0)")
    shop.wait_for_function("heard.at(-1).complete === true")
    assert shop.evaluate("pay()")["paymentIntent"]["status"] == "requires_capture"
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    assert shop.evaluate("pay()")["error"]["code"] == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("number", "expiry", "code"),
    [
        ("4000000000009995", "12 / 35", "card_declined"),
        ("4000000000000069", "12 / 35", "expired_card"),
        ("4242424242424241", "12 / 35", "incomplete"),
        ("4242424242424242", "12 / 20", "incomplete"),
        ("4000000000000101", "12 / 35", "incorrect_number"),
    ],
)
def test_a_card_that_does_not_pay_says_why(shop: Page, intent: Any, number: str, expiry: str, code: str) -> None:
    shop.evaluate(BEGIN, [BROWSER_KEY, intent.client_secret])
    types(shop, number, expiry)
    error = shop.evaluate("pay()")["error"]
    assert (error["code"], bool(error["message"])) == (code, True)
    types(shop, "4242424242424242")
    assert shop.evaluate("pay()")["paymentIntent"]["status"] == "requires_capture"


@pytest.mark.parametrize(("press", "outcome"), [("Approve", "requires_capture"), ("Fail", "")])
def test_a_bank_asks_in_a_window_over_the_page(shop: Page, intent: Any, press: str, outcome: str) -> None:
    shop.evaluate(BEGIN, [BROWSER_KEY, intent.client_secret])
    types(shop, "4000000000003220")
    shop.evaluate("void pay().then((result) => (window.result = result))")
    shop.frame_locator("iframe[title='3D Secure']").get_by_role("button", name=press).click()
    shop.wait_for_function("window.result")
    expect(shop.locator("iframe[title='3D Secure']")).to_have_count(0)
    result = shop.evaluate("result")
    assert result.get("paymentIntent", {}).get("status", "") == outcome
    assert bool(outcome) != ("error" in result)


def test_an_unknown_secret_is_an_error_of_loading(shop: Page, intent: Any) -> None:
    shop.evaluate(BEGIN, [BROWSER_KEY, f"{intent.id}_secret_x"])
    shop.wait_for_function("heard.some(({ name }) => name === 'loaderror')")


def test_the_frame_and_its_policy(stripe_sandbox: RunningSandbox) -> None:
    frame = stripe_sandbox.browser.get("/elements/card")
    assert frame.headers["Content-Security-Policy"] == (
        "default-src 'none'; img-src data:; style-src 'self'; base-uri 'none'; script-src 'self'; "
        "connect-src 'self'; frame-ancestors *; form-action 'self'"
    )
    for path in ("/stripe.js", "/card.js", "/card.css", "/answered.js", "/sandbox.css"):
        kind = stripe_sandbox.browser.get(path).headers["Content-Type"]
        assert kind.startswith(("text/javascript", "text/css"))
    assert stripe_sandbox.browser.get("/../cards.py").status_code == 404


def test_every_number_names_a_card() -> None:
    assert set(cards.NUMBERS.values()) <= cards.CARDS.keys()
    ends = {number[-4:] for number, name in cards.NUMBERS.items() if cards.CARDS[name].last4 != number[-4:]}
    assert ends == {"0005", "1117"}, "Stripe's own two whose names show another number"
