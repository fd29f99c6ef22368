"""The sandbox's pages: headers for browsers, and use by people."""

import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

from autodoctor.sandbox.tests.conftest import OpenCheckout
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.waiting import until

PHONE: Any = {"width": 390, "height": 844}


class Shop:
    """The return address of the pay page: another origin, like the product for Stripe."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = b"<!doctype html><html lang=en><title>Shop</title><link rel=icon href='data:,'><h1>Back</h1>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def shop() -> Iterator[Shop]:
    open_ = Shop()
    yield open_
    open_.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone's page; whatever the browser complains about fails the test."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    context = browser.new_context(viewport=PHONE, color_scheme="dark")
    page = context.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def checkout_url(open_checkout: OpenCheckout, shop: Shop) -> str:
    """Return the address of a Checkout that leads back to the shop."""
    session = open_checkout(
        success_url=f"{shop.url}/back?checkout={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{shop.url}/left",
        customer_email="casey@example.com",
    )
    return str(session.url)


def test_a_paid_checkout_leads_back_to_the_shop_under_the_strict_policy(
    phone: Page, checkout_url: str, shop: Shop
) -> None:
    phone.goto(checkout_url)
    assert phone.get_by_role("heading", name="$29.99").is_visible()
    assert phone.get_by_text("Sandbox: no real money").is_visible()
    phone.get_by_role("radio", name="Mastercard •••• 4444").check()
    phone.get_by_role("button", name="Pay $29.99").click()
    phone.wait_for_url(f"{shop.url}/back?checkout=cs_test_*")
    assert phone.get_by_role("heading", name="Back").is_visible()


def test_leaving_a_checkout_leads_back_to_the_shop(phone: Page, checkout_url: str, shop: Shop) -> None:
    phone.goto(checkout_url)
    phone.get_by_role("button", name="Leave").click()
    phone.wait_for_url(f"{shop.url}/left")


def test_a_decline_is_announced_and_another_card_pays(phone: Page, checkout_url: str, shop: Shop) -> None:
    phone.goto(checkout_url)
    phone.get_by_role("button", name="Decline").click()
    assert "Your card was declined." in phone.get_by_role("alert").inner_text()
    phone.get_by_role("button", name="Pay $29.99").click()
    phone.wait_for_url(f"{shop.url}/back*")


def test_a_checkout_is_paid_after_a_second_authentication_by_the_bank(
    phone: Page, checkout_url: str, shop: Shop
) -> None:
    phone.goto(checkout_url)
    phone.get_by_role("button", name="Authenticate").click()
    assert phone.get_by_role("heading", name="Your bank asks for a confirmation").is_visible()
    phone.get_by_role("button", name="Fail").click()
    assert "failed authentication" in phone.get_by_role("alert").inner_text()
    phone.get_by_role("button", name="Authenticate").click()
    phone.get_by_role("button", name="Approve").click()
    phone.wait_for_url(f"{shop.url}/back*")


def test_the_banks_page_leads_back_to_the_shop_after_an_extension(phone: Page, client: Any, shop: Shop) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 1499,
            "currency": "usd",
            "payment_method": "pm_card_authenticationRequired",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
            "return_url": f"{shop.url}/session",
        }
    )
    phone.goto(intent.next_action.redirect_to_url.url)
    phone.get_by_role("button", name="Approve").click()
    phone.wait_for_url(f"{shop.url}/session?*redirect_status=succeeded")


def test_every_page_is_accessible_and_fits_a_phone(
    phone: Page, client: Any, checkout_url: str, stripe_sandbox: RunningSandbox, open_checkout: OpenCheckout
) -> None:
    expired = open_checkout()
    client.v1.checkout.sessions.expire(expired.id)
    asked = stripe_sandbox.press(open_checkout().url, "authenticate").headers["Location"]
    declined = open_checkout().url
    stripe_sandbox.press(declined, "decline")
    owner = client.v1.customers.create({"email": "casey.with.a.long.name@example.com"}).id
    done = open_checkout(customer=owner, payment_intent_data={"setup_future_usage": "on_session"}).url
    stripe_sandbox.pay(done)
    looks: list[Any] = ["light", "dark"]
    for address in (checkout_url, declined, done, f"{stripe_sandbox.url}{asked}", f"{stripe_sandbox.url}/"):
        for scheme in looks:
            phone.emulate_media(color_scheme=scheme)
            phone.goto(address)
            assert Axe().run(phone).response["violations"] == [], (address, scheme)
            width = phone.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], (address, scheme)


def test_the_page_of_an_expired_checkout_says_so_and_leads_back(
    browser: Browser, client: Any, open_checkout: OpenCheckout
) -> None:
    """A new page, because the browser logs every 410."""
    session = open_checkout()
    client.v1.checkout.sessions.expire(session.id)
    page = browser.new_page()
    page.goto(session.url)
    assert page.get_by_role("heading", name="Expired").is_visible()
    assert page.get_by_role("link", name="Back to The Auto Doctor").get_attribute("href") == "http://shop.test/left"
    page.close()


def test_the_policy_of_a_checkout_page_allows_forms_to_the_ways_back_only(
    stripe_sandbox: RunningSandbox, open_checkout: OpenCheckout
) -> None:
    headers = stripe_sandbox.browser.get(open_checkout(cancel_url="https://other.test:8443/left").url).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; img-src data:; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self' http://shop.test https://other.test:8443"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_markup_from_outside_is_shown_as_text_on_sandbox_pages(
    stripe_sandbox: RunningSandbox, open_checkout: OpenCheckout
) -> None:
    name = "<script>alert(1)</script>"
    price = {"currency": "eur", "unit_amount": 100, "product_data": {"name": name}}
    session = open_checkout(line_items=[{"price_data": price, "quantity": 3}])
    for address in (session.url, "/"):
        page = stripe_sandbox.browser.get(address).text
        assert not re.search(r"<script|\sstyle=|\son\w+=", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; × 3" in stripe_sandbox.browser.get(session.url).text


def test_the_overview_sends_a_webhook_event_again(
    phone: Page, client: Any, stripe_sandbox: RunningSandbox, receiver: Any
) -> None:
    stripe_sandbox.deliver_to(receiver.url)
    client.v1.customers.create({})
    phone.goto(f"{stripe_sandbox.url}/")
    phone.get_by_role("button", name="Send customer.created again").first.click()
    phone.wait_for_url(f"{stripe_sandbox.url}/")
    until(lambda: len(receiver.events) == 2)


def test_the_sandbox_refuses_to_start_without_debug() -> None:
    """A new process, without the state of other tests."""
    program = (
        "from django.conf import settings; settings.configure(DEBUG=False, PAYMENTS_SANDBOX=False); "
        "import autodoctor.sandbox"
    )
    root = Path(__file__).parents[3]
    ended = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "it runs only with DEBUG on" in ended.stderr
