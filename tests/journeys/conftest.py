"""Two people in two real browsers, against a real server process."""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, ViewportSize, expect

from tests.fakes import chromium
from tests.fakes.server import ARTIFACTS, Person, Server
from tests.journeys import accessibility
from tests.journeys.people import Customer, Mechanic

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
CROWD = 40  # people of each kind who come at once
PATIENCE = 15_000  # milliseconds that a page may take to come to what is expected
GONE = r"status of 404 .*/panel/\)"  # how a page learns that a request has gone to somebody else


class Watch:
    """What goes wrong in pages without anybody looking; the test fails on it at its end."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._allowed = [GONE]

    def allow(self, pattern: str) -> None:
        """Put up with problems that match: for a test that brings them about on purpose."""
        self._allowed.append(pattern)

    def over(self, page: Page, origin: str) -> None:
        def on_response(response: Response) -> None:
            if response.status >= 500 and response.url.startswith(origin):
                self._problems.append(f"{response.url} answered {response.status}")

        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._problems.append(f"{page.url} threw {error}"))
        page.on("response", on_response)

    def problems(self) -> list[str]:
        return [problem for problem in self._problems if not any(re.search(p, problem) for p in self._allowed)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            url = message.page.url if message.page else ""
            self._problems.append(f"{url} logged {message.type} {message.text} ({message.location.get('url', '')})")


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return chromium.options()


@pytest.fixture(scope="session")
def whole_browser(launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch_browser(**chromium.options(whole=True))
    yield browser
    browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    watcher = Watch()
    yield watcher
    problems = watcher.problems()
    assert not problems, "\n".join(problems)


@pytest.fixture
def browser_of(browser: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """A page of somebody who is signed in (by e-mail or as such; None: nobody), in a context of its own.

    `browser_of("customer@example.com", viewport=DESKTOP, permissions=["camera"])`; `server=` for another one than the
    shared one. Addresses in `goto` are relative to the server.
    """
    if request.node.get_closest_marker("asks_permission"):
        browser = request.getfixturevalue("whole_browser")
    pages: list[Page] = []
    with ExitStack() as contexts:

        def open_page(who: str | Person | None, *, server: Server | None = None, **options: Any) -> Page:
            server = server or request.getfixturevalue("server")
            context = browser.new_context(**{"base_url": server.url, "viewport": PHONE, **options})
            contexts.callback(context.close)
            context.set_default_timeout(PATIENCE)
            context.add_cookies(_cookies(server, who))
            page = context.new_page()
            watch.over(page, server.url)
            pages.append(page)
            return page

        yield open_page
        if request.node.stash.get(FAILED, False):
            _picture_all(pages, request.node.name)


class Crowd:
    """People of the shared server who have nothing open: each takes part in one test only."""

    def __init__(self, server: Server) -> None:
        self._server, self._batches = server, 0
        self._customers: list[Person] = []
        self._mechanics: list[Person] = []

    def customer(self) -> Person:
        self._customers = self._customers or self._more("customer")
        return self._customers.pop()

    def mechanic(self) -> Person:
        self._mechanics = self._mechanics or self._more("mechanic", mechanics=True)
        return self._mechanics.pop()

    def _more(self, name: str, *, mechanics: bool = False) -> list[Person]:
        self._batches += 1
        return self._server.enrol(CROWD, f"{name}-{self._batches}-", mechanics=mechanics)


@pytest.fixture(scope="session")
def crowd(server: Server) -> Crowd:
    return Crowd(server)


@pytest.fixture
def a_customer(crowd: Crowd, browser_of: Callable[..., Page]) -> Callable[..., Customer]:
    """Somebody new in front of a browser of theirs; options go to `browser_of`."""

    def come(**options: Any) -> Customer:
        who = crowd.customer()
        return Customer(browser_of(who, **options), who)

    return come


@pytest.fixture
def a_mechanic(crowd: Crowd, browser_of: Callable[..., Page]) -> Callable[..., Mechanic]:
    def come(**options: Any) -> Mechanic:
        who = crowd.mechanic()
        return Mechanic(browser_of(who, **options), who)

    return come


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Fails on anything that keeps people out of a page, at WCAG 2.2 AA."""
    return accessibility.check


@pytest.fixture
def screenshot() -> Callable[[Page, str], Path]:
    """Keeps a picture of the whole page in .artifacts/."""

    def take(page: Page, name: str) -> Path:
        path = ARTIFACTS / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def _cookies(server: Server, who: str | Person | None) -> list[Any]:
    if who is None:
        return []
    cookies = who.cookies if isinstance(who, Person) else server.sign_in(who).cookies
    return [{"name": name, "value": value, "url": server.url} for name, value in cookies.items()]


def _picture_all(pages: list[Page], name: str) -> None:
    """What everybody saw when the test failed."""
    for number, page in enumerate(pages):
        if not page.is_closed():
            page.screenshot(path=ARTIFACTS / "failed" / f"{name}-{number}.png", full_page=True)
