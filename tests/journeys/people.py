"""The actions of a customer and a mechanic, in the words of the pages."""

import re
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.kit.server import Person as SignedIn

CONCERN = "It rattles when cold, loudest at the front right wheel."
ROOM = re.compile(r"/sessions/([0-9a-f-]{36})/")


def _loose(text: str | re.Pattern[str]) -> str | re.Pattern[str]:
    """Return a pattern for what the browser shows: no white space around the words, and one blank for all of it."""
    if isinstance(text, str):
        return text
    loose = re.sub(r"^\^", r"^\\s*", text.pattern).replace(" ", r"\s+")
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\s*$", loose), text.flags)


class Person:
    """A person in front of a page."""

    def __init__(self, page: Page, who: SignedIn | None = None) -> None:
        self.page = page
        self._who = who

    @property
    def who(self) -> SignedIn:
        assert self._who, "nobody is signed in here"
        return self._who

    @property
    def session_id(self) -> str:
        found = ROOM.search(self.page.url)
        assert found, self.page.url
        return found[1]

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Find a button by its whole label, or by a pattern."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    def retries(self) -> Self:
        """Press "Retry Connection", also at the moment when the page comes back by itself and the button goes."""
        self.page.locator("[data-retry]").first.dispatch_event("click")
        return self

    def confirms(self, name: str | re.Pattern[str]) -> Self:
        """Press a button in the open dialog."""
        button = self.page.get_by_role("dialog").get_by_role("button", name=name, exact=isinstance(name, str))
        button.click()
        expect(button).to_be_hidden()
        return self

    def goes_to(self, session_id: str) -> Self:
        self.page.goto(f"/sessions/{session_id}/")
        return self

    def joins(self) -> Self:
        self.button("Join Session").click()
        expect(self.button("Join Session")).to_have_count(0)
        return self

    def goes_offline(self) -> Self:
        """Lose the connection, once the page has run what it does as it opens."""
        self.page.wait_for_load_state()
        self.page.context.set_offline(True)
        return self

    def types(self, text: str) -> Self:
        self.page.get_by_label("Message", exact=True).fill(text)
        return self

    def sends(self, text: str) -> Self:
        """Send without waiting for the delivery."""
        self.types(text).button("Send").click()
        return self

    def says(self, text: str) -> Self:
        self.sends(text)
        expect(self.bubble(text)).to_have_attribute("data-delivery", "sent")
        return self

    def reads(self, text: str) -> Self:
        expect(self.bubble(text)).to_be_visible()
        return self

    def bubble(self, text: str) -> Locator:
        return self.page.locator(".bubble", has_text=text)

    def ends(self) -> Self:
        self.button("End Session").click()
        return self.confirms("End Session")

    def sees(self, text: str | re.Pattern[str]) -> Self:
        expect(self.page.get_by_text(_loose(text)).filter(visible=True).first).to_be_visible()
        return self

    def sees_no_more(self, text: str | re.Pattern[str]) -> Self:
        expect(self.page.get_by_text(_loose(text)).filter(visible=True)).to_have_count(0)
        return self

    def hears(self, text: str | re.Pattern[str]) -> Self:
        """Check what a screen reader announces."""
        expect(self.page.locator("[data-announcer]")).to_have_text(text)
        return self

    def is_live(self) -> Self:
        expect(self.page.locator("session-room")).to_have_attribute("data-stage", "live")
        return self

    def is_shown_the_end(self) -> Self:
        expect(self.page.locator("session-room")).to_have_attribute("data-stage", "over")
        return self

    def comes_to_the_dashboard(self) -> Self:
        expect(self.page).to_have_url(re.compile("/dashboard/$"))
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
        self.button(re.compile("Go to payment|Book a second session")).click()
        expect(self.page).to_have_url(re.compile("/sandbox/stripe/pay/"))
        return self

    def pays(self) -> Self:
        self.button(re.compile(r"^Pay \$")).click()
        return self.waits_for_a_mechanic()

    def waits_for_a_mechanic(self) -> Self:
        expect(self.page).to_have_url(ROOM)
        return self.sees("Looking for your mechanic")

    def books(self, plan: str = "chat") -> Self:
        return self.fills_the_intake(plan).goes_to_payment().pays()

    def stops(self, button: str | re.Pattern[str] = "Cancel request") -> Self:
        self.button(button).click()
        return self.confirms(re.compile("^Cancel"))


class Mechanic(Person):
    def waits_for_requests(self) -> Self:
        self.page.goto("/dashboard/")
        return self

    def request(self, session_id: str) -> Locator:
        return self.page.locator(f"[data-request='{session_id}']")

    def accepts(self, session_id: str) -> Self:
        self.request(session_id).get_by_role("button", name=re.compile("^Accept")).click()
        expect(self.page).to_have_url(re.compile(f"/sessions/{session_id}/$"))
        return self

    def comes_to_the_summary(self) -> Self:
        expect(self.page).to_have_url(re.compile("/summary/$"))
        return self

    def starts(self) -> Self:
        self.button("Start Session").click()
        return self.confirms("Start Session").is_live()
