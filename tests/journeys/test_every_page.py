"""Every page besides the session page, for every role. `PICTURES=1` saves screenshots in .artifacts/pages/."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys import quietly
from tests.journeys.conftest import Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer
from tests.kit.server import Server
from tests.kit.waiting import until

OpenPage = Callable[..., Page]
SIGNED_OUT = {
    "landing": "/",
    "intake": "/book/?plan=chat",
    "sign-in": "/sign-in/",
    "sign-up": "/sign-up/",
    "reset": "/account/password/reset/",
    "outbox": "/outbox/",
    "terms": "/legal/terms/",
    "imprint": "/legal/imprint/",
}
CUSTOMER = {
    "landing-signed-in": "/",
    "dashboard-customer-empty": "/dashboard/",
    "apply": "/mechanics/apply/",
    "account": "/account/",
    "account-email": "/account/email/",
    "account-password": "/account/password/change/",
    "account-two-factor": "/account/two-factor/",
    "sign-out": "/sign-out/",
}
MECHANIC = {
    "dashboard-mechanic-empty": "/dashboard/",
    "earnings-empty": "/dashboard/earnings/",
    "apply-approved": "/mechanics/apply/",
}
SUPPORT = {
    "support-board-empty": "/support/",
    "support-search": "/support/search/",
    "support-jobs-empty": "/support/jobs/",
    "support-money": "/support/money/",
    "support-mechanics": "/support/mechanics/",
    "support-numbers": "/support/numbers/",
    "apply-support": "/mechanics/apply/",
}


def walk(page: Page, pages: dict[str, str]) -> None:
    for name, path in pages.items():
        answer = page.goto(path)
        assert answer, path
        assert answer.status == 200, path
        inspect(page, name)


def refusal(page: Page) -> Locator:
    return page.get_by_text("Please check the fields below")


def test_signed_out(server: Server, browser_of: OpenPage) -> None:
    walk(browser_of(None), SIGNED_OUT)


def test_as_a_customer(server: Server, browser_of: OpenPage) -> None:
    page = browser_of("customer2@example.com")
    walk(page, CUSTOMER)
    page.goto("/")
    page.get_by_label("Your account").click()
    inspect(page, "menu")


def test_as_a_mechanic(server: Server, browser_of: OpenPage) -> None:
    walk(browser_of("mechanic2@example.com"), MECHANIC)


def test_as_support(server: Server, browser_of: OpenPage) -> None:
    page = browser_of("support@example.com")
    walk(page, SUPPORT | {"sandbox": "/sandbox/stripe/"})
    for name, path in {"admin": "/admin/", "admin-people": "/admin/accounts/user/", "api": "/api/docs"}.items():
        page.goto(path)
        inspect(page, name, axe=False)  # Django's and Swagger's own pages


def test_two_factor_from_the_inside(server: Server, browser_of: OpenPage) -> None:
    page = browser_of("mechanic2@example.com")
    page.goto("/account/two-factor/totp/activate/")
    expect(page).to_have_url(re.compile("/account/reauthenticate/"))
    inspect(page, "reauthenticate")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("/account/two-factor/totp/activate/$"))
    inspect(page, "two-factor-totp")


def test_a_missing_page(server: Server, browser_of: OpenPage, watch: Watch) -> None:
    watch.allow("status of 404")
    for name, who in {"404": None, "404-signed-in": "customer2@example.com"}.items():
        page = browser_of(who)
        answer = page.goto("/nothing/here/")
        assert answer
        assert answer.status == 404
        inspect(page, name)


def test_forms_with_errors(server: Server, browser_of: OpenPage, watch: Watch) -> None:
    watch.allow("status of 422")
    page = browser_of(None)
    visitor = Customer(page)
    page.goto("/book/")
    page.get_by_role("radio", name=re.compile("^Not|^No")).check()
    inspect(page, "intake-not-safe")
    page.locator("textarea[name=concern]").fill("short")
    page.evaluate("document.querySelector('form.intake').noValidate = true")
    visitor.button(re.compile("^Continue")).click()
    visitor.sees(re.compile("at least 10", re.IGNORECASE))
    inspect(page, "intake-errors")

    page.goto("/sign-in/")
    page.get_by_label("Email").fill("nobody@example.org")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(refusal(page)).to_be_visible()
    inspect(page, "sign-in-errors")

    page.goto("/sign-up/")
    page.evaluate("document.querySelectorAll('main form').forEach((form) => (form.noValidate = true))")
    page.get_by_label("Email").fill("somebody")
    page.get_by_label("Password").fill("1234")
    page.get_by_role("button", name="Create an account").click()
    expect(refusal(page)).to_be_visible()
    inspect(page, "sign-up-errors")

    page = browser_of("customer2@example.com")
    page.goto("/mechanics/apply/")
    page.get_by_role("button", name="Send the application").click()
    expect(refusal(page)).to_be_visible()
    inspect(page, "apply-errors")


def test_the_way_through_sign_up_and_intake(server: Server, browser_of: OpenPage) -> None:
    visitor = Customer(browser_of(None)).fills_the_intake()
    visitor.button("Continue").click()
    visitor.page.get_by_label("Your name").fill("Vera Visitor")
    inspect(visitor.page, "sign-up-from-intake")


def test_the_cashier_and_the_mails(server: Server, a_customer: Callable[..., Customer]) -> None:
    customer = a_customer()
    session_id, checkout_url = quietly.draft(server, customer.who)
    customer.page.goto(checkout_url)
    inspect(customer.page, "cashier")
    customer.button("Decline").click()
    customer.page.get_by_role("alert").wait_for()
    inspect(customer.page, "cashier-declined")
    customer.button("Authenticate").click()
    inspect(customer.page, "cashier-bank")
    customer.button("Approve").click()
    customer.waits_for_a_mechanic()
    until(lambda: "We are finding you a mechanic" in customer.page.request.get("/outbox/").text())
    customer.page.goto("/outbox/")
    inspect(customer.page, "outbox-filled")
    customer.page.locator(".row a").first.click()
    inspect(customer.page, "letter")
    customer.goes_to(session_id).stops()


@pytest.mark.parametrize("path", ["/customer/dashboard", "/mechanic/dashboard", "/mechanic/login"])
def test_older_addresses_lead_on(server: Server, browser_of: OpenPage, path: str) -> None:
    page = browser_of("customer2@example.com")
    page.goto(path)
    assert page.url.endswith("/dashboard/")
