"""How long the intake takes a visitor on a phone: taps, characters, seconds, until it is sent.

A script fills it in, in each way that the page offers, and counts. What people take is added at their pace: a tap, a
typed character (36 words a minute on phones: Palin and others, MobileHCI 2019), a character of a VIN that is read off
the car first, a picture that is aimed. Waiting is measured: the phone computes four times slower and has the line of
`bin/bench pages`. `--address` measures a server that runs already, such as `bin/dev` of another revision.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from bench.kit.figures import Arguments, Figure
from bench.pages import LINES, PATIENCE, PHONE, slow_down
from tests.kit import chromium
from tests.kit.barcodes import VIN, as_jpeg, barcode, film, seen
from tests.kit.scene import UNLIMITED
from tests.kit.server import Server, running

AIM = 120.0  # seconds
TAP, CHARACTER, CHARACTER_OF_VIN, PICTURE = 1.5, 0.33, 0.8, 6.0  # seconds of a person
CONCERN = "It rattles when cold, loudest at the front right wheel."
SCAN, ODOMETER = "Scan the barcode", "Photo of the odometer"


@dataclass
class Hand:
    """A person's hand on the phone, and what it has done."""

    page: Page
    taps: int = 0
    characters: int = 0
    seconds: float = 0.0  # of the person
    waited: float = 0.0  # for the page

    def tap(self, target: Locator) -> None:
        begun = time.monotonic()
        target.click()
        self.waited += time.monotonic() - begun
        self.taps += 1
        self.seconds += TAP

    def types(self, name: str, text: str, pace: float = CHARACTER) -> None:
        field = self.page.locator(f"#id_{name}")
        self.tap(field)
        field.fill(text)
        self.characters += len(text)
        self.seconds += len(text) * pace

    def presses(self, name: str) -> None:
        self.tap(self.page.get_by_role("button", name=name))

    def chooses(self, name: str) -> None:
        self.tap(self.page.locator("label").filter(has_text=name).first)

    def waits(self, what: Callable[[], Any]) -> None:
        begun = time.monotonic()
        what()
        self.waited += time.monotonic() - begun

    @property
    def total(self) -> float:
        return self.seconds + self.waited


def by_make(hand: Hand) -> None:
    for name, text in (("year", "2003"), ("make", "Honda"), ("model", "Accord")):
        hand.types(name, text)


def by_vin(hand: Hand) -> None:
    hand.types("vin", VIN, CHARACTER_OF_VIN)


def by_camera(hand: Hand) -> None:
    hand.presses(SCAN)
    hand.seconds += PICTURE
    hand.waits(lambda: hand.page.wait_for_function("vin => document.getElementById('id_vin').value === vin", arg=VIN))


def with_odometer(hand: Hand) -> None:
    by_camera(hand)
    with hand.page.expect_file_chooser() as chooser:
        hand.presses(ODOMETER)
    photo = as_jpeg(seen(barcode("84000")))
    chooser.value.set_files({"name": "km.jpg", "mimeType": "image/jpeg", "buffer": photo})
    hand.taps, hand.seconds = hand.taps + 2, hand.seconds + 2 * TAP + PICTURE  # the shutter, and "use photo"
    hand.types("mileage", "84000")


Way = Callable[[Hand], None]
WAYS: dict[str, Way] = {
    "year, make and model typed": by_make,
    "VIN typed": by_vin,
    "VIN by camera": by_camera,
    "VIN by camera, odometer with a photo": with_odometer,
}
OFFERED = {by_camera: SCAN, with_odometer: ODOMETER}  # the button without which there is no such way


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    with _address(options.address) as address, _browser() as browser:
        found = {name: _book_often(browser, address, way, options) for name, way in WAYS.items()}
    found = {name: hands for name, hands in found.items() if hands}
    _print(found)
    return [Figure(name, "s", median(hand.total for hand in hands), AIM, "the aim") for name, hands in found.items()]


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench intake", description=__doc__)
    parser.add_argument("--address", help="of a server that runs already")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slower", type=float, default=4, help="how much slower the phone computes than this machine")
    return parser.parse_args(arguments)


@contextmanager
def _address(given: str | None) -> Iterator[str]:
    with ExitStack() as stack:
        server: Server | None = None if given else stack.enter_context(running(environment={"LIMITS": UNLIMITED}))
        yield given or (server.url if server else "")


@contextmanager
def _browser() -> Iterator[Browser]:
    """A browser in front of whose camera somebody holds the sticker of a door frame."""
    pictures = [seen(barcode(), size=(1280, 720), turned=turned, blur=0.8, noise=16) for turned in (2.0, 2.6, 1.5)]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        options = chromium.options()
        path = film(Path(folder) / "door.y4m", pictures)
        flags = [*options["args"], f"--use-file-for-fake-video-capture={path}"]
        browser = playwright.chromium.launch(**options | {"args": flags})
        yield browser
        browser.close()


def _book_often(browser: Browser, address: str, way: Way, options: argparse.Namespace) -> list[Hand]:
    hands = (_book(browser, address, way, options.slower) for _ in range(options.rounds))
    return [hand for hand in hands if hand]


def _book(browser: Browser, address: str, way: Way, slower: float) -> Hand | None:
    """Return what it took; None if this revision does not offer the way."""
    context = browser.new_context(base_url=address, viewport=PHONE, has_touch=True, permissions=["camera"])
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    slow_down(context.new_cdp_session(page).send, LINES["4g"], slower)
    hand = Hand(page)
    hand.waits(lambda: page.goto("/book/?plan=chat"))
    offered = way not in OFFERED or page.get_by_role("button", name=OFFERED[way]).is_visible()
    if offered:
        _fill_in(hand, way)
    context.close()
    return hand if offered else None


def _fill_in(hand: Hand, way: Way) -> None:
    hand.chooses("Yes, I am safe")
    way(hand)
    hand.types("concern", CONCERN)
    hand.chooses("I understand the limits of remote advice")
    hand.tap(hand.page.locator(".intake__send button"))
    hand.waits(lambda: hand.page.wait_for_url("**/sign-up/**"))


def _print(found: dict[str, list[Hand]]) -> None:
    print(f"\n{'':38}{'taps':>6}{'characters':>12}{'waiting s':>11}{'all s':>8}")
    for name, hands in found.items():
        waited, total = median(hand.waited for hand in hands), median(hand.total for hand in hands)
        print(f"{name:38}{hands[0].taps:6}{hands[0].characters:12}{waited:11.1f}{total:8.1f}")
    print(f"Aim: under {AIM:g} seconds.")


if __name__ == "__main__":
    run()
