"""The form for a card in the room, in the words of the page: the sheet is ours, the fields stand in Stripe's frame."""

import re

from playwright.sync_api import FrameLocator, Locator, Page

from tests.journeys.people import Customer

GOOD, FUNDS, ASKS = "4242 4242 4242 4242", "4000 0000 0000 9995", "4000 0027 6000 3184"


def sheet(customer: Customer) -> Locator:
    return customer.page.locator(".card-entry")


def fields_of(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Secure payment input frame']")


def bank_of(page: Page) -> FrameLocator:
    """Return the window in which the bank asks."""
    return page.frame_locator("iframe[title='3D Secure']")


def types_card(customer: Customer, number: str = GOOD) -> None:
    fields = fields_of(customer.page)
    fields.get_by_label("Card number").fill(number)
    fields.get_by_label("Expiration date").fill("12 / 35")
    fields.get_by_label("Security code").fill("123")


def pays(customer: Customer) -> None:
    sheet(customer).get_by_role("button", name=re.compile(r"^Pay \$")).click()


def pays_with_a_card(customer: Customer, number: str = GOOD) -> None:
    types_card(customer, number)
    pays(customer)
