"""How quickly a call comes about and comes back: two headless Chromiums, a real server, a real relay.

Each round is a session of its own: a device check, the second one in presses Join Session; then one side's connection
is closed, one page is reloaded, and, where the call goes by way of the relay, that is stopped until the call is lost,
and woken again, each round a little later. A time ends when both sides show frames of the other that go on coming.
Then the mechanic takes a photo with the customer's camera: that time ends when it is on the mechanic's page.
Then the call moves from the customer's page to a phone, and back: the longest time that the mechanic's page shows no
new frame. At last the mechanic hands over, and another one, whose devices are checked, presses Join Session.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.kit.figures import Arguments, Figure
from tests.journeys import quietly
from tests.journeys.calls import DEVICES, KEEP_ALL, STEADY, floods_no_relay, hears_the_tone, is_connected
from tests.journeys.handing_over import HAND, PIXEL, Phone, allows, shows_the_code
from tests.journeys.people import Customer, Mechanic
from tests.kit import chromium, turn
from tests.kit.server import Person, Server, running
from tests.kit.turn import Turn

PATIENCE = 60_000  # milliseconds
SETTLED = 2.0  # seconds that people take to read before they press
LATER = 1.5  # seconds, each round, that the relay sleeps longer
STEADY_FRAMES = 5
FRAMES = 20  # a second, of the cameras: with few of them the time until so many frames would be theirs
AIMS = {"join": 1.5, "connection killed": 5.0, "reload": 3.0, "relay back": 5.0, "still photo": 3.0}
AIMS |= {"to the phone": 2.0, "and back": 2.0, "takeover": 1.5}
# When each frame of the other side was shown, and when Join was pressed. A frame counts only while the call is
# connected and shows what the newest connection brings: not the last ones of an older one.
RECORD = """
window.shown = []; window.pressed = 0;
addEventListener("click", ({ target }) => { if (target.closest("#join-button")) pressed = Date.now(); }, true);
const isNew = (video) => {
  const connection = connections.at(-1);
  const [track] = video.srcObject?.getVideoTracks() ?? [];
  return connection?.connectionState === "connected" && connection.getReceivers().some((each) => each.track === track);
};
const follow = () => {
  const video = document.querySelector("video[data-remote]");
  if (!video) return setTimeout(follow, 5);
  const tick = () => { if (isNew(video)) shown.push(Date.now()); video.requestVideoFrameCallback(tick); };
  video.requestVideoFrameCallback(tick);
};
follow();
"""
BACK = """([since, count]) => {
  const place = shown.findIndex((at, place) => at > since && shown[place + count] - at < 1000);
  return place < 0 ? null : shown[place];
}"""

# The longest time between two frames of the other side, whatever connection they came by.
STILL = """() => {
  const video = document.querySelector("video[data-remote]");
  let last = performance.now();
  window.longest = 0;
  const tick = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    video.requestVideoFrameCallback(tick);
  };
  video.requestVideoFrameCallback(tick);
}"""


PRESS_PHOTO = "() => { document.querySelector('[data-act=photo]').click(); return Date.now(); }"
PHOTO_SHOWN = """() => {
  const photo = document.querySelector("[data-new-photo]:not([hidden]) img");
  return photo?.complete && photo.naturalWidth ? Date.now() : null;
}"""


@dataclass
class Found:
    """Seconds of each round."""

    times: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, seconds: float) -> None:
        self.times.setdefault(what, []).append(seconds)
        print(f"  {what}: {seconds:.2f} s", file=sys.stderr, flush=True)


@dataclass
class Pair:
    """Two people in front of their own page each."""

    server: Server
    customer: Customer
    mechanic: Mechanic

    @property
    def both(self) -> tuple[Customer, Mechanic]:
        return self.customer, self.mechanic

    def until_frames(self, since: float) -> float:
        """Seconds after `since` (milliseconds of the day) until both show frames that go on coming."""
        found: list[float] = []
        for person in self.both:
            waited = person.page.wait_for_function(BACK, arg=[since, STEADY_FRAMES], timeout=PATIENCE)
            found.append((waited.json_value() - since) / 1000)
        return max(found)


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    if not turn.is_installed():
        print("There is no coturn: only direct calls are measured.", file=sys.stderr)
        options.ways = ["direct"]
    results = {way: _measure(way, options.rounds) for way in options.ways}
    _print(results, options.rounds)
    return [
        Figure(f"{what}, {way}", "s", median(times), AIMS[what], "the aim")
        for way, found in results.items()
        for what, times in found.times.items()
    ]


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench call", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--ways", nargs="+", choices=["direct", "relay"], default=["direct", "relay"])
    return parser.parse_args(arguments)


def _measure(way: str, rounds: int) -> Found:
    found = Found()
    environment = {"TURN_ONLY": "1" if way == "relay" else "0"}
    with _relay(way) as relay, running(environment=(relay.environment if relay else {}) | environment) as server:
        customers, mechanics = server.enroll(rounds, "customer-"), server.enroll(rounds, "mechanic-", mechanics=True)
        substitutes = server.enroll(rounds, "substitute-", mechanics=True)
        with sync_playwright() as playwright:
            browsers = [playwright.chromium.launch(**chromium.options(whole=True, frames=FRAMES)) for _ in range(2)]
            for number, who in enumerate(zip(customers, mechanics, strict=True)):
                print(f"{way}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                substitute = _page(server, browsers[1], substitutes[number])
                _round(_pair(server, browsers, who), Mechanic(substitute, substitutes[number]), found, relay, number)
            for browser in browsers:
                browser.close()
    return found


@contextmanager
def _relay(way: str) -> Iterator[Turn | None]:
    if way == "direct":
        yield None
    else:
        with turn.running() as relay:
            yield relay


def _pair(server: Server, browsers: list[Browser], who: tuple[Person, Person]) -> Pair:
    pages = [_page(server, browser, person) for browser, person in zip(browsers, who, strict=True)]
    return Pair(server, Customer(pages[0], who[0]), Mechanic(pages[1], who[1]))


def _page(server: Server, browser: Browser, person: Person | None, **options: Any) -> Page:
    context = browser.new_context(base_url=server.url, permissions=DEVICES, **options)
    context.set_default_timeout(PATIENCE)
    known = person.cookies if person else {}
    cookies: list[Any] = [{"name": name, "value": value, "url": server.url} for name, value in known.items()]
    context.add_cookies(cookies)
    page = context.new_page()
    for script in (STEADY, KEEP_ALL, RECORD):
        page.add_init_script(script)
    floods_no_relay(page)
    return page


def _round(pair: Pair, substitute: Mechanic, found: Found, relay: Turn | None, number: int) -> None:
    session_id = quietly.request(pair.server, pair.customer.who, "video")
    quietly.accept(pair.server, pair.mechanic.who, session_id)
    found.add("join", _join(pair, session_id))
    quietly.act(pair.server, pair.mechanic.who, session_id, "start")
    found.add("connection killed", _kill(pair, number))
    found.add("reload", _reload(pair, number))
    if relay:
        found.add("relay back", _stop_and_wake(pair, relay, number * LATER))
    found.add("still photo", _still(pair, session_id))
    phone = Phone(_page(pair.server, _browser(pair.customer), None, viewport=HAND, user_agent=PIXEL))
    found.add("to the phone", _hand_over(pair, phone))
    found.add("and back", _take_back(pair))
    found.add("takeover", _take_over(pair, substitute, session_id))
    quietly.act(pair.server, pair.customer.who, session_id, "end")
    for person in (*pair.both, phone, substitute):
        person.page.context.close()


def _still(pair: Pair, session_id: str) -> float:
    """From the mechanic's press until they see the photo."""
    quietly.allow_camera(pair.server, pair.customer.who, session_id)
    page = pair.mechanic.page
    expect(page.locator("video-stage[data-camera-allowed]")).to_have_count(1, timeout=PATIENCE)
    since = page.evaluate(PRESS_PHOTO)
    return float((page.wait_for_function(PHOTO_SHOWN, timeout=PATIENCE).json_value() - since) / 1000)


