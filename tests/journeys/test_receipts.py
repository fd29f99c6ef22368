"""The final charge, on the page, as PDF, and by mail."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, expect

from autodoctor.receipts.tests.test_pdf import words_of
from tests.journeys import quietly, staging
from tests.journeys.conftest import Crowd
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer
from tests.journeys.test_extend import extends, has_left
from tests.kit.server import Person as SignedIn
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until

MINUTE = 60


class Talk(NamedTuple):
    """A running chat of thirty minutes for $9.99; the customer has saved the card."""

    customer: Customer
    mechanic: SignedIn
    leave: Callable[[], None]  # the mechanic goes without a word


@pytest.fixture
def talk(server: Server, crowd: Crowd, a_customer: Callable[..., Customer]) -> Iterator[Talk]:
    customer, mechanic = a_customer(), crowd.mechanic()
    with ExitStack() as stack:
        stack.enter_context(staging.live_for(server, customer, mechanic, keep_card=True))
        yield Talk(customer, mechanic, stack.close)


def receipt_of(customer: Customer) -> Locator:
    customer.page.get_by_role("link", name="Receipt").click()
    expect(customer.page).to_have_url(re.compile(r"/sessions/[0-9a-f-]{36}/receipt/$"))
    return customer.page.locator("article")


def is_settled(customer: Customer) -> None:
    """Wait until the page shows the settled receipt."""

    def holds() -> bool:
        customer.page.reload()
        return customer.page.get_by_role("link", name="Download PDF").count() == 1

    until(holds)


def pdf_of(customer: Customer) -> str:
    with customer.page.expect_download() as download:
        customer.page.get_by_role("link", name="Download PDF").click()
    return words_of(download.value.path().read_bytes())


def letters(customer: Customer, subject: str) -> list[str]:
    """Return the addresses of this customer's mails by subject."""
    customer.page.goto("/outbox/")
    mine = customer.page.get_by_role("listitem").filter(has_text=customer.who.email)
    return [
        str(link.get_attribute("href"))
        for link in mine.get_by_role("link", name=re.compile(f"^{re.escape(subject)}")).all()
    ]


def letter(customer: Customer, subject: str) -> Locator:
    """Open the only such mail."""
    until(lambda: bool(letters(customer, subject)))
    (found,) = letters(customer, subject)
    customer.page.goto(found)
    return customer.page.get_by_role("main")


def test_the_receipt_after_a_lost_mechanic_charges_the_used_share(server: Server, talk: Talk) -> None:
    customer = talk.customer
    pass_time(server, customer.session_id, 12 * MINUTE)
    customer.page.reload()
    talk.leave()
    until(lambda: quietly.state(server, customer.who, customer.session_id) == "reconnecting")
    pass_time(server, customer.session_id, 5 * MINUTE)
    customer.is_shown_the_end()
    receipt = receipt_of(customer)
    is_settled(customer)
    expect(receipt).to_contain_text("lost the connection. Only the time used is charged")
    expect(receipt).to_contain_text(re.compile(r"\$(3\.99|4\.\d\d) paid"))
    expect(receipt).to_contain_text("12 minutes of 30 minutes used · Visa 4242")
    inspect(customer.page, "receipt-mechanic-lost")
    assert "lost the connection. Only the time used is charged" in pdf_of(customer)


def test_the_receipt_of_an_early_end_that_solved_nothing_charges_the_used_share(server: Server, talk: Talk) -> None:
    customer = talk.customer
    pass_time(server, customer.session_id, 10 * MINUTE)
    quietly.act(server, talk.mechanic, customer.session_id, "end")
    customer.sees("Is your problem solved?")
    session_id = customer.session_id
    receipt_of(customer)
    customer.sees("Nothing is charged yet.")
    inspect(customer.page, "receipt-asked")
    asked = letter(customer, "Is your problem solved?")
    expect(asked.locator("iframe").content_frame.get_by_role("link", name="No, not solved")).to_be_visible()
    inspect(customer.page, "mail-is-it-solved", axe=False)
    customer.page.goto(f"/sessions/{session_id}/#solved-no")  # as the mail's link does; opening it answers nothing
    customer.sees("Is your problem solved?").page.get_by_role("button", name="No, not solved").click()
    customer.sees("not solved. Only the time used")
    receipt_of(customer)
    is_settled(customer)
    customer.sees(re.compile(r"\$3\.\d\d paid"))
    mail = letter(customer, "Your receipt: $3.")
    expect(mail.get_by_role("link", name=re.compile(r"^receipt-.*\.pdf$"))).to_be_visible()
    inspect(customer.page, "mail-receipt", axe=False)
    assert len(letters(customer, "Your receipt")) == 1


def test_the_receipt_of_an_extended_session_charges_all_of_its_time(server: Server, talk: Talk) -> None:
    customer = talk.customer
    extends(customer)
    has_left(customer, 45)
    pass_time(server, customer.session_id, 45 * MINUTE)
    customer.is_shown_the_end()
    receipt = receipt_of(customer)
    is_settled(customer)
    for words in ("$24.98 paid", "15 minutes of 15 minutes used", "lasted its full time. The full price is charged"):
        expect(receipt).to_contain_text(words)
    inspect(customer.page, "receipt-extended")
    said = pdf_of(customer)
    assert "Charged, USD $24.98" in said
    customer.page.goto(f"/sessions/{customer.session_id}/extension/")
    inspect(customer.page, "extension-paid")
    letter(customer, "Your receipt: $24.98")
    customer.page.goto("/account/card/")
    inspect(customer.page, "account-card")
    customer.page.goto("/dashboard/")
    expect(customer.page.get_by_role("link", name="Receipt")).to_be_visible()
