"""A session moves from the laptop to the phone, in the words of the pages."""

import io
import re
from collections.abc import Callable

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from tests.journeys.calls import DEVICES, KEEP_ALL, STEADY, hears_the_tone, is_connected
from tests.journeys.people import Person

HAND: ViewportSize = {"width": 390, "height": 664}
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile"


class Phone(Person):
    """A phone without an account."""

    def scans(self, laptop: Person) -> "Phone":
        """Read the code from the laptop's screen, and open what is in it."""
        picture = laptop.page.locator("#handover-dialog [data-picture]")
        expect(picture).to_be_visible()
        [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.screenshot())))
        self.page.goto(code.text)
        return self.sees("Now look at your computer")

    def types_the_code(self, laptop: Person) -> "Phone":
        self.page.goto("/handover/")
        self.page.get_by_label("The six characters").fill(code_of(laptop).lower())
        self.button("Connect").click()
        return self.sees("Now look at your computer")

    @property
    def number(self) -> str:
        return self.page.locator("[data-number]").inner_text()

    def comes_in(self) -> "Phone":
        """The laptop has allowed it: the session's page opens by itself."""
        expect(self.page).to_have_url(re.compile(r"/sessions/[0-9a-f-]{36}/$"))
        return self

    def films(self) -> "Phone":
        """Check the devices, join, and have the call."""
        hears_the_tone(self)
        self.joins()
        is_connected(self)
        return self


def a_phone(browser_of: Callable[..., Page], **options: object) -> Phone:
    page = browser_of(
        None, viewport=HAND, is_mobile=True, has_touch=True, user_agent=PIXEL, permissions=DEVICES, **options
    )
    for script in (STEADY, KEEP_ALL):
        page.add_init_script(script)
    return Phone(page)


def shows_the_code(laptop: Person) -> None:
    laptop.button("Use your phone").click()
    expect(laptop.page.locator("#handover-dialog")).to_have_attribute("data-state", "offered")


def code_of(laptop: Person) -> str:
    return laptop.page.locator("#handover-dialog [data-code]").inner_text()


def allows(laptop: Person, phone: Phone) -> None:
    """Compare the numbers, and let the phone join."""
    laptop.sees("A phone wants to join").sees("Chrome on Android")
    expect(laptop.page.locator(".handover-number")).to_have_text(phone.number)
    laptop.button("Yes, let it join").click()
    phone.comes_in()


def hand_over(laptop: Person, phone: Phone) -> None:
    """All of it, until the phone has the call."""
    shows_the_code(laptop)
    phone.scans(laptop)
    allows(laptop, phone)
    phone.films()
    laptop.sees("Your phone has the camera.")