def _join(pair: Pair, session_id: str) -> float:
    for person in pair.both:
        person.goes_to(session_id)
        hears_the_tone(person)
        _passes(person)
    time.sleep(SETTLED)
    pair.mechanic.joins()
    time.sleep(SETTLED)
    pair.customer.joins()
    return pair.until_frames(pair.customer.page.evaluate("pressed"))


def _take_over(pair: Pair, substitute: Mechanic, session_id: str) -> float:
    quietly.act(pair.server, pair.mechanic.who, session_id, "substitute", note="Plug 3 is out")
    quietly.accept(pair.server, substitute.who, session_id)
    substitute.goes_to(session_id)
    hears_the_tone(substitute)
    _passes(substitute)
    time.sleep(SETTLED)
    substitute.joins()
    return Pair(pair.server, pair.customer, substitute).until_frames(substitute.page.evaluate("pressed"))


def _passes(person: Customer | Mechanic | Phone) -> None:
    """A busy machine answers unsteadily: then the check of the connection is tried again."""
    row = person.page.locator("[data-check=network]")
    expect(row).to_have_attribute("data-state", re.compile("passed|failed"), timeout=PATIENCE)
    while row.get_attribute("data-state") == "failed":
        row.locator("[data-act=again]").click()
        expect(row).to_have_attribute("data-state", re.compile("passed|failed"), timeout=PATIENCE)
    expect(person.button("Join Session")).to_be_enabled(timeout=PATIENCE)


