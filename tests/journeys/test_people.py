"""Sign-up during a booking, and sign-in with a passkey."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import staging
from tests.journeys.conftest import Crowd, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import CONCERN, Customer
from tests.journeys.shared import Come
from tests.kit.server import PASSWORD as EASY
from tests.kit.server import Server

OpenPage = Callable[..., Page]
PASSWORD = "ratchet-and-torque"
FINGERPRINT = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


def _sign_up(page: Page, email: str, name: str) -> None:
    """Fill in the form, the code and the next pages."""
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    page.get_by_label("Code").fill(_code_for(page, email))
    page.get_by_role("button", name="Continue").click()


def _code_for(page: Page, email: str) -> str:
    outbox = page.context.new_page()
    row = outbox.locator(".row", has_text=email)
    while not row.count():
        outbox.goto("/outbox/")
    subject = row.first.get_by_role("link").inner_text()
    outbox.close()
    return subject.removeprefix("Your code: ")


def test_signing_up_in_the_middle_of_booking_keeps_the_intake(server: Server, browser_of: OpenPage) -> None:
    visitor = Customer(browser_of(None)).fills_the_intake()
    visitor.page.get_by_role("button", name="Continue").click()
    expect(visitor.page).to_have_url(re.compile("/sign-up/"))

    _sign_up(visitor.page, "visitor@example.org", "Vera Visitor")

    expect(visitor.page).to_have_url(re.compile("/book/"))
    expect(visitor.page.locator("textarea[name=concern]")).to_have_value(CONCERN)
    expect(visitor.page.get_by_label("Make", exact=True)).to_have_value("Volvo")
    visitor.page.locator("input[name=waiver]").check()
    visitor.goes_to_payment().pays().stops("Cancel request")


def _comes_with_a_passkey(page: Page, email: str, name: str) -> None:
    """Sign up and add a passkey; the page shows the recovery codes."""
    page.goto("/sign-up/?next=/account/two-factor/")
    _sign_up(page, email, name)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": FINGERPRINT})

    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def _signs_out(page: Page) -> None:
    page.goto("/account/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_a_passkey_signs_in_without_a_password(server: Server, browser_of: OpenPage) -> None:
    page = browser_of(None)
    _comes_with_a_passkey(page, "passkey@example.org", "Paula Passkey")
    inspect(page, "recovery-codes")
    _signs_out(page)
    page.goto("/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("heading", name="Hello, Paula Passkey")).to_be_visible()


def test_a_passkey_is_the_second_step_gets_a_name_and_goes(server: Server, browser_of: OpenPage) -> None:
    page = browser_of(None)
    _comes_with_a_passkey(page, "second-step@example.org", "Sam Secondstep")
    page.get_by_role("link", name="Create new codes").click()
    expect(page.get_by_role("heading", name="Create new codes?")).to_be_visible()
    inspect(page, "recovery-codes-anew")
    page.get_by_role("button", name="Create new codes").click()
    expect(page.get_by_text("10 of 10 codes are left")).to_be_visible()
    _signs_out(page)
    page.goto("/sign-in/?next=/account/two-factor/webauthn/")
    page.get_by_label("Email").fill("second-step@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    inspect(page, "second-step")
    page.get_by_role("button", name="Use a passkey or security key").click()

    expect(page.get_by_role("heading", name="Your passkeys")).to_be_visible()
    inspect(page, "passkeys")
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Rename the passkey")).to_be_visible()
    inspect(page, "passkey-name")
    page.get_by_label("Name").fill("The old phone")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove The old phone").click()
    expect(page.get_by_role("heading", name="Remove this passkey?")).to_be_visible()
    inspect(page, "passkey-goes")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()


def test_a_refused_passkey_is_said_in_words(server: Server, browser_of: OpenPage) -> None:
    page = browser_of(None)
    page.goto("/sign-in/")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": FINGERPRINT | {"isUserVerified": False}})

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_text("The passkey was not used")).to_be_visible()


def test_times_are_shown_in_the_viewers_time_zone(server: Server, browser_of: OpenPage) -> None:
    page = browser_of("support@example.com", timezone_id="Pacific/Kiritimati")
    page.goto("/account/")
    page.reload()
    expect(page.get_by_label("Time zone")).to_contain_text("Same as my browser (Pacific/Kiritimati)")


def test_the_account_pages_of_a_mechanic_pass_the_accessibility_checks(
    server: Server, browser_of: OpenPage, axe: Callable[[Page], None]
) -> None:
    """Those of others are looked at in `test_every_page`."""
    mechanic = browser_of("mechanic2@example.com")
    for path in ("/account/", "/account/email/", "/account/password/change/", "/account/two-factor/", "/sign-out/"):
        mechanic.goto(path)
        axe(mechanic)


def test_the_next_person_at_a_shared_computer_finds_nothing_of_the_one_before(
    server: Server, crowd: Crowd, a_customer: Come, watch: Watch
) -> None:
    watch.allow("status of 404")
    customer, session = _reader_of_a_session(server, crowd, a_customer)
    page = customer.page
    page.goto("/dashboard/")
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    _goes_back_and_finds_nothing(page, customer)

    page.goto(f"/sign-in/?next={session}")
    page.get_by_label("Email").fill("customer2@example.com")
    page.get_by_label("Password", exact=True).fill(EASY)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    assert not any(secret in str(page.evaluate(KEPT)) for secret in _secrets(customer))
    _goes_back_and_finds_nothing(page, customer)


# What the browser keeps for our pages beyond cookies.
KEPT = """async () => {
    const caches_ = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    const requests = caches_.flat().map((request) => request.url);
    return JSON.stringify([localStorage, sessionStorage, requests, await indexedDB.databases(), history.state]);
}"""


def _reader_of_a_session(server: Server, crowd: Crowd, a_customer: Come) -> tuple[Customer, str]:
    """A customer who has looked at everything of theirs, and the address of their session."""
    customer = a_customer()
    session_id = staging.over(server, customer.who, crowd.mechanic(), concern=CONCERN)
    session = f"/sessions/{session_id}/"
    for address in ("/account/", "/book/", "/dashboard/", session):
        customer.page.goto(address)
    assert CONCERN in customer.page.content()
    return customer, session


def _secrets(customer: Customer) -> list[str]:
    return [customer.who.email, CONCERN, "V60", "120,000"]


def _goes_back_and_finds_nothing(page: Page, customer: Customer) -> None:
    for _ in range(4):
        page.go_back()
        assert not any(secret in page.content() for secret in _secrets(customer)), page.url
