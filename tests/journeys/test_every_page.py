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
CONFIRMS_ADDRESS = """
from django.core import signing
print(signing.dumps("waiting@example.org", salt="accounts.waiting_list"))
"""
SIGNED_OUT = {
    "landing": "/",
    "intake": "/book/?plan=chat",
    "sign-in": "/sign-in/",
    "sign-up": "/sign-up/",
    "reset": "/account/password/reset/",
    "outbox": "/outbox/",
    "terms": "/legal/terms/",
    "help": "/help/",
    "help-sent": "/help/?sent",
    "imprint": "/legal/imprint/",
    "handover": "/handover/",
    "handover-over": "/handover/?over",
}
CUSTOMER = {
    "landing-signed-in": "/",
    "dashboard-customer-empty": "/dashboard/",
    "garage-empty": "/garage/",
    "garage-add": "/garage/add/",
    "apply": "/mechanics/apply/",
    "account": "/account/",
    "help-signed-in": "/help/",
    "account-email": "/account/email/",
    "account-password": "/account/password/change/",
    "account-two-factor": "/account/two-factor/",
    "sign-out": "/sign-out/",
}
MECHANIC = {
    "dashboard-mechanic-empty": "/dashboard/",
    "earnings-empty": "/dashboard/earnings/",
    "apply-approved": "/mechanics/apply/",
    "skills": "/mechanics/skills/",
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
    """Look at each page, then follow every link of the site that stands on one of them."""
    links: set[str] = set()
    for name, path in pages.items():
        answer = page.goto(path)
        assert answer, path
        assert answer.status == 200, path
        inspect(page, name)
        links |= links_of(page)
    assert links, "pages without any link"
    assert {link: answered for link in sorted(links) if (answered := page.request.get(link).status) >= 400} == {}


def links_of(page: Page) -> set[str]:
    """Addresses of this site, without the part after `#`."""
    found = page.locator("a[href]").evaluate_all(
        "all => all.filter(a => a.origin === location.origin && !a.download).map(a => a.pathname + a.search)"
    )
    return set(found)


def refusal(page: Page) -> Locator:
    return page.get_by_text("Please check the fields below")


def test_every_page_for_a_signed_out_visitor_looks_right(server: Server, browser_of: OpenPage) -> None:
    walk(browser_of(None), SIGNED_OUT)


def test_every_page_for_a_customer_looks_right(server: Server, browser_of: OpenPage) -> None:
    page = browser_of("customer2@example.com")
    walk(page, CUSTOMER)
    page.goto("/")
    page.get_by_label("Your account").click()
    inspect(page, "menu")


def test_every_page_for_a_mechanic_looks_right(server: Server, browser_of: OpenPage) -> None:
    walk(browser_of("mechanic2@example.com"), MECHANIC)


def test_every_page_for_support_looks_right(server: Server, browser_of: OpenPage) -> None:
    page = browser_of("support@example.com")
    walk(page, SUPPORT | {"sandbox": "/sandbox/stripe/"})
    for name, path in {"admin": "/admin/", "admin-people": "/admin/accounts/user/", "api": "/api/docs"}.items():
        page.goto(path)
        inspect(page, name, axe=False)  # Django's and Swagger's own pages


def test_pages_that_set_up_two_factors_look_right(server: Server, browser_of: OpenPage) -> None:
    page = browser_of("mechanic2@example.com")
    page.goto("/account/two-factor/totp/activate/")
    expect(page).to_have_url(re.compile("/account/reauthenticate/"))
    inspect(page, "reauthenticate")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("/account/two-factor/totp/activate/$"))
    inspect(page, "two-factor-totp")


def test_the_page_of_an_unknown_address_looks_right(server: Server, browser_of: OpenPage, watch: Watch) -> None:
    watch.allow("status of 404")
    for name, who in {"404": None, "404-signed-in": "customer2@example.com"}.items():
        page = browser_of(who)
        answer = page.goto("/nothing/here/")
        assert answer
        assert answer.status == 404
        inspect(page, name)


def test_pages_of_the_waiting_list_and_its_limit_look_right(
    start_server: Callable[..., Server], browser_of: OpenPage, watch: Watch
) -> None:
    watch.allow("status of 410")
    watch.allow("status of 429")
    server = start_server(environment={"LIMITS": '{"waiting_list": [1, 600]}'})
    token = server.shell(CONFIRMS_ADDRESS).strip()
    page = browser_of(None, server=server)
    for name, given in {"waiting-list-link": token, "waiting-list-link-gone": "x"}.items():
        page.goto(f"/tell-me-when/confirm/?token={given}")
        inspect(page, name)
    for answer in ("We will email you when a mechanic is available.", "Too many attempts"):
        page.goto(f"/tell-me-when/confirm/?token={token}")
        page.get_by_role("button", name="Notify me").click()
        expect(page.get_by_text(answer).filter(visible=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    inspect(page, "429")


def test_forms_with_errors_look_right(server: Server, browser_of: OpenPage, watch: Watch) -> None:
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


def test_pages_of_sign_up_and_intake_look_right(server: Server, browser_of: OpenPage) -> None:
    visitor = Customer(browser_of(None)).fills_the_intake()
    visitor.button("Continue").click()
    visitor.page.get_by_label("Your name").fill("Vera Visitor")
    inspect(visitor.page, "sign-up-from-intake")


def test_pages_of_the_checkout_and_mails_look_right(server: Server, a_customer: Callable[..., Customer]) -> None:
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
def test_older_addresses_redirect_to_the_dashboard(server: Server, browser_of: OpenPage, path: str) -> None:
    page = browser_of("customer2@example.com")
    page.goto(path)
    assert page.url.endswith("/dashboard/")
