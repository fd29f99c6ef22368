"""How soon a page can be used on a phone with nothing in its cache, and how much of it travels.

nginx as in `deploy/` (https, HTTP/2, compression) stands in front of a real server; Chromium waits as long for each
answer, takes as few bits a second and computes as slowly as the phone. The room can be used when its socket is
welcomed (sockets are not slowed down), every other page when its document is complete. Shuffled; the median is shown.
"""

import argparse
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import Browser, CDPSession, ViewportSize, sync_playwright

from bench.kit.figures import Arguments, Figure
from tests.kit import chromium, nginx, scene
from tests.kit.nginx import Nginx
from tests.kit.ports import free_port
from tests.kit.scene import UNLIMITED, Talk
from tests.kit.server import Person, running
from tests.kit.waiting import until

PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds


class Line(NamedTuple):
    name: str
    latency_ms: int
    kbit: int


LINES = {"4g": Line("150 ms, 1.6 Mbit/s", 150, 1600), "edge": Line("400 ms, 400 kbit/s", 400, 400)}


class View(NamedTuple):
    address: str
    who: Person | None
    has_socket: bool = False


@dataclass
class Visit:
    """What the browser says of one page: times in seconds, sizes in bytes."""

    begun: float = 0.0
    document: float = 0.0
    welcome: float = 0.0
    requests: int = 0
    octets: float = 0.0

    def listen(self, devtools: CDPSession) -> None:
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.loadingFinished", self._arrived)
        devtools.on("Network.webSocketFrameReceived", self._framed)
        devtools.on("Page.domContentEventFired", self._parsed)

    def _asked(self, event: dict[str, Any]) -> None:
        self.begun = self.begun or event["timestamp"]
        self.requests += 0 if event["request"]["url"].startswith("data:") else 1

    def _arrived(self, event: dict[str, Any]) -> None:
        self.octets += event["encodedDataLength"]

    def _framed(self, event: dict[str, Any]) -> None:
        if not self.welcome and '"welcome"' in event["response"]["payloadData"]:
            self.welcome = event["timestamp"]

    def _parsed(self, event: dict[str, Any]) -> None:
        self.document = self.document or event["timestamp"]


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    if not nginx.is_installed():
        print("There is no nginx: nothing is measured.", file=sys.stderr)
        return []
    found: dict[tuple[str, str], list[Visit]] = {}
    with _site() as (proxy, talk), sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.options())
        views = _views(talk)
        rounds = [(line, name) for line in options.lines for name in views] * options.rounds
        random.Random(options.seed).shuffle(rounds)
        for line, name in rounds:
            visit = _visit(browser, proxy, views[name], LINES[line], options.slower)
            found.setdefault((name, line), []).append(visit)
            print(f"{name}, {line}: {_usable(visit, views[name]):.2f} s", file=sys.stderr, flush=True)
        browser.close()
        _print(found, views, options)
    return [
        Figure(f"{name}, {LINES[line].name}", "s", median(_usable(visit, views[name]) for visit in visits))
        for (name, line), visits in sorted(found.items())
    ]


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slower", type=float, default=4, help="how much slower the phone computes than this machine")
    parser.add_argument("--lines", nargs="+", choices=LINES, default=list(LINES))
    parser.add_argument("--seed", type=int, default=1, help="of the order")
    return parser.parse_args(arguments)


@contextmanager
def _site() -> Iterator[tuple[Nginx, Talk]]:
    port = free_port()
    environment = {"SITE_URL": f"https://localhost:{port}", "TRUSTED_PROXIES": "1", "LIMITS": UNLIMITED}
    with running(environment=environment) as server, nginx.in_front_of(server.port, port=port) as proxy:
        yield proxy, scene.stage(server)


def _views(talk: Talk) -> dict[str, View]:
    room = f"/sessions/{talk.id}/"
    return {
        "landing": View("/", None),
        "sign-in": View("/accounts/login/", None),
        "dashboard": View("/dashboard/", talk.customer),
        "room": View(room, talk.customer, has_socket=True),
        "room of the mechanic": View(room, talk.mechanic, has_socket=True),
    }


def _visit(browser: Browser, proxy: Nginx, view: View, line: Line, slower: float) -> Visit:
    visit = Visit()
    context = browser.new_context(base_url=proxy.url, viewport=PHONE, ignore_https_errors=True)
    context.set_default_timeout(PATIENCE)
    cookies: list[Any] = [
        {"name": name, "value": value, "url": proxy.url}
        for name, value in (view.who.cookies if view.who else {}).items()
    ]
    context.add_cookies(cookies)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    for domain in ("Network", "Page"):
        devtools.send(f"{domain}.enable")
    slow_down(devtools.send, line, slower)
    visit.listen(devtools)
    page.goto(view.address)
    until(lambda: not view.has_socket or bool(page.evaluate("1") and visit.welcome))  # each question lets events in
    context.close()
    return visit


def slow_down(send: Callable[..., Any], line: Line, slower: float) -> None:
    octets = line.kbit * 1000 / 8
    conditions = {"offline": False, "latency": line.latency_ms}
    send("Network.emulateNetworkConditions", conditions | {"downloadThroughput": octets, "uploadThroughput": octets})
    send("Emulation.setCPUThrottlingRate", {"rate": slower})


def _usable(visit: Visit, view: View) -> float:
    return (visit.welcome if view.has_socket else visit.document) - visit.begun


def _print(found: dict[tuple[str, str], list[Visit]], views: dict[str, View], options: argparse.Namespace) -> None:
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"\nMedian and worst of {options.rounds}; a phone {options.slower:g} times slower; load at the end {load}.")
    print(f"{'':24}{'line':22}{'median s':>9}{'worst':>7}{'requests':>10}{'kB':>7}")
    for (name, line), visits in sorted(found.items()):
        times = [_usable(visit, views[name]) for visit in visits]
        requests, size = median(visit.requests for visit in visits), median(visit.octets for visit in visits) / 1000
        print(f"{name:24}{LINES[line].name:22}{median(times):9.2f}{max(times):7.2f}{requests:10.0f}{size:7.1f}")


if __name__ == "__main__":
    run()