def _kill(pair: Pair, number: int) -> float:
    """One side's, then the other's."""
    page = pair.both[number % 2].page
    return pair.until_frames(page.evaluate("() => { connections.at(-1).close(); return Date.now(); }"))


def _reload(pair: Pair, number: int) -> float:
    since = time.time() * 1000
    pair.both[number % 2].page.reload(wait_until="commit")
    return pair.until_frames(since)


def _stop_and_wake(pair: Pair, relay: Turn, longer: float) -> float:
    relay.sleep()
    for person in pair.both:
        expect(person.page.locator("video-stage")).not_to_have_attribute("data-call", "connected", timeout=PATIENCE)
    time.sleep(longer)
    since = time.time() * 1000
    relay.wake()
    return pair.until_frames(since)


def _browser(person: Customer) -> Browser:
    browser = person.page.context.browser
    assert browser
    return browser


def _hand_over(pair: Pair, phone: Phone) -> float:
    """The code is scanned and the number confirmed before; what counts is the picture of the mechanic's page."""
    shows_the_code(pair.customer)
    phone.scans(pair.customer)
    allows(pair.customer, phone)
    hears_the_tone(phone)
    _passes(phone)
    pair.mechanic.page.evaluate(STILL)
    phone.joins()
    return _longest(pair, phone)


def _take_back(pair: Pair) -> float:
    pair.mechanic.page.evaluate(STILL)
    pair.customer.button("Take the call back here").click()
    return _longest(pair, pair.customer)


def _longest(pair: Pair, taker: Customer | Phone) -> float:
    """Seconds, once the other device has let go and the new one's frames go on coming."""
    is_connected(taker)
    leaver = pair.customer if isinstance(taker, Phone) else None
    if leaver:
        expect(leaver.page.locator("video-stage")).to_have_attribute("data-call", "idle", timeout=PATIENCE)
    since = pair.mechanic.page.evaluate("Date.now()")
    pair.mechanic.page.wait_for_function(BACK, arg=[since, STEADY_FRAMES], timeout=PATIENCE)
    longest: float = pair.mechanic.page.evaluate("longest")
    return longest / 1000


def _print(results: dict[str, Found], rounds: int) -> None:
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"\nSeconds, median and worst of {rounds}; load of the machine at the end {load}.")
    print(f"{'':20}{'way':>8}{'median':>9}{'worst':>9}{'aim':>7}")
    for way, found in results.items():
        for what, times in found.times.items():
            print(f"{what:20}{way:>8}{median(times):9.2f}{max(times):9.2f}{AIMS[what]:7.1f}  {_verdict(what, times)}")


def _verdict(what: str, times: list[float]) -> str:
    if max(times) <= AIMS[what]:
        return "met"
    return "met by the median" if median(times) <= AIMS[what] else "missed"


if __name__ == "__main__":
    run()
