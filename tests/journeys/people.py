"""What a customer and a mechanic do, in the words of the pages they see."""

import re
from typing import Self

from playwright.sync_api import Locator, Page, expect

CONCERN = "It rattles when cold, loudest at the front right wheel."


class Person:
    """Somebody in front of a page of theirs."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """By its whole label, or what a pattern finds in it."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    def joins(self) -> Self:
        self.button("Join Session").click()
        return self

    def says(self, text: str) -> Self:
        self.page.get_by_label("Message", exact=True).fill(text)
        self.button("Send").click()
        expect(self.bubble(text)).to_have_attribute("data-delivery", "sent")
        return self

    def reads(self, text: str) -> Self:
        expect(self.bubble(text)).to_be_visible()
        return self

    def bubble(self, text: str) -> Locator:
        return self.page.locator(".bubble", has_text=text)

    def ends(self) -> Self:
        self.button("End Session").click()
        self.page.get_by_role("dialog").get_by_role("button", name="End Session", exact=True).click()
        return self

    def sees(self, text: str | re.Pattern[str]) -> Self:
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()
        return self

    def is_shown_the_end(self) -> Self:
        expect(self.page.locator("session-room")).to_have_attribute("data-stage", "over")
        return self

    def comes_to_the_dashboard(self) -> Self:
        expect(self.page).to_have_url(re.compile("/dashboard/$"), timeout=20_000)
        return self


class Customer(Person):
    def fills_the_intake(self, plan: str = "chat") -> Self:
        page = self.page
        page.goto(f"/book/?plan={plan}")
        page.get_by_role("radio", name=re.compile("^Yes")).check()
        for label, value in {"Year": "2014", "Make": "Volvo", "Model": "V60"}.items():
            field = page.get_by_label(label, exact=True)
            if field.is_visible():
                field.fill(value)
        page.locator("textarea[name=concern]").fill(CONCERN)
        page.locator("input[name=waiver]").check()
        return self

    def goes_to_payment(self) -> Self:
        self.page.get_by_role("button", name=re.compile("Go to payment|Book another anyway")).click()
        expect(self.page).to_have_url(re.compile("/sandbox/stripe/pay/"))
        return self

    def pays(self) -> Self:
        self.page.get_by_role("button", name=re.compile(r"^Pay \$")).click()
        return self.sees("Looking for your mechanic")

    def books(self, plan: str = "chat") -> Self:
        return self.fills_the_intake(plan).goes_to_payment().pays()

    def stops(self, button: str | re.Pattern[str]) -> Self:
        self.button(button).click()
        self.page.get_by_role("dialog").get_by_role("button", name=re.compile("^Stop")).click()
        return self

    @property
    def session_id(self) -> str:
        found = re.search(r"/sessions/([0-9a-f-]{36})/", self.page.url)
        assert found, self.page.url
        return found[1]


class Mechanic(Person):
    def waits_for_requests(self) -> Self:
        self.page.goto("/dashboard/")
        return self

    def accepts(self, session_id: str) -> Self:
        request = self.page.locator(f"[data-request='{session_id}']")
        request.get_by_role("button", name=re.compile("^Accept")).click()
        expect(self.page).to_have_url(re.compile(f"/sessions/{session_id}/$"))
        return self

    def starts(self) -> Self:
        self.button("Start Session").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Start Session", exact=True).click()
        return self
