"""How quickly a call comes about and comes back: two headless Chromiums, a real server, a real relay.

Each round is a session of its own: a device check, the second one in presses Join Session; then one side's connection
is closed, one page is reloaded, and, where the call goes by way of the relay, that is stopped until the call is lost,
and woken again, each round a little later. A time ends when both sides show frames of the other that go on coming.
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
from tests.journeys.calls import DEVICES, KEEP_ALL, STEADY, floods_no_relay, hears_the_tone
from tests.journeys.people import Customer, Mechanic
from tests.kit import chromium, turn
from tests.kit.server import Person, Server, running
from tests.kit.turn import Turn

PATIENCE = 60_000  # milliseconds
SETTLED = 2.0  # seconds that people take to read before they press
LATER = 1.5  # seconds, each round, that the relay sleeps longer
STEADY_FRAMES = 5
FRAMES = 20  # a second, of the cameras: with few of them the time until so many frames would be theirs
AIMS = {"join": 1.5, "connection killed": 5.0, "reload": 3.0, "relay back": 5.0}
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
        with sync_playwright() as playwright:
            browsers = [playwright.chromium.launch(**chromium.options(whole=True, frames=FRAMES)) for _ in range(2)]
            for number, who in enumerate(zip(customers, mechanics, strict=True)):
                print(f"{way}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                _round(_pair(server, browsers, who), found, relay, number)
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


def _page(server: Server, browser: Browser, person: Person) -> Page:
    context = browser.new_context(base_url=server.url, permissions=DEVICES)
    context.set_default_timeout(PATIENCE)
    cookies: list[Any] = [{"name": name, "value": value, "url": server.url} for name, value in person.cookies.items()]
    context.add_cookies(cookies)
    page = context.new_page()
    for script in (STEADY, KEEP_ALL, RECORD):
        page.add_init_script(script)
    floods_no_relay(page)
    return page


def _round(pair: Pair, found: Found, relay: Turn | None, number: int) -> None:
    session_id = quietly.request(pair.server, pair.customer.who, "video")
    quietly.accept(pair.server, pair.mechanic.who, session_id)
    found.add("join", _join(pair, session_id))
    quietly.act(pair.server, pair.mechanic.who, session_id, "start")
    found.add("connection killed", _kill(pair, number))
    found.add("reload", _reload(pair, number))
    if relay:
        found.add("relay back", _stop_and_wake(pair, relay, number * LATER))
    quietly.act(pair.server, pair.customer.who, session_id, "end")
    for person in pair.both:
        person.page.context.close()


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


def _passes(person: Customer | Mechanic) -> None:
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
